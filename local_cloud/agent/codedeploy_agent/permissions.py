"""The section `permissions` of an appspec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import acls, ruby, selinux
from .errors import AppSpecError
from .values import each, field, mapping

_MODE_DIGITS = 4
_OBJECT_TYPES = ("file", "directory")
_UPDATE_PERMISSIONS = "Update the permissions section of the AppSpec file, and then try again."
_NO_OBJECT = (
    "The deployment failed because a permission listed in the application specification file has no object"
    f" value. {_UPDATE_PERMISSIONS}"
)


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


def parse(entry: object) -> Permission:
    permission = mapping(entry, "an entry of permissions")
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
    return tuple(each(value, "except"))


def _types(value: object) -> tuple[str, ...]:
    """An empty list is not the same as none: it reaches nothing."""
    if not ruby.truthy(value):
        return _OBJECT_TYPES
    types = each(value, "type")
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
    entries = each(value, "acls")
    if value is False or not all(isinstance(entry, str) for entry in entries):
        raise AppSpecError("The deployment failed because acls in the AppSpec file must be a list of text.")
    return tuple(acls.parse_entry(entry) for entry in entries)


def _context(value: object) -> Context | None:
    if value is None:
        return None
    if field(value, "type", "a context") is None:
        raise AppSpecError(
            "The deployment failed because the application specification file specifies an invalid context"
            f" type ({ruby.inspect(value)}). {_UPDATE_PERMISSIONS}"
        )
    kind, user, level = (field(value, name, "a context") for name in ("type", "name", "range"))
    if level is not None and not isinstance(level, str):
        raise AppSpecError(f"The deployment failed because a context's range must be text, not {level}.")
    return Context(
        ruby.to_s(kind),
        None if user is None else ruby.to_s(user),
        None if level is None else selinux.parse_range(level),
    )
