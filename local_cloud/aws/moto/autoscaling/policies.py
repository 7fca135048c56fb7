# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""Scaling policies and scheduled actions, as users put and execute them."""

from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend
from moto.autoscaling.responses import AutoScalingResponse
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.responses import ActionResult, EmptyResult
from moto.moto_api._internal import mock_random

from local_cloud.aws.autoscaling import policies, schedules
from local_cloud.aws.moto.autoscaling.errors import found_group
from local_cloud.aws.moto.autoscaling.sizes import at_rest

PREDEFINED = {
    "ASGAverageCPUUtilization": "CPUUtilization",
    "ASGAverageNetworkIn": "NetworkIn",
    "ASGAverageNetworkOut": "NetworkOut",
}
"""Metrics of a group's instances that a target tracking policy may name."""
LOW = 0.9
"""A group may shrink when its metric is below this part of the target."""

_original_put: Any = AutoScalingBackend.put_scaling_policy
_original_schedule: Any = AutoScalingBackend.put_scheduled_update_group_action


def put(backend: Any, *arguments: Any, **named: Any) -> Any:
    """A policy of a group that there is; a target tracking one has alarms of its own."""
    group = found_group(backend, named["as_name"])
    before = backend.policies.get(named["name"])
    if before is not None:
        _delete_alarms(before)
    policy = _original_put(backend, *arguments, **named)
    policy.alarms = []
    if policy.policy_type == "TargetTrackingScaling":
        policy.alarms = [
            _alarm(group, policy, "High", ("GreaterThanThreshold", 3, 1.0)),
            _alarm(group, policy, "Low", ("LessThanThreshold", 15, LOW)),
        ]
    return policy


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
    if kind == "ALBRequestCountPerTarget":
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


def _delete_alarms(policy: Any) -> None:
    _cloudwatch(policy).delete_alarms([each["AlarmName"] for each in policy.alarms])


def respond_put(response: Any) -> ActionResult:
    result = _original_respond(response)
    policy = response.autoscaling_backend.policies[response._get_param("PolicyName")]
    return ActionResult({"PolicyARN": policy.arn, "Alarms": policy.alarms, **result.result})


_original_respond: Any = AutoScalingResponse.put_scaling_policy


def delete(backend: Any, policy_name: str) -> None:
    """By name or ARN, with its alarms."""
    for name, policy in list(backend.policies.items()):
        if policy_name in {name, policy.arn}:
            _delete_alarms(policy)
            del backend.policies[name]


def respond_execute(response: Any) -> ActionResult:
    get = response._get_param
    value, threshold = get("MetricValue"), get("BreachThreshold")
    _execute(
        response.autoscaling_backend,
        get("PolicyName"),
        breach=None if value is None or threshold is None else float(value) - float(threshold),
        cools=response._get_bool_param("HonorCooldown", False),
    )
    return EmptyResult()


@at_rest
def _execute(backend: Any, policy_name: str, *, breach: float | None, cools: bool) -> None:
    """Within the group's limits, whatever the adjustment is."""
    policy = next((p for n, p in backend.policies.items() if policy_name in {n, p.arn}), None)
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
    (AutoScalingBackend, "delete_policy", delete),
    (AutoScalingBackend, "put_scheduled_update_group_action", schedule),
    (AutoScalingResponse, "put_scaling_policy", respond_put),
    (AutoScalingResponse, "execute_policy", respond_execute),
)
