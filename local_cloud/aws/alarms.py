# ruff: noqa: ANN401 - moto's objects are duck-typed
"""CloudWatch's alarms: what their metrics say. moto's own change when somebody sets their state.

Source: "Using Amazon CloudWatch alarms" (periods, datapoints to alarm, missing data): the most recent
datapoints of a range that is somewhat longer than the periods decide, and one without data stays as it is.
So does one with an expression that is not known here (metric_math.py).
"""

import operator
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import MetricAggregatedDatum, MetricDatum, Statistics

from local_cloud.aws.metric_math import Series, UnknownExpressionError, calculate

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


class MeasuredDatum(MetricAggregatedDatum):
    """A set of values that has percentiles, because it has the values: how often each was there."""

    counts: Counter[float]

    def __init__(self, datum: Any, counts: Counter[float]) -> None:
        self.__dict__.update(datum.__dict__, counts=counts)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A statistic of a metric."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    statistic: str
    period: int

    def is_of(self, datum: Any) -> bool:
        is_named = (datum.namespace, datum.name) == (self.namespace, self.name)
        return is_named and self.dimensions == _pairs(datum.dimensions)


def namespaces(alarm: Any) -> set[str]:
    """Those of its metrics."""
    return {each.namespace for each in _asked(alarm).values()}


def evaluate(cloudwatch: Any, alarm: Any) -> bool:
    """Bring the alarm's state up to date with its metrics, as far as there are any. Did it change?"""
    if alarm.comparison_operator not in COMPARISONS:
        return False
    compare = COMPARISONS[alarm.comparison_operator]
    periods = int(alarm.evaluation_periods)
    try:
        values = recent(cloudwatch, alarm)
    except UnknownExpressionError:
        return False
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
    """The values of the alarm's evaluation periods, the latest last. Raises UnknownExpressionError."""
    asked, now = _asked(alarm), datetime.now(UTC)
    expressions = {each.id: each.expression for each in alarm.metric_data_queries if each.expression}
    periods = int(alarm.evaluation_periods)

    def series(key: str, within: tuple[str, ...] = ()) -> Series:
        if key in expressions and key not in within:
            return calculate(expressions[key], lambda name: series(name, (*within, key)))
        if key not in asked:
            raise UnknownExpressionError(key)
        return _series(cloudwatch.metric_data, asked[key], periods, now)

    shown = [each.id for each in alarm.metric_data_queries if str(each.return_data).lower() != "false"]
    if not (shown or asked):
        return []
    found = series(shown[0] if shown else "")
    return [found[age] for age in sorted(found, reverse=True)][-periods:]


def _asked(alarm: Any) -> dict[str, Asked]:
    """The metrics by their ids; that of an alarm on one alone has none."""
    stats = {each.id: each.metric_stat for each in alarm.metric_data_queries if each.metric_stat}
    asked = {
        key: Asked(
            namespace=stat.metric.namespace,
            name=stat.metric.metric_name,
            dimensions=_pairs(stat.metric.dimensions),
            statistic=stat.stat,
            period=int(stat.period),
        )
        for key, stat in stats.items()
    }
    statistic = alarm.statistic or alarm.extended_statistic
    if alarm.metric_name and statistic:
        asked[""] = Asked(
            namespace=alarm.namespace,
            name=alarm.metric_name,
            dimensions=_pairs(alarm.dimensions),
            statistic=statistic,
            period=int(alarm.period or MINUTE),
        )
    return asked


def _pairs(dimensions: Sequence[Any]) -> frozenset[tuple[str, str]]:
    return frozenset((each.name, each.value) for each in dimensions)


def _series(data: Sequence[Any], asked: Asked, periods: int, now: datetime) -> Series:
    """Of as many periods and those that may be late."""
    by_age: dict[int, list[Any]] = {}
    for datum in data:
        moment = datum.timestamp.replace(tzinfo=datum.timestamp.tzinfo or UTC)
        age = int((now - moment).total_seconds() // asked.period)
        if 0 <= age < periods + LATE_PERIODS and asked.is_of(datum):
            by_age.setdefault(age, []).append(datum)
    values = {age: _statistic(each, asked.statistic, now) for age, each in by_age.items()}
    return {age: value for age, value in values.items() if value is not None}


def _statistic(data: list[Any], name: str, moment: datetime) -> float | None:
    if name.startswith("p"):
        return _percentile(data, float(name[1:]))
    statistics = Statistics([name], moment)
    statistics.metric_data = data
    return float(statistics.get_statistics_for_type(name) or 0)


def _percentile(data: list[Any], percent: float) -> float | None:
    """The least value that so many percent of the values do not exceed. A set without its values has none."""
    counts: Counter[float] = Counter()
    for each in data:
        if isinstance(each, MeasuredDatum):
            counts.update(each.counts)
        elif isinstance(each, MetricDatum):
            counts[each.value] += 1
    wanted, seen = counts.total() * percent / 100, 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= wanted:
            return value
    return None
