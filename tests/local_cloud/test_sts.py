"""AssumeRoleWithWebIdentity lets in whom a role trusts, and nobody else."""

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import jwt
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from local_cloud.aws.moto.sts import OFFERED, trusts
from local_cloud.github import oidc
from local_cloud.server import LocalCloud

Client = Callable[..., Any]
ISSUER = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
ROLE = "arn:aws:iam::123456789012:role/deployer"
SUBJECT = "repo:OWNER/codedeploy.nginx.001:environment:Prod"


def statement(**conditions: dict[str, Any]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions,
    }


TRUST = statement(StringEquals={f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": SUBJECT})


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": f"https://{ISSUER}",
        "aud": "sts.amazonaws.com",
        "sub": SUBJECT,
        "iat": now,
        "nbf": now - 60,
        "exp": now + 300,
    } | changes


@pytest.fixture
def assume(client: Client, local_cloud: LocalCloud) -> Callable[..., Any]:
    """Take the role with a token of the given claims; the account trusts GitHub and has the role."""
    iam = client("iam")
    iam.create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"])
    iam.create_role(
        RoleName="deployer",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}),
    )

    def call(token: str | None = None, role: str = ROLE, **changes: Any) -> Any:
        return client("sts").assume_role_with_web_identity(
            RoleArn=role,
            RoleSessionName="a-session",
            WebIdentityToken=token or oidc.sign(claims(**changes), local_cloud.settings),
        )

    return call


def refusal(call: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(*arguments, **options)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_token_that_the_role_trusts_gives_credentials(assume: Any, local_cloud: LocalCloud) -> None:
    answer = assume()

    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert answer["Provider"] == PROVIDER
    credentials = answer["Credentials"]
    identity = boto3.client(
        "sts",
        endpoint_url=local_cloud.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    ).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::123456789012:assumed-role/deployer/a-session"
    assert local_cloud.log.entries()[-1].caller == identity["Arn"]


@pytest.mark.parametrize(
    "subject",
    [
        "repo:OWNER/codedeploy.nginx.001:environment:Test",
        "repo:owner/codedeploy.nginx.001:environment:Prod",
        "repo:OWNER@1/codedeploy.nginx.001@2:environment:Prod",
    ],
)
def test_another_subject_is_not_authorized(assume: Any, subject: str) -> None:
    assert refusal(assume, sub=subject) == (
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    )


def test_not_authorized_is_forbidden(assume: Any) -> None:
    with pytest.raises(ClientError) as refused:
        assume(sub="somebody")

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_role_that_is_not_there_is_not_told_from_one_that_does_not_trust(assume: Any) -> None:
    assert refusal(assume, role=f"{ROLE}-of-nobody")[0] == "AccessDenied"


def test_another_audience_is_invalid(assume: Any) -> None:
    assert refusal(assume, aud="https://github.com/OWNER") == (
        "InvalidIdentityToken",
        "Incorrect token audience",
    )


def test_an_expired_token_is_expired(assume: Any) -> None:
    code, message = refusal(assume, exp=int(time.time()) - 1)

    assert code == "ExpiredTokenException"
    assert "must be before the expiration date/time" in message


def test_a_forged_signature_is_invalid(assume: Any, local_cloud: LocalCloud) -> None:
    [key_id] = oidc.public_keys(local_cloud.settings)
    forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    forged = jwt.encode(claims(), forger, algorithm="RS256", headers={"kid": key_id})

    assert refusal(assume, forged)[0] == "InvalidIdentityToken"


def test_an_unsigned_token_is_invalid(assume: Any, local_cloud: LocalCloud) -> None:
    [key_id] = oidc.public_keys(local_cloud.settings)

    unsigned = jwt.encode(claims(), "", algorithm="none", headers={"kid": key_id})

    assert refusal(assume, unsigned)[0] == "InvalidIdentityToken"


def test_what_is_no_token_is_invalid(assume: Any) -> None:
    assert refusal(assume, "a-github-token-perhaps")[0] == "InvalidIdentityToken"


def test_without_a_provider_its_tokens_are_invalid(assume: Any, client: Client) -> None:
    client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)

    assert refusal(assume) == (
        "InvalidIdentityToken",
        f"No OpenIDConnect provider found in your account for https://{ISSUER}",
    )


