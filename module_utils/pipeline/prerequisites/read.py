# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: ANN401 - what boto3 answers has no types here
# Longer than 300 lines: one list of small readers, one a question; `judge` has the answers by service.
"""Looks at everything at once: each reader is a few calls that change nothing, and all run side by side."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote

from ansible.module_utils.urls import open_url
from botocore.exceptions import ClientError

from ...aws.errors import FAILURES, code_of, describe, patient
from . import certificates
from .delegation import DnsError, name_servers
from .deployment import topic_region
from .sight import ours
from .wanted import STANDARD_FAMILIES, Seen, Unseen, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Clients = Mapping[str, Any]
    Reader = Callable[[Clients, Wanted], Any]

SERVICES = ("cloudwatch", "codedeploy", "ec2", "iam", "route53", "s3", "service-quotas", "sns", "ssm", "sts")
OF_FLEETS = ("autoscaling", "elbv2")
AT_ONCE = 12
GITHUB_TIMEOUT, GITHUB_PAUSE = 20, 1  # seconds
GITHUB_TRIES = 5
GITHUB_PASSING = (500, 502, 503, 504)
GITHUB_SILENCE = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
ALIVE = ["pending", "running", "stopping", "stopped"]

STANDARD_QUOTA, ADDRESS_QUOTA = "L-1216C47A", "L-0263D0A3"
BALANCER_QUOTA, TARGET_GROUP_QUOTA, SCALING_GROUP_QUOTA = "L-53DA6B97", "L-B22855CB", "L-CDE20ADC"

# What an API says of a thing that is not there.
MISSING = {
    "ApplicationDoesNotExistException",
    "DeploymentConfigDoesNotExistException",
    "InvalidAMIID.Malformed",
    "InvalidAMIID.NotFound",
    "InvalidInstanceType",
    "InvalidParameterValue",
    "InvalidSubnetID.NotFound",
    "NoSuchEntity",
    "NoSuchResourceException",
    "NotFound",
    "ParameterNotFound",
}


# Without AWS


def commit(_clients: Clients, wanted: Wanted) -> dict[str, Any]:
    """GitHub's answer: its status, and the commit where there is one."""
    try:
        told, _ = _of_repository(wanted, f"/commits/{wanted.commit or 'HEAD'}")
    except HTTPError as error:
        return {"status": error.code, "sha": None}
    return {"status": HTTPStatus.OK.value, "sha": told.get("sha")}


def repository(_clients: Clients, wanted: Wanted) -> dict[str, Any] | None:
    """The repository as the token sees it, None where it is not there. Only a classic token has `scopes`."""
    try:
        told, headers = _of_repository(wanted, "")
    except HTTPError as error:
        if error.code in GITHUB_SILENCE:
            return None  # told of the commit
        raise
    scopes = headers.get("X-OAuth-Scopes")
    return told | {"scopes": scopes and [each.strip() for each in scopes.split(",")]}


def environment(_clients: Clients, wanted: Wanted) -> str | None:
    """The application that the environment of the repository deploys to; None where that is not told."""
    if not wanted.github_token:
        return None
    place = f"/environments/{quote(wanted.github_environment, safe='')}"
    try:
        told, _ = _of_repository(wanted, f"{place}/variables/CODEDEPLOY_APPLICATION_NAME")
    except HTTPError as error:
        if error.code in GITHUB_SILENCE:
            return None
        raise
    return str(told.get("value"))


def reviewers(_clients: Clients, wanted: Wanted) -> list[str]:
    """Those that GitHub does not know, or does not show to the token."""
    return [name for name in wanted.github_reviewers if not _is_known(wanted, name)]


def _is_known(wanted: Wanted, reviewer: str) -> bool:
    owner, _, team = reviewer.partition("/")
    try:
        _github(wanted, f"/orgs/{owner}/teams/{team}" if team else f"/users/{owner}")
    except HTTPError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return False
        raise
    return True


