# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed
"""Statistics of one metric: what has other dimensions beside those that are asked for is another one.

Alarms of a state among those that are named.
"""

from typing import Any

from moto.cloudwatch.models import MetricDatumBase
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

_original_filter = MetricDatumBase.filter
_original_describe = CloudWatchResponse.describe_alarms


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


def describe_alarms(response: Any) -> ActionResult:
    """As on AWS filters narrow each other; moto takes the first one."""
    described: Any = _original_describe(response)
    state, prefix = response._get_param("StateValue"), response._get_param("AlarmNamePrefix") or ""
    found = {
        kind: [
            each for each in alarms if each.name.startswith(prefix) and state in {None, str(each.state_value)}
        ]
        for kind, alarms in described.result.items()
    }
    return ActionResult(found)


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (MetricDatumBase, "filter", is_asked_for),
    (CloudWatchResponse, "describe_alarms", describe_alarms),
)
