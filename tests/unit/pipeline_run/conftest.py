"""Lets tests import the module's helpers by the names that Ansible gives them."""

from pathlib import Path

import ansible.module_utils

HELPERS = str(Path(__file__).resolve().parents[3] / "module_utils")
if HELPERS not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(HELPERS)
