"""Jobs that wait: reviewers, timers, branches, and what a job is given before and after."""

import time
from typing import Any

import pytest
import requests

from local_cloud.server import LocalCloud
from tests.local_cloud.github_client import GitHub

REPOSITORY = "OWNER/codedeploy.nginx.001"
PROD = f"/repos/{REPOSITORY}/environments/Prod"
RUNS = f"/repos/{REPOSITORY}/actions/runs"
GIVEN = {"secrets", "variables", "github_token", "id_token_request_url", "id_token_request_token"}


@pytest.fixture
def github(local_cloud: LocalCloud) -> GitHub:
    stand_in = GitHub(local_cloud)
    stand_in.create(REPOSITORY)
    return stand_in


@pytest.fixture
def users(github: GitHub) -> dict[str, str]:
    """Login -> token."""
    return {login: github.new_token(login=login, scopes=["repo"]) for login in ("alice", "bob", "developer")}


def guard(github: GitHub, *reviewers: str, **rules: Any) -> int:
    """Require these users, or teams as OWNER/TEAM, of Prod; the environment's number."""
    named = [
        {
            "type": "Team" if "/" in each else "User",
            "id": github.get(
                "/orgs/{}/teams/{}".format(*each.split("/")) if "/" in each else f"/users/{each}"
            ).json()["id"],
        }
        for each in reviewers
    ]
    put = github.call("PUT", PROD, json={"reviewers": named, **rules})
    assert put.status_code == 200, put.text
    number: int = put.json()["id"]
    return number


def state(github: GitHub, job: dict[str, Any]) -> dict[str, Any]:
    """The job by now."""
    found = github.raw(
        "GET", f"/_local_cloud/jobs/{job['id']}", headers={"Authorization": f"Bearer {github.token}"}
    )
    now: dict[str, Any] = found.json()
    return now


def review(
    github: GitHub, job: dict[str, Any], token: str, environment: int, state: str = "approved", **more: Any
) -> requests.Response:
    body = {"environment_ids": [environment], "state": state, "comment": "seen", **more}
    return github.call("POST", f"{RUNS}/{job['run_id']}/pending_deployments", token=token, json=body)


class TestReviewers:
    def test_a_job_waits_with_nothing_and_gets_all_when_it_is_approved(
        self, github: GitHub, users: dict[str, str]
    ) -> None:
        environment = guard(github, "alice")
        job = github.job(REPOSITORY, environment="Prod", actor="developer")
        assert job["status"] == "waiting"
        assert GIVEN.isdisjoint(job)
        assert github.get(f"{RUNS}/{job['run_id']}").json()["status"] == "waiting"
        token = github.raw("GET", f"/_services/token/{job['id']}?audience=sts.amazonaws.com")
        assert token.status_code == 401

        approved = review(github, job, users["alice"], environment)

        assert approved.status_code == 200
        assert [each["environment"] for each in approved.json()] == ["Prod"]
        admitted = state(github, job)
        assert admitted["status"] == "in_progress"
        assert set(admitted) >= GIVEN
        headers = {"Authorization": f"Bearer {admitted['id_token_request_token']}"}
        assert requests.get(admitted["id_token_request_url"], headers=headers, timeout=30).json()["value"]
        assert github.get(f"{RUNS}/{job['run_id']}/pending_deployments").json() == []

    def test_a_job_of_a_run_is_of_its_commit_and_one_without_rules_does_not_wait(
        self, github: GitHub, users: dict[str, str]
    ) -> None:
        guard(github, "alice")
        first = github.job(REPOSITORY, environment="Staging", actor="developer")
        assert first["status"] == "in_progress"
        second = github.job(REPOSITORY, environment="Prod", run_id=first["run_id"])
        assert (second["run_id"], second["sha"], second["status"]) == (
            first["run_id"],
            first["sha"],
            "waiting",
        )
        [pending] = github.get(f"{RUNS}/{first['run_id']}/pending_deployments", token=users["alice"]).json()
        assert pending["environment"]["name"] == "Prod"
        assert pending["current_user_can_approve"] is True
        assert [each["reviewer"]["login"] for each in pending["reviewers"]] == ["alice"]

    def test_what_is_rejected_gets_nothing(self, github: GitHub, users: dict[str, str]) -> None:
        environment = guard(github, "alice")
        job = github.job(REPOSITORY, environment="Prod")
        assert review(github, job, users["alice"], environment, "rejected").status_code == 200
        ended = state(github, job)
        assert ended["status"] == "completed"
        assert GIVEN.isdisjoint(ended)
        assert review(github, job, users["alice"], environment).status_code == 422
        [said] = github.get(f"{RUNS}/{job['run_id']}/approvals").json()
        assert (said["state"], said["user"]["login"], said["comment"]) == ("rejected", "alice", "seen")

    def test_nobody_else_approves(self, github: GitHub, users: dict[str, str]) -> None:
        environment = guard(github, "alice")
        job = github.job(REPOSITORY, environment="Prod")
        assert review(github, job, users["bob"], environment).status_code == 422
        reader = github.new_token(login="alice", permissions={"deployments": "read"})
        assert review(github, job, reader, environment).status_code == 403
        assert review(github, job, "", environment).status_code == 401
        assert state(github, job)["status"] == "waiting"

    @pytest.mark.parametrize("prevented", [False, True])
    def test_who_started_the_run_may_be_kept_from_approving_it(
        self, github: GitHub, users: dict[str, str], prevented: bool
    ) -> None:
        environment = guard(github, "developer", "bob", prevent_self_review=prevented)
        job = github.job(REPOSITORY, environment="Prod", actor="developer")
        [pending] = github.get(f"{RUNS}/{job['run_id']}/pending_deployments", token=users["developer"]).json()
        assert pending["current_user_can_approve"] is not prevented
        own = review(github, job, users["developer"], environment)
        assert own.status_code == (422 if prevented else 200)

    def test_a_member_of_a_team_approves(self, github: GitHub, users: dict[str, str]) -> None:
        github._own_door("teams", {"organization": "OWNER", "slug": "releases", "members": ["bob"]})
        environment = guard(github, "OWNER/releases")
        job = github.job(REPOSITORY, environment="Prod")
        assert review(github, job, users["alice"], environment).status_code == 422
        assert review(github, job, users["bob"], environment).status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            {"environment_ids": []},
            {"environment_ids": 1},
            {"environment_ids": [1]},
            {"state": "maybe"},
            {"comment": None},
        ],
    )
    def test_half_a_review_is_none(self, github: GitHub, users: dict[str, str], body: dict[str, Any]) -> None:
        environment = guard(github, "alice")
        job = github.job(REPOSITORY, environment="Prod")
        assert review(github, job, users["alice"], environment, **body).status_code == 422
        assert state(github, job)["status"] == "waiting"


