# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Statistics of one metric: what has other dimensions beside those that are asked for is another one."""

from typing import Any

from moto.cloudwatch.models import MetricDatumBase

_original_filter = MetricDatumBase.filter


def is_asked_for(
    datum: Any,
    namespace: str | None,
    name: str | None,
    dimensions: list[dict[str, str]],
    *more: Any,
    **named: Any,
) -> bool:
    """GetMetricStatistics asks by dimensions alone, of what it has chosen by name; ListMetrics says more."""
    if namespace is None and name is None and dimensions and not more and not named:
        return {(each.name, each.value) for each in datum.dimensions} == {
            (each["Name"], each.get("Value")) for each in dimensions
        }
    return bool(_original_filter(datum, namespace, name, dimensions, *more, **named))


REPLACED: tuple[tuple[Any, str, Any], ...] = ((MetricDatumBase, "filter", is_asked_for),)
