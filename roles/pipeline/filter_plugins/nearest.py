# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What somebody may have meant with a name that is mistyped."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ALIKE = 0.8  # of 1: one or two letters in a name of a dozen


def nearest(name: str, names: Iterable[str], alike: float = ALIKE) -> str:
    """The most similar of the names; "" where none is similar."""
    found = difflib.get_close_matches(name, list(names), n=1, cutoff=alike)
    return found[0] if found else ""


class FilterModule:
    """How Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"nearest": nearest}
