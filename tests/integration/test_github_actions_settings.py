"""github_actions_settings against GitHub's stand-in: check, apply, again, check again."""

import json
from copy import deepcopy
from functools import partial
from typing import Any

import pytest

from local_cloud.testing.github import Environment
from tests.integration.github_stand_in import REPOSITORY, Run, StandIn

CANARY = "arn:aws:iam::123456789012:role/canary"
VARIABLES = {"AWS_REGION": "us-east-1", "CODEDEPLOY_APPLICATION_NAME": "test.codeDeploy.001"}


@pytest.fixture
def github(github: StandIn) -> StandIn:
    """A stand-in with one empty repository."""
    github.app.store.create_repository(*REPOSITORY.split("/"), private=False)
    return github


@pytest.fixture
def run(run_module: Run) -> Run:
    """Run the module; its result."""
    return partial(run_module, "github_actions_settings", environment="Prod")


class TestFourBeats:
    def test_of_an_environment(self, github: StandIn, run: Run) -> None:
        asked = {"variables": VARIABLES, "secrets": {"IAMROLE_GITHUB_ARN": CANARY}}

        predicted = run(check=True, **asked)
        assert predicted["changed"]
        assert github.writes() == []
        assert "prod" not in github.repository.environments

        applied = run(**asked)
        assert applied["changed"]
        assert applied["github_actions_settings"] == predicted["github_actions_settings"]
        assert applied["diff"] == predicted["diff"]
        assert github.prod.secrets["IAMROLE_GITHUB_ARN"].value == CANARY
        assert {name: github.prod.variables[name].value for name in VARIABLES} == VARIABLES

        github.requests.clear()
        again = run(**asked)
        assert not again["changed"]
        assert again["diff"]["before"] == again["diff"]["after"]
        assert github.writes() == []
        assert len(github.requests) == 3
        assert not run(check=True, **asked)["changed"]

    def test_of_a_repository(self, github: StandIn, run: Run) -> None:
        asked = {"environment": None, "variables": VARIABLES, "secrets": {"NAME": CANARY}}
        assert run(check=True, **asked)["changed"]
        assert run(**asked)["changed"]
        assert github.repository.vault.secrets["NAME"].value == CANARY
        github.requests.clear()
        assert not run(**asked)["changed"]
        assert [method for method, _ in github.requests] == ["GET", "GET"]

    def test_of_a_removal(self, github: StandIn, run: Run) -> None:
        asked = {"variables": VARIABLES, "secrets": {"NAME": CANARY}}
        run(**asked)
        assert run(check=True, state="absent", **asked)["changed"]
        assert github.prod.secrets
        assert run(state="absent", **asked)["changed"]
        assert github.repository.environments == {}
        assert not run(state="absent", **asked)["changed"]


def test_nothing_is_left_to_remove_where_the_repository_is_gone(run: Run) -> None:
    gone = run(repository="OWNER/nobody", state="absent", secrets={"NAME": None})
    assert not gone["changed"]


class TestSecrets:
    def test_another_value_is_written(self, github: StandIn, run: Run) -> None:
        run(secrets={"NAME": "old"})
        assert run(secrets={"NAME": "new"})["changed"]
        assert github.prod.secrets["NAME"].value == "new"
        assert not run(secrets={"NAME": "new"})["changed"]

    def test_what_somebody_else_wrote_is_written_again(self, github: StandIn, run: Run) -> None:
        run(secrets={"NAME": "value"})
        github.prod.secrets["NAME"].value = "theirs"
        github.prod.secrets["NAME"].updated_at = "2026-01-01T00:00:00Z"
        assert run(secrets={"NAME": "value"})["changed"]
        assert github.prod.secrets["NAME"].value == "value"

    def test_others_keep_their_fingerprints(self, run: Run) -> None:
        run(secrets={"A": "a"})
        run(secrets={"B": "b"})
        assert not run(secrets={"A": "a", "B": "b"})["changed"]

    def test_fingerprints_go_with_the_last_secret(self, github: StandIn, run: Run) -> None:
        run(environment=None, secrets={"NAME": "value"})
        assert "ANSIBLE_SECRET_FINGERPRINTS" in github.repository.vault.variables
        run(environment=None, secrets={}, purge_secrets=True)
        assert github.repository.vault.variables == {}

    def test_on_create_keeps_no_fingerprint(self, github: StandIn, run: Run) -> None:
        assert run(secrets={"NAME": "value"}, update_secrets="on_create")["changed"]
        assert not run(secrets={"NAME": "other"}, update_secrets="on_create")["changed"]
        assert github.prod.variables == {}

    def test_a_value_is_in_no_result(self, run: Run) -> None:
        for given in ({}, {"check": True}, {"token": "ghp_wrong"}, {"state": "absent"}):
            assert CANARY not in json.dumps(run(secrets={"NAME": CANARY}, **given))


