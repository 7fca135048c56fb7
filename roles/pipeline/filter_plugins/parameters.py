# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The name of the pipeline's lock in Systems Manager, for the policies that grant it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def lock_parameter(application: str) -> str:
    """As the module pipeline_run names it, which filters cannot import: a test holds the two together."""
    safe = re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{ord(found.group()):x}", application)
    return f"/pipeline/{safe}/run"


class FilterModule:
    """How Ansible finds it."""

    def filters(self) -> dict[str, Callable[[str], str]]:
        return {"lock_parameter": lock_parameter}
