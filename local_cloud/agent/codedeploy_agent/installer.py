"""Copies a revision's files to where its appspec says, and takes the previous one's away.

Three files in `deployment-instructions` carry it, as with the real agent:
`<group>-install.json` is the plan, `<group>-cleanup` lists what was made (the next
deployment removes it, last first), and only paths in it are ever removed.
"""

# Paths are strings here, exactly as the files on disk have them:
# ruff: noqa: PTH100, PTH101, PTH102, PTH106, PTH108, PTH110, PTH112, PTH114, PTH115, PTH116
# ruff: noqa: PTH118, PTH119, PTH120, PTH208, PTH211
from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import acls
from .errors import AgentError, AppSpecError

if TYPE_CHECKING:
    from pathlib import Path

    from .appspec import AppSpec, Permission

Instruction = dict[str, Any]

_EXISTS = "The deployment failed because a specified file already exists at this location: "
_BEHAVIORS = ("DISALLOW", "OVERWRITE", "RETAIN")
_CONTEXT = "semanage\0"


def install(
    appspec: AppSpec, archive: Path, instructions: Path, group: str, file_exists_behavior: str
) -> None:
    """Removes what `group`'s previous revision installed, then installs `archive`.

    `file_exists_behavior` is the deployment's; the appspec's wins. Raises
    AgentError; the previous revision's files are gone then.
    """
    cleanup = instructions / f"{group}-cleanup"
    if cleanup.exists():
        remove_installed(cleanup.read_text())
        cleanup.unlink()
    plan = Plan(archive, appspec.file_exists_behavior or file_exists_behavior)
    for file in appspec.files:
        plan.add(file.source, file.destination)
    for permission in appspec.permissions:
        plan.apply(permission)
    (instructions / f"{group}-install.json").write_text(json.dumps({"instructions": plan.instructions}))
    with cleanup.open("w", buffering=1) as made:

        def record(path: str) -> None:
            made.write(f"{path}\n")

        for instruction in plan.instructions:
            _EXECUTE[instruction["type"]](instruction, record)


def remove_installed(listing: str) -> None:
    """Undoes a cleanup list, last line first. Directories that hold something else stay."""
    complete = listing[: listing.rfind("\n") + 1]
    for line in reversed(complete.splitlines()):
        if line.startswith(_CONTEXT):
            _run(["semanage", "fcontext", "-d", line[len(_CONTEXT) :]])
        elif os.path.isdir(line) and not os.path.islink(line):
            if not os.listdir(line):
                os.rmdir(line)
        elif os.path.lexists(line):
            os.unlink(line)


class Plan:
    """The instructions of one installation, made before the first of them is carried out."""

    def __init__(self, archive: Path, file_exists_behavior: str) -> None:
        self.instructions: list[Instruction] = []
        self._archive = archive
        self._behavior = file_exists_behavior
        self._copied: dict[str, str] = {}
        self._made: dict[str, None] = {}
        self._permitted: set[str] = set()

    def add(self, source: str, destination: str) -> None:
        """Plans one entry of `files`. Raises AgentError for a file that exists already."""
        path = f"{self._archive}/{source.lstrip('/')}".rstrip("/")
        if os.path.isdir(path) and not os.path.islink(path):
            self._add_ancestors(destination)
            self._copy_directory(path, destination)
        else:
            target = os.path.join(destination, os.path.basename(path))
            self._add_ancestors(target)
            self._copy(path, target)

    def apply(self, permission: Permission) -> None:
        """Plans one entry of `permissions`: it reaches only what this plan makes."""
        target = os.path.abspath(permission.object)
        if target in self._copied:
            if "file" in permission.types:
                _check_for_file(permission)
                self._set_permissions(target, permission)
        elif target in self._made or os.path.isdir(target):
            matching = _below(target, permission)
            found = [path for path in self._copied if "file" in permission.types and matching(path)]
            for _ in found:
                _check_acls_for_file(permission)
            found += [path for path in self._made if "directory" in permission.types and matching(path)]
            for path in found:
                self._set_permissions(path, permission)

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
        destination = os.path.abspath(destination)
        if os.path.exists(destination):
            if self._behavior not in _BEHAVIORS:
                raise AgentError(
                    "The deployment failed because an invalid option was specified for fileExistsBehavior:"
                    f" {self._behavior}. Valid options include OVERWRITE, RETAIN, and DISALLOW."
                )
            if self._behavior == "DISALLOW":
                raise AgentError(_EXISTS + destination)
            if self._behavior == "RETAIN":
                return
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
        directory = os.path.abspath(directory)
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
        if permission.acls:
            entries = [str(entry) for entry in permission.acls]
            self.instructions.append({"type": "setfacl", "acl": entries, "file": path})
        if permission.context is not None:
            context = permission.context
            fields = {"user": context.user, "role": None, "type": context.type, "range": context.range}
            self.instructions.append({"type": "semanage", "context": fields, "file": path})
        if permission.owner is not None or permission.group is not None:
            owner = {"owner": permission.owner, "group": permission.group, "file": path}
            self.instructions.append({"type": "chown", **owner})


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
    if any(entry.default for entry in permission.acls):
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