class TestVariables:
    def test_null_removes(self, github: StandIn, run: Run) -> None:
        run(variables=VARIABLES | {"BUCKET": "b"}, secrets={"ONE": CANARY, "TWO": CANARY})
        asked = {"variables": VARIABLES | {"BUCKET": None}, "secrets": {"ONE": CANARY, "TWO": None}}
        removed = run(**asked)
        assert removed["changed"]
        assert removed["github_actions_settings"]["variables"] == VARIABLES
        assert set(github.prod.secrets) == {"ONE"}
        assert not run(**asked)["changed"]

    def test_purge_keeps_the_fingerprints(self, run: Run) -> None:
        run(variables=VARIABLES, secrets={"NAME": "value"})
        after = run(variables={"ONLY": "one"}, purge_variables=True)
        assert after["github_actions_settings"]["variables"] == {"ONLY": "one"}
        assert not run(secrets={"NAME": "value"})["changed"]

    def test_without_purge_others_stay(self, run: Run) -> None:
        run(variables=VARIABLES)
        after = run(variables={"ONE": "more"})
        assert after["github_actions_settings"]["variables"] == VARIABLES | {"ONE": "more"}

    def test_more_than_a_page(self, run: Run) -> None:
        many = {f"NAME_{number}": "value" for number in range(40)}
        run(variables=many)
        assert not run(variables=many)["changed"]

    def test_an_environment_of_any_name(self, run: Run) -> None:
        run(environment="Prod / EU", variables=VARIABLES)
        assert not run(environment="Prod / EU", variables=VARIABLES)["changed"]


class TestRules:
    """What guards an environment."""

    def guard(self, github: StandIn) -> Environment:
        environment = github.repository.environments["prod"]
        environment.wait_timer = 5
        environment.reviewers = [{"type": "User", "id": github.user("alice")}]
        environment.prevent_self_review = True
        return environment

    def test_are_left_alone(self, github: StandIn, run: Run) -> None:
        run(variables={})
        environment = self.guard(github)
        before = deepcopy(environment.reviewers)
        run(variables=VARIABLES)
        assert (environment.wait_timer, environment.reviewers) == (5, before)

    def test_branches_change_and_the_others_stay(self, github: StandIn, run: Run) -> None:
        run(variables={})
        environment = self.guard(github)
        before = deepcopy(environment.reviewers)
        for branches in (["main"], ["main", "release/*"], ["release/*"], []):
            assert run(check=True, deployment_branches=branches)["changed"]
            changed = run(deployment_branches=branches)
            assert changed["github_actions_settings"]["deployment_branches"] == branches
            assert not run(deployment_branches=branches)["changed"]
            assert sorted(environment.branches.values()) == branches
        assert environment.wait_timer == 5
        assert environment.reviewers == before
        assert environment.prevent_self_review

    def test_protected_branches_give_way_to_named_ones(self, github: StandIn, run: Run) -> None:
        run(variables={})
        policy = {"protected_branches": True, "custom_branch_policies": False}
        github.repository.environments["prod"].deployment_branch_policy = policy
        assert run(deployment_branches=["main"])["changed"]
        assert not run(deployment_branches=["main"])["changed"]

    def test_come_with_a_new_environment(self, github: StandIn, run: Run) -> None:
        run(deployment_branches=["main"], variables=VARIABLES)
        assert list(github.repository.environments["prod"].branches.values()) == ["main"]

    def test_need_an_environment(self, run: Run) -> None:
        assert "environment" in run(environment=None, deployment_branches=["main"])["msg"]