def test_a_job_waits_for_the_timer_too(
    github: GitHub, users: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = guard(github, "alice", wait_timer=10)
    job = github.job(REPOSITORY, environment="Prod")
    [pending] = github.get(f"{RUNS}/{job['run_id']}/pending_deployments").json()
    assert pending["wait_timer"] == 10
    assert review(github, job, users["alice"], environment).status_code == 200
    assert state(github, job)["status"] == "waiting"
    moment = time.time() + 599
    monkeypatch.setattr(time, "time", lambda: moment)
    assert state(github, job)["status"] == "waiting"
    moment += 2
    assert state(github, job)["status"] == "in_progress"


def test_a_branch_that_is_not_admitted_has_no_job(github: GitHub) -> None:
    policy = {"protected_branches": False, "custom_branch_policies": True}
    github.call("PUT", PROD, json={"deployment_branch_policy": policy})
    github.call("POST", f"{PROD}/deployment-branch-policies", json={"name": "main"})
    with pytest.raises(requests.HTTPError, match="403"):
        github.job(REPOSITORY, environment="Prod", ref="refs/heads/feature")
    assert github.get(RUNS).json()["total_count"] == 0
    assert github.job(REPOSITORY, environment="Prod")["status"] == "in_progress"


class TestRules:
    """What GitHub refuses of an environment's rules."""

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ({"prevent_self_review": True}, "must have at least one reviewer to set prevent_self_review."),
            ({"reviewers": [{"type": "User", "id": 1}]}, "Validation Failed"),
            ({"wait_timer": 43201}, "Validation Failed"),
        ],
    )
    def test_are_refused(self, github: GitHub, body: dict[str, Any], said: str) -> None:
        refused = github.call("PUT", PROD, json=body)
        assert refused.status_code == 422
        assert said in refused.json()["message"]

    def test_at_most_six_may_be_named(self, github: GitHub) -> None:
        for number in range(7):
            github.new_token(login=f"user-{number}", scopes=["repo"])
        ids = [github.get(f"/users/user-{number}").json()["id"] for number in range(7)]
        named = [{"type": "User", "id": each} for each in ids]
        assert github.call("PUT", PROD, json={"reviewers": named}).status_code == 422
        assert github.call("PUT", PROD, json={"reviewers": named[:6]}).status_code == 200

    def test_an_account_is_a_user_or_an_organization_or_unknown(self, github: GitHub) -> None:
        assert github.get("/users/local-developer").json()["type"] == "User"
        assert github.get("/users/owner").json()["type"] == "Organization"
        assert github.get("/users/nobody").status_code == 404
        assert github.get("/orgs/OWNER/teams/none").status_code == 404