def _of_repository(wanted: Wanted, path: str) -> tuple[dict[str, Any], Any]:
    return _github(wanted, f"/repos/{wanted.github_repository}{path}")


def _github(wanted: Wanted, path: str) -> tuple[dict[str, Any], Any]:
    """What GitHub says, and the answer's headers. What passes is tried again."""
    headers = {"Accept": "application/vnd.github+json"}
    if wanted.github_token:
        headers["Authorization"] = f"Bearer {wanted.github_token}"
    url = f"{wanted.github_api_url}{path}"
    for left in reversed(range(GITHUB_TRIES)):
        try:
            # Else a user's ~/.netrc would put its own in place of the token.
            with open_url(url, headers=headers, timeout=GITHUB_TIMEOUT, use_netrc=False) as answer:
                return _object(answer), answer.headers
        except HTTPError as error:
            if not left or not (error.code in GITHUB_PASSING or "Retry-After" in error.headers):
                raise
        except (OSError, HTTPException, ValueError):
            if not left:
                raise
        time.sleep(GITHUB_PAUSE)
    raise AssertionError  # the last try returns or raises


def _object(answer: Any) -> dict[str, Any]:
    told = json.load(answer)
    if not isinstance(told, dict):
        raise ValueError("the answer is not GitHub's")  # noqa: TRY004 - of a service, not of a caller
    return told


def delegation(_clients: Clients, wanted: Wanted) -> list[str]:
    return name_servers(wanted.domain_zone)


def key_file(_clients: Clients, wanted: Wanted) -> str:
    """The public key; OSError where it cannot be read."""
    return Path(wanted.ssh_public_key_file).expanduser().read_text(encoding="utf-8")


def acme_directory(_clients: Clients, wanted: Wanted) -> dict[str, Any]:
    """The authority's, with a `problem` where it does not answer."""
    return certificates.directory_at(wanted.https_acme_directory, wanted.https_ca_file)


def https_files(_clients: Clients, wanted: Wanted) -> list[tuple[str, str, str]]:
    """What is wrong with the certificate and its key."""
    record = wanted.domain_record.rstrip(".")
    return certificates.problems_of(wanted.https_certificate_file, wanted.https_key_file, record)


def served_certificates(clients: Clients, wanted: Wanted) -> list[dict[str, str]]:
    """What is served at the pipeline's addresses, and what is wrong with it."""
    record = wanted.domain_record.rstrip(".")
    held = [each["PublicIp"] for each in ours(wanted, clients["ec2"].describe_addresses()["Addresses"])]
    found = (certificates.served_at(address, record, wanted.https_ca_file) for address in held)
    return [each for each in found if each]


# EC2


def region(clients: Clients, wanted: Wanted) -> Any:
    answer = clients["ec2"].describe_regions(RegionNames=[wanted.region], AllRegions=True)
    return answer["Regions"][0] if answer["Regions"] else None


def instance_type(clients: Clients, wanted: Wanted) -> Any:
    return clients["ec2"].describe_instance_types(InstanceTypes=[wanted.instance_type])["InstanceTypes"][0]


def instances(clients: Clients, _wanted: Wanted) -> list[Any]:
    """Those that are not ended."""
    pages = clients["ec2"].get_paginator("describe_instances")
    filters = [{"Name": "instance-state-name", "Values": ALIVE}]
    return [
        instance
        for page in pages.paginate(Filters=filters)
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]


def addresses(clients: Clients, _wanted: Wanted) -> Any:
    return clients["ec2"].describe_addresses()["Addresses"]


def image(clients: Clients, wanted: Wanted) -> Any:
    """The image that would be launched."""
    name = wanted.instance_image
    if not name:
        name = clients["ssm"].get_parameter(Name=wanted.image_parameter)["Parameter"]["Value"]
    found = clients["ec2"].describe_images(ImageIds=[name])["Images"]
    return found[0] if found else None


