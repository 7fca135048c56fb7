"""What is new on the hosts of a deployment, in lines for a job's log."""

import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

FEW = 5
"""Up to so many hosts every event of each has a line; of more, an event has one."""


class Watch:
    """What was told already."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, str]] = set()

    def news(self, hosts: list[Json]) -> Iterator[str]:
        """A line for each lifecycle event that has another status since the last look."""
        found = [
            (host["targetId"], event)
            for host in hosts
            for event in host.get("lifecycleEvents", [])
            if event["status"] not in {"Pending", "Skipped"}
            and (host["targetId"], event["lifecycleEventName"], event["status"]) not in self._seen
        ]
        self._seen |= {(host, event["lifecycleEventName"], event["status"]) for host, event in found}
        if len(hosts) <= FEW:
            for host, event in found:
                name, status = event["lifecycleEventName"], event["status"]
                yield f"{host}  {name:<20} {status:<10} {took(event)}".rstrip()
            return
        together: dict[tuple[str, str], int] = {}
        for _, event in found:
            fate = (event["lifecycleEventName"], event["status"])
            together[fate] = together.get(fate, 0) + 1
        for (name, status), count in together.items():
            yield f"{name:<20} {status:<10} on {count} of {len(hosts)}"

    @staticmethod
    def sign_of_life(deployment: Json, hosts: list[Json]) -> str:
        """What it is that takes long."""
        busy = [
            f"{event['lifecycleEventName']} on {host['targetId']}{since(event)}"
            for host in hosts
            for event in host.get("lifecycleEvents", [])
            if event["status"] == "InProgress"
        ]
        if not busy:
            return (
                f"still {deployment['status']}, and no host is at work: CodeDeploy or an agent is waited for"
            )
        more = f" and {len(busy) - FEW} more" if busy[FEW:] else ""
        return f"still at work: {', '.join(busy[:FEW])}{more}"


def failures(hosts: Iterable[Json]) -> Iterator[str]:
    """What failed events said. Whatever a script printed, the job's runner takes no command from it."""
    for host in hosts:
        for event in host.get("lifecycleEvents", []):
            if event["status"] != "Failed":
                continue
            told, token = event.get("diagnostics") or {}, secrets.token_hex(16)
            script = f" in {told['scriptName']}" if told.get("scriptName") else ""
            yield f"::stop-commands::{token}"
            yield f"{host['targetId']}: {event['lifecycleEventName']} failed{script}"
            yield from (
                f"    | {line}"
                for line in f"{told.get('message') or ''}\n{told.get('logTail') or ''}".splitlines()
            )
            yield f"::{token}::"


def took(event: Json) -> str:
    """How long an event took; nothing where that is not known."""
    start, end = moment(event.get("startTime")), moment(event.get("endTime"))
    return f"{max((end - start).total_seconds(), 0):.1f} s" if start and end else ""


def since(event: Json) -> str:
    """For how long an event has been going on."""
    start = moment(event.get("startTime"))
    return f" for {max((datetime.now(UTC) - start).total_seconds(), 0):.0f} s" if start else ""


def moment(told: str | float | None) -> datetime | None:
    """A time as the AWS CLI prints it: ISO 8601, or seconds since 1970 by its first generation."""
    if told is None:
        return None
    if isinstance(told, str):
        return datetime.fromisoformat(told)
    return datetime.fromtimestamp(told, UTC)
