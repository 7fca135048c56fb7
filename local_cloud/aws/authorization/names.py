"""What of a request names a resource, or is the value of a condition key: by service, as a table.

The variables are those of the ARN templates in AWS's service authorization reference.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

from local_cloud.aws.authorization.account import Account
from local_cloud.aws.authorization.conditions import listed

Parameters = Mapping[str, Any]
Variables = dict[str, str]

EC2_IDS = {
    "instance": ("i", "InstanceId"),
    "image": ("ami", "ImageId"),
    "elastic-ip": ("eipalloc", "AllocationId"),
    "security-group": ("sg", "SecurityGroupId"),
    "security-group-rule": ("sgr", "SecurityGroupRuleId"),
    "snapshot": ("snap", "SnapshotId"),
    "subnet": ("subnet", "SubnetId"),
    "vpc": ("vpc", "VpcId"),
    "volume": ("vol", "VolumeId"),
    "network-interface": ("eni", "NetworkInterfaceId"),
    "internet-gateway": ("igw", "InternetGatewayId"),
    "route-table": ("rtb", "RouteTableId"),
    "launch-template": ("lt", "LaunchTemplateId"),
}
"""Resource type -> how its ids begin, and its variable."""
EC2_ID = re.compile(r"([a-z]+)-[0-9a-f]{8,17}")

MEMBERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "codedeploy": {
        "ApplicationName": ("applicationName", "applicationNames"),
        "DeploymentGroupName": ("deploymentGroupName", "currentDeploymentGroupName", "deploymentGroupNames"),
        "DeploymentConfigurationName": ("deploymentConfigName",),
        "InstanceName": ("instanceName", "instanceNames"),
    },
    "s3": {"BucketName": ("Bucket",), "ObjectName": ("Key", "Delete.Objects.Key")},
    "ssm": {"ParameterNameWithoutLeadingSlash": ("Name", "Names", "Path")},
    "route53": {"Id": ("HostedZoneId", "Id")},
    "sns": {"TopicName": ("Name",)},
    "autoscaling": {
        "GroupFriendlyName": ("AutoScalingGroupName", "AutoScalingGroupNames", "Tags.ResourceId"),
        "LaunchConfigurationName": ("LaunchConfigurationName", "LaunchConfigurationNames"),
    },
    "elasticloadbalancing": {
        "TargetGroupName": ("Name",),
        "LoadBalancerName": ("Name", "LoadBalancerName", "LoadBalancerNames"),
    },
    "cloudwatch": {"AlarmName": ("AlarmName", "AlarmNames")},
    "servicequotas": {"ServiceCode": ("ServiceCode",), "QuotaCode": ("QuotaCode",)},
}
"""Service -> variable -> the parameters that hold its value, or a list of them."""
IAM_NAMES = {
    "role": ("RoleNameWithPath", "RoleName"),
    "user": ("UserNameWithPath", "UserName"),
    "group": ("GroupNameWithPath", "GroupName"),
    "instance-profile": ("InstanceProfileNameWithPath", "InstanceProfileName"),
    "policy": ("PolicyNameWithPath", "PolicyName"),
}
ARN_MEMBERS = {
    "role": ("RoleArn",),
    "policy": ("PolicyArn",),
    "oidc-provider": ("OpenIDConnectProviderArn",),
    "topic": ("TopicArn", "TargetArn", "ResourceArn"),
    "targetgroup": ("TargetGroupArn", "TargetGroupArns"),
    "application": ("ResourceArn",),
    "deploymentgroup": ("ResourceArn",),
    "certificate": ("CertificateArn",),
}
"""Resource type -> the parameters that hold its whole ARN."""


def each_named(prefix: str, operation: str, parameters: Parameters, account: Account) -> list[Parameters]:
    """The request, once for each thing that it names by an id which says nothing of its resource."""
    if prefix == "codedeploy" and ("deploymentId" in parameters or "deploymentIds" in parameters):
        ids = listed(parameters.get("deploymentId")) + listed(parameters.get("deploymentIds"))
        groups = {account.group_of_deployment(identifier) for identifier in ids}
        return [
            dict(parameters) | {"applicationName": group[0], "deploymentGroupName": group[1]}
            for group in sorted(group for group in groups if group)
        ] or [parameters]
    if prefix == "ec2" and "AssociationId" in parameters and operation == "DisassociateAddress":
        allocation = account.allocation_of(parameters["AssociationId"])
        return [dict(parameters) | {"AllocationId": allocation}]
    return [parameters]


def named(prefix: str, kind: str, parameters: Parameters, account: Account) -> list[Variables]:
    """The resources of one type that a request names, as the variables of their ARNs."""
    arns = [arn for member in ARN_MEMBERS.get(kind, ()) for arn in listed(parameters.get(member))]
    fitting = [{"ARN": arn} for arn in arns if _is_of_kind(arn, prefix, kind)]
    if fitting:
        return fitting
    special = SPECIAL.get(prefix)
    return special(kind, parameters, account) if special else _by_members(prefix, kind, parameters)


def requested_tags(prefix: str, resource: str, parameters: Parameters) -> dict[str, str]:
    """The tags that a request wants to put on a resource."""
    if prefix == "ec2" and "TagSpecifications" in parameters:
        kind = resource.split(":", 5)[-1].partition("/")[0]
        tags = [
            tag
            for each in parameters["TagSpecifications"]
            if each.get("ResourceType") == kind
            for tag in each.get("Tags", [])
        ]
    else:
        tags = parameters.get("Tags") or parameters.get("tags") or []
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {
        str(tag["Key"]): str(tag.get("Value") or "")
        for tag in tags
        if isinstance(tag, Mapping) and "Key" in tag
    }


def tag_keys(parameters: Parameters) -> list[str]:
    """The keys of tags that a request wants to take away."""
    return [str(key) for key in listed(parameters.get("TagKeys")) + listed(parameters.get("tagKeys"))]


def context(prefix: str, action: str, parameters: Parameters) -> dict[str, Any]:
    """The values of a service's own condition keys."""
    values = {key: parameters.get(member) for key, member in CONDITION_KEYS.get(prefix, {}).items()}
    if prefix == "route53" and action == "ChangeResourceRecordSets":
        changes = parameters.get("ChangeBatch", {}).get("Changes", [])
        sets = [change["ResourceRecordSet"] for change in changes]
        names = [each["Name"].rstrip(".").lower() for each in sets]
        values = {
            "route53:changeresourcerecordsetsactions": [change["Action"] for change in changes],
            "route53:changeresourcerecordsetsnormalizedrecordnames": names,
            "route53:changeresourcerecordsetsrecordtypes": [each["Type"] for each in sets],
        }
    if prefix == "ec2":
        metadata = parameters.get("MetadataOptions") or {}
        values |= {
            "ec2:metadatahttptokens": metadata.get("HttpTokens"),
            "ec2:metadatahttpputresponsehoplimit": metadata.get("HttpPutResponseHopLimit"),
        }
    if prefix == "acm" and "DomainName" in parameters:
        values["acm:domainnames"] = [
            parameters["DomainName"],
            *listed(parameters.get("SubjectAlternativeNames")),
        ]
    return {
        key: [str(each) for each in value] if isinstance(value, list) else str(value)
        for key, value in values.items()
        if value not in (None, "")
    }


