# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings as AWS's requests have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def named(names: Iterable[str]) -> list[dict[str, str]]:
    """`[a, b]` -> `[{name: a}, {name: b}]`."""
    return [{"name": name} for name in names]


def triggers(topic: str, events: Iterable[str]) -> list[dict[str, Any]]:
    """A deployment group's trigger configurations, of which the pipeline has one."""
    return [{"trigger_name": "pipeline", "trigger_target_arn": topic, "trigger_events": list(events)}]


class FilterModule:
    """How Ansible finds them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"named": named, "triggers": triggers}
