# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What checks have in common: what was seen, and whether it is the pipeline's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .wanted import Seen, Unseen, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Note(str):
    """Good to know, and no reason to stop."""

    __slots__ = ()


def there(seen: Seen, name: str) -> Any:  # noqa: ANN401 - the shape depends on the reader
    """What was seen, or None."""
    found = seen.get(name)
    return None if isinstance(found, Unseen) else found


def missing(seen: Seen, name: str) -> bool:
    """It was looked for, and is not there."""
    return name in seen and seen[name] is None


def tags(thing: Mapping[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in thing.get("Tags") or []}


def ours(wanted: Wanted, things: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [each for each in things if wanted.owned_tags.items() <= tags(each).items()]
