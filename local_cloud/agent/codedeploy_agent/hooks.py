"""Runs the scripts of one lifecycle event, and keeps the tail of what they say."""

from __future__ import annotations

import errno
import logging
import os
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from . import errors, ruby
from .errors import ScriptError

if TYPE_CHECKING:
    from collections.abc import Callable

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
    """The last whole lines, below `TAIL` characters.

    As the real agent counts: for every line that is kept, the room of the one before it goes.
    """
    kept, room = len(lines), TAIL
    while kept and room - len(lines[kept - 1]) > 0:
        kept -= 1
        room -= len(lines[kept - 1])
    return lines[kept:]


@dataclass(frozen=True)
class Hook:
    """The scripts of one lifecycle event of one revision, ready to run."""

    event: str
    deployment_id: str
    revision: Path
    """The folder with the `deployment-archive` that the scripts are in."""
    deployment: Path
    """The folder of the deployment that runs them: its `logs` have what they say."""
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
        logs = self.deployment / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / "scripts.log").open("a", encoding="utf-8", errors="surrogateescape") as file:
            output = ScriptLog(file, self.deployment_id)
            output.add(f"LifecycleEvent - {self.event}\n")
            for script in self.appspec.hooks[self.event]:
                self._run_script(script, output)

    def _run_script(self, script: Script, output: ScriptLog) -> None:
        path = location(self.revision / "deployment-archive", script)
        if not os.path.exists(path):  # noqa: PTH110 - a slash at the end counts
            message = f"Script does not exist at specified location: {ruby.expand_path(path)}"
            raise ScriptError(errors.SCRIPT_MISSING, script.location, message, output.tail)
        if not os.access(path, os.X_OK):
            _make_executable(path, script, output)
        output.add(f"Script - {script.location}\n")
        code, problem = _execute(command(script, path), self.environment, script.timeout, output.add)
        if problem:
            user = "" if script.runas is None else f"run as user {script.runas} "
            message = f"Script at specified location: {script.location} {user}{problem}"
            raise ScriptError(code, script.location, message, output.tail)


def location(archive: Path, script: Script) -> str:
    """Where a script is, in the words of its appspec. Raises AgentError for what is no path."""
    return f"{archive}/{ruby.path_text(script.location).lstrip('/')}"


def command(script: Script, path: str) -> str:
    """The command for a script. Paths are not quoted, as with the real agent."""
    sudo = "sudo " if script.sudo else ""
    return f"{sudo}{path}" if script.runas is None else f"{sudo}su {script.runas} -c {path}"


_FOR_A_SHELL = re.compile(r"[*?{}\[\]<>()~&|\\$;'`\"\n#=%]")


def arguments(command_line: str) -> list[str]:
    """What is executed for a command. Ruby asks a shell only where there is something to do for one."""
    if _FOR_A_SHELL.search(command_line):
        return ["sh", "-c", command_line]
    return command_line.split()


def _make_executable(path: str, script: Script, output: ScriptLog) -> None:
    where = f"Script at specified location: {script.location}"
    log.warning("%s is not executable.  Trying to make it executable.", where)
    if Path(path).is_symlink():
        # Ruby means the link itself, which has no mode: what it leads to stays as it is.
        return
    try:
        Path(path).chmod(Path(path).stat().st_mode | 0o111)
    except OSError as error:
        message = f"Unable to set script at specified location: {script.location} as executable"
        raise ScriptError(errors.SCRIPT_NOT_EXECUTABLE, script.location, message, output.tail) from error


def _execute(
    command_line: str, environment: dict[str, str], timeout: int, say: Callable[[str], None]
) -> tuple[int, str]:
    """Runs a command in a process group of its own.

    Returns an error code and what is wrong ("" = nothing). `timeout` is in seconds.
    """
    seconds = min(timeout, threading.TIMEOUT_MAX)
    deadline = time.monotonic() + seconds
    try:
        process = _start(arguments(command_line), {**os.environ, **environment})
    except OSError as error:
        return errors.SCRIPT_FAILED, _not_started(error)
    except ValueError:
        return errors.SCRIPT_FAILED, "failed with error ArgumentError with message string contains null byte"
    if process.stdin:
        process.stdin.close()
    readers = [
        _forward(process.stdout, "[stdout]", say),
        _forward(process.stderr, "[stderr]", say),
    ]
    try:
        status = process.wait(seconds)
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


def _start(words: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words,
            executable="/bin/sh" if words[0] == "sh" else None,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        # A text that names no interpreter is a shell's.
        if error.errno != errno.ENOEXEC or words[0] == "sh":
            raise
        return _start(["sh", *words], environment)


def _not_started(error: OSError) -> str:
    return f"failed with error {ruby.error_class(error)} with message {ruby.message(error)}"


def _exit_code(status: int) -> str:
    """A script that a signal ended has no exit code: the real agent's message ends there."""
    return "" if status < 0 else str(status)


def _forward(stream: IO[bytes] | None, prefix: str, say: Callable[[str], None]) -> threading.Thread:
    def forward() -> None:
        for line in stream or ():
            say(prefix + line.decode("utf-8", "surrogateescape"))

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
