# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What to do where the Python that a module runs with lacks a library."""

from __future__ import annotations

import sys


def missing(names: str) -> str:
    """One line about libraries, as `boto3 and botocore`, that this Python has not."""
    return (
        f"{names}: not installed for {sys.executable}, which runs this module. Install it there, or take "
        "Ansible's own Python: -e ansible_python_interpreter='{{ ansible_playbook_python }}'."
    )
