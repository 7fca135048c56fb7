# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""Scaling policies and scheduled actions, as users put and execute them."""

from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend
from moto.autoscaling.responses import AutoScalingResponse
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.responses import ActionResult, EmptyResult
from moto.moto_api._internal import mock_random

from local_cloud.aws.autoscaling import alarms, policies, schedules
from local_cloud.aws.moto.autoscaling.errors import found_group
from local_cloud.aws.moto.autoscaling.sizes import at_rest

PREDEFINED = {
    "ASGAverageCPUUtilization": "CPUUtilization",
    "ASGAverageNetworkIn": "NetworkIn",
    "ASGAverageNetworkOut": "NetworkOut",
}
"""Metrics of a group's instances that a target tracking policy may name."""
OF_TARGETS = "ALBRequestCountPerTarget"
LOW = 0.9
"""A group may shrink when its metric is below this part of the target."""

_original_put: Any = AutoScalingBackend.put_scaling_policy
_original_schedule: Any = AutoScalingBackend.put_scheduled_update_group_action


def put(backend: Any, *arguments: Any, **named: Any) -> Any:
    """A policy of a group that there is; a target tracking one has alarms of its own.

    As on AWS each group has policies of its own; moto has one of a name.
    """
    group = found_group(backend, named["as_name"])
    _refuse_other_targets(group, named.get("target_tracking_config") or {})
    before = backend.policies.get((group.name, named["name"]))
    if before is not None:
        alarms.delete(before)
    policy = _original_put(backend, *arguments, **named)
    backend.policies[group.name, policy.name] = backend.policies.pop(policy.name)
    policy.alarms, policy.enabled = [], True
    if policy.policy_type == "TargetTrackingScaling":
        policy.alarms = [
            _alarm(group, policy, "High", ("GreaterThanThreshold", 3, 1.0)),
            _alarm(group, policy, "Low", ("LessThanThreshold", 15, LOW)),
        ]
    return policy


def _refuse_other_targets(group: Any, configuration: dict[str, Any]) -> None:
    """Requests are counted of targets that are the group's own (recorded in an account, 2024)."""
    predefined = configuration.get("PredefinedMetricSpecification") or {}
    if predefined.get("PredefinedMetricType") != OF_TARGETS:
        return
    name = predefined.get("ResourceLabel", "").partition("/targetgroup/")[2]
    if not any(arn.endswith(f":targetgroup/{name}") for arn in group.target_group_arns):
        raise ValidationError("Target group not attached to the Auto Scaling group")


def _alarm(group: Any, policy: Any, word: str, rule: tuple[str, int, float]) -> dict[str, str]:
    """`rule`: comparison, number of minutes, and part of the target."""
    comparison, periods, part = rule
    configuration = vars(policy.target_tracking_configuration)
    alarm = _cloudwatch(policy).put_metric_alarm(
        name=f"TargetTracking-{group.name}-Alarm{word}-{mock_random.uuid4()}",
        comparison_operator=comparison,
        evaluation_periods=periods,
        period=60,
        threshold=float(configuration["TargetValue"]) * part,
        description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
        alarm_actions=[policy.arn],
        **_metric(group, configuration),
    )
    return {"AlarmName": alarm.name, "AlarmARN": alarm.alarm_arn}


def _metric(group: Any, configuration: dict[str, Any]) -> dict[str, Any]:
    custom = configuration.get("CustomizedMetricSpecification")
    if custom and custom.get("MetricName"):
        return {
            "namespace": custom.get("Namespace"),
            "metric_name": custom["MetricName"],
            "statistic": custom.get("Statistic", "Average"),
            "dimensions": custom.get("Dimensions", []),
        }
    kind = (configuration.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType", "")
    if kind == OF_TARGETS:
        label = configuration["PredefinedMetricSpecification"].get("ResourceLabel", "")
        balancer, _, target_group = label.partition("/targetgroup/")
        return {
            "namespace": "AWS/ApplicationELB",
            "metric_name": "RequestCountPerTarget",
            "statistic": "Sum",
            "dimensions": [
                {"Name": "TargetGroup", "Value": f"targetgroup/{target_group}"},
                {"Name": "LoadBalancer", "Value": balancer},
            ],
        }
    return {
        "namespace": "AWS/EC2",
        "metric_name": PREDEFINED.get(kind, "CPUUtilization"),
        "statistic": "Average",
        "dimensions": [{"Name": "AutoScalingGroupName", "Value": group.name}],
    }


def _cloudwatch(policy: Any) -> Any:
    backend = policy.autoscaling_backend
    return cloudwatch_backends[backend.account_id][backend.region_name]


def respond_put(response: Any) -> ActionResult:
    result = _original_respond(response)
    names = response._get_param("AutoScalingGroupName"), response._get_param("PolicyName")
    policy = response.autoscaling_backend.policies[names]
    policy.enabled = response._get_bool_param("Enabled", True)
    return ActionResult({"PolicyARN": policy.arn, "Alarms": policy.alarms, **result.result})


_original_respond: Any = AutoScalingResponse.put_scaling_policy


def found_policies(backend: Any, policy_name: str, group_name: str | None) -> list[Any]:
    """By name or ARN, of all groups where none is given."""
    return [
        policy
        for policy in backend.policies.values()
        if policy_name in {policy.name, policy.arn} and group_name in {None, policy.auto_scaling_group_name}
    ]


def respond_delete(response: Any) -> ActionResult:
    group_name = response._get_param("AutoScalingGroupName")
    for policy in found_policies(response.autoscaling_backend, response._get_param("PolicyName"), group_name):
        policies.delete(policy)
    return EmptyResult()


def respond_execute(response: Any) -> ActionResult:
    get = response._get_param
    value, threshold = get("MetricValue"), get("BreachThreshold")
    _execute(
        response.autoscaling_backend,
        get("PolicyName"),
        get("AutoScalingGroupName"),
        breach=None if value is None or threshold is None else float(value) - float(threshold),
        cools=response._get_bool_param("HonorCooldown", False),
    )
    return EmptyResult()


@at_rest
def _execute(
    backend: Any, policy_name: str, group_name: str | None, *, breach: float | None, cools: bool
) -> None:
    """Within the group's limits, whatever the adjustment is."""
    policy = next(iter(found_policies(backend, policy_name, group_name)), None)
    if policy is None:
        raise ValidationError(f"No policy found with name {policy_name}")
    group = found_group(backend, policy.auto_scaling_group_name)
    policies.execute(group, policy, breach=breach, cools=cools)


def schedule(backend: Any, name: str, *arguments: Any, **named: Any) -> Any:
    """An action that comes at some time."""
    found_group(backend, name)
    try:
        if named.get("recurrence"):
            schedules.fields(named["recurrence"])
        schedules.time_zone(named.get("timezone") or "UTC")
    except ValueError as error:
        # Inferred.
        raise ValidationError(f"The scheduled action's time is invalid: {error}") from None
    action = _original_schedule(backend, name, *arguments, **named)
    schedules.put(action)
    return action


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (AutoScalingBackend, "put_scaling_policy", put),
    (AutoScalingBackend, "put_scheduled_update_group_action", schedule),
    (AutoScalingResponse, "put_scaling_policy", respond_put),
    (AutoScalingResponse, "delete_policy", respond_delete),
    (AutoScalingResponse, "execute_policy", respond_execute),
)