CONDITION_KEYS = {
    "acm": {"acm:validationmethod": "ValidationMethod"},
    "ec2": {"ec2:instancetype": "InstanceType", "ec2:keypairname": "KeyName"},
    "iam": {
        "iam:policyarn": "PolicyArn",
        "iam:permissionsboundary": "PermissionsBoundary",
    },
    "s3": {"s3:prefix": "Prefix", "s3:delimiter": "Delimiter", "s3:x-amz-acl": "ACL"},
    "sts": {"sts:rolesessionname": "RoleSessionName", "sts:externalid": "ExternalId"},
}
"""Service -> condition key -> the parameter that is its value."""


def _by_members(prefix: str, kind: str, parameters: Parameters) -> list[Variables]:
    """All combinations of the variables that the type's table names and the request gives."""
    wanted = VARIABLES.get((prefix, kind), ())
    table = MEMBERS.get(prefix, {})
    values = [
        list(
            dict.fromkeys(value for member in table[name] for value in _values(parameters, member.split(".")))
        )
        for name in wanted
    ]
    if not any(values):
        return []
    combinations = product(*(found or ["*"] for found in values))
    return [dict(zip(wanted, chosen, strict=True)) for chosen in combinations]


VARIABLES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("codedeploy", "application"): ("ApplicationName",),
    ("codedeploy", "deploymentgroup"): ("ApplicationName", "DeploymentGroupName"),
    ("codedeploy", "deploymentconfig"): ("DeploymentConfigurationName",),
    ("codedeploy", "instance"): ("InstanceName",),
    ("s3", "bucket"): ("BucketName",),
    ("s3", "object"): ("BucketName", "ObjectName"),
    ("sns", "topic"): ("TopicName",),
    ("autoscaling", "autoScalingGroup"): ("GroupFriendlyName",),
    ("autoscaling", "launchConfiguration"): ("LaunchConfigurationName",),
    ("elasticloadbalancing", "targetgroup"): ("TargetGroupName",),
    ("elasticloadbalancing", "loadbalancer"): ("LoadBalancerName",),
    ("cloudwatch", "alarm"): ("AlarmName",),
    ("servicequotas", "quota"): ("ServiceCode", "QuotaCode"),
}


