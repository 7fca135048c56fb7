"""iam_role_policies: only what is named is granted or taken away."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.codedeploy.runner import Client, Module

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}],
}
SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
S3 = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
EC2 = "arn:aws:iam::aws:policy/AmazonEC2FullAccess"


@pytest.fixture
def iam(client: Client) -> Any:
    """IAM with the roles `first` and `second`."""
    iam = client("iam")
    for name in ("first", "second"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    return iam


@pytest.fixture
def role_policies(module: Any, iam: Any) -> Module:  # noqa: ARG001 - the roles are to be there
    made: Module = module("iam_role_policies")
    return made


def attached(iam: Any, role: str) -> set[str]:
    return {each["PolicyArn"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}


def test_grants_several_roles_once(role_policies: Module, iam: Any) -> None:
    result = role_policies.four_beats(
        roles=[{"name": "first", "inline": {"read": READ}}, {"name": "second", "attached": [SSM, S3]}]
    )

    assert result["roles"]["first"] == {"inline": {"read": READ}, "attached": []}
    assert iam.get_role_policy(RoleName="first", PolicyName="read")["PolicyDocument"] == READ
    assert attached(iam, "second") == {SSM, S3}


def test_makes_one_call_a_role_and_one_an_inline_policy_when_nothing_changes(role_policies: Module) -> None:
    roles = [{"name": "first", "inline": {"read": READ}}, {"name": "second", "attached": [SSM]}]
    role_policies(roles=roles)

    assert role_policies(roles=roles).calls == [
        "ListAttachedRolePolicies",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
    ]


def test_takes_away_what_is_named_and_keeps_the_rest(role_policies: Module, iam: Any) -> None:
    for name in ("read", "theirs"):
        iam.put_role_policy(RoleName="first", PolicyName=name, PolicyDocument=json.dumps(READ))
    for arn in (SSM, S3, EC2):
        iam.attach_role_policy(RoleName="first", PolicyArn=arn)

    role_policies.four_beats(
        roles=[{"name": "first", "inline": {"read": None}, "attached": [SSM], "detached": [S3]}]
    )

    assert iam.list_role_policies(RoleName="first")["PolicyNames"] == ["theirs"]
    assert attached(iam, "first") == {SSM, EC2}


def test_grants_anew_before_it_takes_away(role_policies: Module, iam: Any) -> None:
    iam.put_role_policy(RoleName="first", PolicyName="old", PolicyDocument=json.dumps(READ))
    iam.attach_role_policy(RoleName="first", PolicyArn=S3)

    result = role_policies(
        roles=[
            {"name": "first", "inline": {"old": {}, "new": READ}, "attached": [SSM], "detached": [S3]},
        ]
    )

    assert result.writes == ["PutRolePolicy", "AttachRolePolicy", "DetachRolePolicy", "DeleteRolePolicy"]


def test_a_document_in_other_words_stays(role_policies: Module, iam: Any) -> None:
    [statement] = READ["Statement"]
    other = {**READ, "Statement": {**statement, "Action": ["s3:GetObject"]}}  # type: ignore[dict-item]
    iam.put_role_policy(RoleName="first", PolicyName="read", PolicyDocument=json.dumps(other))

    result = role_policies(roles=[{"name": "first", "inline": {"read": READ}}])

    assert not result["changed"]
    assert result.writes == []


def test_what_drifted_is_shown_and_mended(role_policies: Module, iam: Any) -> None:
    wider = json.loads(json.dumps(READ).replace("s3:GetObject", "s3:*"))
    iam.put_role_policy(RoleName="first", PolicyName="read", PolicyDocument=json.dumps(wider))

    result = role_policies.four_beats(roles=[{"name": "first", "inline": {"read": READ}}])

    assert result.shown["first"][0]["inline"]["read"]["Statement"][0]["Action"] == "s3:*"
    assert iam.get_role_policy(RoleName="first", PolicyName="read")["PolicyDocument"] == READ


def test_the_diff_says_which_roles_differ(role_policies: Module, iam: Any) -> None:
    iam.put_role_policy(RoleName="first", PolicyName="read", PolicyDocument=json.dumps(READ))

    result = role_policies.check(
        roles=[{"name": name, "inline": {"read": READ}} for name in ("first", "second")]
    )

    assert result["diff"]["before_header"] == result["diff"]["after_header"] == "second"


def test_a_dry_run_tells_what_a_role_to_come_would_be_granted(role_policies: Module, iam: Any) -> None:
    result = role_policies.check(roles=[{"name": "third", "inline": {"read": READ}}])

    assert result["changed"]
    assert result.shown["third"][1]["inline"] == {"read": READ}
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName="third")


def test_a_role_that_is_missing_stops_before_the_first_change(
    role_policies: Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is awaited for ten seconds, since it may have been made a moment ago.
    monkeypatch.setattr("botocore.waiter.time.sleep", lambda _: None)

    result = role_policies.refuse(
        roles=[{"name": "first", "inline": {"read": READ}}, {"name": "third", "attached": [SSM]}]
    )

    assert "no role third" in result["msg"]
    assert "amazon.aws.iam_role" in result["msg"]
    assert result.writes == []


def test_a_policy_that_is_missing_is_named(role_policies: Module) -> None:
    arn = "arn:aws:iam::123456789012:policy/missing"

    result = role_policies.refuse(roles=[{"name": "first", "attached": [arn]}])

    assert result["msg"].startswith(f"Cannot attach {arn} to the role first")
