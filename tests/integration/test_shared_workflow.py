"""The reusable workflow and the actions of this repository, used by a repository that has none of them."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_cloud.testing import workflows
from local_cloud.testing.agents import Result
from local_cloud.testing.clouds import publish, running
from tests.integration.actions_pipeline import CHECKOUT, REPOSITORY, ROLE_ARN, Pipeline

SHARED = "OWNER/aws-codedeploy-pipeline"
RIGHTS = {"id-token": "write", "contents": "read"}
GIVEN = {"environment": "Prod", "role": ROLE_ARN, "region": "us-east-1"}
GROUP = {"application": "test.codeDeploy.001", "deployment-group": "test.deploymentGroup.001"}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """What the playbooks make, and two repositories: a site without actions, and this one with a version."""
    directory = tmp_path_factory.mktemp("shared")
    (directory / "id_ed25519.pub").write_text("ssh-ed25519 AAAA a-key\n")
    with running(directory) as cloud:
        made = Pipeline(cloud, directory)
        site = directory / "content"
        shutil.copytree(CHECKOUT / "site", site, ignore=shutil.ignore_patterns(".github"))
        publish(cloud, site, REPOSITORY)
        ours = directory / "ours"
        shutil.copytree(CHECKOUT / "site" / ".github", ours / "site" / ".github")
        (ours / ".github" / "workflows").mkdir(parents=True)
        shutil.copy(CHECKOUT / ".github" / "workflows" / "deploy.yml", ours / ".github" / "workflows")
        publish(cloud, ours, SHARED)
        tag(made, "v1")
        done = made.play(
            *(
                f"playbooks/{name}.yml"
                for name in ("provision-iam", "configure-codedeploy", "configure-github")
            )
        )
        assert done.returncode == 0, done.stdout
        made.instance = made.launch("test.codeDeploy.001", "ec2.cheaper.001")
        yield made


def tag(pipeline: Pipeline, version: str) -> None:
    clone = pipeline.directory / "tagged"
    url = f"http://x-access-token:{pipeline.token}@{pipeline.cloud.github_url.removeprefix('http://')}/{SHARED}.git"
    for command in (
        ["git", "clone", "--quiet", url, str(clone)],
        ["git", "-C", str(clone), "tag", version],
        ["git", "-C", str(clone), "push", "--quiet", "origin", version],
    ):
        subprocess.run(command, check=True)


def calling(pipeline: Pipeline, name: str, job: dict[str, Any]) -> Path:
    """A clone whose pushed workflow NAME.yml has this one job."""
    checkout = pipeline.checkout(name)
    written = {"name": name, "on": "push", "jobs": {"deploy": job}}
    path = checkout / ".github" / "workflows" / f"{name}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(written))
    secret = f"http.{pipeline.cloud.github_url}/.extraHeader=Authorization: Bearer {pipeline.token}"
    identity = ["-c", "user.name=A Developer", "-c", "user.email=developer@localhost"]
    for command in (
        ["add", "."],
        [*identity, "commit", "--quiet", f"--message=Call {name}"],
        ["-c", secret, "push", "--quiet", "origin", "HEAD"],
    ):
        subprocess.run(["git", "-C", str(checkout), *command], check=True)
    return checkout


def shared(**more: Any) -> dict[str, Any]:
    return {"uses": f"{SHARED}/.github/workflows/deploy.yml@v1", "permissions": RIGHTS} | more


def test_a_repository_without_any_action_deploys_by_the_workflow_of_this_one(pipeline: Pipeline) -> None:
    checkout = calling(pipeline, "shared", shared(**{"with": GIVEN | GROUP}))
    assert not (checkout / ".github" / "actions").exists()
    with pipeline.agent(lambda _: Result()) as agent:
        ended = pipeline.run_workflow(checkout, name="shared.yml")
    assert ended.succeeded, ended.log
    assert agent.commands[-1] == "ValidateService"
    assert "Call shared, by A Developer" in ended.log
    assert "1 of 1 succeeded" in ended.log
    assert "Succeeded" in ended.summary


@pytest.mark.long
def test_what_is_not_given_is_taken_from_the_environment(pipeline: Pipeline) -> None:
    checkout = calling(pipeline, "inherited", shared(secrets="inherit", **{"with": {"environment": "Prod"}}))
    with pipeline.agent(lambda _: Result()):
        ended = pipeline.run_workflow(checkout, name="inherited.yml")
    assert ended.succeeded, ended.log


@pytest.mark.long
def test_a_deployment_that_somebody_else_made_is_followed_alone(pipeline: Pipeline) -> None:
    """As a step of any job: the action follow_deployment with an id and a region."""
    credentials = {
        "uses": "aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c",
        "with": {"role-to-assume": ROLE_ARN, "role-session-name": "jane", "aws-region": "us-east-1"},
    }
    create = (
        "id=$(aws deploy create-deployment --application-name test.codeDeploy.001"
        " --deployment-group-name test.deploymentGroup.001"
        ' --github-location "repository=$GITHUB_REPOSITORY,commitId=$GITHUB_SHA"'
        ' --query deploymentId --output text); echo "id=$id" >>"$GITHUB_OUTPUT"'
    )
    follow = {
        "uses": f"{SHARED}/site/.github/actions/follow_deployment@v1",
        "id": "follow",
        "with": {"deployment-id": "${{ steps.made.outputs.id }}", "region": "us-east-1"},
    }
    steps = [
        {"uses": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"},
        credentials,
        {"id": "made", "run": create},
        follow,
        {"run": 'echo "it ended as $STATUS"', "env": {"STATUS": "${{ steps.follow.outputs.status }}"}},
    ]
    job = {"runs-on": "ubuntu-latest", "environment": "Prod", "permissions": RIGHTS, "steps": steps}
    with pipeline.agent(lambda _: Result()):
        ended = pipeline.run_workflow(calling(pipeline, "followed", job), name="followed.yml")
    assert ended.succeeded, ended.log
    assert "it ended as Succeeded" in ended.log


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (shared(**{"with": GIVEN | {"applicaton": "x"}}), "has no input applicaton"),
        (shared(), "needs the input environment"),
        (shared(permissions={"contents": "read"}, **{"with": GIVEN}), "asks for id-token"),
        (
            {"uses": f"{SHARED}/.github/workflows/deploy.yml@v9", "permissions": RIGHTS, "with": GIVEN},
            f"{SHARED}@v9 has no stand-in and is no repository here",
        ),
    ],
    ids=["unknown input", "missing input", "too few rights", "no such version"],
)
def test_a_call_that_github_would_refuse_is_refused_in_a_line(
    pipeline: Pipeline, request: pytest.FixtureRequest, job: dict[str, Any], said: str
) -> None:
    name = request.node.callspec.id.replace(" ", "-")
    with pytest.raises(workflows.WorkflowError, match=said):
        pipeline.run_workflow(calling(pipeline, name, job), name=f"{name}.yml")
