"""What the service does with the role that a deployment group gives it, and whether it may."""

from collections.abc import Iterator
from typing import Any

from local_cloud.aws.codedeploy.options import options
from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.trail import Act

_SERVICES = {
    "autoscaling": "AmazonAutoScaling",
    "cloudwatch": "AmazonCloudWatch",
    "ec2": "AmazonEC2",
    "elasticloadbalancing": "ElasticLoadBalancing",
    "tag": "AmazonEC2",
}
"""How the service names another one that its role does not open."""


def may(backend: CodeDeployBase, group: DeploymentGroup, action: str, resource: str = "*") -> bool:
    """Does the group's service role allow it?"""
    return options.service_role_may(group.service_role_arn, backend.region_name, action, resource)


def uses(
    backend: CodeDeployBase,
    group: DeploymentGroup,
    action: str,
    resource: str,
    **parameters: Any,  # noqa: ANN401 - another service's
) -> bool:
    """`may`, by which the service acts: the account's history has its call, refused or not."""
    is_allowed = may(backend, group, action, resource)
    options.tell(
        Act(
            by="codedeploy",
            role_arn=group.service_role_arn,
            session=options.session,
            region=backend.region_name,
            action=action,
            parameters=parameters,
            is_denied=not is_allowed,
        )
    )
    return is_allowed


def refused(backend: CodeDeployBase, group: DeploymentGroup) -> dict[str, str] | None:
    """The error of a deployment whose service role may not look for instances; None where it may."""
    missing = (a for a in _of_every_deployment(group) if not may(backend, group, a))
    return next((_error(group, action) for action in missing), None)


def refused_alarms(
    backend: CodeDeployBase, group: DeploymentGroup, alarm_configuration: dict[str, Any]
) -> dict[str, str] | None:
    """The error of a deployment whose alarms the service role may not read, unless that is to be ignored."""
    if not alarm_configuration.get("enabled") or alarm_configuration.get("ignorePollAlarmFailure"):
        return None
    action = "cloudwatch:DescribeAlarms"
    start = f"arn:{backend.partition}:cloudwatch:{backend.region_name}:{backend.account_id}"
    return None if may(backend, group, action, f"{start}:alarm:*") else _error(group, action)


def _error(group: DeploymentGroup, action: str) -> dict[str, str]:
    return {
        "code": "IAM_ROLE_PERMISSIONS",
        "message": (
            f"The IAM role {group.service_role_arn} does not give you permission to perform"
            f" operations in the following AWS service: {_SERVICES[action.partition(':')[0]]}."
            " Contact your AWS"
            " administrator if you need help. If you are an AWS administrator, you can grant"
            " permissions to your users or groups by creating IAM policies."
        ),
    }


def _of_every_deployment(group: DeploymentGroup) -> Iterator[str]:
    if group.ec2_tag_filters or group.ec2_tag_set:
        yield from ("tag:GetResources", "ec2:DescribeInstances", "ec2:DescribeInstanceStatus")
    if group.auto_scaling_group_names:
        yield from ("autoscaling:DescribeAutoScalingGroups", "ec2:DescribeInstances")
        if (group.ec2_deployment_options or {}).get("autoScalingGroupProcessesToSuspend"):
            yield from ("autoscaling:SuspendProcesses", "autoscaling:ResumeProcesses")
