# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a host, and what repairs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A fault that a host has. `repair` names the tasks that do what `cure` says; "" = somebody must."""

    fault: str
    found: str
    cure: str
    repair: str = ""
    paths: tuple[str, ...] = ()
    service: str = ""
    user: str = ""
    reload: bool = False  # nginx takes it up only when it reads its configuration again
