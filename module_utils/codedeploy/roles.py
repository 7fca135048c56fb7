# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A service role by name or by ARN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..aws.errors import ModuleError
from ..aws.waiters import until_usable
from . import api

if TYPE_CHECKING:
    from ..aws.connection import Connection
    from ..aws.errors import Record

# How long IAM may take to show a role that was just made; longer only makes a misspelt name slow to fail.
SETTLING_SECONDS = 10


def resolve(connection: Connection, role: str, *, known: str | None, timeout: float, may_miss: bool) -> str:
    """The ARN of a role.

    `known` is the ARN in use now: names of roles are unique in an account, so where it ends in
    this name nothing is asked. With `may_miss` (check mode) a role that is not there yet stays a name.
    """
    if role.startswith("arn:"):
        return role
    if known and known.rsplit("/", 1)[-1] == role:
        return known

    def read() -> Record:
        found = api.get_role(connection.iam, {"RoleName": role})
        if found is None:
            message = f"service_role: this account has no role {role}. Create it first, or give another one."
            raise ModuleError(message, code="NoSuchEntity")
        return found

    try:
        patience = 0 if may_miss else min(timeout, SETTLING_SECONDS)
        return str(until_usable(read, codes=("NoSuchEntity",), timeout=patience)["Arn"])
    except ModuleError as error:
        if may_miss and error.code == "NoSuchEntity":
            return role
        raise