class TestReviewers:
    """Who approves, and how long a job waits."""

    ASKED: dict[str, Any] = {  # noqa: RUF012 - read only
        "reviewers": ["alice", "OWNER/releases"],
        "prevent_self_review": True,
        "wait_timer": 10,
        "deployment_branches": ["main"],
    }

    @pytest.fixture(autouse=True)
    def people(self, github: StandIn) -> None:
        for login in ("alice", "bob"):
            github.user(login)
        github.app.store.add_team("OWNER", "releases", ["bob"])

    def test_four_beats(self, github: StandIn, run: Run) -> None:
        predicted = run(check=True, variables=VARIABLES, **self.ASKED)
        assert github.writes() == []
        applied = run(variables=VARIABLES, **self.ASKED)
        assert applied["changed"]
        assert applied["github_actions_settings"] == predicted["github_actions_settings"]
        assert applied["diff"] == predicted["diff"]
        shown = {"reviewers": ["OWNER/releases", "alice"], "prevent_self_review": True, "wait_timer": 10}
        assert shown.items() <= applied["diff"]["after"].items()
        # With the first call: there is no moment without them.
        assert [verb for verb, path in github.requests if path.endswith("/Prod")].count("PUT") == 1

        github.requests.clear()
        again = run(variables=VARIABLES, **self.ASKED | {"reviewers": ["Owner/Releases", "ALICE"]})
        assert not again["changed"]
        assert github.writes() == []
        # Those who are there are known already.
        assert not any("/users/" in path or "/teams/" in path for _, path in github.requests)

    @pytest.mark.parametrize(
        ("given", "after"),
        [
            ({"reviewers": ["bob"]}, {"reviewers": ["bob"], "prevent_self_review": True, "wait_timer": 10}),
            ({"prevent_self_review": False}, {"prevent_self_review": False, "wait_timer": 10}),
            ({"wait_timer": 0}, {"prevent_self_review": True, "wait_timer": 0}),
            ({"reviewers": []}, {"reviewers": [], "prevent_self_review": False, "wait_timer": 10}),
        ],
    )
    def test_one_changes_and_the_others_stay(
        self, github: StandIn, run: Run, given: dict[str, Any], after: dict[str, Any]
    ) -> None:
        run(**self.ASKED)
        changed = run(**given)
        assert changed["changed"]
        assert after.items() <= changed["github_actions_settings"].items()
        assert not run(**given)["changed"]
        assert list(github.repository.environments["prod"].branches.values()) == ["main"]

    def test_go_with_an_environment_that_is_removed(self, github: StandIn, run: Run) -> None:
        run(variables=VARIABLES, **self.ASKED)
        asked = {"state": "absent", "variables": VARIABLES}
        run(**asked)
        assert "prod" in github.repository.environments
        assert run(**asked, reviewers=[], wait_timer=0)["changed"]
        assert github.repository.environments == {}

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"reviewers": ["carol"]}, "reviewers: 'carol' is no user at http://127.0.0.1:"),
            (
                {"reviewers": ["OWNER"]},
                "reviewers: 'OWNER' is an organization: name users, or teams of OWNER.",
            ),
            ({"reviewers": ["OWNER/ops"]}, "reviewers: 'OWNER/ops' is no team that the token may see"),
            ({"reviewers": ["other/ops"]}, "a team of other: the repository takes teams of OWNER alone."),
            ({"reviewers": ["a b"]}, "reviewers: 'a b' is neither a login nor a team: give OWNER/TEAM."),
            (
                {"reviewers": list("abcdefg")},
                "reviewers: 7 are named, and GitHub takes at most 6: name a team.",
            ),
            ({"wait_timer": 43201}, "wait_timer: 43201 is not a number of minutes from 0 to 43200"),
            ({"wait_timer": -1}, "wait_timer: -1 is not a number of minutes"),
            ({"prevent_self_review": True}, "prevent_self_review: there are no reviewers"),
        ],
    )
    @pytest.mark.parametrize("check", [False, True])
    def test_what_cannot_be_is_refused_before_anything_is_written(
        self, github: StandIn, run: Run, given: dict[str, Any], said: str, check: bool
    ) -> None:
        refused = run(check=check, variables=VARIABLES, **given)
        assert said in refused["msg"]
        assert github.writes() == []

    @pytest.mark.parametrize("there", [False, True])
    def test_one_without_access_is_named_and_no_secret_is_written(
        self, github: StandIn, run: Run, there: bool
    ) -> None:
        github.repository.private = True
        github.user("carol", permissions={"metadata": "read"}, repositories=frozenset({"owner/other"}))
        if there:
            run(variables={})
        refused = run(secrets={"NAME": CANARY}, reviewers=["alice", "carol"])
        assert "reviewers: GitHub left out carol of OWNER/codedeploy.nginx.001 (Prod)" in refused["msg"]
        assert ("prod" in github.repository.environments) == there
        assert not there or not github.prod.secrets

    @pytest.mark.parametrize("given", [{"reviewers": ["alice"]}, {"wait_timer": 5}])
    def test_a_plan_without_them_is_named(self, github: StandIn, run: Run, given: dict[str, Any]) -> None:
        github.repository.private = True
        github.app.store.free_plans.add("owner")
        refused = run(variables=VARIABLES, **given)
        assert "Please ensure the billing plan supports the" in refused["msg"]
        assert (
            "with its Enterprise plan alone: make the repository public, or leave them out" in refused["msg"]
        )
        assert github.repository.environments == {}
        assert run(variables=VARIABLES, deployment_branches=["main"], reviewers=[], wait_timer=0)["changed"]

    def test_need_an_environment(self, run: Run) -> None:
        for given in ({"reviewers": ["alice"]}, {"wait_timer": 1}, {"prevent_self_review": False}):
            assert "environment" in run(environment=None, **given)["msg"]


