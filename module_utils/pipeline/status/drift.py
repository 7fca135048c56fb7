# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Facts = Mapping[str, Any]
    Record = Mapping[str, Any]

SIGNS = {"create": "+", "change": "~", "delete": "-"}
"""As the plan of a dry run has them."""


def drift(facts: Facts) -> dict[str, Any]:
    """What a dry run of the whole found, as pipeline_drift_info returns it.

    `resources` have each a `sign`, a `name` and `sides`: what is there and what would be, of every value that
    changes. `changes` are the tasks that would do it.
    """
    found = facts["drift"]
    shown: dict[str, Any] = {"state": "none", "words": "not looked for", "changes": [], "resources": []}
    if not found:
        return shown
    problems, changes = list(found["problems"]), list(found["changes"])
    if not found["began"]:
        return shown | {"state": "bad", "words": f"the dry run did not begin: {', '.join(problems)}"}
    if problems:
        return shown | {
            "state": "bad",
            "words": "the dry run broke off",
            "changes": problems + changes,
        }
    if not changes:
        return shown | {"state": "good", "words": "none: a run would change nothing"}
    return {
        "state": "busy",
        "words": f"a run would change {len(changes)}",
        "changes": changes,
        "resources": [_resource(each) for each in found.get("resources", [])],
    }


def _resource(told: Record) -> dict[str, Any]:
    return {
        "sign": SIGNS[told["action"]],
        "name": f"{told['kind']} {told['name']}".strip(),
        "sides": [_sides(each) for each in told["changes"]]
        + [{"of": "replaces", "old": each, "new": ""} for each in told["replaces"]],
    }


def _sides(change: str) -> dict[str, str]:
    """Of `name: old -> new` the three; what is told in another way is new."""
    of, _, sides = change.partition(": ")
    old, arrow, new = sides.partition(" -> ")
    return {"of": of, "old": old, "new": new} if arrow else {"of": "", "old": "", "new": change}
