# ruff: noqa: ANN401 - moto's objects are duck-typed
"""CloudWatch's alarms: what their metrics say. moto's own change when somebody sets their state.

Source: "Using Amazon CloudWatch alarms" (periods, datapoints to alarm, missing data): the most recent
datapoints of a range that is somewhat longer than the periods decide, and one without data stays as it is.
"""

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Statistics

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
MINUTE = 60
LATE_PERIODS = 2
"""A service's metrics of a minute come when it is over: so many periods more are looked at."""
MISSING = {"breaching": True, "notBreaching": False}


def evaluate(cloudwatch: Any, alarm: Any) -> bool:
    """Bring the alarm's state up to date with its metric, as far as there is any. Did it change?"""
    if alarm.comparison_operator not in COMPARISONS:
        return False
    compare = COMPARISONS[alarm.comparison_operator]
    periods = int(alarm.evaluation_periods)
    values = recent(cloudwatch, alarm)
    breaching = [compare(value, float(alarm.threshold)) for value in values]
    if alarm.treat_missing_data in MISSING:
        breaching += [MISSING[alarm.treat_missing_data]] * (periods - len(values))
    wanted = int(alarm.datapoints_to_alarm or periods)
    is_alarm = sum(breaching) >= wanted
    is_ok = len(breaching) - sum(breaching) > periods - wanted
    state = "ALARM" if breaching and is_alarm else "OK" if breaching and is_ok else None
    if not state or state == alarm.state_value:
        return False
    reason = (
        f"Threshold Crossed: {sum(breaching)} out of the last {len(breaching)} datapoints {values} crossed"
        f" the threshold ({alarm.threshold})."
    )
    alarm.update_state(reason, "{}", state)
    return True


def recent(cloudwatch: Any, alarm: Any) -> list[float]:
    """The metric's values of the alarm's evaluation periods, the latest last."""
    if not alarm.metric_name or not alarm.statistic:
        return []
    period, periods = int(alarm.period or MINUTE), int(alarm.evaluation_periods)
    now = datetime.now(UTC)
    by_age: dict[int, list[Any]] = {}
    for datum in cloudwatch.metric_data:
        moment = datum.timestamp.replace(tzinfo=datum.timestamp.tzinfo or UTC)
        age = int((now - moment).total_seconds() // period)
        if 0 <= age < periods + LATE_PERIODS and _is_of(datum, alarm):
            by_age.setdefault(age, []).append(datum)
    return [_statistic(by_age[age], alarm, now) for age in sorted(by_age, reverse=True)][-periods:]


def _is_of(datum: Any, alarm: Any) -> bool:
    is_named = (datum.namespace, datum.name) == (alarm.namespace, alarm.metric_name)
    return is_named and {(d.name, d.value) for d in datum.dimensions} == {
        (d.name, d.value) for d in alarm.dimensions
    }


def _statistic(data: list[Any], alarm: Any, moment: datetime) -> float:
    statistics = Statistics([alarm.statistic], moment)
    statistics.metric_data = data
    return float(statistics.get_statistics_for_type(alarm.statistic) or 0)
