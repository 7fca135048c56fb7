# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is replaced or asked of them is private
"""Where moto is not as AWS is, and a pipeline would notice.

moto has no way to add to it, so attributes of its modules are replaced. It is
pinned, and `_replace` fails at once where a new version has no such attribute.
"""

import ipaddress
import json
from collections.abc import Callable, Iterator
from copy import copy
from datetime import timedelta
from functools import partialmethod
from typing import Any, cast

import moto.codedeploy.urls
import moto.ec2.models.elastic_ip_addresses
import moto.ec2.models.elastic_network_interfaces
import moto.ec2.models.iam_instance_profile
import moto.ec2.responses.instances
import moto.iam.models
import moto.moto_server.werkzeug_app
from moto import settings as moto_settings
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError
from moto.ec2.models.amis import Ami, AmiBackend
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.responses.security_groups import SecurityGroups
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, filter_iam_instance_profiles
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, ManagedPolicy
from moto.iam.responses import IamResponse
from moto.s3.models import FakeBucket
from moto.ssm.models import Parameter, ParameterDict, ssm_backends
from moto.sts.responses import TokenResponse

from local_cloud.aws import (
    cloudformation_changes,
    codedeploy,
    ec2_changes,
    ec2_requests,
    iam_changes,
    route53_changes,
)
from local_cloud.aws.codedeploy import urls as codedeploy_urls
from local_cloud.aws.moto import sts as web_identity
from local_cloud.settings import Settings

RESOLVE_SSM = "resolve:ssm:"
DEBIAN = "136693071363"
"""The account that Debian's images come from."""
DEBIAN_IMAGES = {"amd64": ("x86_64", "ami-0deb120000000a001"), "arm64": ("arm64", "ami-0deb120000000a002")}
"""Debian's word for an architecture -> EC2's, and the image of Debian 12."""
DEBIAN_PARAMETERS = "/aws/service/debian/release/12/latest/"
DESCRIBING = (
    "update_security_group_rule_descriptions_egress",
    "update_security_group_rule_descriptions_ingress",
)
"""Operations that answer whether they succeeded, which moto leaves out."""

REPLACED = (
    *cloudformation_changes.REPLACED,
    *ec2_changes.REPLACED,
    *ec2_requests.REPLACED,
    *iam_changes.REPLACED,
    *route53_changes.REPLACED,
)
"""Owner, attribute, and what takes its place; each file has the functions of one concern."""

_originals: dict[str, Any] = {
    "run_instances": InstanceBackend.run_instances,
    "respond_run_instances": InstanceResponse.run_instances,
    "init_aws_policies": IAMBackend._init_aws_policies,
    "load_amis": AmiBackend._load_amis,
    "block_device_mappings": Ami.block_device_mappings,
    "load_parameters": ParameterDict._check_loading_status,
    **{name: getattr(SecurityGroups, name) for name in DESCRIBING},
}


_aws_policies: dict[str, list[ManagedPolicy]] = {}


def install(settings: Settings) -> None:
    """Make moto of this process behave as the local cloud of `settings`. Public addresses begin anew."""
    addresses = public_addresses(settings.public_cidr)
    profile = _instance_profile_finder(settings)
    codedeploy.options.role_propagation = settings.iam_propagation_seconds
    codedeploy.options.shuffles_targets = settings.seed is not None

    _replace(moto.codedeploy.urls, "url_bases", codedeploy_urls.url_bases)
    _replace(moto.codedeploy.urls, "url_paths", codedeploy_urls.url_paths)
    _replace(moto.ec2.models.elastic_ip_addresses, "random_ip", addresses.__next__)
    _replace(moto.ec2.models.elastic_network_interfaces, "random_public_ip", addresses.__next__)
    _replace(moto.ec2.responses.instances, "filter_iam_instance_profiles", profile)
    _replace(moto.ec2.models.iam_instance_profile, "filter_iam_instance_profiles", profile)
    _replace(moto.moto_server.werkzeug_app, "DISABLE_GLOBAL_CORS", True)
    _replace(moto_settings, "ENABLE_AMI_VALIDATION", True)
    _replace(moto_settings, "EC2_ENABLE_INSTANCE_TYPE_VALIDATION", True)
    _replace(moto.iam.models, "load_iam_aws_managed_policies", lambda: True)
    _replace(IAMBackend, "_init_aws_policies", _init_aws_policies)
    _replace(InstanceBackend, "run_instances", _run_instances)
    _replace(InstanceResponse, "run_instances", partialmethod(_respond_run_instances, settings))
    _replace(AmiBackend, "_load_amis", _load_amis)
    _replace(Ami, "block_device_mappings", property(_block_device_mappings))
    _replace(ParameterDict, "_check_loading_status", _load_parameters)
    _replace(TokenResponse, "assume_role_with_web_identity", web_identity.handler(settings))
    _replace(FakeBucket, "get_permission", _bucket_permission)
    for owner, name, replacement in REPLACED:
        _replace(owner, name, replacement)
    for name, operation in CLIENT_ID_OPERATIONS.items():
        setattr(IamResponse, name, operation)
    for name in DESCRIBING:
        _replace(SecurityGroups, name, _succeeding(name))
    # moto's word is vpc-elastic-ip, so the filter that AWS has finds no tags of Elastic IPs.
    EC2_PREFIX_TO_RESOURCE["eipalloc"] = "elastic-ip"


