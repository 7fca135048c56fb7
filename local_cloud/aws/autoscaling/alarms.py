# ruff: noqa: ANN401 - moto's objects are duck-typed
"""CloudWatch's alarms that scaling policies are the actions of: what their metrics say.

moto's alarms change when somebody sets their state. Those with a policy as action are evaluated here; one
without data stays as it is. Source: "Using Amazon CloudWatch alarms" (periods, datapoints to alarm).
"""

import operator
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Statistics, cloudwatch_backends

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
MINUTE = 60


def of_policy(policy: Any) -> Iterator[Any]:
    """The alarms that have the policy as an action."""
    for alarm in list(_cloudwatch(policy).alarms.values()):
        if policy.arn in alarm.alarm_actions:
            yield alarm


def evaluate(policy: Any, alarm: Any) -> None:
    """Bring the alarm's state up to date with its metric, as far as there is any."""
    values = recent(policy, alarm)
    if alarm.comparison_operator not in COMPARISONS or not values:
        return
    compare = COMPARISONS[alarm.comparison_operator]
    breaching = sum(compare(value, float(alarm.threshold)) for value in values)
    periods = int(alarm.evaluation_periods)
    wanted = int(alarm.datapoints_to_alarm or periods)
    state = "ALARM" if breaching >= wanted else "OK" if len(values) - breaching > periods - wanted else None
    if state and state != alarm.state_value:
        reason = (
            f"Threshold Crossed: {breaching} out of the last {len(values)} datapoints {values} crossed the"
            f" threshold ({alarm.threshold})."
        )
        alarm.update_state(reason, "{}", state)


def recent(policy: Any, alarm: Any) -> list[float]:
    """The metric's values of the alarm's evaluation periods, the latest last."""
    if not alarm.metric_name or not alarm.statistic:
        return []
    period, periods = int(alarm.period or MINUTE), int(alarm.evaluation_periods)
    now = datetime.now(UTC)
    by_age: dict[int, list[Any]] = {}
    for datum in _cloudwatch(policy).metric_data:
        moment = datum.timestamp.replace(tzinfo=datum.timestamp.tzinfo or UTC)
        age = int((now - moment).total_seconds() // period)
        if 0 <= age < periods and _is_of(datum, alarm):
            by_age.setdefault(age, []).append(datum)
    return [_statistic(by_age[age], alarm, now) for age in sorted(by_age, reverse=True)]


def _is_of(datum: Any, alarm: Any) -> bool:
    is_named = (datum.namespace, datum.name) == (alarm.namespace, alarm.metric_name)
    return is_named and {(d.name, d.value) for d in datum.dimensions} == {
        (d.name, d.value) for d in alarm.dimensions
    }


def _statistic(data: list[Any], alarm: Any, moment: datetime) -> float:
    statistics = Statistics([alarm.statistic], moment)
    statistics.metric_data = data
    return float(statistics.get_statistics_for_type(alarm.statistic) or 0)


def _cloudwatch(policy: Any) -> Any:
    backend = policy.autoscaling_backend
    return cloudwatch_backends[backend.account_id][backend.region_name]