def trusted(*statements: dict[str, Any], **changes: Any) -> bool:
    return trusts({"Statement": list(statements)}, PROVIDER, ISSUER, claims(**changes))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringLike": {f"{ISSUER}:sub": "repo:OWNER/*"}}, True),
        ({"StringLike": {f"{ISSUER}:sub": "repo:OWNER/*:environment:Test"}}, False),
        ({"StringLike": {f"{ISSUER}:sub": ["repo:OTHER/*", "repo:OWNER/codedeploy.nginx.00?:*"]}}, True),
        ({"StringLike": {f"{ISSUER}:sub": "repo:[O]WNER/*"}}, False),
        ({"StringEquals": {f"{ISSUER}:sub": "repo:OWNER/*"}}, False),
        ({"StringEqualsIgnoreCase": {f"{ISSUER}:sub": SUBJECT.lower()}}, True),
        ({"StringNotLike": {f"{ISSUER}:sub": "repo:OWNER/*"}}, False),
        ({"StringNotEquals": {f"{ISSUER}:sub": "somebody"}}, True),
        ({"StringEquals": {f"{ISSUER}:repository": "OWNER/x"}}, False),
        ({"StringEqualsIfExists": {f"{ISSUER}:repository": "OWNER/x"}}, True),
        ({"ForAllValues:StringEquals": {f"{ISSUER}:aud": ["sts.amazonaws.com", "other"]}}, True),
        ({"ForAnyValue:StringLike": {f"{ISSUER}:aud": "sts.*"}}, True),
        ({"Null": {f"{ISSUER}:sub": "true"}}, False),
        ({"NumericEquals": {f"{ISSUER}:sub": "1"}}, False),
        ({}, True),
    ],
)
def test_conditions(condition: dict[str, Any], *, expected: bool) -> None:
    assert trusted(statement(**condition)) is expected


@pytest.mark.parametrize("claim", sorted(OFFERED - {"aud", "sub"}))
def test_conditions_may_ask_for_the_claims_that_sts_knows(claim: str) -> None:
    condition = {"StringEquals": {f"{ISSUER}:{claim}": "value"}}

    assert trusted(statement(**condition), **{claim: "value"})
    assert not trusted(statement(**condition), **{claim: "other"})


@pytest.mark.parametrize(
    "claim",
    ["iss", "event_name", "ref_type", "repository_owner", "repository_visibility", "sha", "jti", "exp"],
)
def test_a_condition_on_another_claim_never_holds(claim: str) -> None:
    assert not trusted(statement(StringLike={f"{ISSUER}:{claim}": "*"}), **{claim: "value"})


def test_a_condition_on_another_claim_is_not_authorized(assume: Any, client: Client) -> None:
    trust = statement(StringEquals={f"{ISSUER}:sub": SUBJECT, f"{ISSUER}:event_name": "push"})
    client("iam").update_assume_role_policy(
        RoleName="deployer",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )

    assert refusal(assume, event_name="push")[0] == "AccessDenied"


@pytest.mark.parametrize(
    ("name", "constraint"),
    [
        ("my session", r"Member must satisfy regular expression pattern: [\w+=,.@-]*"),
        ("größe", r"Member must satisfy regular expression pattern: [\w+=,.@-]*"),
        ("s" * 65, "Member must have length less than or equal to 64"),
    ],
)
@pytest.mark.usefixtures("assume")
def test_a_sessions_name_is_one(client: Client, local_cloud: LocalCloud, name: str, constraint: str) -> None:
    sts, token = client("sts"), oidc.sign(claims(), local_cloud.settings)
    words = (
        f"1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint:"
        f" {constraint}"
    )
    given = {"RoleArn": ROLE, "RoleSessionName": name}

    assert refusal(sts.assume_role, **given) == ("ValidationError", words)
    assert refusal(sts.assume_role_with_web_identity, **given, WebIdentityToken=token) == (
        "ValidationError",
        words,
    )


def test_every_condition_must_hold() -> None:
    both = {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "somebody"}

    assert not trusted(statement(StringEquals=both))


def test_one_statement_that_fits_is_enough_and_a_deny_wins() -> None:
    other = statement(StringEquals={f"{ISSUER}:sub": "somebody"})

    assert trusted(other, TRUST)
    assert not trusted(TRUST, TRUST | {"Effect": "Deny"})


@pytest.mark.parametrize(
    "change",
    [
        {"Principal": {"Federated": PROVIDER + "x"}},
        {"Principal": {"AWS": "*"}},
        {"Action": "sts:AssumeRole"},
    ],
)
def test_principal_and_action_must_be_the_ones(change: dict[str, Any]) -> None:
    assert not trusted(TRUST | change)


@given(st.text())
def test_no_other_subject_is_let_in(subject: str) -> None:
    assert trusted(TRUST, sub=subject) is (subject == SUBJECT)
