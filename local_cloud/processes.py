"""A process of this machine, told from a later one that has its number."""

import os
import select
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 60
STARTED = 19
"""The field of /proc/PID/stat, counted from the state on, that says when the process began."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process of the machine; `started` (clock ticks since boot) tells it from a later one of its id."""

    pid: int
    started: int

    def __str__(self) -> str:
        return f"process {self.pid}"

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        try:
            fields = _fields(pid)
        except OSError:
            return None
        return None if fields[0] == "Z" else cls(pid=pid, started=int(fields[STARTED]))

    def lives(self) -> bool:
        return Process.of(self.pid) == self

    def wait_until_gone(self) -> None:
        """Threads of a process that was killed can hold its sockets and mounts for a moment longer than it
        seems to live."""
        with suppress(OSError):
            descriptor = os.pidfd_open(self.pid)
            try:
                if _fields(self.pid)[STARTED] == str(self.started):
                    select.select([descriptor], [], [], STOP_SECONDS)
            finally:
                os.close(descriptor)


def _fields(pid: int) -> list[str]:
    """Of /proc/PID/stat, from the state on. The name before it, in parentheses, may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
