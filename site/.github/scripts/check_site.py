#!/usr/bin/env python3
"""Checks what a deployment or a visitor would stumble over: appspec.yml, its scripts, and the pages.

Usage: check_site.py [FOLDER]
Exit status 1 where CodeDeploy's agent would fail or a visitor miss something;
what only surprises is a warning. Needs Python and PyYAML, and no network.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True  # nothing is left in the repository

import appspec  # noqa: E402 - after what it depends on
import page  # noqa: E402


def main() -> int:
    """Returns the exit status; each problem is one line, which GitHub shows beside the file."""
    found = check(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    lines = [
        f"::{level} file={_escaped(file, ':,')}::{_escaped(f'{file}: {words}')}\n"
        for level, file, words in found
    ]
    failed = any(level == "error" for level, _, _ in found)
    if not failed:
        lines.append("appspec.yml, its scripts and index.html are valid\n")
    sys.stdout.buffer.write("".join(lines).encode(errors="backslashreplace"))
    return 1 if failed else 0


def check(folder: Path) -> list[tuple[str, str, str]]:
    """What is wrong with a repository: level, file and words."""
    root = folder.absolute()
    report = appspec.check(root)
    errors = [(appspec.NAME, words) for words in report.errors] + list(page.check(root, report.copied))
    warnings = [(appspec.NAME, words) for words in report.warnings]
    return [("error", *error) for error in errors] + [("warning", *warning) for warning in warnings]


def _escaped(text: str, also: str = "") -> str:
    """As GitHub wants the text of a workflow command."""
    return "".join(f"%{ord(each):02X}" if each in "%\r\n" + also else each for each in text)


if __name__ == "__main__":
    sys.exit(main())