def _replace(owner: Any, name: str, replacement: Any) -> None:
    if not hasattr(owner, name):
        raise AttributeError(f"this version of moto has no {owner.__name__}.{name}")
    setattr(owner, name, replacement)


def _bucket_permission(bucket: FakeBucket, action: str, resource: str) -> Any:
    """What a bucket's policy says, but for statements under conditions, which moto would take without them.

    So the usual refusal of what is not TLS refuses nothing: here HTTP stands for it.
    """
    policy = json.loads(bucket.policy or "{}")
    statements = [each for each in policy.get("Statement", []) if not each.get("Condition")]
    if not statements:
        return PermissionResult.NEUTRAL
    return IAMPolicy(json.dumps(policy | {"Statement": statements})).is_action_permitted(action, resource)


def _init_aws_policies(backend: IAMBackend) -> list[ManagedPolicy]:
    """AWS's managed policies, as every account has them: an account only says to what they are attached."""
    partition = backend.partition
    if partition not in _aws_policies:
        # Making 1,400 of them takes a second; a reset makes a new backend.
        _aws_policies[partition] = _originals["init_aws_policies"](backend)
    policies = [copy(policy) for policy in _aws_policies[partition]]
    for policy in policies:
        policy.account_id = backend.account_id
    return policies


def _add_client_id(response: Any) -> EmptyResult:
    """AddClientIDToOpenIDConnectProvider, which moto does not have; one that is there already is fine."""
    provider, client_id = _provider_and_client_id(response)
    if client_id not in provider.client_id_list:
        provider._validate(
            f"https://{provider.url}", provider.thumbprint_list, [*provider.client_id_list, client_id]
        )
        provider.client_id_list = [*provider.client_id_list, client_id]
    return EmptyResult()


def _remove_client_id(response: Any) -> EmptyResult:
    """RemoveClientIDFromOpenIDConnectProvider; one that is not there is fine."""
    provider, client_id = _provider_and_client_id(response)
    provider.client_id_list = [each for each in provider.client_id_list if each != client_id]
    return EmptyResult()


def _provider_and_client_id(response: Any) -> tuple[Any, str]:
    arn = response._get_param("OpenIDConnectProviderArn")
    return response.backend.get_open_id_connect_provider(arn), response._get_param("ClientID")


CLIENT_ID_OPERATIONS: dict[str, Callable[[Any], EmptyResult]] = {
    "add_client_id_to_open_id_connect_provider": _add_client_id,
    "remove_client_id_from_open_id_connect_provider": _remove_client_id,
}


def _succeeding(name: str) -> Callable[[SecurityGroups], ActionResult]:
    def respond(response: SecurityGroups) -> ActionResult:
        _originals[name](response)
        return ActionResult({"Return": True})

    return respond


def public_addresses(cidr: str) -> Iterator[str]:
    """Each address of the range once, in order, without those that end in 0 or 255."""
    for address in ipaddress.ip_network(cidr):
        if address.packed[-1] not in {0, 255}:
            yield str(address)


def _instance_profile_finder(settings: Settings) -> Callable[..., Any]:
    """moto's search for an instance profile, with EC2's errors instead of IAM's."""
    delay = timedelta(seconds=settings.iam_propagation_seconds)

    def find(
        account_id: str,
        partition: str,
        iam_instance_profile_arn: str | None,
        iam_instance_profile_name: str | None,
    ) -> Any:
        kind = "Name" if iam_instance_profile_name else "ARN"
        given = iam_instance_profile_name or iam_instance_profile_arn
        start = f"Value ({given}) for parameter iamInstanceProfile.{kind.lower()} is invalid."
        unknown = EC2ClientError(
            "InvalidParameterValue", f"{start} Invalid IAM Instance Profile {kind.lower()}"
        )
        try:
            profile = filter_iam_instance_profiles(
                account_id, partition, iam_instance_profile_arn, iam_instance_profile_name
            )
        except NotFoundException:
            raise unknown from None
        if profile is None or utcnow() < profile.create_date.replace(tzinfo=None) + delay:
            raise unknown
        if not profile.roles:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"{start} IAM Instance Profile {profile.arn} has no associated IAM Roles",
            )
        return profile

    return find


