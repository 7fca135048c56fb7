"""Targets on their way, as many at once as a deployment configuration leaves, zone by zone if it says so."""

from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass

from local_cloud.aws.codedeploy.records.deployment_configs import DeploymentConfig, Fields
from local_cloud.aws.codedeploy.records.deployments import Status, Target
from local_cloud.aws.codedeploy.runs import health
from local_cloud.aws.codedeploy.runs.events import TargetEvents
from local_cloud.aws.codedeploy.runs.waits import Steps, Waits

UNHURT: Fields = {"type": "HOST_COUNT", "value": 0}
"""What a zone has to keep where nothing is said: 0 percent (ZonalConfig)."""


@dataclass(frozen=True)
class Scope:
    """Targets of which a number has to stay healthy: all of a deployment, or those of one zone."""

    targets: Sequence[Target]
    minimum: int

    @property
    def counts(self) -> Counter[Status]:
        return Counter(target.status for target in self.targets)

    @property
    def room(self) -> int:
        """How many more may be taken out of service now."""
        return health.may_start(self.counts, len(self.targets), self.minimum)

    @property
    def is_possible(self) -> bool:
        return health.is_possible(len(self.targets), self.minimum)

    def has_enough(self, done: Status) -> bool:
        return health.succeeded(self.counts, self.minimum, done)


def scopes(config: DeploymentConfig, targets: Sequence[Target]) -> tuple[Scope, list[Scope]]:
    """All the targets, and those of each zone (of a zonal configuration), in the order of their turns."""
    whole = Scope(targets, health.minimum_healthy(config.minimum_healthy_hosts or {}, len(targets)))
    if config.zonal_config is None:
        return whole, [whole]
    per_zone = config.zonal_config.get("minimumHealthyHostsPerZone") or UNHURT
    by_zone: dict[str, list[Target]] = {}
    for target in targets:
        by_zone.setdefault(target.zone, []).append(target)
    # AWS says no order.
    zones = [by_zone[zone] for zone in sorted(by_zone)]
    return whole, [Scope(zone, health.minimum_healthy(per_zone, len(zone))) for zone in zones]


def run(
    events: TargetEvents,
    config: DeploymentConfig,
    targets: Sequence[Target],
    waits: Waits,
    *,
    begins: Status = Status.PENDING,
    ends: Status = Status.SUCCEEDED,
) -> Steps[bool]:
    """Take targets from one status to another; False where too few got there. Those that never began are
    skipped then."""
    whole, turns = scopes(config, targets)
    for number, scope in enumerate(turns):
        if number:
            yield from _monitor(config, waits, first=number == 1)
        if not (yield from _turn(events, scope, whole, begins)) or not scope.has_enough(ends):
            _skip(events, targets, begins)
            return False
    return whole.has_enough(ends)


def _turn(events: TargetEvents, scope: Scope, whole: Scope, begins: Status) -> Generator[None, None, bool]:
    """Whether all of a scope had their turn."""
    while True:
        waiting = [target for target in scope.targets if target.status is begins]
        chosen = waiting[: min(scope.room, whole.room)]
        for target in chosen:
            events.start(target)
        if chosen:
            continue
        if not scope.counts[Status.IN_PROGRESS]:
            return not waiting
        yield


def _monitor(config: DeploymentConfig, waits: Waits, *, first: bool) -> Steps[None]:
    """Between two zones; after the first one there may be a wait of its own."""
    zonal = config.zonal_config or {}
    seconds = zonal.get("monitorDurationInSeconds") or 0
    if first and zonal.get("firstZoneMonitorDurationInSeconds") is not None:
        seconds = zonal["firstZoneMonitorDurationInSeconds"]
    yield from waits.wait(seconds)


def _skip(events: TargetEvents, targets: Iterable[Target], status: Status) -> None:
    for target in targets:
        if target.status is status:
            events.skip(target)
