# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which things in AWS are a pipeline's own, by their tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Thing = Mapping[str, Any]


def tagged(things: Iterable[Thing], tags: Mapping[str, str], attribute: str = "tags") -> list[Thing]:
    """Those that carry all of the tags, in an attribute; names can be anybody's."""
    return [each for each in things if _carries(each.get(attribute), tags)]


def not_owned(things: Iterable[Thing], owned_tags: Mapping[str, str]) -> list[Thing]:
    """Those that lack one of the tags."""
    return [each for each in things if not _carries(each.get("tags"), owned_tags)]


def _carries(held: Mapping[str, str] | None, tags: Mapping[str, str]) -> bool:
    # One by one: Ansible's own dictionaries have items that are no sets.
    return all((held or {}).get(key) == value for key, value in tags.items())


def named_by_setting(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The roles that a loop of iam_role_info over settings found, each with the setting that names it."""
    return [
        {"setting": each["item"], "name": role["role_name"], "tags": role.get("tags")}
        for each in results
        for role in each["iam_roles"]
    ]


class FilterModule:
    """How Ansible finds them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"named_by_setting": named_by_setting, "not_owned": not_owned, "tagged": tagged}
