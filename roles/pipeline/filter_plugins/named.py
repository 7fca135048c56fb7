# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names as AWS's requests have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def named(names: Iterable[str]) -> list[dict[str, str]]:
    """`[a, b]` -> `[{name: a}, {name: b}]`."""
    return [{"name": name} for name in names]


class FilterModule:
    """How Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"named": named}
