# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which roles the settings no longer ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Thing = Mapping[str, Any]


def unused_roles(
    roles: Iterable[Thing], wanted: Iterable[str], groups: Iterable[Thing], instances: Iterable[Thing]
) -> list[Thing]:
    """The roles that no setting names, no deployment group uses and no instance carries."""
    arns = [each.get("service_role_arn") for each in groups]
    arns += [(each.get("iam_instance_profile") or {}).get("arn") for each in instances]
    used = {*wanted, *(arn.rpartition("/")[2] for arn in arns if arn)}
    return [each for each in roles if not used & {each["role_name"], *each["instance_profiles"]}]


class FilterModule:
    """How Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"unused_roles": unused_roles}