def security_group(clients: Clients, wanted: Wanted) -> Any:
    filters = [{"Name": "group-name", "Values": [wanted.security_group]}]
    if wanted.vpc_id:
        filters.append({"Name": "vpc-id", "Values": [wanted.vpc_id]})
    found = clients["ec2"].describe_security_groups(Filters=filters)["SecurityGroups"]
    return found[0] if found else None


def key_pair(clients: Clients, wanted: Wanted) -> Any:
    filters = [{"Name": "key-name", "Values": [wanted.ssh_key_name]}]
    found = clients["ec2"].describe_key_pairs(Filters=filters, IncludePublicKey=True)["KeyPairs"]
    return found[0] if found else None


def subnet(clients: Clients, wanted: Wanted) -> Any:
    """The named subnet, or that of the default VPC that amazon.aws.ec2_instance takes: the first zone's."""
    if wanted.vpc_subnet_id:
        request: dict[str, Any] = {"SubnetIds": [wanted.vpc_subnet_id]}
    else:
        request = {"Filters": [{"Name": "default-for-az", "Values": ["true"]}]}
    found = clients["ec2"].describe_subnets(**request)["Subnets"]
    return min(found, key=lambda each: str(each["AvailabilityZone"])) if found else None


def fleet_subnets(clients: Clients, wanted: Wanted) -> dict[str, Any]:
    """Those of the hosts and those of the load balancer, named ones or the default VPC's."""
    defaults = [{"Name": "default-for-az", "Values": ["true"]}]
    if wanted.vpc_id:
        defaults.append({"Name": "vpc-id", "Values": [wanted.vpc_id]})
    found = {}
    for part in ("hosts", "balancer"):
        named = list(wanted.fleet[f"{part}_subnets"])
        request = {"SubnetIds": named} if named else {"Filters": defaults}
        found[part] = clients["ec2"].describe_subnets(**request)["Subnets"]
    return found


def offers(clients: Clients, wanted: Wanted) -> list[str]:
    """The availability zones that offer the instance type."""
    pages = (
        clients["ec2"]
        .get_paginator("describe_instance_type_offerings")
        .paginate(
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": [wanted.instance_type]}],
        )
    )
    return [each["Location"] for page in pages for each in page["InstanceTypeOfferings"]]


# Quotas


def address_quota(clients: Clients, _wanted: Wanted) -> Any:
    return _quota(clients, ADDRESS_QUOTA)


def instance_quota(clients: Clients, wanted: Wanted) -> Any:
    """In vCPUs; None for families that are counted apart."""
    family = wanted.instance_type.partition(".")[0].rstrip("0123456789")
    return _quota(clients, STANDARD_QUOTA) if family[:1] in STANDARD_FAMILIES else None


def balancer_quota(clients: Clients, _wanted: Wanted) -> Any:
    return _quota(clients, BALANCER_QUOTA, "elasticloadbalancing")


def target_group_quota(clients: Clients, _wanted: Wanted) -> Any:
    return _quota(clients, TARGET_GROUP_QUOTA, "elasticloadbalancing")


def scaling_group_quota(clients: Clients, _wanted: Wanted) -> Any:
    return _quota(clients, SCALING_GROUP_QUOTA, "autoscaling")


def _quota(clients: Clients, code: str, service: str = "ec2") -> Any:
    client = clients["service-quotas"]
    return client.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]


# What a fleet has more of than single hosts, by its names


def balancers(clients: Clients, _wanted: Wanted) -> list[str]:
    """The Application Load Balancers."""
    pages = clients["elbv2"].get_paginator("describe_load_balancers").paginate()
    found = [each for page in pages for each in page["LoadBalancers"]]
    return [each["LoadBalancerName"] for each in found if each.get("Type", "application") == "application"]


def target_groups(clients: Clients, _wanted: Wanted) -> list[str]:
    pages = clients["elbv2"].get_paginator("describe_target_groups").paginate()
    return [each["TargetGroupName"] for page in pages for each in page["TargetGroups"]]