class TestToken:
    """One clear line each, and nothing half done."""

    ASKED: dict[str, Any] = {"variables": VARIABLES, "secrets": {"NAME": CANARY}}  # noqa: RUF012 - read only

    def refused(self, github: StandIn, run: Run, **given: Any) -> str:
        failed = run(**self.ASKED | given)
        assert failed["failed"]
        assert github.repository.environments == {}
        assert github.repository.vault.variables == {}
        assert github.repository.vault.secrets == {}
        message: str = failed["msg"]
        assert "\n" not in message
        return message

    def test_missing(self, github: StandIn, run: Run) -> None:
        assert "there is no GitHub token" in self.refused(github, run, token=None)
        assert github.requests == []

    def test_wrong(self, github: StandIn, run: Run) -> None:
        assert "does not accept the token (401 Bad credentials)" in self.refused(github, run, token="ghp_x")

    def test_without_the_scope(self, github: StandIn, run: Run) -> None:
        token = github.new_token(scopes=frozenset({"gist"}))
        assert "has the scopes 'gist'; it needs repo" in self.refused(github, run, token=token)

    def test_for_another_repository(self, github: StandIn, run: Run) -> None:
        github.repository.private = True
        token = github.new_token(permissions={"actions": "read"}, repositories=frozenset({"owner/other"}))
        assert "or the token may not see it" in self.refused(github, run, token=token)

    @pytest.mark.parametrize(
        ("environment", "permissions", "lacks"),
        [
            ("Prod", {}, "actions: read"),
            ("Prod", {"actions": "read"}, "administration: write"),
            ("Prod", {"actions": "read", "variables": "write"}, "administration: write"),
            ("Prod", {"actions": "read", "administration": "write"}, "environments: write"),
            (
                "Prod",
                {"actions": "read", "administration": "write", "environments": "read"},
                "environments: write",
            ),
            (None, {"secrets": "write"}, "variables: read"),
            (None, {"secrets": "write", "variables": "read"}, "variables: write"),
            (None, {"secrets": "read", "variables": "write"}, "secrets: write"),
        ],
    )
    def test_that_may_do_too_little(
        self, github: StandIn, run: Run, environment: str | None, permissions: dict[str, str], lacks: str
    ) -> None:
        token = github.new_token(permissions=permissions)
        message = self.refused(github, run, token=token, environment=environment)
        assert f"lacks the repository permission {lacks}" in message

    def test_that_may_do_just_enough(self, github: StandIn, run: Run) -> None:
        rights = {"actions": "read", "administration": "write", "environments": "write"}
        assert run(token=github.new_token(permissions=rights), **self.ASKED)["changed"]

    def test_that_has_used_up_its_requests(self, github: StandIn, run: Run) -> None:
        token = github.new_token(scopes=frozenset({"repo"}), limit=0)
        assert "API rate limit exceeded" in self.refused(github, run, token=token)

    def test_from_the_environment(self, github: StandIn, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GITHUB_TOKEN", github.token)
        assert run(token=None, **self.ASKED)["changed"]


def test_a_repository_that_does_not_exist(run: Run) -> None:
    message = run(repository="OWNER/nobody", variables=VARIABLES)["msg"]
    assert message.startswith("Cannot find the repository OWNER/nobody at http://127.0.0.1")


def test_an_address_where_nothing_listens(run: Run) -> None:
    message = run(api_url="http://127.0.0.1:1", variables=VARIABLES)["msg"]
    assert "does not answer" in message


STAGING = {"CODEDEPLOY_APPLICATION_NAME": "staging"}


class TestOfAnotherOwner:
    @pytest.fixture
    def theirs(self, github: StandIn, run: Run) -> dict[str, str]:
        run(variables=VARIABLES, secrets={"IAMROLE_GITHUB_ARN": CANARY})
        github.requests.clear()
        return {name: each.value for name, each in github.prod.variables.items()}

    @pytest.mark.parametrize("check", [True, False])
    def test_is_not_overwritten(self, github: StandIn, run: Run, theirs: dict[str, str], check: bool) -> None:
        result = run(check=check, owner=STAGING, variables=STAGING, secrets={"IAMROLE_GITHUB_ARN": "x"})

        assert result["failed"]
        assert "CODEDEPLOY_APPLICATION_NAME is 'test.codeDeploy.001', not 'staging'" in result["msg"]
        assert github.writes() == []
        assert {name: each.value for name, each in github.prod.variables.items()} == theirs

    @pytest.mark.parametrize("check", [True, False])
    def test_is_not_emptied(self, github: StandIn, run: Run, theirs: dict[str, str], check: bool) -> None:
        absent = {
            "state": "absent",
            "variables": dict.fromkeys(VARIABLES),
            "secrets": {"IAMROLE_GITHUB_ARN": None},
        }

        result = run(check=check, owner=STAGING, **absent)

        assert not result["changed"]
        assert result["github_actions_settings"]["owner"] == {
            "CODEDEPLOY_APPLICATION_NAME": "test.codeDeploy.001"
        }
        assert github.writes() == []
        assert {name: each.value for name, each in github.prod.variables.items()} == theirs

    def test_ones_own_is_written_and_removed(self, github: StandIn, run: Run) -> None:
        owner = {"CODEDEPLOY_APPLICATION_NAME": "test.codeDeploy.001"}
        assert run(owner=owner, variables=VARIABLES)["changed"]
        assert not run(owner=owner, variables=VARIABLES)["changed"]
        assert run(owner=owner, state="absent", variables=dict.fromkeys(VARIABLES))["changed"]
        assert "prod" not in github.repository.environments
