"""What an installation will do, made before the first step of it is carried out."""

# Paths are strings here, exactly as the files on disk have them:
# ruff: noqa: PTH110, PTH112, PTH118, PTH119, PTH120, PTH208
from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from . import acls, ruby
from .appspec import BEHAVIORS
from .errors import AgentError, AppSpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from .permissions import Permission

Instruction = dict[str, Any]

_EXISTS = "The deployment failed because a specified file already exists at this location: "


def _is_utf_8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


class Plan:
    """The instructions of one installation, made before the first of them is carried out."""

    def __init__(self, archive: Path, file_exists_behavior: str) -> None:
        self.instructions: list[Instruction] = []
        self._archive = archive
        self._behavior = file_exists_behavior
        self._copied: dict[str, str] = {}
        self._made: dict[str, None] = {}
        self._permitted: set[str] = set()
        self._lists: dict[int, acls.AccessControlList] = {}

    def add(self, source: object, destination: object) -> None:
        """Plans one entry of `files`. Raises AgentError for a file that exists already."""
        path = f"{self._archive}/{ruby.path_text(source).lstrip('/')}"
        if os.path.isdir(path):
            if isinstance(destination, list):
                raise AgentError("no implicit conversion of Array into String")
            target = ruby.path_text(destination)
            self._add_ancestors(target)
            self._copy_directory(path, target)
        else:
            # What has no folder is at the root.
            target = os.path.join(ruby.path_text(destination) or "/", file_name(path))
            self._add_ancestors(target)
            self._copy(path, target)

    def apply(self, permission: Permission) -> None:
        """Plans one entry of `permissions`: it reaches only what this plan makes."""
        target = ruby.expand_path(permission.object)
        if target in self._copied:
            if "file" in permission.types:
                _check_for_file(permission)
                self._set_permissions(target, permission)
        elif target in self._made or os.path.isdir(permission.object):
            matching = _below(target, permission)
            found = [path for path in self._copied if "file" in permission.types and matching(path)]
            for _ in found:
                _check_acls_for_file(permission)
            found += [path for path in self._made if "directory" in permission.types and matching(path)]
            for path in found:
                self._set_permissions(path, permission)

    def to_json(self) -> str:
        """The plan as it is kept. Raises AgentError for what Ruby cannot write."""
        for instruction in self.instructions:
            if instruction["type"] == "semanage" and instruction["context"]["range"] is None:
                raise ruby.undefined_method("get_range", None)
            for path in (instruction.get(name) for name in ("source", "destination", "directory")):
                if path is not None and not _is_utf_8(path):
                    raise AgentError("partial character in source, but hit end")
        # A key that is no text is in an owner or a group only, and no such one is found.
        return json.dumps({"instructions": self.instructions}, default=_as_json, skipkeys=True)

    def _add_ancestors(self, destination: str) -> None:
        missing = []
        parent = os.path.dirname(destination.rstrip("/"))
        while parent not in ("", "/") and not os.path.exists(parent):
            missing.append(parent)
            parent = os.path.dirname(parent)
        for directory in reversed(missing):
            self._make(directory)

    def _copy_directory(self, source: str, destination: str) -> None:
        if not os.path.isdir(destination):
            self._make(destination)
        for entry in sorted(os.listdir(source)):
            path, target = os.path.join(source, entry), os.path.join(destination, entry)
            # A link to a directory counts as one here: the real agent copies what it holds.
            if os.path.isdir(path):
                self._copy_directory(path, target)
            else:
                self._copy(path, target)

    def _copy(self, source: str, destination: str) -> None:
        if os.path.exists(destination):
            if self._behavior not in BEHAVIORS:
                raise AgentError(
                    "The deployment failed because an invalid option was specified for fileExistsBehavior:"
                    f" {self._behavior}. Valid options include OVERWRITE, RETAIN, and DISALLOW."
                )
            if self._behavior == "DISALLOW":
                raise AgentError(_EXISTS + destination)
            if self._behavior == "RETAIN":
                return
        destination = ruby.expand_path(destination)
        if destination in self._copied:
            raise AgentError(
                "The deployment failed because the application specification file specifies two source"
                f" files named {source} and {self._copied[destination]} for the same destination"
                f" ({destination}). Remove one of the source file paths from the AppSpec file, and then try"
                " again."
            )
        if destination in self._made:
            raise AgentError(
                "The deployment failed because the application specification file calls for installing the"
                f" file {source}, but a file with that name already exists at the location ({destination})."
                " Update your AppSpec file or directory structure, and then try again."
            )
        self._copied[destination] = source
        self.instructions.append({"type": "copy", "source": source, "destination": destination})

    def _make(self, directory: str) -> None:
        directory = ruby.expand_path(directory)
        if directory in self._copied:
            raise AgentError(
                "The deployment failed because the application specification file includes an mkdir"
                f" command more than once for the same destination path ({directory}) from"
                f" ({self._copied[directory]}). Update the files section of the AppSpec file, and then try"
                " again."
            )
        if directory not in self._made:
            self._made[directory] = None
            self.instructions.append({"type": "mkdir", "directory": directory})

    def _set_permissions(self, path: str, permission: Permission) -> None:
        if path in self._permitted:
            raise AgentError(
                f"The deployment failed because the permissions setting for ({path}) is specified more than"
                " once in the application specification file. Update the files section of the AppSpec"
                " file, and then try again."
            )
        self._permitted.add(path)
        if permission.mode is not None:
            self.instructions.append({"type": "chmod", "mode": permission.mode, "file": path})
        if permission.acls is not None:
            listed = self._lists.setdefault(id(permission), acls.AccessControlList(permission.acls))
            self.instructions.append({"type": "setfacl", "acl": listed, "file": path})
        if permission.context is not None:
            context = permission.context
            fields = {"user": context.user, "role": None, "type": context.type, "range": context.range}
            self.instructions.append({"type": "semanage", "context": fields, "file": path})
        if permission.owner is not None or permission.group is not None:
            owner = {"owner": permission.owner, "group": permission.group, "file": path}
            self.instructions.append({"type": "chown", **owner})


