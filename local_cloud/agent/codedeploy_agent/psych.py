"""YAML as Ruby's library Psych 4 reads it: libyaml's grammar, and Psych's own rules for scalars.

PyYAML brings libyaml; where it was built without, its own parser stands in. Of PyYAML
only the events are used: its scalars are other ones.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from . import ruby
from .errors import AgentError
from .ruby import Key, Symbol

_BYTE_ORDER_MARK = "\ufeff"
_CORE = "tag:yaml.org,2002:"


class LoadError(AgentError):
    """What Psych raises, in its words."""


def load(content: bytes) -> Any:  # noqa: ANN401 - a YAML document is anything
    """The first document, None where there is none; what comes after it is not read. Raises LoadError.

    Text, numbers, booleans, None, lists and dicts; `Symbol`, and keys that are no text as `Key`.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LoadError(f"invalid UTF-8 at byte {error.start + 1}: save the file as UTF-8") from error
    if text.startswith(_BYTE_ORDER_MARK):
        # Ruby says that it is UTF-8, so that libyaml does not look for a mark to take off: the first
        # line begins in column 1.
        text = " " + text[1:]
    try:
        return _first_document(text)
    except yaml.YAMLError as error:
        raise LoadError(f"not valid YAML: {' '.join(str(error).split())}") from error


class PurePythonParser(yaml.SafeLoader):
    """Takes tabs for blanks where libyaml does: anywhere but in a block's indentation."""

    def scan_to_next_token(self) -> None:
        super().scan_to_next_token()
        while self.peek() == "\t" and (self.flow_level or not self.allow_simple_key):
            self.forward()
            super().scan_to_next_token()


PARSER = getattr(yaml, "CLoader", PurePythonParser)


@dataclass
class _Collection:
    event: yaml.CollectionStartEvent
    children: list[tuple[yaml.ScalarEvent | yaml.CollectionStartEvent, Any]] = field(default_factory=list)


def _first_document(text: str) -> Any:  # noqa: ANN401 - as load
    root = _Collection(yaml.SequenceStartEvent(None, None, implicit=True))
    open_collections = [root]
    for event in yaml.parse(text, Loader=PARSER):
        if isinstance(event, yaml.DocumentEndEvent):
            break
        if isinstance(event, yaml.AliasEvent):
            raise LoadError(
                "Alias parsing was not enabled. To enable it, pass `aliases: true` to `Psych::load`."
            )
        if isinstance(event, yaml.CollectionStartEvent):
            open_collections.append(_Collection(event))
        elif isinstance(event, yaml.ScalarEvent):
            open_collections[-1].children.append((event, _scalar(event)))
        elif isinstance(event, yaml.CollectionEndEvent):
            ended = open_collections.pop()
            build = _mapping if isinstance(ended.event, yaml.MappingStartEvent) else _sequence
            open_collections[-1].children.append((ended.event, build(ended)))
    return root.children[0][1] if root.children else None


def _disallowed(name: str) -> LoadError:
    return LoadError(f"Tried to load unspecified class: {name}")


_REVIVED_SCALAR = re.compile(
    r"!(?:str|ruby/string):(?P<text>.+)|!ruby/object:(?P<object>BigDecimal|DateTime|Complex|Rational)$"
    r"|!ruby/(?P<of>regexp|range|class|module)$"
)
_TEXT = re.compile(r"!(?:str|ruby/string)(?::.*)?$")


def _scalar(event: yaml.ScalarEvent) -> Any:  # noqa: ANN401 - as load
    value = str(event.value)
    if event.implicit[1]:
        return value
    return tokenize(value) if event.tag is None else _tagged(event.tag, value)


def _tagged(tag: str, value: str) -> Any:  # noqa: ANN401 - as load
    revived = _REVIVED_SCALAR.match(tag)
    if revived:
        raise _disallowed(next(filter(None, revived.groups())).capitalize())
    if tag in ("!binary", f"{_CORE}binary"):
        return _binary(value)
    if _TEXT.match(tag) or tag == f"{_CORE}str":
        return value
    if re.match(r"!ruby/sym(bol)?", tag):
        return Symbol(value)
    return _float(tokenize(value)) if tag in ("!float", f"{_CORE}float") else tokenize(value)


def _binary(value: str) -> str:
    letters = re.sub(r"[^A-Za-z0-9+/]", "", value.partition("=")[0])
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4)).decode("utf-8", "replace")
    except binascii.Error:
        return base64.b64decode(letters[:-1]).decode("utf-8", "replace")


def _float(value: object) -> float:
    number = value.replace("_", "") if isinstance(value, str) else value
    if isinstance(number, (int, float, str)) and not isinstance(number, bool):
        try:
            return float(number)
        except ValueError:
            pass
    raise LoadError(f"can't convert {ruby.inspect(value)} into Float")


_REVIVED_SEQUENCE = re.compile(r"!(?:seq|ruby/array):(.*)$")
_REVIVED_MAPPING = re.compile(
    r"!ruby/(?:struct|exception|array:|range$|marshalable:)|!ruby/object(?!:Hash$)"
    rf"|!(?:map|ruby/hash):|(?:!|{_CORE})(?:set|omap)$|!(?:str|ruby/string):."
)


