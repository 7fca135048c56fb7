"""May this be done? The decision that IAM's policies give, and nothing else: no account, no HTTP.

Source: "Policy evaluation logic" and "Evaluating policies within a single account"
of the IAM User Guide.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from local_cloud.aws.authorization.conditions import (
    Context,
    filled_in,
    holds,
    like,
    listed,
    understood,
)

Document = Mapping[str, Any]
"""A policy as its JSON says."""
Name = tuple[str, str]
"""How a policy of a resource names a caller: `AWS`, `Federated` or `Service`, and the name."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """One thing that somebody wants to do. `resource` is an ARN, or `*` where the action has none.

    `context`: what a condition may ask, by condition key in lower case.
    """

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Policies:
    """All that bears on one principal. None: there is no such policy, so it limits nothing."""

    identity: tuple[Document, ...] = ()
    boundary: Document | None = None
    session: Document | None = None


class Effect(Enum):
    """What one kind of policies says about an access."""

    ALLOW = "allow"
    DENY = "deny"
    SILENT = "silent"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`reason` is AWS's wording of a refusal, which ends its error message; "" where allowed."""

    allowed: bool
    reason: str = ""


ALLOWED = Decision(allowed=True)


def decide(policies: Policies, access: Access) -> Decision:
    """Deny wins; then every kind of policies that there is must allow."""
    kinds = {
        "an identity-based policy": effect(policies.identity, access),
        "a permissions boundary": _effect_of(policies.boundary, access),
        "a session policy": _effect_of(policies.session, access),
    }
    for kind, said in kinds.items():
        if said is Effect.DENY:
            return Decision(allowed=False, reason=f"with an explicit deny in {kind}")
    for kind, said in kinds.items():
        if said is Effect.SILENT:
            name = kind.partition(" ")[2]
            return Decision(allowed=False, reason=f"because no {name} allows the {access.action} action")
    return ALLOWED


def effect(documents: Iterable[Document], access: Access, principals: Iterable[Name] = ()) -> Effect:
    """What these policies say together. `principals`: names of the caller, for policies of a resource."""
    fitting = {
        statement["Effect"]
        for document in documents
        for statement in listed(document.get("Statement"))
        if fits(statement, access, principals)
    }
    if "Deny" in fitting:
        return Effect.DENY
    return Effect.ALLOW if "Allow" in fitting else Effect.SILENT


def fits(statement: Mapping[str, Any], access: Access, principals: Iterable[Name] = ()) -> bool:
    """Does a statement speak of this access?

    A denial with a condition that cannot be evaluated does: nothing is opened by a guess.
    """
    conditions = statement.get("Condition") or {}
    return (
        _names_action(statement, access.action)
        and _names_resource(statement, access)
        and _names_principal(statement, frozenset(principals))
        and (
            holds(conditions, access.context)
            or (statement.get("Effect") == "Deny" and not understood(conditions))
        )
    )


def _effect_of(document: Document | None, access: Access) -> Effect:
    return Effect.ALLOW if document is None else effect([document], access)


def _names_action(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(like(action.lower(), each.lower()) for each in listed(statement["NotAction"]))
    return any(like(action.lower(), each.lower()) for each in listed(statement.get("Action")))


def _names_resource(statement: Mapping[str, Any], access: Access) -> bool:
    """A trust policy has no Resource: it speaks of the role that it belongs to."""
    if "NotResource" in statement:
        return all(_is_resource(access, each) is False for each in listed(statement["NotResource"]))
    return "Resource" not in statement or any(
        _is_resource(access, each) for each in listed(statement["Resource"])
    )


def _is_resource(access: Access, pattern: str) -> bool | None:
    """None where the pattern has a variable that the request has not: it is neither, nor another one."""
    if pattern == "*" or access.resource == "*":
        return pattern == "*"
    # An ARN that ends early speaks of all that could follow.
    parts = [*pattern.split(":", 5), *"*****"][:6]
    kind, wanted = _kind_and_name(parts)
    *place, named = access.resource.split(":", 5)
    if len(place) != 5 or not all(map(like, place, parts[:5])) or not named.startswith(kind):  # noqa: PLR2004
        return False
    filled = filled_in(wanted, access.context)
    return None if filled is None else like(named.removeprefix(kind), filled)


def _kind_and_name(parts: list[str]) -> tuple[str, str]:
    """Of an ARN's parts: the type of the resource, in which there are no wildcards, and its name.

    Source: "Incorrect wildcard usage" in IAM's reference of ARNs. S3's have no type.
    """
    if parts[2:5] == ["s3", "", ""]:
        return "", parts[5]
    found = re.match(r"[^/:]*[/:]", parts[5])
    kind = found[0] if found else ""
    return kind, parts[5][len(kind) :]


def _names_principal(statement: Mapping[str, Any], principals: frozenset[Name]) -> bool:
    """A policy of an identity has no Principal: it speaks of the identity that it belongs to."""
    if "NotPrincipal" in statement:
        return not _is_named(statement["NotPrincipal"], principals)
    return "Principal" not in statement or _is_named(statement["Principal"], principals)


def _is_named(principal: Any, principals: frozenset[Name]) -> bool:  # noqa: ANN401 - JSON
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    named = {(kind, str(name)) for kind, names in principal.items() for name in listed(names)}
    return any((kind, name) in named or (kind, "*") in named for kind, name in principals)
