#!/usr/bin/env python3
"""Checks what a deployment would stumble over: appspec.yml, its scripts, and the page.

Usage: check_site.py [FOLDER]
Needs nothing but Python, and PyYAML or yq to read YAML. Exit status 0 when all is well.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

HOOKS = ("ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService")
KEYS = {"version", "os", "files", "permissions", "hooks", "file_exists_behavior"}
LONGEST_HOOK = 3600  # seconds, of all scripts of an event together
NEVER_CLOSED = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")


def main() -> int:
    """Returns the exit status; each problem is one line, which GitHub shows beside the file."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = [*appspec(root), *page(root)]
    for file, words in found:
        sys.stdout.write(f"::error file={file}::{file}: {words}\n")
    if not found:
        sys.stdout.write("appspec.yml, its scripts and index.html are valid\n")
    return 1 if found else 0


def appspec(root: Path) -> Iterator[tuple[str, str]]:
    """What is wrong with appspec.yml: pairs of file and words."""
    try:
        document = read_yaml(root / "appspec.yml")
    except (OSError, ValueError) as error:
        yield "appspec.yml", " ".join(str(error).split())
        return
    if not isinstance(document, dict):
        yield "appspec.yml", "is no mapping"
        return
    for words in (*header(document), *files(document, root), *permissions(document), *hooks(document, root)):
        yield "appspec.yml", words


def header(document: dict[str, Any]) -> Iterator[str]:
    """Version, system, and keys that the agent does not know."""
    version = document.get("version")
    if not isinstance(version, int | float) or version != 0:
        yield f"version is {version!r}: it must be 0.0, without quotes"
    if document.get("os") != "linux":
        yield f"os is {document.get('os')!r}: it must be linux"
    for key in sorted(set(map(str, document)) - KEYS):
        yield f"{key!r} is no section of an appspec"


def files(document: dict[str, Any], root: Path) -> Iterator[str]:
    """Every source is there, every destination absolute."""
    for entry in entries(document, "files"):
        source, destination = entry.get("source"), entry.get("destination")
        if not source or not (root / str(source).lstrip("/")).exists():
            yield f"files: the source {source!r} does not exist"
        if not str(destination).startswith("/"):
            yield f"files: the destination {destination!r} is no absolute path"


def permissions(document: dict[str, Any]) -> Iterator[str]:
    """Every rule has an absolute object; a bare 0644 would be the number 420."""
    for entry in entries(document, "permissions"):
        if not str(entry.get("object")).startswith("/"):
            yield f"permissions: the object {entry.get('object')!r} is no absolute path"
        if not isinstance(entry.get("mode", ""), str):
            yield f"permissions: the mode {entry['mode']!r} must be in quotes"


def hooks(document: dict[str, Any], root: Path) -> Iterator[str]:
    """Every event is one of an in-place deployment, every script is there and can be run in time."""
    sections = document.get("hooks") or {}
    if not isinstance(sections, dict):
        yield "hooks: is no mapping of events to scripts"
        return
    for event in sections:
        if event not in HOOKS:
            yield f"hooks: {event!r} is no event of a deployment without a load balancer: {', '.join(HOOKS)}"
        seconds = 0
        for script in entries(sections, event):
            path = root / str(script.get("location"))
            if not path.is_file():
                yield f"hooks: {event}: {script.get('location')!r} does not exist"
            elif not os.access(path, os.X_OK):
                yield f"hooks: {event}: {script['location']} is not executable (git update-index --chmod=+x)"
            timeout = script.get("timeout", LONGEST_HOOK)
            if isinstance(timeout, int):
                seconds += timeout
            else:
                yield f"hooks: {event}: the timeout {timeout!r} is no number of seconds"
        if not entries(sections, event):
            yield f"hooks: {event} names no script"
        if seconds > LONGEST_HOOK:
            yield f"hooks: the scripts of {event} may take {seconds} s together: at most {LONGEST_HOOK}"


def entries(document: dict[str, Any], section: str) -> list[dict[str, Any]]:
    """The entries of a section that is a list of mappings; none where it is something else."""
    found = document.get(section)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """The content of a YAML file. Raises ValueError where it is none."""
    text = path.read_text(encoding="utf-8")
    try:
        import yaml  # noqa: PLC0415 - not everywhere
    except ImportError:
        done = subprocess.run(
            ["yq", "--output-format=json", "."], input=text, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ValueError(done.stderr) from None
        return json.loads(done.stdout)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def page(root: Path) -> Iterator[tuple[str, str]]:
    """What is wrong with index.html: pairs of file and words."""
    try:
        text = (root / "index.html").read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        yield "index.html", str(error)
        return
    document = Document()
    document.feed(text)
    document.close()
    if not text.lstrip().lower().startswith("<!doctype html>"):
        yield "index.html", "does not begin with <!DOCTYPE html>"
    for words in (*document.problems, *(f"<{tag}> is not closed" for tag in document.open)):
        yield "index.html", words
    for tag in sorted({"html", "head", "title", "body"} - document.seen):
        yield "index.html", f"has no <{tag}>"
    for reference in document.references:
        if not (root / reference.partition("?")[0].partition("#")[0].lstrip("/")).is_file():
            yield "index.html", f"refers to {reference}, which does not exist"


class Document(HTMLParser):
    """Notes what is opened, closed and referred to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.problems: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it, and the files that it needs."""
        self.seen.add(tag)
        if tag not in NEVER_CLOSED:
            self.open.append(tag)
        elsewhere = ("http:", "https:", "//", "#", "mailto:", "tel:", "data:")
        given = [value for name, value in attrs if name in {"src", "href"} and value]
        self.references += [value for value in given if not value.startswith(elsewhere)]
        if tag == "img" and not dict(attrs).get("alt"):
            self.problems.append(f"line {self.getpos()[0]}: an <img> has no alt")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """As <br/>."""
        self.handle_starttag(tag, attrs)
        if tag not in NEVER_CLOSED:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """It must close what was opened last."""
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.problems.append(f"line {self.getpos()[0]}: </{tag}> closes nothing that is open")


if __name__ == "__main__":
    sys.exit(main())
