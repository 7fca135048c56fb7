"""Conditions of rules as haproxy's. Source: "Condition types for listener rules"."""

import re
from collections.abc import Callable

from local_cloud.hosts.load_balancers.model import Condition, Field

TOKEN = re.compile(r"[A-Za-z0-9!#$&*+.^_|~-]+")
"""A header's name."""
HOST = "var(txn.name)"
"""What the Host header names, without its port."""


def quoted(text: str) -> str:
    """One word of haproxy's configuration, in which nothing is special; without control characters."""
    text = "".join(each for each in text if each.isprintable())
    return "'" + text.replace("'", "'\\''") + "'"


def pattern(text: str, *, anything: str = ".*", one: str = ".") -> str:
    """AWS's wildcards as a regular expression of PCRE; everything else stands for itself."""
    parts = {"*": anything, "?": one}
    letters = (chr(each) for each in text.encode())
    return "".join(
        parts.get(each, each if each.isascii() and each.isalnum() else f"\\x{ord(each):02x}")
        for each in letters
    )


def condition(given: Condition) -> str:
    """An anonymous ACL; conditions side by side have to hold all."""
    fetch, match, values = _WAYS[given.field](given)
    if not values:
        return "{ always_false }"
    return f"{{ {fetch} {match} {' '.join(quoted(each) for each in values)} }}"


Way = tuple[str, str, list[str]]
"""What is looked at, how it is compared, and with what."""


def _host(given: Condition) -> Way:
    return HOST, "-m reg -i", [f"^{pattern(each)}$" for each in given.values]


def _path(given: Condition) -> Way:
    return "path", "-m reg", [f"^{pattern(each)}$" for each in given.values]


def _header(given: Condition) -> Way:
    if not TOKEN.fullmatch(given.header):
        return "", "", []
    return f"req.fhdr({given.header})", "-m reg -i", [f"^{pattern(each)}$" for each in given.values]


def _method(given: Condition) -> Way:
    return "method", "-m str", list(given.values)


def _query(given: Condition) -> Way:
    return "query", "-m reg -i", [_parameter(each) for each in given.values]


def _parameter(given: str) -> str:
    """One parameter of a query string, wherever it stands."""
    key, _, value = given.partition("=")
    name = pattern(key, anything="[^&=]*", one="[^&=]") if key else "[^&=]*"
    return f"(^|&){name}={pattern(value, anything='[^&]*', one='[^&]')}(&|$)"


def _source(given: Condition) -> Way:
    return "src", "-m ip", [each for each in given.values if ":" not in each]


_WAYS: dict[Field, Callable[[Condition], Way]] = {
    "host-header": _host,
    "path-pattern": _path,
    "http-header": _header,
    "http-request-method": _method,
    "query-string": _query,
    "source-ip": _source,
}
