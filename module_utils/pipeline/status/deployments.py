# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The deployments, their hosts on a time axis, and why one failed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..changes import SHORT, commit, starter
from .times import duration, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Record = Mapping[str, Any]

STATES = {
    "Succeeded": "good",
    "Failed": "bad",
    "Stopped": "bad",
    "Skipped": "none",
    "Pending": "none",
    "Unknown": "none",
}
TICKS = 6  # marks on a time axis, about
NO_CHANGE = {"subject": "", "author": "", "url": ""}


@dataclass(frozen=True)
class Axis:
    """A stretch of time; places on it are per cent of its length."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return max((self.end - self.start).total_seconds(), 0.001)

    def place(self, moment: datetime) -> float:
        return round(100 * min(max((moment - self.start).total_seconds() / self.seconds, 0), 1), 2)

    def ticks(self) -> Iterator[dict[str, Any]]:
        """Round numbers of seconds, about TICKS of them."""
        rough = self.seconds / TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
        for number in range(math.floor(self.seconds / step + 1e-9) + 1):
            at = number * step
            yield {"place": self.place(self.start + timedelta(seconds=at)), "label": f"{at:g} s"}


def deployment(told: Record, now: datetime, commits: Mapping[str, Record]) -> dict[str, Any]:
    """One deployment with its hosts on a time axis, and why it failed."""
    created = moment(told["create_time"]) or now
    ended = moment(told.get("complete_time"))
    axis = Axis(created, ended or now)
    targets = sorted(told.get("targets", []), key=lambda item: str(item["target_id"]))
    events = list(
        dict.fromkeys(e["lifecycle_event_name"] for t in targets for e in t.get("lifecycle_events", []))
    )
    return {
        "id": told["deployment_id"],
        "status": told["status"],
        "state": STATES.get(told["status"], "busy"),
        "revision": revision(told.get("revision") or {}),
        "change": commits.get(commit(told.get("revision") or {}), NO_CHANGE),
        "created": created.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "took": duration(axis.seconds) if ended else "under way",
        **starter(told),
        "reason": (told.get("error_information") or {}).get("message", ""),
        "events": [{"number": number, "name": name} for number, name in enumerate(events, 1)],
        "targets": [_target(item, events, axis) for item in targets],
        "ticks": list(axis.ticks()),
        "failures": failures(targets),
    }


def _target(told: Record, events: Sequence[str], axis: Axis) -> dict[str, Any]:
    bars = [
        _bar(event, events.index(event["lifecycle_event_name"]) + 1, axis)
        for event in told.get("lifecycle_events", [])
    ]
    return {
        "id": told["target_id"],
        "status": told["status"],
        "state": STATES.get(told["status"], "busy"),
        "bars": bars,
    }


def _bar(event: Record, number: int, axis: Axis) -> dict[str, Any]:
    start, end = moment(event.get("start_time")), moment(event.get("end_time"))
    status = event.get("status", "Pending")
    took = duration((end - start).total_seconds()) if start and end else ""
    shown: dict[str, Any] = {
        "number": number,
        "name": event["lifecycle_event_name"],
        "status": status,
        "state": STATES.get(status, "busy"),
        "took": took,
        "place": None,
    }
    if start is None or status in {"Pending", "Skipped"}:
        return shown
    left = axis.place(start)
    return shown | {"place": left, "width": round(axis.place(end or axis.end) - left, 2)}


def failures(targets: Iterable[Record]) -> list[dict[str, Any]]:
    """What failed where, with the end of the log; hosts that failed in the same way together."""
    together: dict[tuple[str, ...], list[str]] = {}
    for target in targets:
        for event in target.get("lifecycle_events", []):
            if event.get("status") == "Failed":
                told = event.get("diagnostics") or {}
                words = tuple(
                    told.get(key) or "" for key in ("script_name", "error_code", "message", "log_tail")
                )
                together.setdefault((event["lifecycle_event_name"], *words), []).append(target["target_id"])
    return [
        {
            "event": event,
            "script": script,
            "code": code,
            "message": message,
            "log": log,
            "targets": names,
        }
        for (event, script, code, message, log), names in together.items()
    ]


def revision(told: Record) -> str:
    """A revision in a few words."""
    if github_location := told.get("github_location"):
        return f"{github_location['repository']}@{github_location['commit_id'][:SHORT]}"
    if s3_location := told.get("s3_location"):
        return f"s3://{s3_location['bucket']}/{s3_location['key']}"
    return str(told.get("revision_type", ""))
