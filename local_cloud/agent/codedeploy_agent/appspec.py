"""The agent's verdict on an appspec: `parse` returns what to do, or says why not.

The document is read as the real agent reads it on Ruby 3.1 or later: YAML 1.1
without aliases and dates, so that `mode: 0644` is the number 420 and becomes the
mode 0420, here as there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from . import acls
from .errors import AppSpecError

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_TIMEOUT = 3600
"""Seconds for a script that names none."""

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
    """One entry of `files`: both paths as they are written."""

    source: str
    destination: str


@dataclass(frozen=True)
class Script:
    """One script of a hook; `timeout` in seconds."""

    location: str
    runas: str | None
    sudo: bool
    timeout: int


@dataclass(frozen=True)
class Context:
    """An SELinux context."""

    type: str
    user: str | None
    range: str | None


@dataclass(frozen=True)
class Permission:
    """One entry of `permissions`. It applies to what the deployment makes, and to nothing else."""

    object: str
    pattern: str
    excepted: tuple[str, ...]
    types: tuple[str, ...]
    owner: str | None
    group: str | None
    mode: str | None
    acls: tuple[acls.Entry, ...]
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
        " https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html"
    )


def read(path: Path) -> AppSpec:
    """`parse` of a file's content. Raises AppSpecError."""
    return parse(path.read_text(encoding="utf-8", errors="replace"))


def parse(text: str) -> AppSpec:
    """Reads an appspec. Raises AppSpecError with the agent's message."""
    document = _load(text)
    if not isinstance(document, dict):
        raise AppSpecError(
            "The deployment failed because the application specification file holds no settings."
        )
    _check_version(document.get("version"))
    _check_os(document.get("os"))
    hooks = _mapping(document.get("hooks"), "hooks")
    return AppSpec(
        hooks={str(event): _scripts(event, scripts) for event, scripts in hooks.items()},
        files=tuple(_file(entry) for entry in _entries(document.get("files"), "files")),
        permissions=tuple(
            _permission(entry) for entry in _entries(document.get("permissions"), "permissions")
        ),
        file_exists_behavior=document.get("file_exists_behavior"),
    )


class _Loader(yaml.SafeLoader):
    """Refuses what the real agent's loader refuses."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise AppSpecError(
                "Alias parsing was not enabled. To enable it, pass `aliases: true` to `Psych::load`."
            )
        return super().compose_node(parent, index)


def _refuse_date(_loader: yaml.SafeLoader, _node: yaml.Node) -> None:
    raise AppSpecError("Tried to load unspecified class: Date")


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _refuse_date)


def _load(text: str) -> Any:  # noqa: ANN401 - a YAML document is anything
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - the loader is stricter than the safe one
    except yaml.YAMLError as error:
        raise AppSpecError(f"The AppSpec file is not valid YAML: {' '.join(str(error).split())}") from error


def _shown(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _check_version(version: object) -> None:
    if isinstance(version, bool) or not isinstance(version, (int, float)) or version != 0:
        raise AppSpecError(
            f"The deployment failed because an invalid version value ({_shown(version)}) was entered in the"
            ' application specification file. Make sure your AppSpec file specifies "0.0" as the version,'
            " and then try again."
        )


def _check_os(system: object) -> None:
    if system != "linux":
        raise AppSpecError(
            "The deployment failed because the application specification file specifies an unsupported"
            f' operating system ({_shown(system)}). Specify either "linux" or "windows" in the os section'
            " of the AppSpec file, and then try again."
        )


def _mapping(value: object, where: str) -> dict[Any, Any]:
    if not value:
        return {}
    if not isinstance(value, dict):
        raise AppSpecError(f"The deployment failed because {where} in the AppSpec file must be a mapping.")
    return value


def _entries(value: object, where: str) -> list[dict[Any, Any]]:
    if value is None or value is False:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise AppSpecError(
            f"The deployment failed because {where} in the AppSpec file must be a list of mappings."
        )
    return value


def _strings(value: object, where: str) -> tuple[str, ...]:
    if value is None or value is False:
        return ()
    if not isinstance(value, list):
        raise AppSpecError(f"The deployment failed because {where} in the AppSpec file must be a list.")
    return tuple(str(item) for item in value)


def _optional(value: object) -> str | None:
    return None if value is None else str(value).strip()


def _scripts(event: object, scripts: object) -> tuple[Script, ...]:
    if scripts is None:
        raise AppSpecError(f"The deployment failed because {event} in the AppSpec file lists no script.")
    return tuple(_script(entry) for entry in _entries(scripts, str(event)))


def _script(entry: dict[Any, Any]) -> Script:
    location = _optional(entry.get("location"))
    if not location:
        raise AppSpecError(_NO_LOCATION)
    return Script(
        location=location,
        runas=_optional(entry.get("runas")),
        sudo=bool(entry.get("sudo")),
        timeout=_timeout(entry.get("timeout")),
    )


def _timeout(value: object) -> int:
    """Leading digits count, as Ruby's to_i takes them: "300s" is 300 and "soon" is 0."""
    if value is None or value is False:
        return DEFAULT_TIMEOUT
    digits = re.match(r"\s*[+-]?\d+", str(value))
    seconds = int(digits.group()) if digits else 0
    if seconds <= 0:
        raise AppSpecError(
            "The deployment failed because an invalid timeout value was provided for a script in the"
            " application specification file. Make corrections in the hooks section of the AppSpec file,"
            " and then try again."
        )
    return seconds


def _file(entry: dict[Any, Any]) -> File:
    source, destination = entry.get("source"), entry.get("destination")
    if source is None:
        raise AppSpecError(
            "The deployment failed because the application specification file specifies a destination"
            " file, but no source file. Update the files section of the AppSpec file, and then try again."
        )
    if destination is None:
        raise AppSpecError(
            "The deployment failed because the application specification file specifies only a source file"
            f" ({source}). Add the name of the destination file to the files section of the AppSpec file,"
            " and then try again."
        )
    return File(str(source), str(destination))


def _permission(entry: dict[Any, Any]) -> Permission:
    target = _optional(entry.get("object"))
    if not target:
        raise AppSpecError(_NO_OBJECT)
    return Permission(
        object=target,
        pattern=str(entry.get("pattern") or "**"),
        excepted=_strings(entry.get("except"), "except"),
        types=_types(entry.get("type")),
        owner=_optional(entry.get("owner")),
        group=_optional(entry.get("group")),
        mode=_mode(entry.get("mode")),
        acls=tuple(acls.parse_entry(item) for item in _strings(entry.get("acls"), "acls")),
        context=_context(entry.get("context")),
    )


def _types(value: object) -> tuple[str, ...]:
    types = _strings(value, "type") or _OBJECT_TYPES
    for kind in types:
        if kind not in _OBJECT_TYPES:
            raise AppSpecError(
                "The deployment failed because the application specification file specifies a permission"
                f" for an object type not supported for permissions ({kind}). {_UPDATE_PERMISSIONS}"
            )
    return types


def _mode(value: object) -> str | None:
    if value is None:
        return None
    mode = str(value).rjust(3, "0")
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


def _context(value: object) -> Context | None:
    if value is None:
        return None
    context = _mapping(value, "context")
    if context.get("type") is None:
        raise AppSpecError(
            "The deployment failed because the application specification file specifies an invalid context"
            f" type ({context}). {_UPDATE_PERMISSIONS}"
        )
    return Context(str(context["type"]), _optional(context.get("name")), _optional(context.get("range")))
