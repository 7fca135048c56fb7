"""Ruby's way with values and with words, where the real agent's user sees them."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import urllib.error
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WHITESPACE = "\0\t\n\v\f\r "


@dataclass(frozen=True)
class Symbol:
    """`:name`, which equals no text."""

    name: str


@dataclass(frozen=True)
class Key:
    """A mapping's key that is no text; `shown` is what Ruby shows of it."""

    shown: str


def truthy(value: object) -> bool:
    """Only nil and false are false."""
    return value is not None and value is not False


def to_s(value: object) -> str:
    """The text of a value."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return value.name if isinstance(value, Symbol) else inspect(value)


def strip(value: object) -> str:
    """The text of a value, without what is blank around it."""
    return to_s(value).strip(WHITESPACE)


def inspect(value: object) -> str:
    """A value as a programmer sees it."""
    return _INSPECT.get(type(value), str)(value)


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    mantissa, exponential, exponent = repr(value).partition("e")
    return (mantissa if "." in mantissa else f"{mantissa}.0") + exponential + exponent


_INSPECT: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "nil",
    bool: lambda value: str(value).lower(),
    float: _float,
    str: lambda value: json.dumps(value, ensure_ascii=False),
    Symbol: lambda value: f":{value.name}",
    Key: lambda value: value.shown,
    list: lambda value: f"[{', '.join(map(inspect, value))}]",
    dict: lambda value: f"{{{', '.join(f'{inspect(key)}=>{inspect(item)}' for key, item in value.items())}}}",
}


def to_i(text: str) -> int:
    """The number that a text begins with; 0 where there is none."""
    number = re.match(r"[+-]?\d+(?:_\d+)*", text.lstrip(WHITESPACE[1:]), re.ASCII)
    return int(number.group().replace("_", "")) if number else 0


def class_of(value: object) -> str:
    """The value's class, as error messages have it; nil, true and false stand for themselves."""
    if value is None or isinstance(value, bool):
        return inspect(value)
    names = {int: "Integer", float: "Float", str: "String", list: "Array", dict: "Hash", Symbol: "Symbol"}
    return names.get(type(value), "Object")


def undefined_method(name: str, value: object) -> AgentError:
    """What is raised where a value cannot do what is asked of it."""
    suffix = {None: "NilClass", True: "TrueClass", False: "FalseClass"}
    kind = suffix[value] if value is None or isinstance(value, bool) else class_of(value)
    return AgentError(f"undefined method `{name}' for {inspect(value)}:{kind}")


def message(error: BaseException, function: str = "") -> str:
    """`No such file or directory @ rb_sysopen - /path`; `function` is Ruby's that meets the error.

    Errors of other kinds have the words that they have.
    """
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError):
        error = error.reason
    if not isinstance(error, OSError) or error.errno is None:
        return re.sub(r"\[Errno -?\d+\] ", "", str(error)) or type(error).__name__
    path = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else ""
    # A resolver's or TLS' number is not the system's.
    words = os.strerror(error.errno) if type(error).__module__ == "builtins" else str(error.strerror)
    return words + (f" @ {function}" if function else "") + (f" - {path}" if path else "")


def error_class(error: OSError) -> str:
    """`Errno::ENOENT` and its like."""
    return f"Errno::{errno.errorcode.get(error.errno or 0, 'NOERROR')}"


@contextmanager
def calling(function: str, path: str | None = None) -> Iterator[None]:
    """Errors of the system as AgentError, in the words of that function of Ruby's about `path`."""
    try:
        yield
    except OSError as error:
        if path is not None:
            error.filename = path
        raise AgentError(message(error, function)) from error


def path_text(value: Any) -> str:  # noqa: ANN401 - that is the question
    """A path out of an appspec, which may hold anything there. Raises AgentError."""
    if isinstance(value, list):
        return "/".join(path_text(item) for item in value)
    if not isinstance(value, str):
        raise AgentError(f"no implicit conversion of {class_of(value)} into String")
    if "\0" in value:
        raise AgentError("string contains null byte")
    return value


def expand_path(path: str) -> str:
    """An absolute path; `~` and `~user` at its beginning are home directories. Raises AgentError."""
    expanded = os.path.expanduser(path)  # noqa: PTH111 - paths are text here
    if path.startswith("~") and expanded == path:
        raise AgentError(f"user {path[1:].partition('/')[0]} doesn't exist")
    return os.path.abspath(expanded)  # noqa: PTH100 - as above
