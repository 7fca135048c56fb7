# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Says at the end of a run that failed that it keeps the account's run, and how the next one gets it.

No play can: after a failure on localhost there is no next one.
"""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: account_run
type: notification
short_description: Say that a failed run keeps the account's run
description:
  - Watches the module M(pipeline_run). Where a run was taken and not given back in the end, it says how the
    next one gets it.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

from typing import Any

from ansible.plugins.callback import CallbackBase

MODULE = "pipeline_run"


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "account_run"

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, Any] = {}

    def v2_runner_on_ok(self, result: Any) -> None:  # noqa: ANN401 - Ansible has no types
        """Note who has the run now."""
        if result.task.action == MODULE:
            self._last = result.result

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ANN401, ARG002 - as the base's
        """Tell, where it was not given back."""
        if self._last.get("taken"):
            self._display.display(
                "This run did not come to its end and keeps the account's run of "
                f"{self._last['application']}: the next one on {self._last['host']} takes its place by "
                "itself, one on another machine with -e take_over=true.",
                color="yellow",
            )
