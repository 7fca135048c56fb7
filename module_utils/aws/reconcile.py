# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what is there to what is wanted, the same way for every resource, with and without check mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import ModuleError, Record
from .transformations import to_snake, without_empty


class Resource(Protocol):
    """One thing in AWS, as a normalised record: defaults filled in, sets sorted.

    Normalised means that two records describe the same thing exactly when they are equal.
    """

    @property
    def already_exists(self) -> str:
        """The error code of a creation that somebody else was quicker with."""

    @property
    def managed(self) -> tuple[str, ...]:
        """The members that a user decides on: what a diff shows."""

    def describe(self) -> Record | None:
        """Read it; None where it does not exist."""

    def desired(self, current: Record | None) -> Record | None:
        """What should be there, all members included; None for nothing. Changes nothing."""

    def apply(self, current: Record | None, wanted: Record | None) -> Record:
        """Create (from None), change, or delete (to None); returns what else the user should see."""


@dataclass(frozen=True)
class Outcome:
    """What a run did, or in check mode would do."""

    before: Record | None
    after: Record | None
    managed: tuple[str, ...]
    remarks: Record = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(changes(self.before, self.after))

    def as_result(self, name: str) -> dict[str, Any]:
        """The module's result: `changed`, the record under `name` ({} where there is none), `diff`."""
        return {
            "changed": self.changed,
            name: to_snake(self.after or {}),
            "diff": {"before": self._shown(self.before), "after": self._shown(self.after)},
            **to_snake(self.remarks),
        }

    def _shown(self, record: Record | None) -> dict[str, Any]:
        shown = {key: value for key, value in (record or {}).items() if key in self.managed}
        return without_empty(to_snake(shown))


def changes(current: Record | None, wanted: Record | None) -> dict[str, Any]:
    """The members of `wanted` that differ from `current`; for a removal every member, as None.

    `{**current, **changes(current, wanted)}` is `wanted` for any two records with the same members.
    """
    if wanted is None:
        return dict.fromkeys(current or {})
    if current is None:
        return dict(wanted)
    return {key: value for key, value in wanted.items() if key not in current or current[key] != value}


def reconcile(resource: Resource, *, dry_run: bool) -> Outcome:
    """Make it so; in a dry run only tell. Nothing is called for nothing.

    Raises ModuleError.
    """
    before = resource.describe()
    wanted = resource.desired(before)
    if dry_run or not changes(before, wanted):
        return Outcome(before, wanted, resource.managed)
    try:
        remarks = resource.apply(before, wanted)
    except ModuleError as error:
        if before is not None or error.code != resource.already_exists:
            raise
        # Somebody created it between our look and our call: what is left is a change, if anything.
        return reconcile(resource, dry_run=False)
    after = None if wanted is None else resource.describe() or wanted
    return Outcome(before, after, resource.managed, remarks)
