# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps for a run what a play's files of variables hold: each task of each host would parse them again."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: kept_variables
type: aggregate
short_description: Parse the files of variables of a play once
description:
  - Ansible reads and parses the C(vars_files) of a play each time it puts together the variables of a task.
    With this it does so when the file was touched since.
options:
  enabled:
    description: Whether it does. Where not, they are parsed each time.
    type: bool
    default: true
    env:
      - name: PIPELINE_WARM
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

import os
from typing import TYPE_CHECKING, Any

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.callback import CallbackBase

if TYPE_CHECKING:
    from collections.abc import Callable

OF_VARIABLES = {"cache": "vaulted", "unsafe": True}
"""How Ansible loads them, and nothing else: what it gets is not copied, and not changed by anybody."""


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kept_variables"

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401, ARG002 - as the base's
        """Stand between Ansible and its loader."""
        if self.get_option("enabled"):
            DataLoader.load_from_file = keeping(DataLoader.load_from_file)


def keeping(load: Callable[..., Any]) -> Callable[..., Any]:
    """The same loader, which gives what it gave where a file of variables is as it was."""
    kept: dict[tuple[Any, ...], Any] = {}

    def load_from_file(self: Any, file_name: str, **how: Any) -> Any:  # noqa: ANN401 - Ansible has no types
        if not OF_VARIABLES.items() <= how.items():
            return load(self, file_name, **how)
        try:
            found = os.stat(self.path_dwim(file_name))  # noqa: PTH116 - Ansible may give bytes
        except OSError:  # the loader has words for it
            return load(self, file_name, **how)
        touched = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_dev, found.st_ino)
        asked = (id(self), file_name, *sorted(how.items()))
        if kept.get(asked, ((), None))[0] != touched:
            kept[asked] = touched, load(self, file_name, **how)
        return kept[asked][1]

    return load_from_file
