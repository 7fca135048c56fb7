"""What a service's model says of its parameters: lengths, patterns, ranges, values, what is required.

botocore checks the least of each only; IAM and STS check all, with one sentence for everything that is wrong.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import Shape

NAMES = r"[\w+=,.@-]+"
"""The pattern of IAM's names, whose breach IAM words in a way of its own."""
UNICODE_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\w", r"\p{Z}": r"\s", r"\p{S}": "", r"\p{M}": ""}
"""Java's classes of characters -> Python's nearest."""
WORDS = {"blob", "string", "list", "map"}


def broken(shape: "Shape | None", given: Mapping[str, Any], *, plain_names: bool) -> str:
    """What a ValidationError says of these parameters; "" where they keep to the model.

    `plain_names`: words a name's characters as IAM does.
    """
    if shape is None:
        return ""
    found = list(_structure(shape, given, ""))
    if plain_names:
        for path, value, rule in found:
            if rule == _pattern_rule(NAMES) and value:
                return (
                    f"The specified value for {path} is invalid. It must contain only alphanumeric"
                    " characters and/or the following: +=,.@_-"
                )
    if not found:
        return ""
    several = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
    return several + "; ".join(
        f"Value {_shown(value)} at '{path}' failed to satisfy constraint: {rule}"
        for path, value, rule in found
    )


def _shown(value: object) -> str:
    return "null" if value is None else f"'{value}'"


Breach = tuple[str, object, str]
"""Where, what, and the constraint."""


def _structure(shape: Any, given: Mapping[str, Any], path: str) -> Iterator[Breach]:  # noqa: ANN401 - botocore's shapes
    for name, member in shape.members.items():
        below = f"{path}.{_lower(name)}" if path else _lower(name)
        value = given.get(name)
        if value is None:
            if name in shape.required_members:
                yield below, None, "Member must not be null"
            continue
        yield from _value(member, value, below)


def _lower(name: str) -> str:
    """`roleName`, and `policyARN` as it is but for its first letter."""
    return name[:1].lower() + name[1:]


def _value(shape: Any, value: Any, path: str) -> Iterator[Breach]:  # noqa: ANN401 - botocore's shapes, and JSON
    yield from ((path, value, rule) for rule in _rules(shape, value))
    match shape.type_name, value:
        case "structure", Mapping():
            yield from _structure(shape, value, path)
        case "list", list():
            for number, each in enumerate(value, 1):
                yield from _value(shape.member, each, f"{path}.{number}.member")


def _rules(shape: Any, value: Any) -> Iterator[str]:  # noqa: ANN401 - botocore's shapes, and JSON
    """The constraints that the value breaks."""
    said = shape.metadata
    if said.get("enum") and value not in said["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(said['enum'])}]"
    if said.get("pattern") and isinstance(value, str) and not _fits(said["pattern"], value):
        yield _pattern_rule(said["pattern"])
    size: Any = None
    if shape.type_name in WORDS:
        size, noun = len(value), "have length "
    elif shape.type_name in {"integer", "long"}:
        size, noun = value, "have value "
    if size is not None and "max" in said and size > said["max"]:
        yield f"Member must {noun}less than or equal to {said['max']}"
    if size is not None and "min" in said and size < said["min"]:
        yield f"Member must {noun}greater than or equal to {said['min']}"


def _pattern_rule(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def _fits(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or bool(compiled.fullmatch(value))


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """None for what Python's regular expressions don't know of Java's."""
    translated = pattern
    for theirs, ours in UNICODE_CLASSES.items():
        translated = translated.replace(theirs, ours)
    try:
        # Java's \w is ASCII, unless letters of all scripts were asked for.
        return re.compile(translated, re.ASCII if translated == pattern else 0)
    except re.error:
        return None
