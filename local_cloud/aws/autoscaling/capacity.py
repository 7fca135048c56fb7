"""Where a group launches, and which instances it ends first.

Source: "Configure termination policies" and "Availability Zone balancing" of the user guide.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HOUR = 3600
Rank = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An instance that counts for the group's capacity."""

    instance_id: str
    zone: str
    launched_at: float
    """In seconds."""
    vintage: tuple[float, ...]
    """The smaller, the older is what it was launched from."""
    protected: bool = False


Key = Callable[[Candidate, float], Rank]


def zones_to_launch_in(present: Iterable[str], zones: Sequence[str], count: int) -> list[str]:
    """A zone for each of `count` new instances: always the one that has the fewest, the first of equals."""
    counts = Counter(zone for zone in present if zone in zones)
    chosen = []
    for _ in range(count):
        zone = min(dict.fromkeys(zones), key=lambda each: counts[each])
        counts[zone] += 1
        chosen.append(zone)
    return chosen


def to_terminate(
    candidates: Sequence[Candidate], policies: Sequence[str], count: int, now: float
) -> list[Candidate]:
    """Whom to end, in this order; fewer than `count` where the others are protected.

    The zone with the most instances comes first, whatever the policies are.
    """
    left, chosen = list(candidates), []
    for _ in range(count):
        free = [each for each in left if not each.protected]
        if not free:
            break
        counts = Counter(each.zone for each in left)
        most = max(counts[each.zone] for each in free)
        fitting = [each for each in free if counts[each.zone] == most]
        for policy in policies or ("Default",):
            for key in POLICIES.get(policy, ()):
                fitting = _best(fitting, key, now)
        chosen.append(fitting[0])
        left.remove(fitting[0])
    return chosen


def _best(candidates: list[Candidate], key: Key, now: float) -> list[Candidate]:
    best = min(key(each, now) for each in candidates)
    return [each for each in candidates if key(each, now) == best]


def _vintage(candidate: Candidate, _now: float) -> Rank:
    return candidate.vintage


def _oldest(candidate: Candidate, _now: float) -> Rank:
    return (candidate.launched_at,)


def _newest(candidate: Candidate, _now: float) -> Rank:
    return (-candidate.launched_at,)


def _until_next_hour(candidate: Candidate, now: float) -> Rank:
    return (HOUR - (now - candidate.launched_at) % HOUR,)


POLICIES: dict[str, tuple[Key, ...]] = {
    "Default": (_vintage, _until_next_hour),
    "OldestInstance": (_oldest,),
    "NewestInstance": (_newest,),
    "OldestLaunchConfiguration": (_vintage,),
    "OldestLaunchTemplate": (_vintage,),
    "ClosestToNextInstanceHour": (_until_next_hour,),
    "AllocationStrategy": (),
}
"""Policy -> what is least in the instances that it ends, one after the other."""
