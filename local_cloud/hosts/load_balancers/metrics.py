"""CloudWatch's metrics of a minute's requests.

Source: "CloudWatch metrics for your Application Load Balancer".

As on AWS a metric is sent for what there was, and counts of healthy hosts as long as there are targets.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_cloud.aws.metric_namespaces import BALANCERS
from local_cloud.hosts.load_balancers.frontends import backend_name, frontend_name
from local_cloud.hosts.load_balancers.health import Checked
from local_cloud.hosts.load_balancers.model import Account, Balancer, FixedResponse, Redirect, groups_of
from local_cloud.hosts.load_balancers.requests import Request

SECONDS = "Seconds"
REFUSED = "SC"
"""haproxy's word for a target that took no connection."""


@dataclass(kw_only=True)
class Sum:
    """Of a metric's values."""

    count: int = 0
    total: float = 0.0
    least: float = field(default=float("inf"))
    most: float = field(default=float("-inf"))
    counts: Counter[float] = field(default_factory=Counter)
    """How often each was there, of those that percentiles are asked of."""

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)


Series = tuple[str, str, tuple[tuple[str, str], ...]]
"""Unit, metric, and its dimensions by name."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a request belongs."""

    balancer: Balancer
    group: str
    """`targetgroup/NAME/ID`; empty where none was chosen."""


class Places:
    """Finds a request's load balancer and target group, of replaced configurations too."""

    def __init__(self) -> None:
        self._balancers: dict[str, Balancer] = {}
        self._groups: dict[str, str] = {}

    def put(self, account: Account) -> None:
        for balancer in account.balancers:
            for listener in balancer.listeners:
                self._balancers[frontend_name(listener)] = balancer
            for arn in groups_of(balancer):
                self._groups[backend_name(balancer, arn)] = arn.rpartition(":")[2]

    def of(self, request: Request) -> Place | None:
        balancer = self._balancers.get(request.frontend)
        if balancer is None:
            return None
        return Place(balancer=balancer, group=self._groups.get(request.backend, ""))


class Minute:
    """Adds up what happened in one."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str, str], dict[Series, Sum]] = {}

    def add(self, request: Request, place: Place) -> None:
        zone = next((each.zone for each in place.balancer.nodes if request.node in each.addresses), "")
        for unit, name, value in _values(request, place):
            for dimensions in _dimensions(place, zone, to_group=bool(request.target)):
                self._put(place.balancer, (unit, name, dimensions), value)

    def add_health(self, account: Account, checked: Mapping[str, Mapping[str, Checked]]) -> None:
        """How many targets are healthy, and how many are not. `checked`: by group's ARN and target's id."""
        for balancer in account.balancers:
            for arn in groups_of(balancer):
                group = account.groups.get(arn)
                states = [each.health.state for each in checked.get(arn, {}).values()]
                if group is None or not states:
                    continue
                dimensions = (("TargetGroup", group.name), ("LoadBalancer", balancer.name))
                for name, state in (("HealthyHostCount", "healthy"), ("UnHealthyHostCount", "unhealthy")):
                    self._put(balancer, ("Count", name, dimensions), states.count(state))

    def data(self) -> Iterator[tuple[str, str, str, list[tuple[dict[str, Any], Counter[float]]]]]:
        """Account, region, namespace, and what PutMetricData is given, each with the values that are kept."""
        for (account, region, namespace), sums in self._sums.items():
            told = [*sums.items(), *_per_target(sums)]
            data = [(_datum(series, each), each.counts) for series, each in told]
            yield account, region, namespace, data

    def _put(self, balancer: Balancer, series: Series, value: float) -> None:
        place = (balancer.account, balancer.region, BALANCERS[balancer.name.partition("/")[0]])
        held = self._sums.setdefault(place, {}).setdefault(series, Sum())
        held.add(value)
        if series[0] == SECONDS:
            held.counts[value] += 1


def _values(request: Request, place: Place) -> Iterator[tuple[str, str, float]]:
    """Unit, name and value."""
    yield "Bytes", "ProcessedBytes", request.received + request.sent
    if not place.balancer.is_http:
        yield "Count", "NewFlowCount", 1
        return
    answered = request.target_status
    if request.target:
        yield "Count", "RequestCount", 1
    if answered is not None:
        yield "Count", f"HTTPCode_Target_{answered // 100}XX_Count", 1
        yield SECONDS, "TargetResponseTime", request.answered / 1000
        return
    if request.ended == REFUSED:
        yield "Count", "TargetConnectionErrorCount", 1
    rule = _action(request, place.balancer)
    if isinstance(rule, Redirect):
        yield "Count", "HTTP_Redirect_Count", 1
    if isinstance(rule, FixedResponse):
        yield "Count", "HTTP_Fixed_Response_Count", 1
        return
    if request.status // 100 in {3, 4, 5}:
        yield "Count", f"HTTPCode_ELB_{request.status // 100}XX_Count", 1
    if request.status in {500, 502, 503, 504}:
        yield "Count", f"HTTPCode_ELB_{request.status}_Count", 1


def _action(request: Request, balancer: Balancer) -> object:
    if request.ended != "LR" or not request.rule.isdigit():
        return None
    for listener in balancer.listeners:
        if frontend_name(listener) == request.frontend:
            return next((each.action for each in listener.rules if each.priority == int(request.rule)), None)
    return None


def _per_target(sums: Mapping[Series, Sum]) -> Iterator[tuple[Series, Sum]]:
    """How many requests each healthy target of a group got, where there was one; by zone it is not told."""
    for (_, name, dimensions), healthy in sums.items():
        requests = sums.get(("Count", "RequestCount", dimensions))
        if name != "HealthyHostCount" or requests is None or not healthy.total:
            continue
        each = Sum()
        each.add(requests.total * healthy.count / healthy.total)
        for chosen in (dimensions, dimensions[:1]):
            yield ("Count", "RequestCountPerTarget", chosen), each


def _dimensions(place: Place, zone: str, *, to_group: bool) -> Iterator[tuple[tuple[str, str], ...]]:
    balancer = ("LoadBalancer", place.balancer.name)
    yield (balancer,)
    if zone:
        yield ("AvailabilityZone", zone), balancer
    if to_group and place.group:
        yield ("TargetGroup", place.group), balancer
    if to_group and place.group and zone:
        yield ("TargetGroup", place.group), ("AvailabilityZone", zone), balancer


def _datum(series: Series, values: Sum) -> dict[str, Any]:
    unit, name, dimensions = series
    return {
        "MetricName": name,
        "Unit": unit,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
        "StatisticValues": {
            "SampleCount": values.count,
            "Sum": values.total,
            "Minimum": values.least,
            "Maximum": values.most,
        },
    }
