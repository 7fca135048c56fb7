"""The conditions of a policy's statement, by the rules of IAM's policy language.

A request's context maps condition keys, in lower case, to one value or a list of
them. Keys and operators are those of AWS's reference of the JSON policy elements.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Value = str | list[str]
Context = Mapping[str, Value]

VARIABLE = re.compile(r"\$\{([^}]*)\}")
SPECIAL_CHARACTER = re.compile(r"[*?$]")
SPECIAL = re.compile(r"\$\{([*?$])\}")
TOKEN = re.compile(r"\$\{[*?$]\}|.", re.DOTALL)


def holds(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Do all conditions of a statement hold? Every operator and every key must."""
    return all(
        _one_holds(operator, key, [str(each) for each in listed(wanted)], context)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def understood(conditions: Mapping[str, Mapping[str, Any]]) -> bool:
    """Is every operator one that is evaluated here? IAM refuses a policy with another one."""
    return all(_bare(operator) in {*OPERATORS, "Null"} for operator in conditions)


def like(value: str, pattern: str) -> bool:
    """AWS's wildcards `*` and `?`; `${*}`, `${?}` and `${$}` are the characters; all else means itself."""
    return re.fullmatch("".join(map(_expression, TOKEN.findall(pattern))), value, re.DOTALL) is not None


def _expression(token: str) -> str:
    return {"*": ".*", "?": "."}.get(token) or re.escape(plain(token))


def plain(text: str) -> str:
    """What stands for special characters, as the characters."""
    return SPECIAL.sub(r"\1", text)


def arn_like(value: str, pattern: str) -> bool:
    """The same, but a wildcard stays between an ARN's colons, the last part excepted."""
    values, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(values) == len(patterns) and all(map(like, values, patterns))


def filled_in(pattern: str, context: Context) -> str | None:
    """`pattern` with its policy variables; None where the context has not got one of them.

    What a variable brings is no wildcard, whatever is in it.
    """
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        if SPECIAL.fullmatch(found[0]):
            return found[0]
        name, _, default = found[1].partition(",")
        known = context.get(name.strip().lower())
        if isinstance(known, str):
            return SPECIAL_CHARACTER.sub(r"${\g<0>}", known)
        missing = missing or not default
        return default.strip().strip("'")

    result = VARIABLE.sub(value, pattern)
    return None if missing else result


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """A policy may have one thing where it could have a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _bare(operator: str) -> str:
    bare = operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:")
    return bare if bare == "Null" else bare.removesuffix("IfExists")


def _one_holds(operator: str, key: str, wanted: list[str], context: Context) -> bool:
    """One condition. An operator that is not known never holds: nothing is opened by a guess."""
    bare = _bare(operator)
    present = key.lower() in context
    if bare == "Null":
        return [str(not present).lower()] == [value.lower() for value in wanted]
    if bare not in OPERATORS:
        return False
    negated = "Not" in bare
    if not present:
        return not operator.startswith("ForAnyValue:") and (
            operator.endswith("IfExists") or operator.startswith("ForAllValues:") or negated
        )
    if isinstance(context[key.lower()], list) and not operator.startswith("For"):
        # Several values are compared by a set operator only.
        return False
    filled = [filled_in(each, context) for each in wanted]
    patterns = [each for each in filled if each is not None]
    values = listed(context[key.lower()])
    matches = [any(_safely(OPERATORS[bare], value, pattern) for pattern in patterns) for value in values]
    if negated:
        # Of what is not known nobody can say that it is another.
        matches = [not match and None not in filled for match in matches]
        return any(matches) if operator.startswith("ForAnyValue:") else all(matches)
    return all(matches) if operator.startswith("ForAllValues:") else any(matches)


def _safely(matches: Callable[[str, str], bool], value: str, pattern: str) -> bool:
    try:
        return matches(value, pattern)
    except ValueError:
        return False


def _equal(value: str, wanted: str) -> bool:
    return value == plain(wanted)


def _equal_whatever_case(value: str, wanted: str) -> bool:
    return value.lower() == plain(wanted).lower()


def _in_range(value: str, cidr: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(cidr, strict=False)


def _time(value: str) -> float:
    if value.replace(".", "", 1).isdigit():
        return float(value)
    return datetime.fromisoformat(value).timestamp()


def _compared(read: Callable[[str], float], prefix: str) -> dict[str, Callable[[str, str], bool]]:
    return {
        f"{prefix}Equals": lambda value, wanted: read(value) == read(wanted),
        f"{prefix}NotEquals": lambda value, wanted: read(value) == read(wanted),
        f"{prefix}LessThan": lambda value, wanted: read(value) < read(wanted),
        f"{prefix}LessThanEquals": lambda value, wanted: read(value) <= read(wanted),
        f"{prefix}GreaterThan": lambda value, wanted: read(value) > read(wanted),
        f"{prefix}GreaterThanEquals": lambda value, wanted: read(value) >= read(wanted),
    }


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringNotEquals": _equal,
    "StringEqualsIgnoreCase": _equal_whatever_case,
    "StringNotEqualsIgnoreCase": _equal_whatever_case,
    "StringLike": like,
    "StringNotLike": like,
    # AWS treats the two forms alike.
    "ArnEquals": arn_like,
    "ArnNotEquals": arn_like,
    "ArnLike": arn_like,
    "ArnNotLike": arn_like,
    "Bool": _equal_whatever_case,
    "IpAddress": _in_range,
    "NotIpAddress": _in_range,
    **_compared(float, "Numeric"),
    **_compared(_time, "Date"),
}
"""A negated operator has the comparison of the one it negates."""
