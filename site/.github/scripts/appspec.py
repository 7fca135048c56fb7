"""What CodeDeploy's agent makes of a repository's appspec.yml on a host that has nothing of it yet."""

import os
import posixpath
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from ruby_yaml import load, to_i, to_s

NAME = "appspec.yml"
SECTIONS = ("version", "os", "files", "permissions", "hooks", "file_exists_behavior")
BEHAVIORS = ("DISALLOW", "OVERWRITE", "RETAIN")
TYPES = ("file", "directory")
IN_PLACE = ("ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService")
LOAD_BALANCER = ("BeforeBlockTraffic", "AfterBlockTraffic", "BeforeAllowTraffic", "AfterAllowTraffic")
LONGEST_EVENT = 3600
"""Seconds: the default of a script's timeout, and what CodeDeploy gives an event."""
_MODE = re.compile(r"[0-7]{1,4}|")
_OCTAL = re.compile(r"^[^#\"']*\bmode:[ \t]*(0[0-7]+)\b", re.MULTILINE)
_SHELL = re.compile(r"[\s\"'$`\\;&|<>()]")
_ACL_TYPES = {"m": "mask", "o": "other", "g": "group", "u": "user"}


class RefusalError(Exception):
    """The deployment would fail; the words say at what."""


@dataclass
class Report:
    """`errors` fail a deployment, `warnings` only surprise; `copied` maps destinations to sources."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    copied: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def about(self, where: str) -> Iterator[None]:
        """Note the refusal of one entry, and go on with the next."""
        try:
            yield
        except (RefusalError, OSError) as error:
            self.errors.append(f"{where}: {error}")


@dataclass(frozen=True)
class Permission:
    """One entry of `permissions`."""

    target: str
    pattern: Any
    excepted: list[Any]
    types: list[str]
    default_acl: bool
    rangeless: bool
    owners: tuple[Any, ...]

    def reaches(self, path: str) -> bool:
        """Whether it applies to this path below its object."""
        base = self.target.rstrip("/") + "/"
        if not path.startswith(base):
            return False
        name = path[len(base) :]
        wanted = self.pattern == "**" or _glob(name, self.pattern)
        return wanted and not any(_glob(name, pattern) for pattern in self.excepted)


def check(root: Path) -> Report:
    """The verdict on the repository in `root`."""
    report = Report()
    try:
        data = (root / NAME).read_bytes()
        document = load(data)
    except (OSError, ValueError) as error:
        report.errors.append(getattr(error, "strerror", None) or str(error))
        return report
    if not isinstance(document, dict):
        report.errors.append("is no mapping" if document else "is empty")
        return report
    _header(document, report)
    _hooks(document.get("hooks"), root, report)
    _install(document, root, report)
    if str(root / NAME) in report.copied.values():
        report.warnings.append(f"files: {NAME} itself is published, and all that is beside it")
    for mode in _OCTAL.findall(data.decode(errors="replace")):
        report.warnings.append(
            f'permissions: mode: {mode} is the number {int(mode, 8)}, and becomes that mode: write "{mode}"'
        )
    return report


def _header(document: dict[str, Any], report: Report) -> None:
    version, system, behavior = (document.get(key) for key in ("version", "os", "file_exists_behavior"))
    if isinstance(version, bool) or not isinstance(version, int | float) or version != 0:
        report.errors.append(f"version is {version!r}: it must be 0.0, without quotes")
    if system != "linux":
        report.errors.append(f"os is {system!r}: it must be linux")
    if behavior is not None and behavior not in BEHAVIORS:
        report.errors.append(f"file_exists_behavior is {behavior!r}: it must be {', '.join(BEHAVIORS)}")
    report.warnings += [
        f"{key!r} is no section of an appspec: the agent ignores it"
        for key in document
        if key not in SECTIONS
    ]


def _hooks(section: Any, root: Path, report: Report) -> None:  # noqa: ANN401 - whatever the file holds
    if _is_blank(section):
        return
    if not isinstance(section, dict):
        report.errors.append("hooks: is no mapping of events to scripts")
        return
    for event, scripts in section.items():
        if event not in IN_PLACE:
            report.warnings.append(
                f"hooks: {event!r} is no event of a deployment without a load balancer: {', '.join(IN_PLACE)}"
            )
        seconds = 0
        with report.about(f"hooks: {event}"):
            for script in _list(scripts):
                with report.about(f"hooks: {event}"):
                    seconds += _script(script, event, root, report)
        if seconds > LONGEST_EVENT:
            report.warnings.append(
                f"hooks: the scripts of {event} may take {seconds} s together: at most {LONGEST_EVENT}"
            )


def _script(script: Any, event: str, root: Path, report: Report) -> int:  # noqa: ANN401 - see _hooks
    """The seconds that it may take."""
    location = to_s(_entry(script).get("location")).strip()
    if not location:
        raise RefusalError("a script has no location")
    timeout = script.get("timeout")
    try:
        seconds = LONGEST_EVENT if _is_blank(timeout) else to_i(timeout)
    except ValueError as error:
        raise RefusalError(f"{location}: the timeout is {error}") from None
    if seconds <= 0:
        raise RefusalError(f"{location}: the timeout {timeout!r} is no number of seconds above 0")
    if event not in (*IN_PLACE, *LOAD_BALANCER):
        return seconds
    path = _inside(root, location)
    if path is None or not path.exists():
        raise RefusalError(f"{location!r} does not exist in this repository")
    report.warnings += [f"hooks: {event}: {words}" for words in _startable(path, location)]
    return seconds


def _startable(path: Path, location: str) -> Iterator[str]:
    """What may surprise. Raises RefusalError for what the agent finds and cannot start."""
    if not path.stat().st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
        if path.is_symlink():
            raise RefusalError(f"{location} is a link to what is not executable, which the agent leaves so")
        yield f"{location} is not executable: the agent mends it (git update-index --chmod=+x)"
    if not path.is_file():
        raise RefusalError(f"{location} is no file")
    if odd := _SHELL.search(location):
        raise RefusalError(
            f"{location!r} has {odd[0]!r} in its name: the agent gives it to a shell without quotes"
        )
    with path.open("rb") as file:
        first = file.readline()
    if not first.startswith(b"#!"):
        return
    if first.rstrip(b"\n").endswith(b"\r"):
        raise RefusalError(
            f"{location} ends its lines with CR LF: there is no such interpreter (git config core.autocrlf)"
        )
    interpreter = first[2:].split()[:1]
    if not interpreter or not interpreter[0].startswith(b"/"):
        raise RefusalError(f"{location} names no interpreter with its absolute path")
    needed = os.fsdecode(interpreter[0])
    if not Path(needed).exists():
        yield f"{location} needs {needed}, which this machine does not have"


def _install(document: dict[str, Any], root: Path, report: Report) -> None:
    plan = Plan(report.copied)
    for section in ("files", "permissions"):
        with report.about(section):
            for entry in _list(document.get(section)):
                with report.about(section):
                    if section == "files":
                        _file(_entry(entry), root, plan, report)
                    else:
                        plan.apply(_permission(_entry(entry)))


def _file(entry: dict[str, Any], root: Path, plan: "Plan", report: Report) -> None:
    source, destination = entry.get("source"), entry.get("destination")
    if not isinstance(source, str):
        raise RefusalError(f"the source {source!r} is no path")
    if not isinstance(destination, str):
        raise RefusalError(f"the destination {destination!r} is no path")
    path = _inside(root, source)
    if path is None or not os.path.lexists(path):
        raise RefusalError(f"the source {source!r} does not exist in this repository")
    if destination.startswith("~"):
        raise RefusalError(
            f"the destination {destination!r} is no absolute path: a home is made of it, and then not found"
        )
    if not destination.startswith("/"):
        if not destination and path.is_dir():
            raise RefusalError("the destination '' is no absolute path")
        report.warnings.append(
            f"files: the destination {destination!r} is no absolute path: it is taken as /{destination}"
        )
    plan.add(path, _absolute(destination))


class Plan:
    """The files and folders that an installation makes, as the agent plans them beforehand."""

    def __init__(self, copied: dict[str, str]) -> None:
        self.copied = copied
        self._made: dict[str, None] = {}
        self._permitted: set[str] = set()

    def add(self, source: Path, destination: str) -> None:
        """One entry of `files`."""
        if source.is_dir():
            self._ancestors(destination)
            self._folder(source, destination)
        else:
            target = posixpath.join(destination, source.name)
            self._ancestors(target)
            self._copy(source, target)

    def apply(self, permission: Permission) -> None:
        """One entry of `permissions`: it reaches what this plan makes, once."""
        if permission.target in self.copied:
            if "file" not in permission.types:
                return
            if permission.pattern != "**" or permission.excepted:
                raise RefusalError(f"{permission.target} is a file: it takes neither pattern nor except")
            files, folders = [permission.target], []
        else:
            files = [path for path in self.copied if "file" in permission.types and permission.reaches(path)]
            folders = [
                path for path in self._made if "directory" in permission.types and permission.reaches(path)
            ]
        if files and permission.default_acl:
            raise RefusalError(f"{permission.target}: a default acl is for folders: {files[0]} is a file")
        for path in (*files, *folders):
            if path in self._permitted:
                raise RefusalError(f"{path} has two permissions: {permission.target} and one before it")
            self._permitted.add(path)
            if permission.rangeless:
                raise RefusalError(f"{permission.target}: a context without range")
            if not all(isinstance(owner, str) for owner in permission.owners):
                raise RefusalError(f"{permission.target}: owner and group are names: put a number in quotes")

    def _folder(self, source: Path, destination: str) -> None:
        if source.resolve() in source.parent.resolve().parents or source.resolve() == source.parent.resolve():
            raise RefusalError(f"{source.name} is a link to a folder that holds it")
        self._make(destination)
        for entry in sorted(each for each in source.iterdir() if each.name != ".git"):
            target = posixpath.join(destination, entry.name)
            if entry.is_dir():
                self._folder(entry, target)
            else:
                self._copy(entry, target)

    def _ancestors(self, path: str) -> None:
        parent = posixpath.dirname(path)
        if parent.strip("/"):
            self._ancestors(parent)
            self._make(parent)

    def _copy(self, source: Path, path: str) -> None:
        if path in self.copied:
            raise RefusalError(f"two sources for {path}: {self.copied[path]} and {source}")
        if path in self._made:
            raise RefusalError(f"{path} is a folder, and the file {source}")
        self.copied[path] = str(source)

    def _make(self, path: str) -> None:
        if path in self.copied:
            raise RefusalError(f"{path} is the file {self.copied[path]}, and a folder")
        self._made[path] = None


def _permission(entry: dict[str, Any]) -> Permission:
    target = to_s(entry.get("object")).strip()
    if not target:
        raise RefusalError("an entry has no object")
    mode = entry.get("mode")
    if not _MODE.fullmatch(to_s(mode)):
        raise RefusalError(f"{target}: the mode {to_s(mode)!r} must be one to four octal digits, in quotes")
    types = list(TYPES) if _is_blank(entry.get("type")) else _list(entry.get("type"))
    for kind in types:
        if kind not in TYPES:
            raise RefusalError(f"{target}: the type {kind!r} is none of {', '.join(TYPES)}")
    acls = [_acl(target, acl) for acl in _list(entry.get("acls"), false_is_empty=False)]
    pattern = entry.get("pattern")
    return Permission(
        target=_absolute(target),
        pattern="**" if _is_blank(pattern) else pattern,
        excepted=_list(entry.get("except")),
        types=types,
        default_acl=any(acls),
        rangeless=_context(target, entry.get("context")),
        owners=tuple(entry[key] for key in ("owner", "group") if not _is_blank(entry.get(key))),
    )


def _acl(target: str, acl: Any) -> bool:  # noqa: ANN401 - see _hooks
    """Whether it is a default one: `[default:][type:]name:permissions`."""
    refusal = RefusalError(f"{target}: the acl {acl!r} is none")
    if not isinstance(acl, str):
        raise refusal
    *head, rights = acl.split(":")
    default = bool(head[1:]) and head[0] in ("d", "default")
    head = head[1:] if default else head
    kinds = {**_ACL_TYPES, **{kind: kind for kind in _ACL_TYPES.values()}}
    if not head or len(head) > 2:  # noqa: PLR2004 - type and name
        raise refusal
    name = head[-1]
    kind = kinds.get(head[0]) if len(head) > 1 else None
    if len(head) > 1 and kind is None:
        raise refusal
    if kinds.get(name) in ("mask", "other"):
        kind, name = (kind, kinds[name]) if kind else (kinds[name], "")
    if kind in ("mask", "other") and name:
        raise refusal
    if not default and kind != "mask" and not name:
        raise RefusalError(f"{target}: the acl {acl!r} sets what mode is for")
    if not re.fullmatch(r"[0-7]|[rwx-]*", rights):
        raise refusal
    return default


def _context(target: str, context: Any) -> bool:  # noqa: ANN401 - see _hooks
    """Whether it has no range, which fails where it applies to anything."""
    if context is None:
        return False
    if not isinstance(context, dict) or context.get("type") is None:
        raise RefusalError(f"{target}: the context {context!r} has no type")
    level = context.get("range")
    if level is not None and not _is_range(level):
        raise RefusalError(f"{target}: the range {level!r} is none, as s0-s1:c0.c3,c5 is one")
    return level is None


def _is_range(level: Any) -> bool:  # noqa: ANN401 - see _hooks
    number = r"\d{1,99}"
    category = rf"c{number}(?:\.c{number})?"
    pattern = rf"s({number})(?:-s({number}))?(?::({category}(?:,{category})*),*)?"
    found = re.fullmatch(pattern, level, re.ASCII) if isinstance(level, str) else None
    if not found or int(found[2] or found[1]) < int(found[1]):
        return False
    parts = [re.findall(r"\d+", part) for part in (found[3] or "").split(",") if part]
    spans = sorted((int(part[0]), int(part[-1])) for part in parts)
    apart = all(first[1] < second[0] for first, second in pairwise(spans))
    return apart and all(low <= high < 1024 for low, high in spans)  # noqa: PLR2004 - SELinux' categories


def _glob(name: str, pattern: Any) -> bool:  # noqa: ANN401 - see _hooks
    """Only `*` is special, and it stays within one level."""
    if "/" in name:
        return False
    if not isinstance(pattern, str):
        raise RefusalError(f"the pattern {pattern!r} is no text: put it in quotes")
    first, *others = pattern.split("*")
    if not others:
        return name == first
    *middle, last = others
    if not name.startswith(first) or not name.endswith(last) or len(name) < len(first + last):
        return False
    name = name[len(first) : len(name) - len(last)]
    for part in middle:
        _, found, name = name.partition(part) if part else ("", "*", name)
        if not found:
            return False
    return True


def _list(value: Any, *, false_is_empty: bool = True) -> list[Any]:  # noqa: ANN401 - see _hooks
    """A section that is a list; blank and `{}` are empty ones."""
    if value == {} or (_is_blank(value) and (value is None or false_is_empty)):
        return []
    if not isinstance(value, list):
        raise RefusalError(f"{to_s(value)!r} is no list: begin each entry with a dash")
    return value


def _is_blank(value: Any) -> bool:  # noqa: ANN401 - see _hooks
    """To Ruby 0, empty texts and empty lists are something."""
    return value is None or value is False


def _entry(value: Any) -> dict[str, Any]:  # noqa: ANN401 - see _hooks
    if not isinstance(value, dict):
        raise RefusalError(f"{to_s(value)!r} is no mapping")
    return value


def _inside(root: Path, location: str) -> Path | None:
    """The path in the repository: also what begins with a slash is read from its root."""
    path = root / posixpath.normpath(location.lstrip("/"))
    leaves = ".." in path.relative_to(root).parts
    return None if leaves or (location.endswith("/") and not path.is_dir()) else path


def _absolute(path: str) -> str:
    """As the agent writes a path down; its folder is the host's root."""
    return posixpath.normpath(posixpath.join("/", path))