def scaling_groups(clients: Clients, _wanted: Wanted) -> list[str]:
    pages = clients["autoscaling"].get_paginator("describe_auto_scaling_groups").paginate()
    return [each["AutoScalingGroupName"] for page in pages for each in page["AutoScalingGroups"]]


# IAM


def roles(clients: Clients, wanted: Wanted) -> dict[str, Any]:
    """By the setting that names it: the role, or None."""
    return {setting: _or_none(_role, clients, name) for setting, name in wanted.roles.items()}


def instance_profile(clients: Clients, wanted: Wanted) -> Any:
    return clients["iam"].get_instance_profile(InstanceProfileName=wanted.instance_profile)["InstanceProfile"]


def boundary(clients: Clients, wanted: Wanted) -> Any:
    return clients["iam"].get_policy(PolicyArn=wanted.iam_permissions_boundary)["Policy"]


def _role(clients: Clients, name: str) -> Any:
    return clients["iam"].get_role(RoleName=name)["Role"]


# Route 53


def zone(clients: Clients, wanted: Wanted) -> Any:
    """The hosted zone with its name servers, and what the record's name holds; `private` where it is."""
    name = wanted.domain_zone.rstrip(".") + "."
    client = clients["route53"]
    listed = client.list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    called = [each for each in listed if each["Name"] == name]
    named = [each for each in called if not each["Config"]["PrivateZone"]]
    if not named:
        return {"private": True} if called else None
    zone_id = named[0]["Id"]
    record = wanted.domain_record.rstrip(".") + "."
    sets = client.list_resource_record_sets(HostedZoneId=zone_id, StartRecordName=record, MaxItems="10")
    held = [each for each in sets["ResourceRecordSets"] if each["Name"].replace("\\052", "*") == record]
    return {"records": held, **client.get_hosted_zone(Id=zone_id).get("DelegationSet", {})}


# CodeDeploy


def application(clients: Clients, wanted: Wanted) -> Any:
    return clients["codedeploy"].get_application(applicationName=wanted.application)["application"]


def deployment_config(clients: Clients, wanted: Wanted) -> Any:
    answer = clients["codedeploy"].get_deployment_config(deploymentConfigName=wanted.deployment_config)
    return answer["deploymentConfigInfo"]


def application_tags(clients: Clients, wanted: Wanted) -> Any:
    identity = clients["sts"].get_caller_identity()
    partition = identity["Arn"].split(":")[1]
    place = f"arn:{partition}:codedeploy:{wanted.region}:{identity['Account']}"
    arn = f"{place}:application:{wanted.application}"
    return clients["codedeploy"].list_tags_for_resource(ResourceArn=arn)["Tags"]


def alarms(clients: Clients, wanted: Wanted) -> list[str]:
    """Those of the alarms that are there."""
    kinds = ["CompositeAlarm", "MetricAlarm"]
    found = clients["cloudwatch"].describe_alarms(AlarmNames=list(wanted.alarms), AlarmTypes=kinds)
    return [each["AlarmName"] for kind in kinds for each in found.get(f"{kind}s", [])]


def notification_topic(clients: Clients, wanted: Wanted) -> Any:
    """The company's topic."""
    return clients["sns"].get_topic_attributes(TopicArn=wanted.notification_topic)["Attributes"]


def github_links(clients: Clients, _wanted: Wanted) -> Any:
    return clients["codedeploy"].list_git_hub_account_token_names().get("tokenNameList", [])


def agent(clients: Clients, wanted: Wanted) -> str:
    """Where hosts get the agent from, asked without credentials as they do."""
    bucket = f"aws-codedeploy-{wanted.region}"
    try:
        clients["s3"].head_object(Bucket=bucket, Key="latest/install")
    except ClientError as error:
        if code_of(error) == "404":
            return ""
        raise
    return bucket


def bucket(clients: Clients, wanted: Wanted) -> dict[str, str] | None:
    """The company's bucket for revisions."""
    return _bucket(clients, wanted.revision_bucket)


def connection_bucket(clients: Clients, wanted: Wanted) -> dict[str, str] | None:
    """The company's bucket for Ansible's modules."""
    return _bucket(clients, wanted.connection_bucket)


