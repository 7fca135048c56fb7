"""What a command costs: seconds on the clock, and of processors, of all its processes."""

import ctypes
import os
import resource
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Cost:
    """Seconds."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Variant:
    """One way to do a thing: commands that run one after the other, and what has to be done before them."""

    name: str
    commands: Sequence[Sequence[str]]
    folder: Path
    environment: Mapping[str, str]
    before: Callable[[], None] = field(default=lambda: None)


class CommandError(Exception):
    """A command failed, so it was not what was to be measured."""


def adopt_orphans() -> None:
    """Become the parent of processes whose own has ended, so that what they used is counted."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def cost(variant: Variant) -> Cost:
    """Run it once. Raises CommandError where a command fails."""
    variant.before()
    others = _children()
    used, started = _used(), time.perf_counter()
    for command in variant.commands:
        _run(command, variant)
    ended = time.perf_counter()
    _wait_for_orphans(others)
    return Cost(wall=ended - started, processor=_used() - used)


def _run(command: Sequence[str], variant: Variant) -> None:
    process = subprocess.Popen(
        command,
        cwd=variant.folder,
        env=dict(variant.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    said, _ = process.communicate()
    if process.returncode:
        ended = f"{variant.name}: {' '.join(command)} ended with {process.returncode}"
        raise CommandError(f"{ended}:\n{said[-2000:]}")


def _wait_for_orphans(others: Collection[int]) -> None:
    """Those that end by themselves now; SSH's connections are kept open for a while, and use nothing.

    `others` were there before: a local cloud and its hosts, which stay.
    """
    for child in _children() - set(others):
        if Path(f"/proc/{child}/comm").read_text().strip() != "ssh":
            os.waitpid(child, 0)


def _children() -> set[int]:
    listed = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text()
    return set(map(int, listed.split()))


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def interleaved(variants: Sequence[Variant], runs: int) -> Iterator[tuple[str, Cost]]:
    """Every variant once, and so `runs` times: what else the machine does hits all alike."""
    for _ in range(runs):
        for variant in variants:
            yield variant.name, cost(variant)


def median(costs: Sequence[Cost]) -> Cost:
    """Of each figure by itself."""
    return Cost(
        wall=statistics.median(each.wall for each in costs),
        processor=statistics.median(each.processor for each in costs),
    )
