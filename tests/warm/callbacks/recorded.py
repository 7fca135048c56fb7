"""Writes each result of a run as a line of JSON into the file that RECORDED names."""

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: recorded
type: aggregate
short_description: Write each result into a file
description:
  - For tests.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorded"

    def v2_runner_on_ok(self, result: Any) -> None:
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ARG002 - as the base's
        self._record("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._record("unreachable", result)

    def _record(self, how: str, result: Any) -> None:
        told = json.loads(self._dump_results(result.result, sort_keys=True, serialize=True))
        line = json.dumps([how, result.host.name, result.task.name, told], sort_keys=True)
        with Path(os.environ["RECORDED"]).open("a") as file:
            file.write(line + "\n")
