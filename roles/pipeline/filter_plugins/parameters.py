# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names in which an application's may have signs that AWS does not take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def lock_parameter(application: str) -> str:
    """As the module pipeline_run names it, which filters cannot import: a test holds the two together."""
    safe = re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{ord(found.group()):x}", application)
    return f"/pipeline/{safe}/run"


def topic_name(application: str) -> str:
    """Of the pipeline's own SNS topic. What is too long is cut: the topic's tags say whose it is."""
    safe = re.sub(r"[^A-Za-z0-9-]", lambda found: f"_{ord(found.group()):x}", application)
    return f"pipeline-{safe}"[:256]


class FilterModule:
    """How Ansible finds them."""

    def filters(self) -> dict[str, Callable[[str], str]]:
        return {"lock_parameter": lock_parameter, "topic_name": topic_name}
