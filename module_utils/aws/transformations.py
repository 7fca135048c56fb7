# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Between a user's words and the API's: names, empty values, order, tag filters, tags."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .errors import Record

# Names that word by word conversion would tear apart.
SPECIAL_NAMES = {
    "eTag": "etag",
    "gitHubAccountName": "github_account_name",
    "gitHubLocation": "github_location",
}
SPECIAL_OPTIONS = {snake: camel for camel, snake in SPECIAL_NAMES.items()}
# Below these lie a user's own words, not member names.
OPAQUE = frozenset({"tags", "Tags"})


def snake_name(name: str) -> str:
    """`ec2TagFilters` -> `ec2_tag_filters`, `linkedToGitHub` -> `linked_to_github`."""
    if name in SPECIAL_NAMES:
        return SPECIAL_NAMES[name]
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace("GitHub", "Github"))
    return re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])", "_", spaced).lower()


def camel_name(name: str) -> str:
    """`ec2_tag_filters` -> `ec2TagFilters`: the way back for the names of options."""
    if name in SPECIAL_OPTIONS:
        return SPECIAL_OPTIONS[name]
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def to_snake(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Member names to snake_case, all the way down, except below tags. Times become ISO 8601."""
    if isinstance(value, dict):
        return {snake_name(key): item if key in OPAQUE else to_snake(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_snake(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def to_camel(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The names of options to member names, all the way down; what was not given (None) is left out."""
    if isinstance(value, dict):
        return {camel_name(key): to_camel(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [to_camel(item) for item in value]
    return value


def without_empty(record: Record) -> dict[str, Any]:
    """Without the members that say nothing: None, empty lists, empty mappings."""
    return {key: value for key, value in record.items() if value is not None and value not in ([], {})}


def as_set(items: Iterable[Any] | None) -> list[Any]:
    """In one order and without repetitions, for lists in which neither means anything."""
    unique = {json.dumps(item, sort_keys=True): item for item in items or []}
    return [unique[key] for key in sorted(unique)]


def tag_filter(given: Mapping[str, str | None]) -> dict[str, str]:
    """One filter in the API's form, from either form; the type follows from what is there."""
    key = given.get("Key", given.get("key"))
    value = given.get("Value", given.get("value"))
    implied = (
        "KEY_AND_VALUE"
        if key is not None and value is not None
        else "VALUE_ONLY"
        if key is None
        else "KEY_ONLY"
    )
    kind = given.get("Type") or given.get("type") or implied
    # A type that ignores one half makes that half meaningless: the API may or may not echo it.
    halves = {"Key": key if kind != "VALUE_ONLY" else None, "Value": value if kind != "KEY_ONLY" else None}
    return {name: half for name, half in halves.items() if half is not None} | {"Type": kind}


def tag_filters(given: Iterable[Mapping[str, str | None]] | None) -> list[dict[str, str]]:
    return as_set(tag_filter(item) for item in given or [])


def tag_set(given: Iterable[Iterable[Mapping[str, str | None]]] | None) -> list[list[dict[str, str]]]:
    """Groups of filters: any filter of a group may match, all groups must. Empty groups say nothing."""
    return as_set(group for group in map(tag_filters, given or []) if group)


def merged_tags(current: Mapping[str, str], given: Mapping[str, Any], *, purge: bool) -> dict[str, str]:
    """The tags that should be there; `aws:` tags stay whatever is asked."""
    wanted = {key: str(value) for key, value in given.items()}
    fresh, obsolete = compare_aws_tags(dict(current), wanted, purge)
    kept = {key: value for key, value in current.items() if key not in obsolete}
    return {**kept, **fresh}


def tag_changes(current: Mapping[str, str], wanted: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What leads from these tags to those: the tags to set, and the keys to remove."""
    fresh = {key: value for key, value in wanted.items() if current.get(key) != value}
    return fresh, sorted(set(current) - set(wanted))


def from_tag_list(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {item["Key"]: item.get("Value", "") for item in tags}


def to_tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
