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

from . import psych, ruby
from .errors import AppSpecError
from .permissions import Permission
from .permissions import parse as parse_permission
from .values import each, field, mapping, optional

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_TIMEOUT = 3600
"""Seconds for a script that names none."""

BEHAVIORS = ("DISALLOW", "OVERWRITE", "RETAIN")

_NO_LOCATION = (
    "The deployment failed because the application specification file specifies a script with no location"
    " value. Specify the location in the hooks section of the AppSpec file, and then try again."
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
    _check_version(field(document, "version", "the document"))
    _check_os(document.get("os"))
    return AppSpec(
        hooks=_hooks(document.get("hooks")),
        files=tuple(_file(entry) for entry in each(document.get("files"), "files")),
        permissions=tuple(
            parse_permission(entry) for entry in each(document.get("permissions"), "permissions")
        ),
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


def _hooks(value: object) -> dict[str, tuple[Script, ...]]:
    """Blank events are left out. A name that is no text is no event's, but its scripts must be right."""
    events = mapping(value, "hooks") if ruby.truthy(value) else {}
    return {
        ruby.to_s(event): tuple(_script(entry, event) for entry in each(scripts, ruby.to_s(event)))
        for event, scripts in events.items()
        if ruby.truthy(scripts)
    }


def _script(entry: object, event: object) -> Script:
    script = mapping(entry, f"a script of {ruby.to_s(event)}")
    location = optional(script.get("location"))
    if not location:
        raise AppSpecError(_NO_LOCATION)
    return Script(
        location=location,
        runas=optional(script.get("runas")),
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
    source, destination = (field(entry, name, "an entry of files") for name in ("source", "destination"))
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