def _sequence(collection: _Collection) -> Any:  # noqa: ANN401 - as load
    tag = collection.event.tag or ""
    values = [value for _, value in collection.children]
    if _REVIVED_SEQUENCE.match(tag):
        raise _disallowed(tag)
    if tag not in ("!omap", f"{_CORE}omap"):
        return values
    if not all(isinstance(event, yaml.CollectionStartEvent) for event, _ in collection.children):
        raise LoadError("an !omap is a list of mappings")
    return {key: item for value in values for key, item in _pair(value)}


def _pair(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - as load
    """The first key and the last value of an entry."""
    if isinstance(value, dict):
        keys = list(value)
        return [(keys[0], value[keys[-1]])] if keys else [(Key("nil"), None)]
    return [(_key(value[0]), value[-1])] if value else [(Key("nil"), None)]


def _mapping(collection: _Collection) -> Any:  # noqa: ANN401 - as load
    tag = collection.event.tag or ""
    if _REVIVED_MAPPING.match(tag):
        raise _disallowed(tag)
    children = collection.children
    result: dict[Any, Any] = {}
    for (key_event, key), (value_event, value) in zip(children[::2], children[1::2]):
        if key == "<<" and key_event.tag != f"{_CORE}str":
            result.update(_merged(value_event, value))
        else:
            result[_key(key)] = value
    if _TEXT.match(tag) or tag == f"{_CORE}str":
        return result.get("str")
    return result


def _merged(event: yaml.Event, value: Any) -> dict[Any, Any]:  # noqa: ANN401 - as load
    """What the key `<<` brings: mappings; anything else stays under that key."""
    if isinstance(event, yaml.MappingStartEvent) and isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return {key: item for each in reversed(value) for key, item in each.items()}
    return {"<<": value}


def _key(value: Any) -> Any:  # noqa: ANN401 - as load
    return value if isinstance(value, str) else Key(ruby.inspect(value))


_IS_TEXT = re.compile(r"[^0-9.:-]?(?:[^\W\d]|[ \t\r\n\f\v_!@#$%^&*(){}<>|/\\~;=])")
_NOT_A_WORD = re.compile(r"^[^ytonf~]", re.IGNORECASE | re.MULTILINE)
_NULL = re.compile(r"^null$", re.IGNORECASE | re.MULTILINE)
_TRUE = re.compile(r"^(yes|true|on)$", re.IGNORECASE | re.MULTILINE)
_FALSE = re.compile(r"^(no|false|off)$", re.IGNORECASE | re.MULTILINE)
_WORD = 5
"""The longest word that is not text has so many letters."""

_TIME = re.compile(
    r"-?\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?))?$",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)$", re.ASCII)
_SPECIAL = re.compile(r"([-+]?)\.(inf)$|\.(nan)$", re.IGNORECASE)
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}(\.[0-9_]*)?$")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][-+][0-9]+)?$")
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0b(?P<two>[01_,]+)|0(?P<eight>[0-7_,]+)"
    r"|(?P<ten>0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)|0x(?P<sixteen>[0-9a-fA-F_,]+))$"
)
_BASES = {"two": 2, "eight": 8, "ten": 10, "sixteen": 16}


def tokenize(text: str) -> Any:  # noqa: ANN401, PLR0911 - one return a kind
    """The value of a plain scalar. Raises LoadError for dates and for numbers without digits."""
    if not text:
        return None
    if _IS_TEXT.match(text) or "\n" in text:
        return _word(text)
    if _TIME.match(text) or _DATE.match(text):
        raise _disallowed("Time" if _TIME.match(text) else "Date")
    special = _SPECIAL.match(text)
    if special:
        return float("nan") if special[3] else float(special[1] + "inf")
    if text[0] == ":" and len(text) > 1:
        return _symbol(text)
    sexagesimal = _SEXAGESIMAL.match(text)
    if sexagesimal:
        return _base_60(text, float if sexagesimal[1] is not None else int)
    if _FLOAT.match(text):
        return _decimal(text)
    integer = _INTEGER.match(text)
    return _integer(integer) if integer else text


def _word(text: str) -> Any:  # noqa: ANN401 - as tokenize
    if len(text) > _WORD or _NOT_A_WORD.search(text):
        return text
    if text == "~" or _NULL.search(text):
        return None
    return True if _TRUE.search(text) else False if _FALSE.search(text) else text


def _symbol(text: str) -> Symbol:
    quoted = re.match(r":([\"'])(.*)\1", text)
    name = quoted[2] if quoted else text[1:]
    return Symbol(name[1:] if quoted and name.startswith(":") else name)


def _base_60(text: str, number: type[int | float]) -> Any:  # noqa: ANN401 - as tokenize
    """Psych counts from the left: what comes first are hours, with minutes alone after it too."""
    parts = [number(part.replace("_", "") or 0) for part in text.split(":")]
    return sum(part * 60 ** (2 - place) for place, part in enumerate(parts))


def _decimal(text: str) -> Any:  # noqa: ANN401 - as tokenize
    if re.match(r"[-+]?\.$", text):
        return text
    try:
        return float(re.sub(r"[,_]|\.(?=[Ee]|$)", "", text))
    except ValueError as error:
        raise LoadError(f'invalid value for Float(): "{text}"') from error


def _integer(match: re.Match[str]) -> int:
    kind = match.lastgroup or "ten"
    digits = re.sub(r"[,_]", "", match[kind])
    if not digits and kind != "eight":
        raise LoadError(f'invalid value for Integer(): "{match[0]}"')
    return int(match["sign"] + (digits or "0"), _BASES[kind])
