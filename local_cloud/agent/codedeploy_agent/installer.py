"""Copies a revision's files to where its appspec says, and takes the previous one's away.

Three files in `deployment-instructions` carry it, as with the real agent:
`<group>-install.json` is the plan, `<group>-cleanup` lists what was made (the next
deployment removes it, last first), and only paths in it are ever removed.
"""

# Paths are strings here, exactly as the files on disk have them:
# ruff: noqa: PTH101, PTH102, PTH106, PTH108, PTH112, PTH114, PTH115, PTH116
# ruff: noqa: PTH118, PTH208, PTH211
from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import ruby
from .errors import AgentError
from .plan import Instruction, Plan, file_name

if TYPE_CHECKING:
    from pathlib import Path

    from .appspec import AppSpec

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
        remove_installed(os.fsdecode(cleanup.read_bytes()))
        cleanup.unlink()
    plan = Plan(archive, appspec.file_exists_behavior or file_exists_behavior)
    for file in appspec.files:
        plan.add(file.source, file.destination)
    for permission in appspec.permissions:
        plan.apply(permission)
    (instructions / f"{group}-install.json").write_text(plan.to_json())
    with cleanup.open("wb", buffering=0) as made:

        def record(path: str) -> None:
            made.write(os.fsencode(f"{path}\n"))

        for instruction in plan.instructions:
            _EXECUTE[instruction["type"]](instruction, record)


def remove_installed(listing: str) -> None:
    """Undoes a cleanup list, last line first. Directories that hold something else stay."""
    *complete, _unfinished = listing.split("\n")
    for line in reversed(complete):
        if line.startswith(_CONTEXT):
            _run(["semanage", "fcontext", "-d", line[len(_CONTEXT) :]])
        else:
            _remove(line.strip(ruby.WHITESPACE))


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        if not os.listdir(path):
            with ruby.calling("dir_s_rmdir"):
                os.rmdir(path)
    elif os.path.lexists(path):
        with ruby.calling("apply2files"):
            os.unlink(path)


Record = Callable[[str], object]
_WITHOUT_END = {
    stat.S_IFIFO: "named pipe",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
}


def _execute_copy(instruction: Instruction, record: Record) -> None:
    source, destination = instruction["source"], instruction["destination"]
    record(destination)
    link = os.readlink(source) if os.path.islink(source) else None
    if os.path.isdir(destination):
        # Not what is removed one day, but what is made now: a link is named as what it leads to.
        destination = os.path.join(destination, file_name(link or source))
    if link is not None:
        with ruby.calling("syserr_fail2_in", destination):
            os.symlink(link, destination)
        return
    with ruby.calling("rb_sysopen"):
        kind = stat.S_IFMT(os.stat(source).st_mode)
        if kind in _WITHOUT_END:
            # The real agent reads on, until CodeDeploy gives up after an hour or the disk is full.
            raise AgentError(f"{source} is a {_WITHOUT_END[kind]}, which may be read without end")
        shutil.copyfile(source, destination)
    with ruby.calling("apply2files"):
        made = os.stat(source)
        os.utime(destination, ns=(made.st_atime_ns, made.st_mtime_ns))
        os.chown(destination, made.st_uid, made.st_gid)
        os.chmod(destination, stat.S_IMODE(made.st_mode))


def _execute_mkdir(instruction: Instruction, record: Record) -> None:
    with ruby.calling("dir_s_mkdir"):
        os.mkdir(instruction["directory"])
    record(instruction["directory"])


def _execute_chmod(instruction: Instruction, _record: Record) -> None:
    with ruby.calling("apply2files"):
        os.chmod(instruction["file"], int(instruction["mode"], 8))


def _execute_setfacl(instruction: Instruction, _record: Record) -> None:
    path = instruction["file"]
    with ruby.calling("rb_file_s_stat"):
        mode = os.stat(path).st_mode
    arguments = ",".join(instruction["acl"].complete(mode))
    failure = _run(["setfacl", "--set", arguments, path])
    if failure:
        raise AgentError(
            "The deployment failed because of a problem with the acls permission settings in the"
            f" application specification file for this object: {path}. Failed command: setfacl --set"
            f" {arguments} {path}. Exit code: {failure}"
        )


def _execute_semanage(instruction: Instruction, record: Record) -> None:
    context = instruction["context"]
    with ruby.calling("rb_check_realpath_internal"):
        path = os.path.realpath(instruction["file"])
        os.stat(path)
    user = ["-s", context["user"]] if context["user"] is not None else []
    commands = (
        ["semanage", "fcontext", "-a", *user, "-t", context["type"], "-r", context["range"], path],
        ["restorecon", "-v", path],
    )
    for command in commands:
        failure = _run(command)
        if failure:
            raise AgentError(
                "The deployment failed because the application specification file contains an error in the"
                " settings for the context parameter. Update the permissions section of the AppSpec file,"
                f" and then try again. Failed command: {' '.join(command)}. Exit code: {failure}"
            )
    record(_CONTEXT + path)


def _execute_chown(instruction: Instruction, _record: Record) -> None:
    owner, group = instruction["owner"], instruction["group"]
    user_id = _identifier("user", owner, lambda name: pwd.getpwnam(name).pw_uid)
    group_id = _identifier("group", group, lambda name: grp.getgrnam(name).gr_gid)
    with ruby.calling("apply2files"):
        os.chown(instruction["file"], user_id, group_id)


def _identifier(kind: str, name: object, find: Callable[[str], int]) -> int:
    """-1 leaves it as it is."""
    if not ruby.truthy(name):
        return -1
    if isinstance(name, list):
        raise AgentError("no implicit conversion of Array into String")
    known = ruby.path_text(name)
    try:
        return find(known)
    except KeyError as error:
        raise AgentError(f"can't find {kind} for {known}") from error


_EXECUTE: dict[str, Callable[[Instruction, Record], None]] = {
    "copy": _execute_copy,
    "mkdir": _execute_mkdir,
    "chmod": _execute_chmod,
    "setfacl": _execute_setfacl,
    "semanage": _execute_semanage,
    "chown": _execute_chown,
}


def _run(command: list[str]) -> str:
    """How it failed, as Ruby shows the end of a process; "" = it did not."""
    try:
        process = subprocess.Popen(command)
    except FileNotFoundError:
        return "exit 127"
    status = process.wait()
    end = f"SIG{status}" if status < 0 else f"exit {status}"
    return f"pid {process.pid} {end}" if status else ""
