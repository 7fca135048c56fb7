"""Runs the scripts of one lifecycle event, and keeps the tail of what they say."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from . import errors
from .errors import ScriptError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .appspec import AppSpec, Script

log = logging.getLogger(__name__)
deployments_log = logging.getLogger("deployments")

FROM_LAST_SUCCESSFUL = frozenset({"BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop"})
"""Events that run the previous revision's scripts, as long as the new one is not unpacked."""

EVENTS = (
    "BeforeBlockTraffic",
    "AfterBlockTraffic",
    "ApplicationStop",
    "BeforeInstall",
    "AfterInstall",
    "ApplicationStart",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
    "ValidateService",
)

TAIL = 2048
"""The log of a failure is whole lines that stay below this many characters together."""

_GRACE = 5.0
"""Seconds for a process group to go after SIGTERM before it is killed."""


class ScriptLog:
    """What the scripts of one event said: all of it to a file, its tail kept."""

    def __init__(self, file: IO[str], deployment_id: str) -> None:
        self._file = file
        self._deployment_id = deployment_id
        self._lines: list[str] = []
        self._lock = threading.Lock()

    def add(self, line: str) -> None:
        """Takes one line, its newline included. Safe from several threads."""
        with self._lock:
            self._lines = tail([*self._lines, line])
            self._file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}")
            self._file.flush()
        deployments_log.info("[%s]%s", self._deployment_id, line.rstrip("\n"))

    @property
    def tail(self) -> str:
        """The last lines, below `TAIL` characters."""
        with self._lock:
            return "".join(self._lines)


def tail(lines: list[str]) -> list[str]:
    """The last whole lines whose characters together stay below `TAIL`."""
    kept, room = len(lines), TAIL
    while kept and room - len(lines[kept - 1]) > 0:
        kept -= 1
        room -= len(lines[kept])
    return lines[kept:]


@dataclass(frozen=True)
class Hook:
    """The scripts of one lifecycle event of one revision, ready to run."""

    event: str
    deployment_id: str
    revision: Path
    """The deployment's folder, with `deployment-archive` and `logs` in it."""
    appspec: AppSpec
    environment: dict[str, str]

    @property
    def is_noop(self) -> bool:
        """Whether there is nothing to run."""
        return not self.appspec.hooks.get(self.event)

    def run(self) -> None:
        """Runs the scripts one after another. Raises ScriptError at the first that fails."""
        if self.is_noop:
            return
        logs = self.revision / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / "scripts.log").open("a") as file:
            output = ScriptLog(file, self.deployment_id)
            output.add(f"LifecycleEvent - {self.event}\n")
            for script in self.appspec.hooks[self.event]:
                self._run_script(script, output)

    def _run_script(self, script: Script, output: ScriptLog) -> None:
        path = self.revision / "deployment-archive" / script.location.lstrip("/")
        if not path.exists():
            message = f"Script does not exist at specified location: {path}"
            raise ScriptError(errors.SCRIPT_MISSING, script.location, message, output.tail)
        if not os.access(path, os.X_OK):
            _make_executable(path, script, output)
        output.add(f"Script - {script.location}\n")
        code, problem = _execute(command(script, path), self.environment, script.timeout, output.add)
        if problem:
            user = f"run as user {script.runas} " if script.runas else ""
            message = f"Script at specified location: {script.location} {user}{problem}"
            raise ScriptError(code, script.location, message, output.tail)


def command(script: Script, path: Path) -> str:
    """The shell command for a script. Paths are not quoted, as with the real agent."""
    sudo = "sudo " if script.sudo else ""
    return f"{sudo}su {script.runas} -c {path}" if script.runas else f"{sudo}{path}"


def _make_executable(path: Path, script: Script, output: ScriptLog) -> None:
    where = f"Script at specified location: {script.location}"
    log.warning("%s is not executable.  Trying to make it executable.", where)
    try:
        path.chmod(path.stat().st_mode | 0o111)
    except OSError as error:
        message = f"Unable to set script at specified location: {script.location} as executable"
        raise ScriptError(errors.SCRIPT_NOT_EXECUTABLE, script.location, message, output.tail) from error


def _execute(
    shell_command: str, environment: dict[str, str], timeout: int, say: Callable[[str], None]
) -> tuple[int, str]:
    """Runs a command in a process group of its own.

    Returns an error code and what is wrong ("" = nothing). `timeout` is in seconds.
    """
    deadline = time.monotonic() + timeout
    process = subprocess.Popen(
        ["/bin/sh", "-c", shell_command],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    if process.stdin:
        process.stdin.close()
    readers = [
        _forward(process.stdout, "[stdout]", say),
        _forward(process.stderr, "[stderr]", say),
    ]
    try:
        status = process.wait(timeout)
    except subprocess.TimeoutExpired:
        _end(process)
        return errors.SCRIPT_TIMED_OUT, f"failed to complete in {timeout} seconds"
    for name, reader in zip(("STDOUT", "STDERR"), readers):
        reader.join(max(0.0, deadline - time.monotonic()))
        if reader.is_alive():
            return errors.OUTPUT_LEFT_OPEN, f"failed to close {name}"
    if status:
        return errors.SCRIPT_FAILED, f"failed with exit code {_exit_code(status)}"
    return errors.SUCCEEDED, ""


def _exit_code(status: int) -> str:
    """A script that a signal ended has no exit code: the real agent's message ends there."""
    return "" if status < 0 else str(status)


def _forward(stream: IO[bytes] | None, prefix: str, say: Callable[[str], None]) -> threading.Thread:
    def forward() -> None:
        for line in stream or ():
            say(prefix + line.decode(errors="replace"))

    thread = threading.Thread(target=forward, daemon=True)
    thread.start()
    return thread


def _end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
