# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which things in AWS are a pipeline's own, by their tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def not_owned(things: Iterable[Mapping[str, Any]], owned_tags: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Those that lack one of the tags."""
    # Ansible's own dictionaries have items that are no sets.
    wanted = dict(owned_tags).items()
    return [each for each in things if not wanted <= dict(each.get("tags") or {}).items()]


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
        return {"named_by_setting": named_by_setting, "not_owned": not_owned}
