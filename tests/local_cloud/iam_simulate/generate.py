"""Policies and requests for them, at random, of the forms that IAM's grammar allows.

Left out is what AWS's documentation decides and iam-simulate 0.1.173 decides otherwise: dates in seconds
since 1970 beside others (it takes both for milliseconds), a range of all addresses (/0), a single IPv4
address without a prefix beside an IPv6 one. And what neither says: patterns for ARNs that are none.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from local_cloud.aws.authorization.policies import Access, Policies

ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/ops/morgan"
RESOURCES = {
    "ec2:TerminateInstances": f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0123456789abcdef0",
    "ec2:DescribeInstances": "*",
    "codedeploy:CreateDeployment": f"arn:aws:codedeploy:eu-west-1:{ACCOUNT}:deploymentgroup:shop/morgan",
    "codedeploy:GetDeploymentGroup": f"arn:aws:codedeploy:us-east-1:{ACCOUNT}:deploymentgroup:shop/a+b.c",
    "s3:GetObject": "arn:aws:s3:::shop-revisions/blue/site.tgz",
    "s3:ListAllMyBuckets": "*",
    "iam:PassRole": f"arn:aws:iam::{ACCOUNT}:role/service/shop-deployer",
    "route53:ChangeResourceRecordSets": "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ",
    "ssm:GetParameter": f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/shop/blue",
}
VARIABLES = (
    "${aws:username}",
    "${aws:PrincipalTag/team}",
    "${aws:PrincipalTag/none}",
    "${aws:PrincipalTag/none, 'blue'}",
    "${aws:principaltag/team, 'green'}",
    "${*}",
    "${?}",
    "${$}",
)
TEXTS = (
    "blue",
    "Blue",
    "green",
    "b*",
    "?lue",
    "*",
    "",
    "a+b.c",
    "morgan",
    "${aws:username}",
    "${aws:PrincipalTag/team}",
)
NUMBERS = ("0", "300", "300.0", "3600", "12.5", "-1")
TIMES = ("2026-02-28T12:00:00Z", "2026-03-01T00:00:00Z", "2026-12-31T23:59:59Z")
ADDRESSES = ("203.0.113.7/32", "203.0.113.0/24", "198.51.100.0/25", "2001:db8::/32", "192.0.0.0/2")
ARNS = (
    USER,
    f"arn:aws:iam::{ACCOUNT}:user/*",
    "arn:aws:iam::*:user/ops/morgan",
    "arn:*:iam::*:*",
    "arn:aws:iam::?:*",
)
COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
STRINGS = (
    *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    *("StringLike", "StringNotLike"),
)


@dataclass(frozen=True)
class Key:
    """A condition key: what may be asked of it, and what requests have there."""

    name: str
    operators: Sequence[str]
    wanted: Sequence[str]
    given: Sequence[str | list[str] | None]
    is_list: bool = False


KEYS = (
    Key("aws:PrincipalTag/team", STRINGS, TEXTS, ("blue", "Blue", "a+b.c", None)),
    Key("aws:username", STRINGS, TEXTS, ("morgan", "Morgan")),
    Key("aws:RequestedRegion", STRINGS, ("eu-west-1", "eu-*", "us-east-1"), ("eu-west-1", "us-east-1", None)),
    Key("aws:MultiFactorAuthAge", [f"Numeric{c}" for c in COMPARISONS], NUMBERS, ("0", "300", "12.5", None)),
    Key("aws:CurrentTime", [f"Date{c}" for c in COMPARISONS], TIMES, ("2026-03-01T12:00:00Z",)),
    Key("aws:SecureTransport", ("Bool",), ("true", "false", "True"), ("true", "false", None)),
    Key(
        "aws:SourceIp",
        ("IpAddress", "NotIpAddress"),
        ADDRESSES,
        ("203.0.113.7", "2001:db8::1", "192.0.2.1", None),
    ),
    Key("aws:PrincipalArn", ("ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"), ARNS, (USER,)),
    Key(
        "aws:TagKeys",
        STRINGS,
        TEXTS,
        (["blue"], ["blue", "green"], ["Blue", "morgan"], [], None),
        is_list=True,
    ),
)


@dataclass(frozen=True)
class Case:
    """A request, and all policies that bear on it."""

    access: Access
    policies: Policies

    def simulation(self) -> dict[str, Any]:
        """As iam-simulate takes it: its names of context keys keep their case."""
        named = {key.name.lower(): key.name for key in KEYS}
        boundary = self.policies.boundary
        return {
            "request": {
                "principal": USER,
                "action": self.access.action,
                "resource": {"resource": self.access.resource, "accountId": ACCOUNT},
                "contextVariables": {named[key]: value for key, value in self.access.context.items()},
            },
            "identityPolicies": [
                {"name": f"policy-{number}", "policy": policy}
                for number, policy in enumerate(self.policies.identity)
            ],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
            "permissionBoundaryPolicies": [{"name": "boundary", "policy": boundary}] if boundary else None,
        }


class Generator:
    """Cases of one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the same again for a seed

    def case(self) -> Case:
        """Rather one that fits in parts than one that fits nowhere: else all would be refused."""
        pick = self._random
        action, resource = pick.choice(list(RESOURCES.items()))
        context = {key.name.lower(): given for key in KEYS if (given := pick.choice(key.given)) is not None}
        policies = tuple(self._policy(action, resource) for _ in range(pick.choice((1, 1, 2))))
        boundary = self._policy(action, resource) if pick.random() < 0.2 else None
        access = Access(action=action, resource=resource, context=context)
        return Case(access, Policies(identity=policies, boundary=boundary))

    def _policy(self, action: str, resource: str) -> dict[str, Any]:
        statements = [self._statement(action, resource) for _ in range(self._random.randint(1, 3))]
        return {"Version": "2012-10-17", "Statement": statements}

    def _statement(self, action: str, resource: str) -> dict[str, Any]:
        pick = self._random
        statement: dict[str, Any] = {"Effect": pick.choice(("Allow", "Allow", "Allow", "Deny"))}
        actions = "NotAction" if pick.random() < 0.1 else "Action"
        resources = "NotResource" if pick.random() < 0.1 else "Resource"
        statement[actions] = self._some(lambda: self._action(action))
        statement[resources] = self._some(lambda: self._resource(resource))
        if pick.random() < 0.7:
            statement["Condition"] = self._conditions()
        return statement

    def _some(self, make: Callable[[], str]) -> str | list[str]:
        made = [make() for _ in range(self._random.choice((1, 1, 2)))]
        return made[0] if len(made) == 1 and self._random.random() < 0.5 else made

    def _action(self, action: str) -> str:
        service, _, name = action.partition(":")
        half = name[: len(name) // 2]
        forms = (
            action,
            action,
            "*",
            f"{service}:*",
            f"{service}:{half}*",
            f"{service.upper()}:{name.lower()}",
        )
        other = (f"{service}:?{name[1:]}", f"{service}:Delete*", "sqs:SendMessage", f"{service}:*{name[-4:]}")
        return self._random.choice(forms + other)

    def _resource(self, resource: str) -> str:
        pick = self._random
        if resource == "*" or pick.random() < 0.3:
            return "*"
        parts = resource.split(":", 5)
        change = pick.randrange(8)
        if change < 2:
            return resource
        if change == 2:
            parts[pick.choice((3, 4))] = "*"
        elif change == 3:
            parts[5] = pick.choice(("*", f"{parts[5][:-3]}*", f"?{parts[5][1:]}", f"*{parts[5][-3:]}"))
        elif change == 4:
            parts[5] = parts[5][:-6] + pick.choice(VARIABLES)
        elif change == 5:
            parts[5] = parts[5].replace("shop", "*").replace("i-0", "?-0")
        elif change == 6:
            parts[5] = "another" + parts[5]
        else:
            return "arn:aws:*"
        return ":".join(parts)

    def _conditions(self) -> dict[str, Any]:
        conditions: dict[str, Any] = {}
        for key in self._random.sample(KEYS, self._random.choice((1, 1, 2))):
            operator, wanted = self._condition(key)
            conditions.setdefault(operator, {})[self._case(key.name)] = wanted
        return conditions

    def _condition(self, key: Key) -> tuple[str, str | list[str]]:
        pick = self._random
        if pick.random() < 0.1:
            return "Null", pick.choice(("true", "false"))
        operator = pick.choice(key.operators)
        if key.is_list:
            operator = pick.choice(("ForAllValues:", "ForAnyValue:")) + operator
        if pick.random() < 0.25:
            operator += "IfExists"
        return operator, self._some(lambda: pick.choice(key.wanted))

    def _case(self, name: str) -> str:
        return name.lower() if self._random.random() < 0.2 else name
