# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Has Ctrl-C end a run where it waits, and between two tasks, not in the middle of whatever it does."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: interrupts
type: aggregate
short_description: Heed an interrupt where a run can end
description:
  - Ansible raises KeyboardInterrupt wherever the signal SIGINT meets it. While an object is deleted, Python
    drops that, and the run goes on to its end; in the middle of a template it becomes the failure of a task,
    and where a worker replaces another one an internal error.
  - With this workers are told at once, as Ansible does, and the run ends as soon as it waits, or before
    its next task. A second SIGINT ends it at once.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

import selectors
import signal
from typing import TYPE_CHECKING, Any

from ansible.executor.task_executor import TaskExecutor
from ansible.plugins.callback import CallbackBase
from ansible.plugins.strategy import StrategyBase

if TYPE_CHECKING:
    from types import CodeType, FrameType

SECONDS_BETWEEN_LOOKS = 0.02
WAITING = (
    (StrategyBase, "_wait_on_pending_results"),
    # Of a module in the warm interpreter, and of a command.
    (selectors.DefaultSelector, "select"),
    # Between two tries of a task that has no worker.
    (TaskExecutor, "_execute"),
    (TaskExecutor, "_execute_internal"),
)
"""Functions that sleep, where nothing is half done. Not every Ansible has each of them."""


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "interrupts"

    def __init__(self) -> None:
        super().__init__()
        self._interrupted = self._told = False
        self._ansible: Any = None
        self._waiting = frozenset(codes())

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401, ARG002 - as the base's
        """Stand before Ansible's own handler, where it has one."""
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler) and handler is not signal.default_int_handler:
            self._ansible = handler
            signal.signal(signal.SIGINT, self._interrupt)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ANN401, ARG002 - as the base's
        """Begin no other task."""
        if self._interrupted:
            self._end()

    def v2_runner_on_start(self, host: Any, task: Any) -> None:  # noqa: ANN401, ARG002 - as the base's
        """Begin it on no other host."""
        if self._interrupted:
            self._end()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._interrupted = True
        self._tell()
        signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, SECONDS_BETWEEN_LOOKS, SECONDS_BETWEEN_LOOKS)
        self._look(number, frame)

    def _tell(self) -> None:
        """Have Ansible tell its workers, and the next signal end the run at once."""
        try:
            self._ansible(signal.SIGINT, None)
        except KeyboardInterrupt:
            self._told = True
        except ValueError:  # a worker that has ended is about to be replaced: they are told later
            return

    def _look(self, _number: int, frame: FrameType | None) -> None:
        if frame and frame.f_code in self._waiting:
            self._end()

    def _end(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if not self._told:
            self._tell()
        raise KeyboardInterrupt


def codes() -> list[CodeType]:
    """Of the functions that sleep."""
    found = (getattr(owner, name, None) for owner, name in WAITING)
    return [each.__code__ for each in found if each]
