# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Scheduled actions: a group's sizes at a time, or at each time that a cron expression names."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from local_cloud.aws.autoscaling import groups, wording
from local_cloud.aws.autoscaling.members import is_suspended
from local_cloud.aws.autoscaling.options import options

RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Minute, hour, day of the month, month, day of the week."""
DAYS = 4 * 366
"""Within which every date comes that can."""


def put(action: Any) -> None:
    """From now on it is due at its times."""
    action.looked_at = options.clock.wall()


def run(backend: Any) -> bool:
    """Do what is due: was there anything?"""
    done = False
    now = options.clock.wall()
    for name, action in list(backend.scheduled_actions.items()):
        due = _due(action)
        if due is None or due > now:
            continue
        action.looked_at = now
        group = backend.autoscaling_groups.get(action.auto_scaling_group_name)
        if group is not None and not is_suspended(group, "ScheduledActions"):
            _apply(group, action)
            done = True
        if not action.recurrence:
            del backend.scheduled_actions[name]
    return done


def deadlines(backend: Any) -> Iterator[float]:
    """The next moments, on the options' clock."""
    clock = options.clock
    for action in backend.scheduled_actions.values():
        due = _due(action)
        if due is not None:
            yield clock.now() + max((due - clock.wall()).total_seconds(), 0) * clock.speed


def _due(action: Any) -> datetime | None:
    start, end = _moment(action.start_time), _moment(action.end_time)
    last: datetime = action.looked_at
    if not action.recurrence:
        return start
    after = max(last, start - timedelta(minutes=1)) if start else last
    found = next_time(action.recurrence, after, action.time_zone or "UTC")
    return None if found is None or (end and found > end) else found


def _moment(given: Any) -> datetime | None:
    if given is None or isinstance(given, datetime):
        return given.replace(tzinfo=given.tzinfo or UTC) if given else None
    found = datetime.fromisoformat(str(given))
    return found.replace(tzinfo=found.tzinfo or UTC)


def _apply(group: Any, action: Any) -> None:
    minimum = group.min_size if action.min_size is None else int(action.min_size)
    maximum = group.max_size if action.max_size is None else int(action.max_size)
    wanted = group.desired_capacity if action.desired_capacity is None else int(action.desired_capacity)
    desired = min(max(wanted, minimum), maximum)
    group.min_size, group.max_size = minimum, maximum
    said = wording.updated(minimum, maximum, group.desired_capacity, desired, by="scheduled action")
    groups.set_desired(group, desired, said)


def next_time(expression: str, after: datetime, zone: str = "UTC") -> datetime | None:
    """The first minute after a moment that five fields of cron name in a time zone; None if there is none.

    Raises ValueError for what is no such expression.
    """
    minutes, hours, days, months, weekdays = fields(expression)
    stars = expression.split()
    place = time_zone(zone)
    local = after.astimezone(place).replace(second=0, microsecond=0, tzinfo=None)
    first = local + timedelta(minutes=1)
    for offset in range(DAYS):
        date = first.date() + timedelta(days=offset)
        by_day, by_weekday = date.day in days, date.isoweekday() % 7 in weekdays
        # Both are given: either will do, as in every cron.
        both = stars[2] != "*" and stars[4] != "*"
        if date.month not in months or not ((by_day or by_weekday) if both else (by_day and by_weekday)):
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                found = datetime(date.year, date.month, date.day, hour, minute)  # noqa: DTZ001 - of the zone
                if found >= first:
                    return found.replace(tzinfo=place).astimezone(UTC)
    return None


def time_zone(name: str) -> tzinfo:
    """UTC is there without the system's time zones. Raises ValueError for one that is not there."""
    if name in {"UTC", "Etc/UTC"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name} is no time zone") from error


def fields(expression: str) -> list[set[int]]:
    """The numbers that each field allows; Sunday is 0."""
    parts = expression.split()
    if len(parts) != len(RANGES):
        raise ValueError(f"{expression} has not five fields")
    found = [_field(part, *bounds) for part, bounds in zip(parts, RANGES, strict=True)]
    found[4] = {day % 7 for day in found[4]}
    return found


def _field(text: str, lowest: int, highest: int) -> set[int]:
    allowed: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        start, _, end = span.partition("-")
        low = lowest if span == "*" else int(start)
        high = highest if span == "*" or (step and not end) else int(end or start)
        if not lowest <= low <= high <= highest:
            raise ValueError(f"{part} is not within {lowest} and {highest}")
        allowed |= set(range(low, high + 1, int(step or 1)))
    return allowed
