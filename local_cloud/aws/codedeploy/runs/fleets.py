# ruff: noqa: ANN401 - AWS's answers are what they are
"""Auto Scaling groups that blue/green deployments make, lead to and remove.

The calls, their order and parameters are those of an account's own CloudTrail (recorded 2019, names of hooks
2026). Scheduled actions and lifecycle hooks of users are not copied.
"""

from typing import Any

from local_cloud.aws.autoscaling.records import Hook
from local_cloud.aws.codedeploy.runs.service import Service, ServiceError

SUSPENDED = ("AddToLoadBalancer", "AlarmNotification", "ScheduledActions")
"""Processes of a new group that stand still until traffic is led to it."""
TAG = "CodeDeployProvisioningDeploymentId"
_COPIED = (
    *("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy"),
    *("MaxSize", "DefaultCooldown", "AvailabilityZones", "TerminationPolicies", "PlacementGroup"),
    *("NewInstancesProtectedFromScaleIn", "ServiceLinkedRoleARN", "CapacityRebalance"),
)
_COPIED_OF_POLICIES = (
    *(
        "PolicyName",
        "PolicyType",
        "AdjustmentType",
        "MinAdjustmentMagnitude",
        "ScalingAdjustment",
        "Cooldown",
    ),
    *("MetricAggregationType", "StepAdjustments", "EstimatedInstanceWarmup", "TargetTrackingConfiguration"),
    "Enabled",
)


def name(deployment_group_name: str, deployment_id: str) -> str:
    return f"CodeDeploy_{deployment_group_name}_{deployment_id}"


def copy(service: Service, source: str, copied: str, deployment_id: str) -> None:
    """A group as another one, with as many new instances, and no traffic. Raises ServiceError."""
    old = _described(service, source)
    service.call("autoscaling", "create_auto_scaling_group", **_parameters(old, copied, deployment_id))
    policies = service.call("autoscaling", "describe_policies", AutoScalingGroupName=source)
    for policy in policies["ScalingPolicies"]:
        given = {key: policy[key] for key in _COPIED_OF_POLICIES if policy.get(key) not in (None, [], "")}
        service.call("autoscaling", "put_scaling_policy", AutoScalingGroupName=copied, **given)
    for topic, kinds in _notifications(service, source).items():
        service.call(
            "autoscaling",
            "put_notification_configuration",
            AutoScalingGroupName=copied,
            TopicARN=topic,
            NotificationTypes=kinds,
        )
    sizes = {key: old[key] for key in ("MinSize", "DesiredCapacity")}
    service.call("autoscaling", "update_auto_scaling_group", AutoScalingGroupName=copied, **sizes)
    service.call(
        "autoscaling",
        "suspend_processes",
        AutoScalingGroupName=copied,
        ScalingProcesses=list(SUSPENDED),
    )


def _described(service: Service, group: str) -> dict[str, Any]:
    answer = service.call("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=[group])
    found: list[dict[str, Any]] = answer["AutoScalingGroups"]
    if not found:
        raise ServiceError(
            "autoscaling", "ValidationError", f"The Auto Scaling group {group} does not exist."
        )
    return found[0]


def _parameters(old: dict[str, Any], copied: str, deployment_id: str) -> dict[str, Any]:
    """CreateAutoScalingGroup's, for a group that is as an old one and has no instances yet."""
    given = {key: old[key] for key in _COPIED if old.get(key) not in (None, [], "")}
    if "LaunchTemplate" in given:
        template = given["LaunchTemplate"]
        given["LaunchTemplate"] = {
            key: template[key] for key in ("LaunchTemplateId", "Version") if key in template
        }
    if old.get("VPCZoneIdentifier"):
        given["VPCZoneIdentifier"] = old["VPCZoneIdentifier"]
    tags = [
        {"Key": each["Key"], "Value": each["Value"], "PropagateAtLaunch": each["PropagateAtLaunch"]}
        for each in old.get("Tags", [])
        if each["Key"] != TAG and not each["Key"].startswith("aws:")
    ]
    return given | {
        "AutoScalingGroupName": copied,
        "MinSize": 0,
        "DesiredCapacity": 0,
        "HealthCheckType": "EC2",
        "HealthCheckGracePeriod": 0,
        "Tags": [*tags, {"Key": TAG, "Value": deployment_id, "PropagateAtLaunch": True}],
    }


def _notifications(service: Service, group: str) -> dict[str, list[str]]:
    answer = service.call(
        "autoscaling", "describe_notification_configurations", AutoScalingGroupNames=[group]
    )
    found: dict[str, list[str]] = {}
    for each in answer["NotificationConfigurations"]:
        found.setdefault(each["TopicARN"], []).append(each["NotificationType"])
    return found


def remove_hook(service: Service, group: str, hook: str) -> None:
    without(
        service, "autoscaling", "delete_lifecycle_hook", AutoScalingGroupName=group, LifecycleHookName=hook
    )


def put_hook(service: Service, hook: Hook) -> None:
    service.call("autoscaling", "put_lifecycle_hook", **hook.parameters())


def resume(service: Service, group: str) -> None:
    service.call(
        "autoscaling", "resume_processes", AutoScalingGroupName=group, ScalingProcesses=list(SUSPENDED)
    )


def remove(service: Service, group: str) -> None:
    """The group and its instances. Raises ServiceError."""
    without(service, "autoscaling", "delete_auto_scaling_group", AutoScalingGroupName=group, ForceDelete=True)


def without(service: Service, name: str, operation: str, **parameters: Any) -> None:
    """A call that is done already where what it is about is gone."""
    try:
        service.call(name, operation, **parameters)
    except ServiceError as error:
        if "not found" not in str(error).lower() and "NotFound" not in error.code:
            raise
