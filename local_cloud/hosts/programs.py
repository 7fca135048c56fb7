"""The programs that making an image runs: they end with this process, however it ends, and by `give_up`."""

import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

TIED = ("setpriv", "--pdeathsig=KILL", "--")
"""The kernel kills what is started with it when the thread that waits for it is no more."""

_lock = threading.Lock()
_running: set["subprocess.Popen[str]"] = set()
_given_up = threading.Event()


class GivenUpError(Exception):
    """Nobody waits for the image any longer."""


def run(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Like `subprocess.run`, with the output as text. Raises `GivenUpError` after `give_up`."""
    with _lock:
        if _given_up.is_set():
            raise GivenUpError("the host image is not needed any longer")
        process = subprocess.Popen(
            [*TIED, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
            cwd=cwd,
        )
        _running.add(process)
    with process:
        try:
            output, errors = process.communicate()
        except BaseException:
            process.kill()
            raise
        finally:
            with _lock:
                _running.discard(process)
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def give_up() -> None:
    """End the programs of every image that is being made; `begin` allows new ones."""
    with _lock:
        _given_up.set()
        for process in _running:
            process.kill()


def begin() -> None:
    """Images can be made again."""
    _given_up.clear()
