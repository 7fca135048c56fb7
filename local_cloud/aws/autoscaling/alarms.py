# ruff: noqa: ANN401 - moto's objects are duck-typed
"""CloudWatch's alarms that scaling policies are the actions of."""

from collections.abc import Iterator
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from local_cloud.aws import alarms
from local_cloud.aws.metric_math import UnknownExpressionError


def of_policy(policy: Any) -> Iterator[Any]:
    """The alarms that have the policy as an action."""
    for alarm in list(_cloudwatch(policy).alarms.values()):
        if policy.arn in alarm.alarm_actions:
            yield alarm


def evaluate(policy: Any, alarm: Any) -> None:
    """Bring the alarm's state up to date with its metric, as far as there is any."""
    alarms.evaluate(_cloudwatch(policy), alarm)


def recent(policy: Any, alarm: Any) -> list[float]:
    """The values of the alarm's evaluation periods, the latest last; none of what is not known here."""
    try:
        return alarms.recent(_cloudwatch(policy), alarm)
    except UnknownExpressionError:
        return []


def delete(policy: Any) -> None:
    """Those that a target tracking policy has made."""
    _cloudwatch(policy).delete_alarms([each["AlarmName"] for each in policy.alarms])


def _cloudwatch(policy: Any) -> Any:
    backend = policy.autoscaling_backend
    return cloudwatch_backends[backend.account_id][backend.region_name]
