# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps a log of every run, one file each: who ran what where, every task on every host, and how it ended."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: run_log
type: notification
short_description: Keep a log of every run
description:
  - Writes one file a run of C(ansible-playbook), one line for each task on each host with its time. The first
    line tells who ran which playbook with what on which machine, the last one how it ended and how long it
    took.
  - Of results it writes the cause of a failure alone, of extra variables their names alone; of a task with
    C(no_log) that it was.
  - Only the user can read the files. The newest ones are kept.
options:
  folder:
    description: Where the files go; by default in C(build/logs) beside the playbooks. Empty writes none.
    type: str
    env:
      - name: PIPELINE_LOG_FOLDER
    ini:
      - section: callback_run_log
        key: folder
  keep:
    description: How many files stay.
    type: int
    default: 200
    env:
      - name: PIPELINE_LOGS_KEPT
    ini:
      - section: callback_run_log
        key: keep
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

import getpass
import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ansible.context
from ansible.plugins.callback import CallbackBase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHECKOUT = Path(__file__).resolve().parent.parent
LONGEST = 500  # characters of a failure's cause
SUFFIX = ".log"


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "run_log"

    def __init__(self) -> None:
        super().__init__()
        self._file: Path | None = None
        self._started = time.monotonic()
        self._items: dict[str, list[str]] = {}  # of each host, why items of its running loop failed

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401 - Ansible has no types
        """Begin the file. A run goes on where none can be written."""
        folder = self.get_option("folder")
        if folder == "":
            return
        name = Path(playbook._file_name).stem  # noqa: SLF001 - as Ansible's own callbacks ask it
        place = Path(folder) if folder else CHECKOUT / "build" / "logs"
        file = place / f"{datetime.now(UTC):%Y%m%dT%H%M%S}Z-{name}-{os.getpid()}{SUFFIX}"
        try:
            place.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
        except OSError as error:
            self._display.warning(f"{place}: no log of this run can be written there ({error.strerror}).")
            return
        self._file = file
        self._write("begin", " ".join(told(name, ansible.context.CLIARGS)))
        prune(place, int(self.get_option("keep")))

    def v2_playbook_on_play_start(self, play: Any) -> None:  # noqa: ANN401 - as above
        """Note which play the next tasks are of."""
        self._write("play", play.get_name())

    def v2_runner_on_ok(self, result: Any) -> None:  # noqa: ANN401 - as above
        """Write that a task was well, or has changed something."""
        self._task("changed" if result.result.get("changed") else "ok", result)

    def v2_runner_on_skipped(self, result: Any) -> None:  # noqa: ANN401 - as above
        """Write that a task had nothing to do."""
        self._task("skipped", result)

    def v2_runner_item_on_failed(self, result: Any) -> None:  # noqa: ANN401 - as above
        """Keep why an item of a loop failed: the loop's own result does not say it."""
        self._items.setdefault(result.host.get_name(), []).append(cause(result.result))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ANN401 - as above
        """Write why a task failed; of a loop why its items did."""
        items = dict.fromkeys(self._items.pop(result.host.get_name(), []))
        self._task("ignored" if ignore_errors else "failed", result, "; ".join(items) or cause(result.result))

    def v2_runner_on_unreachable(self, result: Any) -> None:  # noqa: ANN401 - as above
        """Write why a host was not reached."""
        self._task("unreachable", result, cause(result.result))

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ANN401 - as above
        """End the file, and say where it is where the run failed."""
        if self._file is None:
            return
        for host in sorted(stats.processed):
            counts = " ".join(f"{name}={number}" for name, number in stats.summarize(host).items())
            self._write("recap", f"{host} {counts}")
        failed = bool(stats.failures or stats.dark)
        seconds = round(time.monotonic() - self._started)
        self._write("end", f"{'failed' if failed else 'succeeded'} after {seconds} s")
        if failed:
            self._display.display(f"Log of this run: {self._file}")

    def _task(self, outcome: str, result: Any, words: str = "") -> None:  # noqa: ANN401 - as above
        task = result.task.get_name().strip()
        self._write(outcome, f"{result.host.get_name()}  {task}" + (f": {words}" if words else ""))

    def _write(self, kind: str, words: str) -> None:
        if self._file is None:
            return
        line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}Z {kind:<11} {' '.join(words.split())}\n"
        try:
            with self._file.open("a", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(line)
        except OSError as error:
            self._display.warning(f"{self._file}: the log of this run ends here ({error.strerror}).")
            self._file = None


def told(name: str, options: Mapping[str, Any]) -> Iterator[str]:
    """Who runs what with what. Of variables the names: their values may be secrets."""
    yield f"{name}.yml"
    yield from (f"-i {each}" for each in options.get("inventory") or ())
    yield from (f"--{each}" for each in ("check", "diff") if options.get(each))
    for each in ("subset", "tags", "skip_tags"):
        value = options.get(each)
        if value and value != ("all",):
            yield f"{each}={value if isinstance(value, str) else ','.join(value)}"
    for each in options.get("extra_vars") or ():
        text = each.decode(errors="replace") if isinstance(each, bytes) else str(each)
        yield f"-e {text}" if text.startswith("@") else f"-e {variable_names(text)}"
    yield f"by {user()} on {socket.gethostname()}"


def variable_names(text: str) -> str:
    """`a=1 b=2` -> `a=... b=...`; of JSON and YAML nothing but that there was some."""
    if text.lstrip().startswith(("{", "[")):
        return "{...}"
    return " ".join(f"{part.partition('=')[0]}=..." for part in text.split() if "=" in part)


def user() -> str:
    """The login's name, or its number where nobody knows one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def cause(result: Mapping[str, Any]) -> str:
    """Why a task failed, in one line."""
    words = " ".join(str(result.get("msg", "")).split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}..."


def prune(folder: Path, keep: int) -> None:
    """Leave the newest files; another run may do the same at the same time."""
    files = sorted(folder.glob(f"*{SUFFIX}"), key=lambda each: each.name)
    for each in files[: max(len(files) - max(keep, 1), 0)]:
        with suppress(OSError):
            each.unlink()
