# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What roles are granted: inline policies and attached ones, of which others may have put some there.

Only what a user names is touched: inline policies by their names, attachments by their ARNs.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies

from ..aws.errors import ModuleError, Record, explained, none_if, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_iam import IAMClient

ROLE_NAME = r"[A-Za-z0-9+=,.@_-]{1,64}"
POLICY_NAME = r"[A-Za-z0-9+=,.@_-]{1,128}"
POLICY_ARN = r"arn:aws[a-z-]*:iam::(aws|\d{12}):policy/\S+"


@explained("read the inline policy {PolicyName} of the role {RoleName}")
@none_if("NoSuchEntity")
def get_inline(client: IAMClient, request: Record) -> Record | None:
    document: Any = client.get_role_policy(**request)["PolicyDocument"]  # decoded by botocore
    decoded: Record = document
    return decoded


@explained("list the policies attached to the role {RoleName}")
@none_if("NoSuchEntity")
def list_attached(client: IAMClient, request: Record) -> list[str] | None:
    pages = client.get_paginator("list_attached_role_policies").paginate(**request)
    return sorted(policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"])


@explained("put the inline policy {PolicyName} into the role {RoleName}")
def put_inline(client: IAMClient, request: Record) -> None:
    client.put_role_policy(**request)


@explained("delete the inline policy {PolicyName} of the role {RoleName}")
@none_if("NoSuchEntity")
def delete_inline(client: IAMClient, request: Record) -> None:
    client.delete_role_policy(**request)


@explained("attach {PolicyArn} to the role {RoleName}")
def attach(client: IAMClient, request: Record) -> None:
    client.attach_role_policy(**request)


@explained("detach {PolicyArn} from the role {RoleName}")
@none_if("NoSuchEntity")
def detach(client: IAMClient, request: Record) -> None:
    client.detach_role_policy(**request)


@explained("see the role {RoleName}, which a moment ago may have been made")
def await_role(client: IAMClient, request: Record) -> None:
    client.get_waiter("role_exists").wait(**request, WaiterConfig={"Delay": 1, "MaxAttempts": 10})


@dataclass(frozen=True)
class Grants:
    """What a role has of what a user names: documents by name, and ARNs, sorted."""

    inline: Mapping[str, Record] = field(default_factory=dict)
    attached: Sequence[str] = ()

    def shown(self) -> dict[str, Any]:
        return {"inline": dict(self.inline), "attached": list(self.attached)}


@dataclass(frozen=True)
class RolePolicies:
    """What a user asks of one role."""

    name: str
    inline: Mapping[str, Record | None] = field(default_factory=dict)  # None and {} are "not there"
    attached: Sequence[str] = ()
    detached: Sequence[str] = ()

    def problems(self, where: str) -> Iterator[str]:
        """What AWS would refuse, one line each."""
        if not re.fullmatch(ROLE_NAME, self.name):
            yield f"{where}.name: {self.name!r} is no role. Allowed: 1 to 64 of A-Z a-z 0-9 + = , . @ _ -"
        for name, document in self.inline.items():
            if not re.fullmatch(POLICY_NAME, name):
                yield f"{where}.inline: {name!r} is no name. Allowed: 1 to 128 of A-Z a-z 0-9 + = , . @ _ -"
            if document and not (isinstance(document, dict) and document.get("Statement")):
                yield (
                    f"{where}.inline.{name}: {document!r} is no policy. "
                    "Allowed: a document with Version and Statement, or null for none."
                )
        for option, arns in (("attached", self.attached), ("detached", self.detached)):
            for arn in arns:
                if not re.fullmatch(POLICY_ARN, arn):
                    yield f"{where}.{option}: {arn!r} is no policy. Allowed: arn:aws:iam::OWNER:policy/NAME"
        for arn in sorted(set(self.attached) & set(self.detached)):
            yield f"{where}.detached: {arn!r} is in attached too. Allowed: one of the two."

    def current(self, client: IAMClient) -> Grants | None:
        """What is there of what is named; None where there is no such role."""
        role = {"RoleName": self.name}
        attached = list_attached(client, role)
        if attached is None:
            return None
        documents = {name: get_inline(client, {**role, "PolicyName": name}) for name in self.inline}
        named = {*self.attached, *self.detached}
        return Grants(
            {name: document for name, document in documents.items() if document is not None},
            [arn for arn in attached if arn in named],
        )

    def wanted(self, current: Grants) -> Grants:
        """What should be there of what is named; a document in other words that says the same may stay."""
        documents: dict[str, Record] = {}
        for name, document in self.inline.items():
            if document:
                there = current.inline.get(name)
                same = there is not None and not compare_policies(there, document)
                documents[name] = there if same and there is not None else document
        return Grants(documents, sorted(set(self.attached)))

    def apply(self, client: IAMClient, current: Grants, wanted: Grants) -> None:
        """New grants first: nothing that a role may do before and after is refused in between."""
        role = {"RoleName": self.name}
        for name, document in wanted.inline.items():
            if current.inline.get(name) != document:
                put_inline(client, {**role, "PolicyName": name, "PolicyDocument": json.dumps(document)})
        for arn in sorted(set(wanted.attached) - set(current.attached)):
            attach(client, {**role, "PolicyArn": arn})
        for arn in sorted(set(current.attached) - set(wanted.attached)):
            detach(client, {**role, "PolicyArn": arn})
        for name in sorted(set(current.inline) - set(wanted.inline)):
            delete_inline(client, {**role, "PolicyName": name})


def grant(client: IAMClient, roles: Sequence[RolePolicies], *, dry_run: bool) -> dict[str, Any]:
    """Give the roles what is asked; in a dry run only tell. The module's result.

    All roles are looked at before the first is changed. In a dry run a role that is not there
    has nothing yet. Raises ModuleError.
    """
    refuse(problem for index, role in enumerate(roles) for problem in role.problems(f"roles[{index}]"))
    plan = []
    for role in roles:
        current = role.current(client)
        if current is None:
            current = Grants() if dry_run else _of_new_role(client, role)
        plan.append((role, current, role.wanted(current)))
    if not dry_run:
        for role, current, wanted in plan:
            role.apply(client, current, wanted)
    before = {role.name: current.shown() for role, current, _ in plan}
    after = {role.name: wanted.shown() for role, _, wanted in plan}
    # A diff shows a few lines around each change: the role's name may not be among them.
    changed = ", ".join(name for name in after if before[name] != after[name])
    diff = {"before": before, "after": after, "before_header": changed, "after_header": changed}
    return {"changed": bool(changed), "roles": after, "diff": diff}


def _of_new_role(client: IAMClient, role: RolePolicies) -> Grants:
    """IAM may need some seconds until it knows everywhere of a role that was made."""
    try:
        await_role(client, {"RoleName": role.name})
    except ModuleError as error:
        raise ModuleError(
            f"There is no role {role.name} to grant anything: create it first, with amazon.aws.iam_role.",
            code=error.code,
        ) from error
    return role.current(client) or Grants()