def _run_instances(
    backend: Any, image_id: str, count: int, user_data: Any, security_group_names: list[str], **kwargs: Any
) -> Any:
    """RunInstances, also by Auto Scaling: with what AWS checks before anything starts."""
    if image_id and image_id.startswith(RESOLVE_SSM):
        image_id = _image_of_parameter(backend, image_id.removeprefix(RESOLVE_SSM))
    key_name = kwargs.get("key_name")
    if key_name and key_name not in backend.key_pairs:
        raise EC2ClientError("InvalidKeyPair.NotFound", f"The key pair '{key_name}' does not exist")
    _check_architecture(backend, image_id, kwargs.get("instance_type"))
    kwargs["subnet_id"] = kwargs.get("subnet_id") or _default_subnet(backend, kwargs)
    ec2_requests.check_addresses(backend, count, kwargs)
    for name in security_group_names:
        if backend.get_security_group_by_name_or_id(name) is None:
            raise InvalidSecurityGroupNotFoundError(name)
    before = set(backend.reservations)
    try:
        return _originals["run_instances"](
            backend, image_id, count, user_data, security_group_names, **kwargs
        )
    except Exception:
        # moto keeps the reservation, with what it had launched until then.
        for reservation_id in set(backend.reservations) - before:
            for instance in backend.reservations.pop(reservation_id).instances:
                instance.terminate()
        raise


def _default_subnet(backend: Any, given: dict[str, Any]) -> str | None:
    """Where an instance goes that names no subnet; moto would take it for EC2-Classic."""
    interfaces = given.get("nics") or []
    if any("SubnetId" in each or "NetworkInterfaceId" in each for each in interfaces):
        return None
    subnets = backend.get_default_subnets()
    zone = given.get("placement") or min(subnets, default=None)
    return str(subnets[zone].id) if zone in subnets else None


def _image_of_parameter(backend: Any, name: str) -> str:
    parameter = ssm_backends[backend.account_id][backend.region_name].get_parameter(name)
    if parameter is None:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The parameter {name} of the image could not be resolved: ParameterNotFound",
        )
    return str(parameter.value)


def _check_architecture(backend: Any, image_id: str | None, instance_type: str | None) -> None:
    image = backend.amis.get(image_id)
    if image is None or instance_type not in INSTANCE_TYPES:
        return
    supported = INSTANCE_TYPES[instance_type]["ProcessorInfo"]["SupportedArchitectures"]
    if image.architecture not in supported:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The architecture '{','.join(supported)}' of the specified instance type does not match the"
            f" architecture '{image.architecture}' of the specified AMI. Specify an instance type and an AMI"
            " that have matching architectures, and try again. You can use 'describe-instance-types' or"
            " 'describe-images' to discover the architecture of the instance type or AMI.",
        )


def _respond_run_instances(response: Any, settings: Settings) -> Any:
    """moto starts MinCount instances, gives the profile to the first only, and takes little of a template."""
    response.params = ec2_requests.with_launch_template(response.ec2_backend, response.params)
    response.params["MinCount"] = response._get_param("MaxCount") or response._get_param("MinCount") or 1
    result = _originals["respond_run_instances"](response)
    arn = response._get_param("IamInstanceProfile.Arn")
    name = response._get_param("IamInstanceProfile.Name")
    if arn or name:
        for instance in result.result.instances[1:]:
            response.ec2_backend.associate_iam_instance_profile(
                instance_id=instance.id, iam_instance_profile_name=name, iam_instance_profile_arn=arn
            )
    if settings.pending_instances and settings.hosts:
        for instance in result.result.instances:
            ec2_changes.begin_pending(instance)
    return result


def _block_device_mappings(ami: Any) -> list[dict[str, Any]]:
    """Amazon Linux's and Debian's images have root volumes of 8 GiB; moto says 15 of every image."""
    mappings: list[dict[str, Any]] = _originals["block_device_mappings"].fget(ami)
    return [each | {"Ebs": each["Ebs"] | {"VolumeSize": 8}} for each in mappings]


def _load_amis(backend: Any) -> None:
    """moto's images and Debian 12, which moto does not know."""
    _originals["load_amis"](backend)
    for debian_name, (architecture, image_id) in DEBIAN_IMAGES.items():
        backend.amis[image_id] = Ami(
            backend,
            image_id,
            architecture=architecture,
            name=f"debian-12-{debian_name}-20261110-2294",
            description="Debian 12 (20261110-2294)",
            owner_id=DEBIAN,
            public=True,
            hypervisor="xen",
            root_device_name="/dev/xvda",
            root_device_type="ebs",
            virtualization_type="hvm",
        )


def _load_parameters(parameters: Any, key: str) -> None:
    """moto's public parameters, and Debian's; each group when it is first asked for."""
    _originals["load_parameters"](parameters, key)
    if not str(key or "").startswith(DEBIAN_PARAMETERS):
        return
    for debian_name, (_, image_id) in DEBIAN_IMAGES.items():
        versions = dict.setdefault(parameters, f"{DEBIAN_PARAMETERS}{debian_name}", [])
        if not versions:
            versions.append(
                cast("Any", Parameter)(
                    account_id=parameters.account_id,
                    name=f"{DEBIAN_PARAMETERS}{debian_name}",
                    value=image_id,
                    parameter_type="String",
                    description=None,
                    allowed_pattern=None,
                    keyid=None,
                    last_modified_date=utcnow(),
                    version=1,
                    data_type="aws:ec2:image",
                )
            )
