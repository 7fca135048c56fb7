"""OIDC tokens as a runner gets them and a cloud checks them."""

from typing import Any

import jwt
import pytest
import requests

from local_cloud.github import oidc
from local_cloud.server import LocalCloud
from tests.local_cloud.github_client import GitHub

REPOSITORY = "OWNER/codedeploy.nginx.001"
AUDIENCE = "sts.amazonaws.com"
ISSUER_HOST = "token.actions.githubusercontent.com"


@pytest.fixture
def github(local_cloud: LocalCloud) -> GitHub:
    stand_in = GitHub(local_cloud)
    stand_in.create(REPOSITORY)
    return stand_in


def id_token(job: dict[str, Any], *, audience: str = AUDIENCE) -> str:
    """Ask as the toolkit of GitHub's actions does."""
    answer = requests.get(
        f"{job['id_token_request_url']}&audience={audience}",
        headers={"Authorization": f"Bearer {job['id_token_request_token']}"},
        timeout=30,
    )
    answer.raise_for_status()
    value: str = answer.json()["value"]
    return value


def claims(github: GitHub, token: str, *, audience: str = AUDIENCE) -> dict[str, Any]:
    """Check a token with what the issuer publishes."""
    found = github.raw("GET", "/.well-known/openid-configuration", host=ISSUER_HOST).json()
    path = found["jwks_uri"].removeprefix(f"https://{ISSUER_HOST}")
    keys = jwt.PyJWKSet.from_dict(github.raw("GET", path, host=ISSUER_HOST).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    said: dict[str, Any] = jwt.decode(
        token, key, algorithms=["RS256"], audience=audience, issuer=found["issuer"]
    )
    return said


def test_a_job_in_an_environment_says_so(github: GitHub) -> None:
    job = github.job(REPOSITORY, environment="Prod")
    said = claims(github, id_token(job))
    assert said["sub"] == job["subject"]
    assert said["sub"].endswith(":environment:Prod")
    assert said["environment"] == "Prod"
    assert said["repository"] == REPOSITORY
    assert said["repository_owner"] == "OWNER"
    assert said["run_id"] == str(job["run_id"])


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        ({}, "ref:refs/heads/main"),
        ({"ref": "refs/tags/v1"}, "ref:refs/tags/v1"),
        ({"event": "pull_request", "ref": "refs/pull/1/merge"}, "pull_request"),
    ],
)
def test_a_job_outside_one_names_its_ref(github: GitHub, body: dict[str, str], subject: str) -> None:
    said = claims(github, id_token(github.job(REPOSITORY, **body)))
    assert said["sub"].partition(":")[2].partition(":")[2] == subject
    assert "environment" not in said


def test_an_environment_admits_only_its_branches(github: GitHub) -> None:
    path = f"/repos/{REPOSITORY}/environments/Prod"
    policy = {"protected_branches": False, "custom_branch_policies": True}
    github.call("PUT", path, json={"deployment_branch_policy": policy})
    github.call("POST", f"{path}/deployment-branch-policies", json={"name": "main"})
    assert github.job(REPOSITORY, environment="Prod")["subject"].endswith(":environment:Prod")
    for ref in ("refs/heads/feature", "refs/tags/main", "refs/pull/1/merge"):
        with pytest.raises(requests.HTTPError, match="403"):
            github.job(REPOSITORY, environment="Prod", ref=ref)


def test_the_subject_can_be_made_of_other_claims(github: GitHub) -> None:
    body = {"use_default": False, "include_claim_keys": ["repository_owner", "context"]}
    github.call("PUT", f"/repos/{REPOSITORY}/actions/oidc/customization/sub", json=body)
    said = claims(github, id_token(github.job(REPOSITORY, environment="Prod")))
    assert said["sub"] == "repository_owner:OWNER:environment:Prod"


def test_the_audience_is_what_was_asked_for(github: GitHub) -> None:
    token = id_token(github.job(REPOSITORY), audience="sts.amazonaws.com.cn")
    with pytest.raises(jwt.InvalidAudienceError):
        claims(github, token)
    assert claims(github, token, audience="sts.amazonaws.com.cn")["aud"] == "sts.amazonaws.com.cn"


def test_a_runner_asks_with_the_token_of_its_own_job(github: GitHub) -> None:
    first, second = github.job(REPOSITORY), github.job(REPOSITORY)
    with pytest.raises(requests.HTTPError, match="401"):
        id_token(first | {"id_token_request_token": second["id_token_request_token"]})


def test_the_keys_are_those_of_the_issuer(github: GitHub) -> None:
    token = id_token(github.job(REPOSITORY))
    key = oidc.public_keys(github.settings)[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE)
    head, _, signature = token.split(".")
    forged = id_token(github.job(REPOSITORY, environment="Prod")).split(".")[1]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(f"{head}.{forged}.{signature}", key, algorithms=["RS256"], audience=AUDIENCE)


def test_the_key_is_private(github: GitHub) -> None:
    id_token(github.job(REPOSITORY))
    assert (github.settings.state_dir / "github" / "oidc.pem").stat().st_mode & 0o077 == 0
