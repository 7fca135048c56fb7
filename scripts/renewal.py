"""What a new requirements.lock brings, as Markdown: for the summary of the weekly job and the pull request.

python -m scripts.renewal OLD NEW
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)(?: ; ([^\\]+))?", re.MULTILINE)


def versions(lock: str) -> dict[str, str]:
    """Package, with the condition that it is locked under, -> version."""
    found = {}
    for name, version, condition in LOCKED.findall(lock):
        found[f"{name} ({condition.strip()})" if condition else name] = version
    return found


def changes(old: str, new: str) -> list[tuple[str, str, str]]:
    """Package, what is locked and what would be, of those that differ; "" where it is in one alone."""
    before, after = versions(old), versions(new)
    names = sorted({*before, *after})
    found = [(name, before.get(name, ""), after.get(name, "")) for name in names]
    return [each for each in found if each[1] != each[2]]


def markdown(found: list[tuple[str, str, str]]) -> str:
    """A table, or a sentence where there is nothing."""
    if not found:
        return "Every package is the newest that fits.\n"
    rows = [f"| `{name}` | {old or 'none'} | {new or 'none'} |" for name, old, new in found]
    return "\n".join(["| Package | Locked | Newest |", "| --- | --- | --- |", *rows, ""])


if __name__ == "__main__":
    old, new = (Path(each).read_text(encoding="utf-8") for each in sys.argv[1:3])
    print(markdown(changes(old, new)))