def _glob(name: str, pattern: str) -> bool:
    """Only `*` is special, and it stays within one level."""
    expression = ".*".join(re.escape(part) for part in re.split(r"\*+", pattern))
    return "/" not in name and re.fullmatch(expression, name) is not None


Record = Callable[[str], object]


def _execute_copy(instruction: Instruction, record: Record) -> None:
    source, destination = instruction["source"], instruction["destination"]
    record(destination)
    if os.path.islink(source):
        os.symlink(os.readlink(source), destination)
        return
    shutil.copy2(source, destination)
    made = os.stat(source)
    os.chown(destination, made.st_uid, made.st_gid)
    os.chmod(destination, stat.S_IMODE(made.st_mode))


def _execute_mkdir(instruction: Instruction, record: Record) -> None:
    directory = instruction["directory"]
    if os.path.exists(directory):
        raise AgentError(f"{_EXISTS}{directory}.")
    os.mkdir(directory)
    record(directory)


def _execute_chmod(instruction: Instruction, _record: Record) -> None:
    os.chmod(instruction["file"], int(instruction["mode"], 8))


def _execute_setfacl(instruction: Instruction, _record: Record) -> None:
    path = instruction["file"]
    entries = tuple(acls.parse_entry(entry) for entry in instruction["acl"])
    arguments = ",".join(acls.complete(entries, os.stat(path).st_mode))
    status = _run(["setfacl", "--set", arguments, path])
    if status:
        raise AgentError(
            "The deployment failed because of a problem with the acls permission settings in the"
            f" application specification file for this object: {path}. Failed command: setfacl --set"
            f" {arguments} {path}. Exit code: {status}"
        )


def _execute_semanage(instruction: Instruction, record: Record) -> None:
    context, path = instruction["context"], os.path.realpath(instruction["file"])
    user = ["-s", context["user"]] if context["user"] else []
    level = ["-r", context["range"]] if context["range"] else []
    commands = (
        ["semanage", "fcontext", "-a", *user, "-t", context["type"], *level, path],
        ["restorecon", "-v", path],
    )
    for command in commands:
        status = _run(command)
        if status:
            raise AgentError(
                "The deployment failed because the application specification file contains an error in the"
                " settings for the context parameter. Update the permissions section of the AppSpec file,"
                f" and then try again. Failed command: {' '.join(command)}. Exit code: {status}"
            )
    record(_CONTEXT + path)


def _execute_chown(instruction: Instruction, _record: Record) -> None:
    shutil.chown(instruction["file"], instruction["owner"], instruction["group"])


_EXECUTE: dict[str, Callable[[Instruction, Record], None]] = {
    "copy": _execute_copy,
    "mkdir": _execute_mkdir,
    "chmod": _execute_chmod,
    "setfacl": _execute_setfacl,
    "semanage": _execute_semanage,
    "chown": _execute_chown,
}


def _run(command: list[str]) -> int:
    """The exit status; 127 where there is no such program."""
    try:
        return subprocess.run(command, check=False).returncode
    except FileNotFoundError:
        return 127
