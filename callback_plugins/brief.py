# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ansible.builtin.default, which shows a failure's cause once and leaves the rest to -v."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: brief
type: stdout
short_description: Show of a failure its cause alone
description:
  - As P(ansible.builtin.default#callback), but without what says a failure's cause again, and without
    what it was judged by, such as all settings where one is wrong.
  - With C(-v) it shows all.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
extends_documentation_fragment:
  - default_callback
  - result_format_callback
"""

from textwrap import indent
from typing import TYPE_CHECKING, Any

from ansible.plugins.callback.default import CallbackModule as Default

if TYPE_CHECKING:
    from collections.abc import Mapping

BESIDE_THE_CAUSE = {
    "argument_errors",
    "argument_spec_data",
    "assertion",
    "ansible_loop_var",
    "boto3_version",
    "botocore_version",
    "changed",
    "error",
    "evaluated_to",
    "invocation",
    "item",
    "msg",
    "notes",
    "problems",
    "response_metadata",
    "validate_args_context",
}
"""Of the results of failed tasks, the cause itself too."""
INDENT = "    "


class CallbackModule(Default):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "brief"

    def _handle_exception(self, result: Any, use_stderr: bool = False) -> None:  # noqa: ANN401 - as the base's
        """Where in which file it was, and the same words."""
        if self._display.verbosity or not result.get("msg"):
            super()._handle_exception(result, use_stderr)

    def _dump_results(self, result: Mapping[str, Any], *options: Any, **named: Any) -> str:  # noqa: ANN401 - as the base's
        # What is shown of a task that did not fail is what it was asked to show.
        if self._display.verbosity or result.get("_ansible_verbose_always") or not result.get("msg"):
            return str(super()._dump_results(result, *options, **named))
        # As it was written: in YAML it would be broken into lines, its quotes doubled.
        cause = str(result["msg"]).strip()
        shown = f"\n{indent(cause, INDENT)}" if "\n" in cause else cause
        rest = {name: value for name, value in result.items() if name not in BESIDE_THE_CAUSE}
        more = str(super()._dump_results(rest, *options, **named)).strip()
        return shown if more == "{}" else f"{shown}\n{INDENT}{more}"
