"""Access control lists of an appspec's `permissions`, as `setfacl --set` wants them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import AppSpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_LONG_NAMES = {"m": "mask", "o": "other"}
"""Also where they name somebody."""
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
    kind, name = _TYPES[head[0]], _LONG_NAMES.get(head[1], head[1])
    if kind in ("mask", "other") and name:
        raise invalid
    if not default and kind != "mask" and not name:
        raise AppSpecError(
            f"{_PROBLEM} Use mode to set the base acl entry ({text})."
            " Update the permissions section of the AppSpec file, and then try again."
        )
    return Entry(default, kind, name, _permissions(text, permissions))


class AccessControlList:
    """One permission's list, for all that it reaches.

    What `complete` adds for one object stays for the next ones, as in the real agent: the first
    one's mask and default entries are everyone's.
    """

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self._given = entries
        self._added: list[Entry] = []

    def __iter__(self) -> Iterator[str]:
        return iter([str(entry) for entry in self._given])

    def complete(self, mode: int) -> list[str]:
        """The whole list for `setfacl --set`: with the base entries that an object's `mode` stands for."""
        user, group, other = (_letters(mode >> shift & 7) for shift in (6, 3, 0))
        base = {"user": user, "group": group, "other": other}
        self._added += [Entry(default=False, type=kind, name="", permissions=base[kind]) for kind in base]
        if self._names(default=False) and not self._has("mask", default=False):
            self._added.append(Entry(default=False, type="mask", name="", permissions=group))
        if any(entry.default for entry in self._entries):
            self._add_defaults(base)
        return [str(entry) for entry in self._entries]

    @property
    def _entries(self) -> tuple[Entry, ...]:
        return (*self._given, *self._added)

    def _add_defaults(self, base: dict[str, str]) -> None:
        for kind, rights in base.items():
            if not self._has(kind, default=True):
                self._added.append(Entry(default=True, type=kind, name="", permissions=rights))
        if self._names(default=True) and not self._has("mask", default=True):
            given = next(e for e in self._entries if e.default and e.type == "group" and not e.name)
            self._added.append(Entry(default=True, type="mask", name="", permissions=given.permissions))

    def _names(self, *, default: bool) -> bool:
        return any(entry.default is default and entry.name for entry in self._entries)

    def _has(self, kind: str, *, default: bool) -> bool:
        return any(e.default is default and e.type == kind and not e.name for e in self._entries)


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
