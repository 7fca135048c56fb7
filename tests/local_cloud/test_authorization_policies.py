"""The decision on an access, case by case as AWS's documentation of the policy language has it.

"Policy evaluation logic", "IAM JSON policy elements" and "Permissions boundaries" of the IAM User Guide.
"""

from typing import Any

import pytest

from local_cloud.aws.authorization.conditions import OPERATORS, holds
from local_cloud.aws.authorization.policies import Access, Effect, Policies, decide, effect

OBJECT = "arn:aws:s3:::bundles/site/one.zip"
GET = Access(action="s3:GetObject", resource=OBJECT)


def policy(**statement: Any) -> dict[str, Any]:
    """A policy of one statement, which allows unless it says otherwise."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


ALLOW = policy(Action="s3:*", Resource="*")
DENY = policy(Effect="Deny", Action="s3:GetObject", Resource="*")
OTHER = policy(Action="ec2:*", Resource="*")


@pytest.mark.parametrize(
    ("policies", "reason"),
    [
        (Policies(identity=(ALLOW,)), None),
        (Policies(), "because no identity-based policy allows the s3:GetObject action"),
        (Policies(identity=(OTHER,)), "because no identity-based policy allows the s3:GetObject action"),
        (Policies(identity=(ALLOW, DENY)), "with an explicit deny in an identity-based policy"),
        (Policies(identity=(DENY, ALLOW)), "with an explicit deny in an identity-based policy"),
        (Policies(identity=(ALLOW,), boundary=ALLOW), None),
        (
            Policies(identity=(ALLOW,), boundary=OTHER),
            "because no permissions boundary allows the s3:GetObject action",
        ),
        # A boundary grants nothing by itself.
        (Policies(boundary=ALLOW), "because no identity-based policy allows the s3:GetObject action"),
        (Policies(identity=(ALLOW,), boundary=DENY), "with an explicit deny in a permissions boundary"),
        (Policies(identity=(ALLOW,), session=ALLOW), None),
        (
            Policies(identity=(ALLOW,), session=OTHER),
            "because no session policy allows the s3:GetObject action",
        ),
        (Policies(session=ALLOW), "because no identity-based policy allows the s3:GetObject action"),
        (Policies(identity=(ALLOW,), session=DENY), "with an explicit deny in a session policy"),
        (
            Policies(identity=(ALLOW,), boundary=ALLOW, session=OTHER),
            "because no session policy allows the s3:GetObject action",
        ),
    ],
)
def test_every_kind_of_policy_must_allow_and_none_may_deny(policies: Policies, reason: str | None) -> None:
    decision = decide(policies, GET)

    assert (decision.allowed, decision.reason) == (reason is None, reason or "")


@pytest.mark.parametrize(
    ("statement", "fits"),
    [
        ({"Action": "s3:GetObject", "Resource": OBJECT}, True),
        ({"Action": "S3:getobject", "Resource": OBJECT}, True),
        ({"Action": "s3:Get*", "Resource": "arn:aws:s3:::bundles/*"}, True),
        ({"Action": "s3:GetObjec?", "Resource": "arn:aws:s3:::bundles/site/???.zip"}, True),
        ({"Action": ["s3:PutObject", "s3:GetObject"], "Resource": ["arn:aws:s3:::x", OBJECT]}, True),
        ({"Action": "*", "Resource": "*"}, True),
        ({"Action": "s3:GetObjectVersion", "Resource": OBJECT}, False),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bundles"}, False),
        # An ARN keeps the case of its names, and its own partition.
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::Bundles/*"}, False),
        ({"Action": "s3:GetObject", "Resource": "arn:aws-cn:s3:::bundles/*"}, False),
        ({"NotAction": "ec2:*", "Resource": "*"}, True),
        ({"NotAction": "s3:*", "Resource": "*"}, False),
        ({"Action": "s3:*", "NotResource": "arn:aws:s3:::secrets/*"}, True),
        ({"Action": "s3:*", "NotResource": "arn:aws:s3:::bundles/*"}, False),
        # A wildcard does not reach over an ARN's colons; one that ends early means all that could follow.
        ({"Action": "s3:GetObject", "Resource": "arn:aws:*:bundles/*"}, False),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3*"}, True),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:sns*"}, False),
        # What is not known is not this resource, and not another one either.
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::${aws:username}/*"}, False),
        ({"Action": "s3:GetObject", "NotResource": "arn:aws:s3:::${aws:username}/*"}, False),
        ({"Action": "s3:GetObject", "NotResource": "arn:aws:sns:::${aws:username}/*"}, True),
    ],
)
def test_a_statement_speaks_of_its_actions_and_resources(statement: dict[str, Any], fits: bool) -> None:
    assert (effect([policy(**statement)], GET) is Effect.ALLOW) == fits


def test_a_variable_stands_for_what_the_context_has() -> None:
    document = policy(Action="s3:*", Resource="arn:aws:s3:::homes/${aws:username}/*")
    access: dict[str, Any] = {"action": "s3:GetObject", "context": {"aws:username": "ann"}}

    assert effect([document], Access(resource="arn:aws:s3:::homes/ann/x", **access)) is Effect.ALLOW
    assert effect([document], Access(resource="arn:aws:s3:::homes/bob/x", **access)) is Effect.SILENT


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        # What a variable brings is no wildcard.
        ("arn:aws:s3:::homes/${aws:username}", "homes/a*"),
        ("arn:aws:s3:::homes/${aws:PrincipalTag/team}", "homes/?"),
        ("arn:aws:s3:::homes/${*}${?}${$}", "homes/*?$"),
        ("arn:aws:s3:::homes/${aws:PrincipalTag/none, 'all'}", "homes/all"),
    ],
)
def test_a_character_that_is_no_wildcard_means_itself(resource: str, expected: str) -> None:
    context: dict[str, str | list[str]] = {"aws:username": "a*", "aws:principaltag/team": "?"}

    def allows(name: str) -> bool:
        access = Access(action="s3:GetObject", resource=f"arn:aws:s3:::{name}", context=context)
        return effect([policy(Action="s3:*", Resource=resource)], access) is Effect.ALLOW

    assert allows(expected)
    assert not allows("homes/abc")
    assert not allows("homes/b")


def test_the_type_of_a_resource_has_no_wildcard() -> None:
    access = Access(action="iam:PassRole", resource="arn:aws:iam::123456789012:role/web")

    def allows(resource: str) -> bool:
        return effect([policy(Action="iam:*", Resource=resource)], access) is Effect.ALLOW

    assert allows("arn:aws:iam::123456789012:role/w*")
    assert not allows("arn:aws:iam::123456789012:r*/web")


ARN = "arn:aws:iam::123456789012:role/web"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"
CONTEXT: dict[str, str | list[str]] = {
    "key": "Value",
    "number": "10",
    "time": "2026-11-23T00:00:00Z",
    "flag": "true",
    "address": "192.0.2.7",
    "arn": ARN,
    "topic": TOPIC,
    "list": ["a", "b"],
}


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "expected"),
    [
        ("StringEquals", "key", "Value", True),
        ("StringEquals", "KEY", ["other", "Value"], True),
        ("StringEquals", "key", "value", False),
        ("StringEquals", "key", "V*", False),
        ("StringEquals", "missing", "Value", False),
        ("StringNotEquals", "key", "other", True),
        ("StringNotEquals", "key", ["other", "Value"], False),
        ("StringNotEquals", "missing", "Value", True),
        ("StringEqualsIgnoreCase", "key", "vALUE", True),
        ("StringNotEqualsIgnoreCase", "key", "vALUE", False),
        ("StringLike", "key", "V*e", True),
        ("StringLike", "key", "V?e", False),
        ("StringNotLike", "key", "V*", False),
        ("StringEqualsIfExists", "missing", "Value", True),
        ("StringEqualsIfExists", "key", "other", False),
        ("Null", "missing", "true", True),
        ("Null", "key", "true", False),
        ("Null", "key", "false", True),
        ("Bool", "flag", "true", True),
        ("Bool", "flag", "false", False),
        ("Bool", "missing", "true", False),
        ("BoolIfExists", "missing", "true", True),
        ("NumericLessThan", "number", "11", True),
        ("NumericLessThan", "number", "9", False),
        ("NumericEquals", "number", "10.0", True),
        ("NumericNotEquals", "number", "10", False),
        ("NumericGreaterThanEquals", "key", "1", False),
        ("DateLessThan", "time", "2026-12-01T00:00:00Z", True),
        ("DateGreaterThan", "time", "2026-12-01T00:00:00Z", False),
        ("IpAddress", "address", "192.0.2.0/24", True),
        ("IpAddress", "address", "198.51.100.0/24", False),
        ("NotIpAddress", "address", "192.0.2.7", False),
        ("ArnEquals", "arn", "arn:aws:iam::123456789012:role/*", True),
        ("ArnLike", "topic", "arn:aws:sns:*:*:alerts", True),
        ("ArnLike", "topic", "arn:aws:*:alerts", False),
        ("ArnNotLike", "arn", "arn:aws:iam::*:role/web", False),
        ("ForAnyValue:StringEquals", "list", ["b", "c"], True),
        ("ForAnyValue:StringEquals", "list", ["c"], False),
        ("ForAnyValue:StringEquals", "missing", ["c"], False),
        ("ForAllValues:StringEquals", "list", ["a", "b", "c"], True),
        ("ForAllValues:StringEquals", "list", ["a"], False),
        ("ForAllValues:StringEquals", "missing", ["a"], True),
        ("ForAllValues:StringNotEquals", "list", ["c"], True),
        ("ForAnyValue:StringNotEquals", "list", ["a"], True),
        ("ForAnyValue:StringNotEquals", "missing", ["a"], False),
        ("ForAnyValue:StringEqualsIfExists", "missing", ["a"], False),
        # Several values are compared by a set operator only.
        ("StringEquals", "list", ["a", "b"], False),
        ("StringNotEquals", "list", ["c"], False),
        ("StringEquals", "key", "${key}", True),
        ("StringEquals", "key", "${missing}", False),
        ("StringNotEquals", "key", "${missing}", False),
        ("StringEquals", "key", ["${missing}", "Value"], True),
        ("BinaryEquals", "key", "Value", False),
    ],
)
def test_a_condition_holds_as_documented(operator: str, key: str, wanted: Any, expected: bool) -> None:
    assert holds({operator: {key: wanted}}, CONTEXT) == expected


def test_all_conditions_and_all_keys_must_hold() -> None:
    both = {"StringEquals": {"key": "Value", "flag": "true"}, "Bool": {"flag": "true"}}

    assert holds(both, CONTEXT)
    assert not holds(both | {"Bool": {"flag": "false"}}, CONTEXT)
    assert not holds({"StringEquals": {"key": "Value", "flag": "false"}}, CONTEXT)


def test_every_operator_of_the_policy_language_is_there_but_the_binary_one() -> None:
    strings = ("", "IgnoreCase")
    expected = {f"String{no}Equals{case}" for no in ("", "Not") for case in strings}
    expected |= {f"String{no}Like" for no in ("", "Not")}
    expected |= {f"Arn{no}{how}" for no in ("", "Not") for how in ("Equals", "Like")}
    orders = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    expected |= {f"{kind}{order}" for kind in ("Numeric", "Date") for order in orders}

    assert set(OPERATORS) == expected | {"Bool", "IpAddress", "NotIpAddress"}


def test_a_denial_that_is_not_understood_denies() -> None:
    guarded = policy(Effect="Deny", Action="*", Resource="*", Condition={"BinaryEquals": {"key": "VmFsdWU="}})

    assert not decide(Policies(identity=(ALLOW, guarded)), GET).allowed


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"AWS": ARN}, Effect.ALLOW),
        ({"AWS": ["arn:aws:iam::123456789012:role/other", ARN]}, Effect.ALLOW),
        ("*", Effect.ALLOW),
        ({"AWS": "*"}, Effect.ALLOW),
        ({"Service": "ec2.amazonaws.com"}, Effect.SILENT),
        ({"AWS": "arn:aws:iam::123456789012:role/w*"}, Effect.SILENT),
    ],
)
def test_a_policy_of_a_resource_names_its_principals(principal: Any, expected: Effect) -> None:
    document = policy(Action="sts:AssumeRole", Principal=principal)

    assert effect([document], Access(action="sts:AssumeRole"), {("AWS", ARN)}) is expected
