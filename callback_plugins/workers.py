# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Forks a worker for a task that needs a process of its own, and for no other."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: workers
type: aggregate
short_description: Fork workers for the tasks that need one
description:
  - Ansible forks a worker for each task of each host. A task whose condition does not hold, one that works
    with variables only, and a module that P(warm#connection) runs for the only host of a play, is executed in
    the process of the run instead, by the same code of Ansible's.
  - Loads the plugins that templates use before workers are forked. Neither the run nor workers look for
    garbage among what was there before them.
options:
  enabled:
    description:
      - Whether it does. Where not, and where Ansible's workers are not as this knows them, each task has one.
    type: bool
    default: true
    env:
      - name: PIPELINE_WARM
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

import gc
import inspect
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from ansible._internal._task import TaskContext
from ansible.executor.process.worker import WorkerProcess
from ansible.executor.task_executor import TaskExecutor
from ansible.plugins import strategy
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import filter_loader, test_loader
from ansible.utils.display import Display
from ansible.utils.fqcn import add_internal_fqcns

if TYPE_CHECKING:
    from collections.abc import Iterator

OF_VARIABLES = frozenset(
    add_internal_fqcns(
        (
            *("assert", "debug", "fail", "include_role", "include_tasks", "include_vars", "set_fact"),
            "validate_argument_spec",
        )
    )
)
"""Actions that take and give variables, and neither touch anything else nor ask the run, as add_host does."""
OF_2_19 = ("host", "task", "job_vars")
OF_BOTH = ("play_context", "loader", "shared_loader_obj", "final_q", "variable_manager")
"""What the executor of tasks takes in the Ansibles that are known; in 2.21 the rest is in a context."""
display = Display()


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "workers"

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401, ARG002 - as the base's
        """Have strategies start workers that fork where they have to."""
        if not self.get_option("enabled"):
            return
        # What playbooks are made of stays to the end, and to look through what a fork shares would copy it.
        gc.freeze()
        os.register_at_fork(after_in_child=gc.freeze)
        asked = tuple(inspect.signature(TaskExecutor).parameters)
        if asked not in {(*OF_2_19, *OF_BOTH), ("host", *OF_BOTH)}:
            self._display.vvv("WORKERS: each task has one: this Ansible executes tasks in another way")
            return
        strategy.WorkerProcess = Worker

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ANN401, ARG002 - as the base's
        """Read what templates use, again where an included role has more of it.

        Else every worker would read all of it, at its first filter that is not Jinja's own.
        """
        if self.get_option("enabled"):
            for loader in (filter_loader, test_loader):
                next(iter(loader.all()), None)


class NeedsProcessError(BaseException):
    """The task is a worker's. Nothing of it has been done, and Ansible must not take this for its failure."""


class Executor(TaskExecutor):  # type: ignore[misc] # Ansible has no types
    """Ansible's, for what needs no process of its own."""

    def _get_action_handler_with_module_context(self, templar: Any) -> Any:  # noqa: ANN401 - Ansible has no types
        """What comes when all of the task is known, and nothing of it has been done."""
        handler, context = super()._get_action_handler_with_module_context(templar)
        if self._task.action not in OF_VARIABLES:
            connection = handler._connection  # noqa: SLF001 - as Ansible gives it
            if handler._load_name != "normal" or not getattr(connection, "server", None) or connection.become:  # noqa: SLF001
                raise NeedsProcessError
            connection.go_ordinary_way = raise_needs_process
        return handler, context


class Worker(WorkerProcess):  # type: ignore[misc] # Ansible has no types
    """What a strategy starts for each task of each host."""

    def start(self) -> None:
        """Execute the task, in a fork where it needs one."""
        is_warm_alone = self._is_warm_alone()
        if not (may_be_executed_here(self._task, is_warm_alone) and self._executed_here(is_warm_alone)):
            super().start()

    def _is_warm_alone(self) -> bool:
        """Whether modules of this host run in the warm interpreter, and no other host waits meanwhile."""
        variables = self._task_vars
        return bool(
            variables.get("ansible_connection") == "warm"
            and len(variables.get("ansible_play_batch", ())) == 1
        )

    def _executed_here(self, is_warm_alone: bool) -> bool:
        task = self._task.copy(exclude_parent=True, exclude_tasks=True)
        task._parent = self._task._parent  # noqa: SLF001 - as Ansible copies the task of a loop
        if task.action not in OF_VARIABLES and not is_warm_alone:
            task.post_validate = raise_needs_process  # what comes when the condition has held
        try:
            with environment_kept():
                result = (
                    self._result_2_21(task) if hasattr(TaskContext, "create") else self._result_2_19(task)
                )
        except NeedsProcessError:
            return False
        display.vvv("WORKERS: executed without one", host=self._host.name)
        self._final_q.send_task_result(*result)
        return True

    def _result_2_19(self, task: Any) -> tuple[Any, ...]:  # noqa: ANN401 - Ansible has no types
        """As ansible-core 2.19 does it in a worker."""
        from ansible.executor.task_result import _RawTaskResult  # noqa: PLC0415 - 2.21 has none

        with TaskContext(task):
            result = Executor(self._host, task, dict(self._task_vars), *self._of_executor()).run()
        return (
            _RawTaskResult(host=self._host, task=task, return_data=result, task_fields=task.dump_attrs()),
        )

    def _result_2_21(self, task: Any) -> tuple[Any, ...]:  # noqa: ANN401 - Ansible has no types
        """As ansible-core 2.21 does."""
        with TaskContext.create(task=task, task_vars=dict(self._task_vars), host_name=self._host.name):
            task.squash()
            result = Executor(self._host, *self._of_executor()).run()
            result.finalize_registered_values()
        task.ignore_errors, task.ignore_unreachable = result.ignore_errors, result.ignore_unreachable
        return self._host, task, result

    def _of_executor(self) -> tuple[Any, ...]:
        """What both give it last."""
        return (
            self._play_context,
            self._loader,
            self._shared_loader_obj,
            self._final_q,
            self._variable_manager,
        )


def may_be_executed_here(task: Any, is_warm_alone: bool) -> bool:  # noqa: ANN401 - Ansible has no types
    """Whether it needs no process, or none for finding out that it is skipped."""
    if task.async_val or task.timeout or task.debugger:
        return False
    if task.action in OF_VARIABLES:
        return not (task.until or task.retries)
    # What a loop goes over, and to whom a task is delegated, is the worker's to find.
    return task.loop is None and not task.delegate_to and bool(is_warm_alone or task.when)


@contextmanager
def environment_kept() -> Iterator[None]:
    """What a lookup changes in it would end with a worker."""
    before, directory = dict(os.environ), os.getcwd()  # noqa: PTH109 - as it is put back
    try:
        yield
    finally:
        if dict(os.environ) != before:
            os.environ.clear()
            os.environ.update(before)
        if os.getcwd() != directory:  # noqa: PTH109
            os.chdir(directory)


def raise_needs_process(*_: object, **__: object) -> NoReturn:
    """In place of what Ansible does next."""
    raise NeedsProcessError
