# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The roles that carry certain tags. ListRoles tells no tags: each candidate is asked for its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..aws.errors import Record, explained, none_if
from ..aws.transformations import from_tag_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_iam import IAMClient


@explained("list the roles")
def list_roles(client: IAMClient, _request: Record) -> list[Record]:
    pages = client.get_paginator("list_roles").paginate()
    return [dict(role) for page in pages for role in page["Roles"]]


@explained("list the tags of the role {RoleName}")
@none_if("NoSuchEntity")
def list_tags(client: IAMClient, request: Record) -> list[Any] | None:
    pages = client.get_paginator("list_role_tags").paginate(**request)
    return [tag for page in pages for tag in page["Tags"]]


@explained("list the instance profiles of the role {RoleName}")
@none_if("NoSuchEntity")
def list_profiles(client: IAMClient, request: Record) -> list[str] | None:
    pages = client.get_paginator("list_instance_profiles_for_role").paginate(**request)
    return [each["InstanceProfileName"] for page in pages for each in page["InstanceProfiles"]]


def trusts_one_of(role: Record, principals: Iterable[str]) -> bool:
    """Whether its trust policy has one of the texts among its principals."""
    statements = role.get("AssumeRolePolicyDocument", {}).get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    trusted = json.dumps([each.get("Principal") for each in listed])
    return any(each in trusted for each in principals)


def tagged_roles(
    client: IAMClient, tags: Mapping[str, str], principals: Iterable[str]
) -> list[dict[str, Any]]:
    """The roles that have all of the tags, by name, with the instance profiles that they are in."""
    candidates = [role for role in list_roles(client, {}) if trusts_one_of(role, principals)]
    found = []
    for name in sorted(role["RoleName"] for role in candidates):
        request = {"RoleName": name}
        if tags.items() <= from_tag_list(list_tags(client, request) or []).items():
            found.append({"role_name": name, "instance_profiles": list_profiles(client, request) or []})
    return found
