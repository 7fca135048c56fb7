# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Says at the end of a run that failed that it holds the pipeline lock, and how the next one breaks it.

No play can: after a failure on localhost there is no next one.
"""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: pipeline_lock
type: notification
short_description: Say that a failed run holds the pipeline lock
description:
  - Watches the module M(pipeline_run). Where the lock was acquired and not released in the end, it says how
    the next run breaks it.
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
    CALLBACK_NAME = "pipeline_lock"

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, Any] = {}

    def v2_runner_on_ok(self, result: Any) -> None:  # noqa: ANN401 - Ansible has no types
        """Note who holds the lock now."""
        if result.task.action == MODULE:
            self._last = result.result

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ANN401, ARG002 - as the base's
        """Tell, where it was not released."""
        if self._last.get("taken"):
            self._display.display(
                "This run did not come to its end and holds the pipeline lock of "
                f"{self._last['application']}: the next one on {self._last['host']} breaks it by itself, one "
                "on another machine with -e take_over=true.",
                color="yellow",
            )
