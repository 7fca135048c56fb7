"""Lets tests import every module, and its helpers, by the names that Ansible gives them."""

import sys
from pathlib import Path

import ansible.module_utils

CHECKOUT = Path(__file__).resolve().parents[3]
for helpers in (CHECKOUT / "module_utils", *CHECKOUT.glob("roles/*/module_utils")):
    if str(helpers) not in ansible.module_utils.__path__:
        ansible.module_utils.__path__.append(str(helpers))
for library in (CHECKOUT / "library", *CHECKOUT.glob("roles/*/library")):
    if str(library) not in sys.path:
        sys.path.append(str(library))
