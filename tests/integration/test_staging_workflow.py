"""A push goes to staging, waits for a reviewer, and goes to production: the workflow as it is written."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from local_cloud.testing import workflows as workflow
from local_cloud.testing.agents import Answer, Result
from local_cloud.testing.clouds import publish, running
from local_cloud.testing.shop import wait_for
from tests.integration.actions_pipeline import CHECKOUT, INSTANCE_ROLE, REPOSITORY, Pipeline

pytestmark = pytest.mark.long

PARTS = tuple(
    f"playbooks/{name}.yml"
    for name in ("provision-iam", "configure-codedeploy", "configure-github", "configure-promotion")
)
PRODUCTION = "test.codeDeploy.001"
STAGING = "test.codeDeploy.001-staging"
ROLES = {
    PRODUCTION: INSTANCE_ROLE,
    STAGING: "CodeDeploy-staging-EC2AccessCodeDeployRole-20241024T000000",
}
IS_STAGING = {
    "pipeline_environment": "staging",
    "pipeline_domain_record": "staging.local-cloud.example",
    "pipeline_github_staging": True,
}
IS_PRODUCTION = {"pipeline_github_reviewers": ["alice"]}


@dataclass
class Environments(Pipeline):
    """Staging and production of one account, each with an instance; `tokens` are users' of GitHub."""

    instances: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def doors(self, name: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(
            f"{self.cloud.github_url}/_local_cloud/{name}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        answer.raise_for_status()
        said: dict[str, Any] = answer.json()
        return said

    def api(self, method: str, path: str, login: str = "", **body: Any) -> Any:
        """GitHub's API as a user, who has a token."""
        answer = requests.request(
            method,
            f"{self.cloud.github_url}/api/v3/repos/{REPOSITORY}{path}",
            json=body or None,
            headers={"Authorization": f"Bearer {self.tokens.get(login, self.token)}"},
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()

    @contextmanager
    def agents(self, failing: str = "") -> Iterator[None]:
        """At work on both instances; ValidateService fails in one application."""

        def work(application: str, command: Answer) -> Result:
            failed = application == failing and command["CommandName"] == "ValidateService"
            return Result(error_code=4, message="it failed") if failed else Result()

        with ExitStack() as stack:
            for name, instance in self.instances.items():

                def answer(command: Answer, name: str = name) -> Result:
                    return work(name, command)

                stack.enter_context(self.agent(answer, instance=instance, role=ROLES[name]))
            yield

    def newest(self, application: str) -> dict[str, Any]:
        codedeploy = self.client("codedeploy")
        found = codedeploy.list_deployments(
            applicationName=application,
            deploymentGroupName=application.replace("codeDeploy", "deploymentGroup"),
        )["deployments"]
        return codedeploy.get_deployment(deploymentId=found[0])["deploymentInfo"] if found else {}

    @contextmanager
    def pushed(self, name: str) -> Iterator[list[workflow.Run]]:
        """The workflow runs in the background; the list has its end when the block is left."""
        ended: list[workflow.Run] = []
        checkout = self.checkout(name)
        thread = threading.Thread(target=lambda: ended.append(self.run_workflow(checkout)))
        thread.start()
        try:
            yield ended
        finally:
            thread.join(120)

    def waiting(self) -> dict[str, Any]:
        """The run that waits for a reviewer."""
        found = wait_for(
            lambda: self.api("GET", "/actions/runs?status=waiting")["workflow_runs"], bool, pause=0.2
        )
        run: dict[str, Any] = found[0]
        return run


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environments]:
    directory = tmp_path_factory.mktemp("both")
    (directory / "id_ed25519.pub").write_text("ssh-ed25519 AAAA a-key\n")
    with running(directory) as cloud:
        made = Environments(cloud, directory)
        publish(cloud, CHECKOUT / "site", REPOSITORY)
        made.tokens = {
            each: made.doors("tokens", login=each, scopes=["repo"])["token"] for each in ("alice", "bob")
        }
        for settings in (IS_PRODUCTION, IS_STAGING):
            played = made.play(*PARTS, "-e", json.dumps(settings))
            assert played.returncode == 0, played.stdout
        for application in (PRODUCTION, STAGING):
            name = application.replace("test.codeDeploy", "ec2.cheaper")
            made.instances[application] = made.launch(application, name)
        yield made


def test_what_was_on_staging_goes_to_production_when_it_is_approved(both: Environments) -> None:
    with both.agents(), both.pushed("approved") as ended:
        run = both.waiting()
        path = f"/actions/runs/{run['id']}/pending_deployments"
        [pending] = both.api("GET", path, "alice")
        assert (pending["environment"]["name"], pending["current_user_can_approve"]) == ("Prod", True)
        staged = both.newest(STAGING)
        assert staged["status"] == "Succeeded"
        assert both.newest(PRODUCTION) == {}

        review = {
            "environment_ids": [pending["environment"]["id"]],
            "state": "approved",
            "comment": "Ship it",
        }
        with pytest.raises(requests.HTTPError, match="422"):
            both.api("POST", path, "bob", **review)
        both.api("POST", path, "alice", **review)

    [whole] = ended
    assert whole.succeeded, whole.log
    assert whole.jobs == {"staging": "success", "production": "success"}
    promoted = both.newest(PRODUCTION)
    assert promoted["status"] == "Succeeded"
    for part in ("revision", "description"):
        assert promoted[part] == staged[part]
    assert promoted["description"].endswith(f"by developer in {run['html_url']}")
    assert both.api("GET", f"/actions/runs/{run['id']}")["conclusion"] == "success"
    [approval] = both.api("GET", f"/actions/runs/{run['id']}/approvals")
    assert (approval["user"]["login"], approval["comment"]) == ("alice", "Ship it")


def test_what_is_rejected_is_not_deployed(both: Environments) -> None:
    before = both.newest(PRODUCTION)
    with both.agents(), both.pushed("rejected") as ended:
        run = both.waiting()
        path = f"/actions/runs/{run['id']}/pending_deployments"
        [pending] = both.api("GET", path)
        both.api(
            "POST",
            path,
            "alice",
            environment_ids=[pending["environment"]["id"]],
            state="rejected",
            comment="No",
        )

    assert ended[0].jobs == {"staging": "success", "production": "failure"}
    assert both.newest(PRODUCTION) == before


def test_what_failed_on_staging_asks_nobody(both: Environments) -> None:
    before = both.newest(PRODUCTION)
    with both.agents(failing=STAGING), both.pushed("failed") as ended:
        pass

    assert ended[0].jobs == {"staging": "failure", "production": "skipped"}
    assert both.api("GET", "/actions/runs?status=waiting")["workflow_runs"] == []
    assert both.newest(PRODUCTION) == before


def test_each_environments_role_trusts_its_own_jobs_alone(both: Environments) -> None:
    roles = {
        "Prod": "AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000",
        "Staging": "CodeDeploy-staging-GitAssumeRoleWithAction-20241024T000000",
    }
    iam = both.client("iam")
    subjects = {}
    for environment, role in roles.items():
        [statement] = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
        subjects[environment] = statement["Condition"]["StringEquals"][
            "token.actions.githubusercontent.com:sub"
        ]
        assert subjects[environment].endswith(f":environment:{environment}")
    assert subjects["Staging"] == both.job(environment="Staging")["subject"]


def test_without_staging_a_push_goes_to_production_as_ever(both: Environments) -> None:
    destroyed = both.play("playbooks/destroy.yml", "-e", json.dumps(IS_STAGING | {"confirm": STAGING}))
    assert destroyed.returncode == 0, destroyed.stdout
    assert "Staging" not in json.dumps(both.api("GET", "/environments"))
    assert both.api("GET", "/actions/variables")["variables"] == []
    del both.instances[STAGING]

    with both.agents(), both.pushed("alone") as ended:
        run = both.waiting()
        [pending] = both.api("GET", f"/actions/runs/{run['id']}/pending_deployments")
        ids = [pending["environment"]["id"]]
        path = f"/actions/runs/{run['id']}/pending_deployments"
        both.api("POST", path, "alice", environment_ids=ids, state="approved", comment="")
    assert ended[0].jobs == {"staging": "skipped", "production": "success"}
