# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts the warm interpreter of a run. It must be there before workers are."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: warm_interpreter
type: aggregate
short_description: Start the warm interpreter of a run
description:
  - Starts what P(warm#connection) runs modules in, before Ansible forks a worker for a task.
options:
  enabled:
    description:
      - Whether there is one. Where not, and where it cannot be started, modules run as they do elsewhere.
    type: bool
    default: true
    env:
      - name: PIPELINE_WARM
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import connection_loader


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "warm_interpreter"

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401, ARG002 - as the base's
        """Start it, where this Ansible and this system have what it takes."""
        if not self.get_option("enabled"):
            return
        try:
            connection_loader.get("warm", class_only=True).start(place_of_collection())
        except (AttributeError, OSError) as error:
            self._display.vvv(f"WARM: no warm interpreter was started: {error}")


def place_of_collection() -> str:
    """Where this run has amazon.aws from."""
    try:
        from ansible.utils.collection_loader._collection_finder import _get_collection_path  # noqa: PLC0415

        return str(_get_collection_path("amazon.aws"))
    except (ImportError, ValueError):  # another Ansible, or none is installed: then no module needs it
        return ""
