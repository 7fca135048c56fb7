"""Changes the environment and the directory of the process that it is in."""

import os
from typing import Any

from ansible.plugins.lookup import LookupBase

DOCUMENTATION = r"""
name: careless
short_description: Change the environment and the directory
description:
  - For tests.
"""


class LookupModule(LookupBase):  # type: ignore[misc] # Ansible has no types
    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[Any]:  # noqa: ARG002 - as the base's
        os.environ["CARELESS"] = "yes"
        os.chdir("/")
        return terms
