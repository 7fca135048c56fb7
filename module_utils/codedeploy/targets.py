# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The targets of a deployment: hosts, functions, services, and what happens on each."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..aws.errors import Record

KINDS = ("instanceTarget", "lambdaTarget", "ecsTarget", "cloudFormationTarget")
# Nothing more happens on a target with one of these.
FINISHED = frozenset({"Succeeded", "Failed", "Skipped"})
# What the agent says of a script that a signal ended.
KILLED = re.compile(r"failed with exit code\s*$")
WHY_KILLED = "it was killed. Was the instance rebooted or stopped, or short of memory?"
BATCH = 25  # what BatchGetDeploymentTargets takes


def flatten(target: Record) -> dict[str, Any]:
    """A target of any kind as one record: `targetId`, `status`, `lifecycleEvents`, and what its kind adds."""
    body = next(target[kind] for kind in KINDS if kind in target)
    return {**body, "targetType": target.get("deploymentTargetType"), "status": body.get("status", "Unknown")}


def batches(names: list[str], size: int = BATCH) -> Iterator[list[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]


def seconds(event: Record) -> float | None:
    """How long a lifecycle event took, or has taken so far as AWS knows."""
    start, end = event.get("startTime"), event.get("endTime")
    if isinstance(start, datetime) and isinstance(end, datetime):
        return (end - start).total_seconds()
    return None


def current_event(target: Record) -> str:
    """The lifecycle event that a target is at."""
    events = target.get("lifecycleEvents", [])
    return next(
        (item["lifecycleEventName"] for item in events if item.get("status") == "InProgress"), "waiting"
    )


def failure(target: Record) -> dict[str, Any] | None:
    """The event that failed on a target, with script, error code, message and log; None where none did."""
    if target["status"] != "Failed":
        return None
    events = target.get("lifecycleEvents", [])
    failed: Record = next((item for item in events if item.get("status") == "Failed"), {})
    diagnostics = failed.get("diagnostics", {})
    return {
        "target_id": target["targetId"],
        "event": failed.get("lifecycleEventName", ""),
        "script": diagnostics.get("scriptName", ""),
        "error_code": diagnostics.get("errorCode", ""),
        "message": diagnostics.get("message", ""),
        "log_tail": diagnostics.get("logTail", ""),
    }


def failures(targets: Iterable[Record]) -> list[dict[str, Any]]:
    """Every failed target, by id."""
    found = [item for target in targets if (item := failure(target)) is not None]
    return sorted(found, key=lambda item: str(item["target_id"]))


def explain(failed: Iterable[Record]) -> Iterator[str]:
    """What failed where, with the tail of the log; targets that failed in the same way together."""
    together: dict[str, list[str]] = {}
    for item in failed:
        together.setdefault(_reason(item), []).append(str(item["target_id"]))
    for reason, names in together.items():
        yield f"{', '.join(names)}: {reason}"


def _reason(item: Record) -> str:
    if not item["event"]:
        return "no lifecycle event ran; is the CodeDeploy agent running there?"
    head = f"{item['event']} failed"
    if item["script"]:
        head += f" in {item['script']}"
    if item["error_code"]:
        head += f" ({item['error_code']})"
    if item["message"]:
        head += f": {item['message']}"
    if KILLED.search(item["message"]):
        head = f"{head.rstrip()} none: {WHY_KILLED}"
    log = [f"  | {line}" for line in str(item["log_tail"]).splitlines()]
    return "\n".join([head, *log])
