# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parts of argument specs that more than one module has, and the checks that a spec cannot express.

Every problem is one line: the option, the value, what is allowed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILTER_TYPES = ("KEY_ONLY", "VALUE_ONLY", "KEY_AND_VALUE")
NAMED = {"type": "list", "elements": "dict", "options": {"name": {"type": "str", "required": True}}}
TAG_FILTERS = {
    "type": "list",
    "elements": "dict",
    "options": {
        "key": {"type": "str", "no_log": False},
        "value": {"type": "str"},
        "type": {"type": "str", "choices": list(FILTER_TYPES)},
    },
}
TAG_SET = {"type": "list", "elements": "list"}
AUTO_ROLLBACK = {
    "type": "dict",
    "options": {
        "enabled": {"type": "bool", "default": True},
        "events": {
            "type": "list",
            "elements": "str",
            "choices": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
        },
    },
}
ALARMS = {
    "type": "dict",
    "options": {
        "enabled": {"type": "bool", "default": True},
        "ignore_poll_alarm_failure": {"type": "bool", "default": False},
        "alarms": NAMED,
    },
}
EC2_DEPLOYMENT_OPTIONS = {
    "type": "dict",
    "options": {
        "auto_scaling_group_processes_to_suspend": {
            "type": "list",
            "elements": "str",
            "choices": ["Terminate", "AZRebalance", "InstanceRefresh", "ScheduledActions"],
        },
    },
}
NAME_PATTERN = r"[A-Za-z0-9+=,.@_-]{1,100}"
ROLE_PATTERN = r"arn:[a-z-]+:iam::[0-9]{12}:role/\S+|[A-Za-z0-9+=,.@_-]{1,64}"


def name_problems(values: Mapping[str, str | None]) -> Iterator[str]:
    """Names of applications, groups and configurations, by option."""
    for option, value in values.items():
        if value is not None and not re.fullmatch(NAME_PATTERN, value):
            yield f"{option}: {value!r} is no valid name. Allowed: 1 to 100 of A-Z a-z 0-9 + = , . @ _ -"


def names_problems(option: str, names: list[str] | None) -> Iterator[str]:
    for name in names or []:
        yield from name_problems({option: name})


def role_problems(role: str | None) -> Iterator[str]:
    if role is not None and not re.fullmatch(ROLE_PATTERN, role):
        yield (
            f"service_role: {role!r} is neither a name (1 to 64 of A-Z a-z 0-9 + = , . @ _ -) "
            "nor an ARN like arn:aws:iam::123456789012:role/NAME."
        )


def filter_problems(option: str, filters: list[Any] | None) -> Iterator[str]:
    """A flat list of tag filters."""
    for index, item in enumerate(filters or []):
        where = f"{option}[{index}]"
        if not isinstance(item, dict):
            yield f"{where}: {item!r} is no filter: a dictionary with key, value and type is allowed."
            continue
        unknown = sorted(set(item) - {"key", "value", "type"})
        if unknown:
            yield f"{where}: {', '.join(map(str, unknown))} is unknown: key, value and type are allowed."
        kind = item.get("type")
        if kind is not None and kind not in FILTER_TYPES:
            yield f"{where}.type: {kind!r} is none of {', '.join(FILTER_TYPES)}."
        if item.get("key") is None and item.get("value") is None:
            yield f"{where}: an empty filter would match nothing: give key, value or both."
        for half, kinds in (
            ("key", ("KEY_ONLY", "KEY_AND_VALUE")),
            ("value", ("VALUE_ONLY", "KEY_AND_VALUE")),
        ):
            if kind in kinds and item.get(half) is None:
                yield f"{where}: type {kind} needs a {half}."


def tag_set_problems(option: str, groups: list[Any] | None) -> Iterator[str]:
    """A list of lists of tag filters; AWS takes at most three groups."""
    most = 3
    if len(groups or []) > most:
        yield f"{option}: {len(groups or [])} groups of filters; AWS takes at most {most}."
    for index, group in enumerate(groups or []):
        yield from filter_problems(f"{option}[{index}]", group)


def alarm_problems(option: str, given: Mapping[str, Any] | None) -> Iterator[str]:
    most = 10
    if given and given["enabled"] and not given["alarms"]:
        yield f"{option}.alarms: name at least one alarm, or set {option}.enabled to false."
    if given and len(given["alarms"] or []) > most:
        yield f"{option}.alarms: {len(given['alarms'])} alarms; AWS takes at most {most}."


def rollback_problems(option: str, given: Mapping[str, Any] | None) -> Iterator[str]:
    if given and given["enabled"] and not given["events"]:
        choices = AUTO_ROLLBACK["options"]["events"]["choices"]  # type: ignore[index] # a literal above
        yield f"{option}.events: name at least one of {', '.join(choices)}, or set {option}.enabled to false."


def range_problems(option: str, value: int | None, least: int, most: int) -> Iterator[str]:
    if value is not None and not least <= value <= most:
        yield f"{option}: {value} is out of range: {least} to {most} is allowed."
