# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ansible.builtin.default in fewer lines, which shows a failure's cause once and leaves the rest to -v."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: brief
type: stdout
short_description: Show of a run and of a failure what matters
description:
  - As P(ansible.builtin.default#callback), but of a failure without what says its cause again, and without
    what it was judged by, such as all settings where one is wrong.
  - Tasks follow each other without blank lines. Not shown are plays that show no task, included files, and
    what a run notes for itself, such as facts and arguments that are valid.
  - Of a loop those items are shown that changed, failed, warn or were asked to show something; one line says
    that all were as they should be.
  - Where a module of a collection keeps AWS's reason to itself, it is said how to find it out.
  - A message of M(ansible.builtin.debug) is shown as it was written.
  - A task that cannot be skipped is shown as soon as it starts, also where C(display_skipped_hosts=false).
  - That a task is tried again is shown once.
  - A run that succeeds ends with what its tasks gave to M(ansible.builtin.set_stats), one line each, and the
    seconds that it took.
  - With C(-v) it shows all.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
extends_documentation_fragment:
  - default_callback
  - result_format_callback
"""

import re
import time
from textwrap import indent
from typing import TYPE_CHECKING, Any

from ansible import constants as C  # noqa: N812 - as everywhere in Ansible
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback.default import CallbackModule as Default

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BESIDE_THE_CAUSE = {
    "argument_errors",
    "argument_spec_data",
    "assertion",
    "ansible_loop_var",
    "attempts",
    "boto3_version",
    "botocore_version",
    "changed",
    "deployment",
    "error",
    "evaluated_to",
    "failed_targets",
    "invocation",
    "item",
    "msg",
    "notes",
    "problems",
    "response_metadata",
    "rollback",
    "validate_args_context",
}
"""Of the results of failed tasks, the cause itself too."""
BOOKKEEPING = {
    f"ansible.builtin.{name}" for name in ("include_vars", "set_fact", "set_stats", "validate_argument_spec")
}
"""Actions that change nothing outside of the run: news only where they fail or warn."""
INNER_TYPE = re.compile(r"<class '[\w.]+\._AnsibleTagged(\w+)'>")
"""How ansible-core's argument check calls a type."""
REASON_KEPT = re.compile(r": Failed to [a-z ]+$")
"""The end of what modules of amazon.aws say that leave out AWS's own words."""
HOW_TO_FIND_OUT = (
    "The module does not tell AWS's reason. Often the credentials have expired, which `aws sts "
    "get-caller-identity` says, or lack a right, which CloudTrail names."
)
NOBODY = "all:!all"
"""The pattern of a play that has nothing to do in this run: a pattern without a match would be warned of."""
INDENT = "    "
WIDTH = 80  # of a banner; one whose name is longer still ends in stars


class CallbackModule(Default):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "brief"

    def __init__(self) -> None:
        super().__init__()
        self._started = time.monotonic()
        self._unshown: Any = None  # the play that has shown nothing yet
        self._retried: set[tuple[str, str]] = set()  # tasks and hosts of which it was said that they wait
        self._shown_items: set[tuple[str, str]] = set()  # tasks and hosts of which an item was shown

    def v2_playbook_on_play_start(self, play: Any) -> None:  # noqa: ANN401 - Ansible has no types
        """Keep the banner until there is something below it."""
        self._play = play
        self._unshown = play
        if self._display.verbosity:
            self._show_play()

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """Show which play it is that has no hosts, unless it says itself that it is for nobody this time."""
        if NOBODY in self._play.hosts and not self._display.verbosity:
            return
        self._show_play()
        super().v2_playbook_on_no_hosts_matched()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ANN401 - as the base's
        """Show at once what cannot be skipped: it may take minutes."""
        super().v2_playbook_on_task_start(task, is_conditional)
        skippable = task.when or task.loop is not None
        if not skippable and not is_bookkeeping(task) and self._last_task_banner != task._uuid:  # noqa: SLF001 - as the base
            self._print_task_banner(task)

    def v2_playbook_on_include(self, included_file: Any) -> None:  # noqa: ANN401 - as the base's
        """Leave out from which file the tasks come."""
        if self._display.verbosity:
            super().v2_playbook_on_include(included_file)

    def v2_runner_on_ok(self, result: Any) -> None:  # noqa: ANN401 - as the base's
        """Leave out what the run notes for itself."""
        if not self._display.verbosity and not has_warned(result) and is_bookkeeping(result.task):
            return
        super().v2_runner_on_ok(result)
        item_shown = (result.task._uuid, str(result.host)) in self._shown_items  # noqa: SLF001 - as the base
        quiet = result.task.loop is not None and not item_shown
        if quiet and not self._display.verbosity and not result.result.get("changed"):
            self._display.display(f"ok: [{self.host_label(result)}]", color=C.COLOR_OK)

    def v2_runner_item_on_ok(self, result: Any) -> None:  # noqa: ANN401 - as the base's
        """Leave out an item that is as it should be."""
        shown = result.result.get("_ansible_verbose_always") or result.result.get("changed")
        if not (self._display.verbosity or shown or has_warned(result)):
            return
        self._shown_items.add((result.task._uuid, str(result.host)))  # noqa: SLF001 - as the base
        super().v2_runner_item_on_ok(result)

    def v2_runner_retry(self, result: Any) -> None:  # noqa: ANN401 - as the base's
        """Say once of a task and a host that it is tried again: nothing has failed yet."""
        if self._display.verbosity:
            super().v2_runner_retry(result)
            return
        at = (result.task._uuid, str(result.host))  # noqa: SLF001 - as the base
        if at not in self._retried:
            self._retried.add(at)
            name = self._last_task_name or result.task.get_name().strip()
            self._display.display(f"waiting: [{self.host_label(result)}]: {name}", color=C.COLOR_DEBUG)

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ANN401 - as the base's
        """Show after the recap what the run has led to."""
        super().v2_playbook_on_stats(stats)
        if not stats.failures and not stats.dark:
            for line in ending(stats.custom.get("_run", {}), time.monotonic() - self._started):
                self._display.display(line)

    def _show_play(self) -> None:
        play, self._unshown = self._unshown, None
        if play is not None:
            super().v2_playbook_on_play_start(play)

    def _print_task_banner(self, task: Any) -> None:  # noqa: ANN401 - as the base's
        self._show_play()
        if self._display.verbosity:
            super()._print_task_banner(task)
            return
        prefix = self._task_type_cache.get(task._uuid, "TASK")  # noqa: SLF001 - as the base
        title = f"{prefix} [{self._last_task_name or task.get_name().strip()}] "
        self._display.display(title + "*" * max(WIDTH - len(title), 3))
        self._last_task_banner = task._uuid  # noqa: SLF001 - as the base

    def _handle_exception(self, result: Any, use_stderr: bool = False) -> None:  # noqa: ANN401 - as the base's
        """Where in which file it was, and the same words."""
        if self._display.verbosity or not result.get("msg"):
            super()._handle_exception(result, use_stderr)

    def _dump_results(self, result: Mapping[str, Any], *options: Any, **named: Any) -> str:  # noqa: ANN401
        message = result.get("msg")
        if self._display.verbosity or not message:
            return str(super()._dump_results(result, *options, **named))
        # What is shown of a task that did not fail is what it was asked to show.
        if result.get("_ansible_verbose_always"):
            alone = all(name in BESIDE_THE_CAUSE or name.startswith("_") for name in result)
            return (alone and written(message)) or str(super()._dump_results(result, *options, **named))
        # As it was written: in YAML it would be broken into lines, its quotes doubled.
        cause = INNER_TYPE.sub(lambda found: found[1].lower(), str(result["msg"]).strip())
        if REASON_KEPT.search(cause):
            cause = f"{cause}. {HOW_TO_FIND_OUT}"
        shown = written(cause)
        rest = {name: value for name, value in result.items() if name not in BESIDE_THE_CAUSE}
        more = str(super()._dump_results(rest, *options, **named)).strip()
        return shown if more == "{}" else f"{shown}\n{INDENT}{more}"


def written(message: object) -> str:
    """A text as it was written, a list of texts below each other; "" for all else."""
    lines = message if isinstance(message, list) else [message]
    texts = [line for line in lines if isinstance(line, str)]
    if len(texts) < len(lines):
        return ""
    text = "\n".join(texts)
    return f"\n{indent(text, INDENT)}" if "\n" in text else text


def has_warned(result: Any) -> bool:  # noqa: ANN401 - Ansible has no types
    """Whether there is more to say of a result than that it is one."""
    deprecations = result.result.get("deprecations") if C.DEPRECATION_WARNINGS else None
    return bool(result.result.get("warnings") or deprecations)


def is_bookkeeping(task: Any) -> bool:  # noqa: ANN401 - Ansible has no types
    """Whether a task is the run's own business, be it only to include others."""
    return isinstance(task, TaskInclude) or task.action in BOOKKEEPING


def ending(facts: Mapping[str, Any], seconds: float) -> Iterator[str]:
    """The last lines of a run: names and values below each other. None where it led to nothing."""
    lines = {**facts, "seconds": round(seconds)} if facts else {}
    width = max(map(len, lines), default=0)
    for name, value in lines.items():
        yield f"{name:<{width}}  {value}"
