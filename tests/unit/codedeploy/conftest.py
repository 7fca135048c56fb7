"""Lets tests import the modules and their helpers by the names that Ansible gives them."""

import sys
from pathlib import Path

import ansible.module_utils
from hypothesis import settings

CHECKOUT = Path(__file__).resolve().parents[3]
if str(CHECKOUT / "module_utils") not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(str(CHECKOUT / "module_utils"))
if str(CHECKOUT / "library") not in sys.path:
    sys.path.append(str(CHECKOUT / "library"))

# How long an example takes depends on who else uses the machine.
settings.register_profile("codedeploy", deadline=None, max_examples=50)
settings.load_profile("codedeploy")
