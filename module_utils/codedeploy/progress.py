# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""News of a deployment: made by the module while it waits, read by whoever shows them.

Every one has `kind`:

- `deployment`: `deployment_id`, `revision` (in words), `status`, `message`
- `event`: `target`, `event`, `position` (in the lifecycle), `status`, `seconds` (null where unknown),
  `script`, `message`, `total`
- `target`: `target`, `status`, and the counts `succeeded`, `failed`, `skipped`, `left`, `total`

`total` is the number of targets of the deployment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .revisions import label
from .targets import FINISHED, seconds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ..aws.errors import Record


def deployment_news(deployment: Record) -> dict[str, Any]:
    return {
        "kind": "deployment",
        "deployment_id": deployment["deploymentId"],
        "revision": label(deployment.get("revision")),
        "status": deployment["status"],
        "message": (deployment.get("errorInformation") or {}).get("message", ""),
    }


def target_news(
    before: Record, now: Record, targets: Collection[Record], *, total: int
) -> Iterator[dict[str, Any]]:
    """What is new on one target: its lifecycle events in order, and that it is finished."""
    known = {item["lifecycleEventName"]: item.get("status") for item in before.get("lifecycleEvents", [])}
    for position, item in enumerate(now.get("lifecycleEvents", [])):
        name, status = item["lifecycleEventName"], item.get("status", "Pending")
        if status not in {"Pending", known.get(name, "Pending")}:
            diagnostics = item.get("diagnostics") or {}
            yield {
                "kind": "event",
                "target": now["targetId"],
                "event": name,
                "position": position,
                "status": status,
                "seconds": seconds(item),
                "script": diagnostics.get("scriptName", ""),
                "message": diagnostics.get("message", "") if status == "Failed" else "",
                "total": total,
            }
    if now["status"] in FINISHED and before.get("status") != now["status"]:
        yield {"kind": "target", "target": now["targetId"], "status": now["status"]} | counts(targets, total)


def counts(targets: Collection[Record], total: int) -> dict[str, int]:
    """How many targets have ended how, and how many are left of `total`."""
    ended = {status: sum(1 for item in targets if item["status"] == status) for status in FINISHED}
    return {status.lower(): number for status, number in sorted(ended.items())} | {
        "left": total - sum(ended.values()),
        "total": total,
    }
