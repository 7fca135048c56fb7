"""Sends SIGINT to the process that looks it up, at the moment that its term names; returns that."""

import os
import signal
from typing import Any

from ansible.plugins.lookup import LookupBase

DOCUMENTATION = """
name: interrupt
short_description: Interrupt the process that looks it up
description:
  - For tests.
"""


class Interrupting:
    """Sends the signal while it is deleted."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        # Python calls its handlers between two statements.
        _ = os.getpid()


class LookupModule(LookupBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    def run(self, terms: list[str], variables: Any = None, **_: Any) -> list[str]:  # noqa: ARG002 - as the base's
        """`in a template` or `while something is deleted`."""
        if terms == ["in a template"]:
            os.kill(os.getpid(), signal.SIGINT)
        else:
            Interrupting()
        return terms
