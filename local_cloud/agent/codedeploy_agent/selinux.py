"""The range of an SELinux context: sensitivities, and categories after a colon."""

from __future__ import annotations

import re

from .errors import AppSpecError

_LAST_CATEGORY = 1023
_LEVEL = re.compile(r"s([0-9]+)")
_CATEGORY = re.compile(r"c([0-9]+)")


def parse_range(text: str) -> str:
    """`s0-s3:c0.c2,c7` in its shortest form. Raises AppSpecError."""
    sensitivities, *categories = _parts(text, ":")
    levels = [_number(_LEVEL, level, "sensitivity") for level in _parts(sensitivities, "-")]
    if levels[0] > levels[-1]:
        raise AppSpecError(
            f"The deployment failed because of a problem with the SELinux range specified ({text}) for the"
            " context parameter in the permissions section of the application specification file. Make"
            " corrections in the permissions section of the AppSpec file, and then try again."
        )
    shown = "-".join(f"s{level}" for level in sorted(set(levels)))
    return shown + "".join(f":{_shortest(_categories(part))}" for part in categories)


def _parts(text: str, separator: str) -> list[str]:
    parts = text.split(separator, 1)
    if not all(parts):
        raise AppSpecError(f"invalid range part {text}")
    return parts


def _number(form: re.Pattern[str], text: str, what: str) -> int:
    match = form.fullmatch(text)
    if not match:
        raise AppSpecError(f"invalid {what} {text}")
    return int(match[1])


def _category(text: str) -> int:
    number = _number(_CATEGORY, text, "category")
    if number > _LAST_CATEGORY:
        raise AppSpecError(f"invalid category {text}")
    return number


def _categories(text: str) -> list[int]:
    found: list[int] = []
    stripped = text.rstrip(",")
    for part in stripped.split(",") if stripped else []:
        ends = _parts(part, ".") if "." in part else [part]
        first, last = _category(ends[0]), _category(ends[-1])
        if last < first:
            raise AppSpecError(f"invalid category range {part}")
        found += range(first, last + 1)
    if len(set(found)) != len(found):
        raise AppSpecError("duplicate categories")
    return sorted(found)


def _shortest(categories: list[int]) -> str:
    runs: list[list[int]] = []
    for number in categories:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"c{run[0]}" if len(run) == 1 else f"c{run[0]}.c{run[-1]}" for run in runs)
