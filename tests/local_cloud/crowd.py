"""Many instances at once: their agents, and how many were out of service at a moment."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local_cloud.testing.agents import EC2_ARN

FLEET = Path(__file__).with_name("fleet.py")


@contextmanager
def crowd(
    endpoint_url: str, instances: list[str], fails_at: Callable[[str], str] = lambda _: ""
) -> Iterator[None]:
    """An agent on each instance, all in one other process; `fails_at` names a lifecycle event, or none."""
    lines = "\n".join(
        f"{EC2_ARN.format(region='us-east-1', instance=each)} {fails_at(each)}".strip() for each in instances
    )
    with subprocess.Popen(
        [sys.executable, str(FLEET), endpoint_url], stdin=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        process.stdin.write(lines)
        process.stdin.close()
        try:
            yield
            assert process.poll() is None
        finally:
            process.terminate()


def most_at_once(targets: Iterable[dict[str, Any]], *, until_the_end: tuple[str, ...] = ()) -> int:
    """The largest number that were out of service at one moment, by their events' times. Those that ended
    with a status of `until_the_end` stay so."""
    changes = []
    for target in targets:
        events = [event for event in target["lifecycleEvents"] if "startTime" in event]
        if events:
            changes.append((min(e["startTime"] for e in events), 1))
            if target["status"] not in until_the_end:
                changes.append((max(e["endTime"] for e in events), -1))
    busy, most = 0, 0
    for _, change in sorted(changes):
        busy += change
        most = max(most, busy)
    return most