def _values(node: Any, path: list[str]) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(node, list):
        for each in node:
            yield from _values(each, path)
    elif not path:
        if node:
            yield str(node)
    elif isinstance(node, Mapping):
        yield from _values(node.get(path[0]), path[1:])


def _ec2(kind: str, parameters: Parameters, _account: Account) -> list[Variables]:
    if kind == "key-pair":
        keys = [*listed(parameters.get("KeyName")), *listed(parameters.get("KeyNames"))]
        return [{"KeyPairName": str(key)} for key in keys]
    prefix, variable = EC2_IDS.get(kind, ("", ""))
    # Tags and user data may look like ids.
    content = {
        key: value for key, value in parameters.items() if key not in {"TagSpecifications", "UserData"}
    }
    ids = {
        text
        for text in re.findall(r"[a-z]+-[0-9a-f]+", json.dumps(content, default=str))
        if (found := EC2_ID.fullmatch(text)) and found[1] == prefix
    }
    return [{variable: identifier} for identifier in sorted(ids)]


def _iam(kind: str, parameters: Parameters, account: Account) -> list[Variables]:
    if kind == "oidc-provider" and "Url" in parameters:
        return [{"OidcProviderName": str(parameters["Url"]).partition("://")[2]}]
    variable, member = IAM_NAMES.get(kind, ("", ""))
    if not parameters.get(member):
        return []
    name = str(parameters[member])
    path = parameters.get("Path") or (account.path_of(kind, name) if kind != "policy" else "/")
    return [{variable: f"{path}{name}".removeprefix("/")}]


def _ssm(kind: str, parameters: Parameters, account: Account) -> list[Variables]:
    if kind != "parameter":
        return []
    found = []
    for member in ("Name", "Names", "Path"):
        for name in listed(parameters.get(member)):
            plain = str(name).removeprefix("/")
            # AWS's own parameters are of no account.
            owner = "" if plain.startswith("aws/") else account.id
            found.append(
                {"ARN": f"arn:{account.partition}:ssm:{account.region}:{owner}:parameter/{plain}"}
                if not plain.startswith("arn:")
                else {"ARN": plain}
            )
    return found


def _route53(kind: str, parameters: Parameters, _account: Account) -> list[Variables]:
    members = {"hostedzone": ("HostedZoneId", "Id"), "change": ("Id",), "healthcheck": ("HealthCheckId",)}
    ids = [parameters[member] for member in members.get(kind, ()) if parameters.get(member)]
    return [{"Id": str(identifier).rpartition("/")[2]} for identifier in ids]


SPECIAL: Mapping[str, Callable[[str, Parameters, Account], list[Variables]]] = {
    "ec2": _ec2,
    "iam": _iam,
    "ssm": _ssm,
    "route53": _route53,
}
"""Services whose names are not simply parameters."""


def _is_of_kind(arn: Any, prefix: str, kind: str) -> bool:  # noqa: ANN401 - what the request says
    """An ARN of the given type: `sts` acts on roles, which are of IAM; topics have no type in theirs."""
    parts = str(arn).split(":", 5)
    if len(parts) != 6:  # noqa: PLR2004 - an ARN's parts
        return False
    service = "iam" if prefix == "sts" else prefix
    return parts[2] == service and (kind == "topic" or re.match(rf"{kind}[:/]", parts[5]) is not None)
