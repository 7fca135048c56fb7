# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""RunInstances, also by Auto Scaling and from a launch template: what EC2 checks before anything starts."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partialmethod
from typing import Any

import moto.ec2.models.iam_instance_profile
import moto.ec2.responses.instances
from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.responses import EC2Response
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import filter_iam_instance_profiles
from moto.iam.exceptions import NotFoundException
from moto.ssm.models import ssm_backends

from local_cloud.aws.moto.ec2.addresses import check_addresses
from local_cloud.aws.moto.ec2.captured_images import check_available
from local_cloud.aws.moto.ec2.errors import invalid
from local_cloud.aws.moto.ec2.instances import begin_pending
from local_cloud.settings import Settings

Parameters = dict[str, Any]

RESOLVE_SSM = "resolve:ssm:"
ROOT_DEVICES = {"/dev/xvda", "/dev/sda1"}

_original_run: Any = InstanceBackend.run_instances
_original_respond: Any = InstanceResponse.run_instances


def with_launch_template(backend: Any, given: Parameters) -> Parameters:
    """RunInstances' parameters, those of its launch template among them; what is given itself wins.

    Tags are put together, key by key.
    """
    template = given.get("LaunchTemplate")
    if not template:
        return given
    data = dict(backend._get_template_from_args(template).data)
    # moto takes it from the template itself.
    data.pop("UserData", None)
    devices = {each.get("DeviceName") for each in data.get("BlockDeviceMappings", [])}
    if not devices & ROOT_DEVICES:
        # And these too, beside the root volume, which it leaves out where a request names others.
        data.pop("BlockDeviceMappings", None)
    merged = {**data, **given}
    if "NetworkInterfaces" in data and "SubnetId" in given and "NetworkInterfaces" not in given:
        # Inferred: EC2 takes the interface of the template, in the subnet of the request.
        merged["NetworkInterfaces"] = [
            {**each, "SubnetId": merged.pop("SubnetId", given["SubnetId"])}
            for each in data["NetworkInterfaces"]
        ]
    tags = _tags_by_type(data)
    for kind, own in _tags_by_type(given).items():
        tags[kind] = tags.get(kind, {}) | own
    if tags:
        merged["TagSpecifications"] = [
            {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in pairs.items()]}
            for kind, pairs in tags.items()
        ]
    return merged


def _tags_by_type(given: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    return {
        each["ResourceType"]: {tag["Key"]: tag.get("Value") or "" for tag in each.get("Tags", [])}
        for each in given.get("TagSpecifications", [])
    }


def instance_profile_finder(settings: Settings) -> Callable[..., Any]:
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


def run_instances(
    backend: Any,
    image_id: str | None,
    count: int,
    user_data: Any,
    security_group_names: list[str],
    **kwargs: Any,
) -> Any:
    """RunInstances, also by Auto Scaling: with what AWS checks before anything starts."""
    image_id = _checked_image(backend, image_id, kwargs.get("key_name"), kwargs.get("instance_type"))
    kwargs["subnet_id"] = kwargs.get("subnet_id") or _default_subnet(backend, kwargs)
    check_addresses(backend, count, kwargs)
    for name in security_group_names:
        if backend.get_security_group_by_name_or_id(name) is None:
            raise InvalidSecurityGroupNotFoundError(name)
    before = set(backend.reservations)
    try:
        return _original_run(backend, image_id, count, user_data, security_group_names, **kwargs)
    except Exception:
        # moto keeps the reservation, with what it had launched until then.
        for reservation_id in set(backend.reservations) - before:
            for instance in backend.reservations.pop(reservation_id).instances:
                instance.terminate()
        raise


def check(backend: Any, parameters: Parameters) -> None:
    """Raises what EC2 says of image, key pair and type in RunInstances' parameters. Nothing is launched."""
    given = with_launch_template(backend, parameters)
    image_id = given.get("ImageId")
    image_id = _checked_image(backend, image_id, given.get("KeyName"), given.get("InstanceType"))
    if image_id:
        backend.describe_images(ami_ids=[image_id])


def _checked_image(
    backend: Any, image_id: str | None, key_name: str | None, instance_type: str | None
) -> str | None:
    """The image's id, where a parameter may have stood for it."""
    if image_id and image_id.startswith(RESOLVE_SSM):
        image_id = _image_of_parameter(backend, image_id.removeprefix(RESOLVE_SSM))
    if key_name and key_name not in backend.key_pairs:
        raise EC2ClientError("InvalidKeyPair.NotFound", f"The key pair '{key_name}' does not exist")
    if instance_type and instance_type not in INSTANCE_TYPES:
        raise invalid(f"Invalid value '{instance_type}' for InstanceType.")
    check_available(backend, image_id)
    _check_architecture(backend, image_id, instance_type)
    return image_id


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


def respond_run_instances(response: Any, settings: Settings) -> Any:
    """moto starts MinCount instances, gives the profile to the first only, and takes little of a template."""
    response.params = with_launch_template(response.ec2_backend, response.params)
    response.params["MinCount"] = response._get_param("MaxCount") or response._get_param("MinCount") or 1
    result = _original_respond(response)
    arn = response._get_param("IamInstanceProfile.Arn")
    name = response._get_param("IamInstanceProfile.Name")
    if arn or name:
        for instance in result.result.instances[1:]:
            response.ec2_backend.associate_iam_instance_profile(
                instance_id=instance.id, iam_instance_profile_name=name, iam_instance_profile_arn=arn
            )
    if settings.pending_instances and settings.hosts:
        for instance in result.result.instances:
            begin_pending(instance)
    return result


def launch(backend: Any, parameters: Parameters) -> Any:
    """One instance, by another service of AWS. `parameters`: RunInstances'. Raises what EC2 says of them."""
    response: Any = EC2Response()
    response.params = {"MinCount": 1, "MaxCount": 1, **parameters}
    response.uri_match = {}
    response.region, response.current_account = backend.region_name, backend.account_id
    response.partition = backend.partition
    [instance] = response.run_instances().result.instances
    return instance


def replaced(settings: Settings) -> tuple[tuple[Any, str, Any], ...]:
    """Owner, attribute, and what takes its place."""
    profile = instance_profile_finder(settings)
    return (
        (InstanceBackend, "run_instances", run_instances),
        (InstanceResponse, "run_instances", partialmethod(respond_run_instances, settings)),
        (moto.ec2.responses.instances, "filter_iam_instance_profiles", profile),
        (moto.ec2.models.iam_instance_profile, "filter_iam_instance_profiles", profile),
    )
