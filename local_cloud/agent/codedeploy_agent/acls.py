"""Access control lists of an appspec's `permissions`, as `setfacl --set` wants them."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import AppSpecError

_TYPES = {
    "u": "user",
    "user": "user",
    "g": "group",
    "group": "group",
    "m": "mask",
    "mask": "mask",
    "o": "other",
    "other": "other",
}
_DEFAULT = ("d", "default")
_PROBLEM = (
    "The deployment failed because of a problem with the acls permission settings in the"
    " application specification file."
)


@dataclass(frozen=True)
class Entry:
    """One entry: `[default:][type:]name:permissions`."""

    default: bool
    type: str
    name: str
    permissions: str

    def __str__(self) -> str:
        return f"{'default:' if self.default else ''}{self.type}:{self.name}:{self.permissions}"


def parse_entry(text: str) -> Entry:
    """Reads one entry as a person writes it. Raises AppSpecError."""
    *head, permissions = text.split(":")
    invalid = AppSpecError(f"{_PROBLEM} Invalid acl entry ({text}).")
    default = len(head) > 1 and head[0] in _DEFAULT
    if default:
        head = head[1:]
    if len(head) == 1:
        head = [head[0], ""] if head[0] in ("m", "mask", "o", "other") else ["user", head[0]]
    if len(head) != len(("type", "name")) or head[0] not in _TYPES:
        raise invalid
    kind, name = _TYPES[head[0]], head[1]
    if kind in ("mask", "other") and name:
        raise invalid
    if not default and kind != "mask" and not name:
        raise AppSpecError(
            f"{_PROBLEM} Use mode to set the base acl entry ({text})."
            " Update the permissions section of the AppSpec file, and then try again."
        )
    return Entry(default, kind, name, _permissions(text, permissions))


def complete(entries: tuple[Entry, ...], mode: int) -> list[str]:
    """The whole list for `setfacl --set`: `entries` and the base ones that `mode` stands for."""
    user, group, other = (_letters(mode >> shift & 7) for shift in (6, 3, 0))
    result = [str(entry) for entry in entries]
    result += [f"user::{user}", f"group::{group}", f"other::{other}"]
    named = [entry for entry in entries if entry.name]
    if any(not entry.default for entry in named) and not _has(entries, "mask", default=False):
        result.append(f"mask::{group}")
    if any(entry.default for entry in entries):
        base = {"user": user, "group": group, "other": other}
        missing = {kind: rights for kind, rights in base.items() if not _has(entries, kind, default=True)}
        result += [f"default:{kind}::{rights}" for kind, rights in missing.items()]
        if any(entry.default for entry in named) and not _has(entries, "mask", default=True):
            given = next(
                (e.permissions for e in entries if e.default and e.type == "group" and not e.name), group
            )
            result.append(f"default:mask::{given}")
    return result


def _has(entries: tuple[Entry, ...], kind: str, *, default: bool) -> bool:
    return any(e.default is default and e.type == kind and not e.name for e in entries)


def _permissions(text: str, permissions: str) -> str:
    if len(permissions) == 1 and permissions in "01234567":
        return _letters(int(permissions))
    for letter in permissions:
        if letter not in "rwx-":
            raise AppSpecError(
                f"The deployment failed because the access control list (ACL) named {text} in the application"
                f" specification file contains an invalid character ({letter}). Correct the ACL in the hooks"
                " section of the AppSpec file, and then try again."
            )
    return "".join(letter if letter in permissions else "-" for letter in "rwx")


def _letters(bits: int) -> str:
    return "".join(letter if bits & mask else "-" for letter, mask in (("r", 4), ("w", 2), ("x", 1)))
