"""YAML as CodeDeploy's agent reads it: Ruby's Psych, a user of libyaml, without aliases, dates and classes.

The parser is the same libyaml, through PyYAML; what a plain scalar is, Psych
decides in a way of its own (`5:00` is 18000, `1e3` a string), and so does this.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

_STRING = re.compile(
    r"^[^0-9.:-]?(?:[^\W\d_]|[_ \t\r\n\f\v!@#$%^&*(){}<>|/\\~;=])+", re.MULTILINE
)  # the first look of Psych, which keeps most scalars from the rest
_TIME = re.compile(
    r"-?[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}:?(?:[0-9]{2})?))?"
)
_DATE = re.compile(r"[0-9]{4}-(?:1[012]|0[0-9]|[0-9])-(?:[12][0-9]|3[01]|0[0-9]|[0-9])")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}(\.[0-9_]*)?")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][-+][0-9]+)?")
_INTEGER = re.compile(r"[-+]?(?:0b[01_,]+|0[0-7_,]+|0x[0-9a-fA-F_,]+|(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*))")
_WORDS: dict[str, bool | None] = {"~": None, "null": None, "yes": True, "true": True, "on": True}
_WORDS |= {"no": False, "false": False, "off": False}
_LONGEST_WORD = 5
_YAML = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Symbol:
    """A plain scalar that begins with a colon."""

    name: str


def load(data: bytes) -> Any:  # noqa: ANN401 - whatever the file holds
    """The first document of a file, None where there is none. Raises ValueError where Ruby would."""
    loader = getattr(yaml, "CBaseLoader", None)
    if loader is None:
        raise ValueError("cannot be read: PyYAML has no libyaml here (apt-get install python3-yaml)")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError("is no UTF-8")
    # With Psych a byte order mark is a character of the first line, which moves that line to the right.
    data = re.sub(rb"\A\xef\xbb\xbf", b" ", data)
    try:
        events = yaml.parse(data, Loader=loader)
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                document = _value(next(events), events)
                next(events)  # its end: nothing else may follow on its last line
                return document
    except yaml.YAMLError as error:
        raise ValueError(f"is no YAML: {' '.join(str(error).split())}") from error
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    return None


def to_s(value: object) -> str:
    """Ruby's `to_s`, as far as an appspec needs it."""
    if value is None:
        return ""
    if isinstance(value, Symbol):
        return value.name
    return str(value).lower() if isinstance(value, bool) else str(value)


def to_i(value: object) -> int:
    """Ruby's `to_i`. Raises ValueError for what has none."""
    if isinstance(value, str):
        digits = re.match(r"[ \t\r\n\f\v]*([-+]?[0-9]+(?:_[0-9]+)*)", value)
        return int(digits[1]) if digits else 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{to_s(value)!r} is no number")  # noqa: TRY004 - the same
    try:
        return int(value)
    except (OverflowError, ValueError):
        raise ValueError(f"{value} is no number of seconds") from None


def _value(event: yaml.Event, events: Iterator[yaml.Event]) -> Any:  # noqa: ANN401 - see load
    if isinstance(event, yaml.AliasEvent):
        raise ValueError(  # noqa: TRY004 - the file is wrong, not a type
            f"uses an alias (*{event.anchor}), which the agent does not take"
        )
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    tag = (getattr(event, "tag", None) or "").replace(_YAML, "!")
    if tag.startswith(("!ruby/", "!map:", "!seq:", "!str", "!set", "!omap")):
        raise ValueError(f"uses the tag {tag}, which the agent does not take")
    return _sequence(events) if isinstance(event, yaml.SequenceStartEvent) else _mapping(events)


def _ends(event: yaml.Event) -> bool:
    return isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent)


def _scalar(event: yaml.ScalarEvent) -> Any:  # noqa: ANN401 - see load
    value: str = event.value
    if event.implicit[1]:
        return value
    tag = (event.tag or "").replace(_YAML, "!")
    if tag == "!str":
        return value
    if tag == "!binary":
        try:
            return base64.b64decode(value).decode(errors="replace")
        except binascii.Error:
            return value
    if tag.startswith(("!ruby/", "!str:")):
        raise ValueError(f"uses the tag {event.tag}, which the agent does not take")
    found = _plain(value)
    if tag != "!float":
        return found
    try:
        return float(found)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is no number") from None


def _plain(text: str) -> Any:  # noqa: ANN401 - see load
    """What Psych's ScalarScanner makes of a scalar without quotes and tag."""
    if not text:
        return None
    if "\n" in text or _STRING.match(text):
        return _word(text)
    if _TIME.fullmatch(text) or _DATE.fullmatch(text):
        raise ValueError(f"holds the date {text}, which the agent does not take: write it in quotes")
    if text.lower() in {".inf", "+.inf", "-.inf", ".nan"}:
        return float(text.replace(".", ""))
    if text.startswith(":") and len(text) > 1:
        quoted = re.match(r""":(["'])(.*)\1""", text)
        return Symbol(quoted[2] if quoted else text[1:])
    return _number(text)


def _word(text: str) -> str | bool | None:
    if len(text) > _LONGEST_WORD:
        return text
    # Ruby's ^ and $ look at each line.
    lines = [line for line in text.lower().split("\n") if line in _WORDS]
    return _WORDS[lines[0]] if lines else text


def _number(text: str) -> str | int | float:
    if sexagesimal := _SEXAGESIMAL.fullmatch(text):
        number = float if sexagesimal[1] is not None else int
        parts = [number(part.replace("_", "")) for part in text.split(":")]
        return sum(part * (3600, 60, 1)[place] for place, part in enumerate(parts))
    if _FLOAT.fullmatch(text):
        if text.lstrip("+-") == ".":
            return text
        try:
            return float(re.sub(r"[,_]", "", text))
        except ValueError:
            raise ValueError(f"{text!r} is no number") from None
    if _INTEGER.fullmatch(text):
        return _integer(re.sub(r"[,_]", "", text))
    return text


def _integer(digits: str) -> int:
    plain = digits.lstrip("+-")
    base = {"0x": 16, "0b": 2}.get(plain[:2], 8 if plain.startswith("0") else 10)
    try:
        return int(digits, base)
    except ValueError:
        raise ValueError(f"{digits!r} is no number") from None


def _sequence(events: Iterator[yaml.Event]) -> list[Any]:
    found = []
    for event in events:
        if _ends(event):
            break
        found.append(_value(event, events))
    return found


def _mapping(events: Iterator[yaml.Event]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for event in events:
        if _ends(event):
            break
        key, value = _value(event, events), _value(next(events), events)
        plain = getattr(event, "tag", None) != "tag:yaml.org,2002:str"
        merged = [value] if isinstance(value, dict) else value
        if key == "<<" and plain and isinstance(merged, list) and all(isinstance(e, dict) for e in merged):
            for each in reversed(merged):
                found |= each
        else:
            found[key if isinstance(key, str) else repr(key)] = value
    return found
