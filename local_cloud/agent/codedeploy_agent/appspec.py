"""The agent's verdict on an appspec: `parse` returns what to do, or says why not.

The document is read as the real agent reads it on Ruby 3.1 or later (see `psych`):
`mode: 0644` is the number 420 and becomes the mode 0420, here as there. What Ruby
takes for true, for text or for a list decides; a value that no step of a deployment
looks at may be anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import acls, psych, ruby, selinux
from .errors import AppSpecError

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_TIMEOUT = 3600
"""Seconds for a script that names none."""

BEHAVIORS = ("DISALLOW", "OVERWRITE", "RETAIN")

_MODE_DIGITS = 4
_OBJECT_TYPES = ("file", "directory")
_UPDATE_PERMISSIONS = "Update the permissions section of the AppSpec file, and then try again."
_NO_LOCATION = (
    "The deployment failed because the application specification file specifies a script with no location"
    " value. Specify the location in the hooks section of the AppSpec file, and then try again."
)
_NO_OBJECT = (
    "The deployment failed because a permission listed in the application specification file has no object"
    f" value. {_UPDATE_PERMISSIONS}"
)


@dataclass(frozen=True)
class File:
    """One entry of `files`: both as they are written. What is no path there fails when it is installed."""

    source: Any
    destination: Any


@dataclass(frozen=True)
class Script:
    """One script of a hook; `timeout` in seconds."""

    location: str
    runas: str | None
    sudo: bool
    timeout: int


@dataclass(frozen=True)
class Context:
    """An SELinux context. One without a range is read, and cannot be installed."""

    type: str
    user: str | None
    range: str | None


@dataclass(frozen=True)
class Permission:
    """One entry of `permissions`. It applies to what the deployment makes, and to nothing else."""

    object: str
    pattern: Any
    excepted: tuple[Any, ...]
    types: tuple[str, ...]
    owner: Any
    group: Any
    mode: str | None
    acls: tuple[acls.Entry, ...] | None
    context: Context | None


@dataclass(frozen=True)
class AppSpec:
    """A valid appspec. `file_exists_behavior` is None where the deployment decides."""

    files: tuple[File, ...]
    hooks: dict[str, tuple[Script, ...]]
    permissions: tuple[Permission, ...]
    file_exists_behavior: str | None


def locate(archive: Path, name: str, *, install: bool = False) -> Path:
    """The appspec in an unpacked revision. Raises AppSpecError.

    The Install command also finds `appspec.yaml`; hooks only find `name`.
    """
    candidates = [archive / name]
    if install and name == "appspec.yml":
        candidates.append(archive / "appspec.yaml")
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise AppSpecError(
        "The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory at"
        f' revision-relative path "{name}". The revision was unpacked to directory "{archive}", and the'
        f' AppSpec file was expected but not found at path "{candidates[0]}". Consult the AWS CodeDeploy'
        " Appspec documentation for more information at"
        " http://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html"
    )


def read(path: Path) -> AppSpec:
    """`parse` of a file's content. Raises AppSpecError."""
    return parse(path.read_bytes())


def parse(content: bytes | str) -> AppSpec:
    """Reads an appspec. Raises AppSpecError with the agent's message."""
    try:
        document = psych.load(content.encode() if isinstance(content, str) else content)
    except psych.LoadError as error:
        raise AppSpecError(f"The AppSpec file cannot be read: {error}") from error
    if not ruby.truthy(document):
        raise AppSpecError(
            "The deployment failed because the application specification file was empty. Make sure your"
            " AppSpec file defines at minimum the 'version' and 'os' properties."
        )
    _check_version(_field(document, "version", "the document"))
    _check_os(document.get("os"))
    return AppSpec(
        hooks=_hooks(document.get("hooks")),
        files=tuple(_file(entry) for entry in _each(document.get("files"), "files")),
        permissions=tuple(_permission(entry) for entry in _each(document.get("permissions"), "permissions")),
        file_exists_behavior=_behavior(document.get("file_exists_behavior")),
    )


def _check_version(version: object) -> None:
    if isinstance(version, bool) or not isinstance(version, (int, float)) or version != 0:
        raise AppSpecError(
            f"The deployment failed because an invalid version value ({ruby.to_s(version)}) was entered in"
            ' the application specification file. Make sure your AppSpec file specifies "0.0" as the'
            " version, and then try again."
        )


def _check_os(system: object) -> None:
    if system != "linux":
        raise AppSpecError(
            "The deployment failed because the application specification file specifies an unsupported"
            f' operating system ({ruby.to_s(system)}). Specify either "linux" or "windows" in the os section'
            " of the AppSpec file, and then try again."
        )


def _behavior(value: object) -> str | None:
    if value is None or (isinstance(value, str) and value in BEHAVIORS):
        return value
    raise AppSpecError(
        f"The deployment failed because an invalid file_exists_behavior value ({ruby.to_s(value)}) was"
        " entered in the application specification file. Make sure your AppSpec file specifies one of"
        f" {','.join(BEHAVIORS)} as the file_exists_behavior, and then try again."
    )


def _each(value: object, where: str) -> list[Any]:
    """What Ruby's `each` yields: a list's items, a mapping's pairs, and nothing where there is nothing."""
    if not ruby.truthy(value):
        return []
    if isinstance(value, dict):
        return [[*pair] for pair in value.items()]
    if not isinstance(value, list):
        raise AppSpecError(f"The deployment failed because {where} in the AppSpec file must be a list.")
    return value


