"""Values of an appspec, as Ruby would take them."""

from __future__ import annotations

from typing import Any

from . import ruby
from .errors import AppSpecError


def each(value: object, where: str) -> list[Any]:
    """What Ruby's `each` yields: a list's items, a mapping's pairs, and nothing where there is nothing."""
    if not ruby.truthy(value):
        return []
    if isinstance(value, dict):
        return [[*pair] for pair in value.items()]
    if not isinstance(value, list):
        raise AppSpecError(f"The deployment failed because {where} in the AppSpec file must be a list.")
    return value


def mapping(value: object, where: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise AppSpecError(f"The deployment failed because {where} in the AppSpec file must be a mapping.")
    return value


def optional(value: object) -> str | None:
    return None if value is None else ruby.strip(value)


def field(entry: object, name: str, where: str) -> Any:  # noqa: ANN401 - a YAML document holds anything
    """A mapping's value. Text has what stands in it, as in Ruby: `- source of destination` is an entry."""
    text = entry.name if isinstance(entry, ruby.Symbol) else entry
    if isinstance(text, str):
        return name if name in text else None
    return mapping(entry, where).get(name)
