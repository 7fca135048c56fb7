# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""States, of which the worst counts: one of them stands for all that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WORST_FIRST = ("bad", "busy", "none", "good")
"""`busy` is under way, or worth a look; `none` is not there, or not known."""


def worst(states: Iterable[str]) -> str:
    """The worst of some states; good where there is none."""
    return min(states, key=WORST_FIRST.index, default="good")