def _mapping(value: object, where: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise AppSpecError(f"The deployment failed because {where} in the AppSpec file must be a mapping.")
    return value


def _optional(value: object) -> str | None:
    return None if value is None else ruby.strip(value)


def _hooks(value: object) -> dict[str, tuple[Script, ...]]:
    """Blank events are left out. A name that is no text is no event's, but its scripts must be right."""
    events = _mapping(value, "hooks") if ruby.truthy(value) else {}
    return {
        ruby.to_s(event): tuple(_script(entry, event) for entry in _each(scripts, ruby.to_s(event)))
        for event, scripts in events.items()
        if ruby.truthy(scripts)
    }


def _script(entry: object, event: object) -> Script:
    script = _mapping(entry, f"a script of {ruby.to_s(event)}")
    location = _optional(script.get("location"))
    if not location:
        raise AppSpecError(_NO_LOCATION)
    return Script(
        location=location,
        runas=_optional(script.get("runas")),
        sudo=ruby.truthy(script.get("sudo")),
        timeout=_timeout(script.get("timeout")),
    )


def _timeout(value: object) -> int:
    """Leading digits count, as Ruby's to_i takes them: "300s" is 300 and "soon" is 0."""
    if not ruby.truthy(value):
        return DEFAULT_TIMEOUT
    seconds = 0
    if isinstance(value, str):
        seconds = ruby.to_i(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        seconds = int(value)
    if seconds <= 0:
        raise AppSpecError(
            "The deployment failed because an invalid timeout value was provided for a script in the"
            " application specification file. Make corrections in the hooks section of the AppSpec file,"
            " and then try again."
        )
    return seconds


def _file(entry: object) -> File:
    source, destination = (_field(entry, name, "an entry of files") for name in ("source", "destination"))
    if source is None:
        raise AppSpecError(
            "The deployment failed because the application specification file specifies a destination"
            " file, but no source file. Update the files section of the AppSpec file, and then try again."
        )
    if destination is None:
        raise AppSpecError(
            "The deployment failed because the application specification file specifies only a source file"
            f" ({ruby.to_s(source)}). Add the name of the destination file to the files section of the"
            " AppSpec file, and then try again."
        )
    return File(source, destination)


def _field(entry: object, name: str, where: str) -> Any:  # noqa: ANN401 - a YAML document holds anything
    """A mapping's value. Text has what stands in it, as in Ruby: `- source of destination` is an entry."""
    text = entry.name if isinstance(entry, ruby.Symbol) else entry
    if isinstance(text, str):
        return name if name in text else None
    return _mapping(entry, where).get(name)


def _permission(entry: object) -> Permission:
    permission = _mapping(entry, "an entry of permissions")
    target, pattern = permission.get("object"), permission.get("pattern")
    if target is None:
        raise AppSpecError(_NO_OBJECT)
    parsed = Permission(
        object=ruby.strip(target),
        pattern=pattern if ruby.truthy(pattern) else "**",
        excepted=_excepted(permission.get("except")),
        types=_types(permission.get("type")),
        owner=permission.get("owner"),
        group=permission.get("group"),
        mode=_mode(permission.get("mode")),
        acls=_acls(permission.get("acls")),
        context=_context(permission.get("context")),
    )
    if not parsed.object:
        raise AppSpecError(_NO_OBJECT)
    return parsed


def _excepted(value: object) -> tuple[Any, ...]:
    return tuple(_each(value, "except"))


def _types(value: object) -> tuple[str, ...]:
    """An empty list is not the same as none: it reaches nothing."""
    if not ruby.truthy(value):
        return _OBJECT_TYPES
    types = _each(value, "type")
    for kind in types:
        if kind not in _OBJECT_TYPES:
            raise AppSpecError(
                "The deployment failed because the application specification filespecifies a permission"
                f" for an object type not supported for permissions ({ruby.to_s(kind)})."
                f" {_UPDATE_PERMISSIONS}"
            )
    return tuple(types)


def _mode(value: object) -> str | None:
    if value is None:
        return None
    mode = ruby.to_s(value).rjust(3, "0")
    if len(mode) > _MODE_DIGITS:
        raise AppSpecError(
            f"The deployment failed because the length of a permissions mode ({mode}) in the application"
            " specification file is invalid. Permissions modes must be between one and four characters long."
            f" {_UPDATE_PERMISSIONS}"
        )
    for character in mode:
        if character not in "01234567":
            raise AppSpecError(
                f"The deployment failed because the permissions mode ({mode}) in the application"
                f" specification file contains an invalid character ({character}). {_UPDATE_PERMISSIONS}"
            )
    return mode


def _acls(value: object) -> tuple[acls.Entry, ...] | None:
    if value is None:
        return None
    entries = _each(value, "acls")
    if value is False or not all(isinstance(entry, str) for entry in entries):
        raise AppSpecError("The deployment failed because acls in the AppSpec file must be a list of text.")
    return tuple(acls.parse_entry(entry) for entry in entries)


def _context(value: object) -> Context | None:
    if value is None:
        return None
    if _field(value, "type", "a context") is None:
        raise AppSpecError(
            "The deployment failed because the application specification file specifies an invalid context"
            f" type ({ruby.inspect(value)}). {_UPDATE_PERMISSIONS}"
        )
    kind, user, level = (_field(value, name, "a context") for name in ("type", "name", "range"))
    if level is not None and not isinstance(level, str):
        raise AppSpecError(f"The deployment failed because a context's range must be text, not {level}.")
    return Context(
        ruby.to_s(kind),
        None if user is None else ruby.to_s(user),
        None if level is None else selinux.parse_range(level),
    )