def _bucket(clients: Clients, name: str) -> dict[str, str] | None:
    """Its region, "" where S3 does not tell; None where there is none. Even strangers are told."""
    try:
        answer = clients["s3"].head_bucket(Bucket=name)
    except ClientError as error:
        if code_of(error) == "404":
            return None
        if code_of(error) not in {"301", "400", "403"}:
            raise
        answer = error.response
    headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
    return {"region": headers.get("x-amz-bucket-region", "")}


WITHOUT_AWS: tuple[Reader, ...] = (commit, environment, delegation, key_file, agent)
OF_THE_ACCOUNT: tuple[Reader, ...] = (
    *(zone, image, instances, region, instance_type, addresses, security_group, key_pair),
    *(address_quota, instance_quota, roles, instance_profile, application, application_tags),
    *(offers, deployment_config),
)


OF_A_FLEET: tuple[Reader, ...] = (
    *(fleet_subnets, balancers, target_groups, scaling_groups),
    *(balancer_quota, target_group_quota, scaling_group_quota),
)


def services(wanted: Wanted) -> tuple[str, ...]:
    """Those that are asked: a client of each takes its time to make."""
    return (*SERVICES, *OF_FLEETS) if wanted.fleet else SERVICES


def _of_the_account(wanted: Wanted) -> list[Reader]:
    """Those that the settings ask for."""
    # A region's API refuses the topics of others.
    is_own_topic = bool(wanted.notification_topic) and topic_region(wanted) == wanted.region
    chosen: tuple[tuple[Reader, object], ...] = (
        (boundary, wanted.iam_permissions_boundary),
        (alarms, wanted.alarms),
        (notification_topic, is_own_topic),
        (github_links, wanted.github_token_name),
        (served_certificates, wanted.https != "none"),
    )
    of_hosts = OF_A_FLEET if wanted.fleet else (subnet,)
    return [*OF_THE_ACCOUNT, *of_hosts, *(reader for reader, asked in chosen if asked)]


def _without_aws(wanted: Wanted) -> list[Reader]:
    """Those that the settings ask for, and that need no credentials."""
    chosen: tuple[tuple[Reader, object], ...] = (
        (bucket, wanted.revision_source == "s3" and wanted.revision_bucket),
        (connection_bucket, wanted.connection_bucket),
        (repository, wanted.github_token),
        (reviewers, wanted.github_token and wanted.github_reviewers),
        # A fleet's certificate is AWS Certificate Manager's.
        (acme_directory, wanted.https == "acme" and not wanted.fleet),
        (https_files, wanted.https == "files"),
    )
    return [*WITHOUT_AWS, *(reader for reader, asked in chosen if asked)]


def look(clients: Clients, wanted: Wanted) -> Seen:
    """See everything. Where the credentials are not valid, only what needs none."""
    readers, without_aws = _of_the_account(wanted), _without_aws(wanted)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        early = {each.__name__: pool.submit(_see, each, clients, wanted) for each in without_aws}
        identity = _see(lambda *_: clients["sts"].get_caller_identity(), clients, wanted)
        late = {}
        if not isinstance(identity, Unseen):
            late = {each.__name__: pool.submit(_see, each, clients, wanted) for each in readers}
        return {"identity": identity} | {name: each.result() for name, each in (early | late).items()}


def _see(reader: Callable[..., Any], clients: Clients, wanted: Any) -> Any:
    """What a reader returns; None for what is not there, Unseen with the reason where it cannot see."""
    try:
        return _or_none(reader, clients, wanted)
    except FAILURES as error:
        return Unseen(describe(error))
    except (OSError, HTTPException, DnsError, ValueError) as error:
        return Unseen(str(error))


def _or_none(reader: Callable[..., Any], clients: Clients, what: Any) -> Any:
    try:
        return patient(reader)(clients, what)
    except ClientError as error:
        if code_of(error) in MISSING:
            return None
        raise