def file_name(path: str) -> str:
    """A path's last part; a slash after it does not count."""
    return os.path.basename(path.rstrip("/"))


def _as_json(value: Iterable[str] | ruby.Symbol) -> list[str] | str:
    return value.name if isinstance(value, ruby.Symbol) else list(value)


def _check_for_file(permission: Permission) -> None:
    if permission.pattern != "**":
        raise AppSpecError(
            "The deployment failed because the application specification file includes an object"
            f" ({permission.object}) with an invalid pattern ({permission.pattern}), such as a pattern for"
            " a file applied to a directory. Correct the permissions section of the AppSpec file, and then"
            " try again."
        )
    if permission.excepted:
        raise AppSpecError(
            "The deployment failed because the except parameter for a pattern in the permissions section"
            f" ({list(permission.excepted)}) for the object named {permission.object} contains an invalid"
            " format. Update the AppSpec file, and then try again."
        )
    _check_acls_for_file(permission)


def _check_acls_for_file(permission: Permission) -> None:
    if any(entry.default for entry in permission.acls or ()):
        raise AppSpecError(
            "The deployment failed because the -d parameter has been specified to apply an acl setting to"
            " a file. This parameter is supported for directories only. Update the AppSpec file, and then"
            " try again."
        )


def _below(directory: str, permission: Permission) -> Callable[[str], bool]:
    base = directory.rstrip("/") + "/"

    def matching(path: str) -> bool:
        if not path.startswith(base):
            return False
        name = path[len(base) :]
        wanted = permission.pattern == "**" or _glob(name, permission.pattern)
        return wanted and not any(_glob(name, pattern) for pattern in permission.excepted)

    return matching


def _glob(name: str, pattern: Any) -> bool:  # noqa: ANN401 - an appspec holds anything
    """Only `*` is special, and it stays within one level."""
    if "/" in name:
        return False
    if not isinstance(pattern, str):
        raise ruby.undefined_method("chars", pattern)
    first, *others = re.split(r"\*+", pattern)
    if not others:
        return name == first
    *middle, last = others
    if not name.startswith(first):
        return False
    position = len(first)
    for part in middle:
        found = name.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return name.endswith(last) and len(name) - len(last) >= position
