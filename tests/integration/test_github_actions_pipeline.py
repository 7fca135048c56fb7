"""From `git push` to a deployment: the playbooks set up both sides, the workflow runs as it is written."""

import base64
import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

from local_cloud.testing import github
from local_cloud.testing import workflows as workflow
from local_cloud.testing.agents import Answer, Result
from local_cloud.testing.clouds import publish, running
from local_cloud.testing.github import Token
from tests.command_lines import Watch
from tests.integration.actions_pipeline import (
    CHECKOUT,
    CREDENTIALS,
    INSTANCE_ROLE,
    REPOSITORY,
    ROLE,
    ROLE_ARN,
    Pipeline,
)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    directory = tmp_path_factory.mktemp("pipeline")
    (directory / "id_ed25519.pub").write_text("ssh-ed25519 AAAA a-key\n")
    with running(directory) as cloud:
        made = Pipeline(cloud, directory)
        publish(cloud, CHECKOUT / "site", REPOSITORY)
        names = ("provision-iam", "configure-codedeploy", "configure-github")
        done = made.play(*(f"playbooks/{name}.yml" for name in names))
        assert done.returncode == 0, done.stdout
        made.instance = made.launch("test.codeDeploy.001", "ec2.cheaper.001")
        yield made


class TestWorkflow:
    def test_deploys_the_commit_that_was_pushed(self, pipeline: Pipeline) -> None:
        checkout = pipeline.checkout("green")
        with pipeline.agent(lambda _: Result()) as agent:
            ended = pipeline.run_workflow(checkout)
        assert ended.succeeded, ended.log
        assert "Succeeded" in ended.summary
        assert agent.commands[-1] == "ValidateService"
        codedeploy = pipeline.client("codedeploy")
        deployments = codedeploy.list_deployments()["deployments"]
        revision = codedeploy.get_deployment(deploymentId=deployments[0])["deploymentInfo"]["revision"]
        head = (checkout / ".git" / "refs" / "heads" / "main").read_text().strip()
        assert revision["gitHubLocation"] == {"repository": REPOSITORY, "commitId": head}

    def test_is_red_when_a_hook_fails_and_shows_its_log(self, pipeline: Pipeline) -> None:
        failure = Result(
            error_code=4,
            script_name="scripts/validate-service.sh",
            message="Script at specified location: scripts/validate-service.sh failed with exit code 7",
            log="[stderr]the page is not there\n",
        )

        def work(command: Answer) -> Result:
            return failure if command["CommandName"] == "ValidateService" else Result()

        with pipeline.agent(work):
            ended = pipeline.run_workflow(pipeline.checkout("red"))
        assert not ended.succeeded
        for expected in ("ValidateService", "scripts/validate-service.sh", "the page is not there"):
            assert expected in ended.summary

    def test_shows_no_secret(self, pipeline: Pipeline) -> None:
        with pipeline.agent(lambda _: Result()):
            ended = pipeline.run_workflow(pipeline.checkout("quiet"))
        assert ROLE_ARN not in ended.log
        assert pipeline.token not in ended.log
        assert "eyJ" not in ended.log


def _content(path: Path) -> bytes:
    """What a file holds; nothing where another test has removed it meanwhile."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def canaries(pipeline: Pipeline) -> list[str]:
    """Every secret there is: the token, the operator's key, and those of all sessions."""
    sessions = sts_backends["123456789012"]["aws"].assumed_roles
    found = [pipeline.token, CREDENTIALS["AWS_SECRET_ACCESS_KEY"]]
    found += [value for each in sessions for value in (each.secret_access_key, each.session_token)]
    assert len(found) > 2
    return found


def assert_none_is_in(said: str, pipeline: Pipeline) -> None:
    assert [value for value in canaries(pipeline) if value in said] == []
    # git's and curl's form of the token, and the tokens that a job is given.
    assert base64.b64encode(f"x-access-token:{pipeline.token}".encode()).decode() not in said
    assert re.findall(r"(?:ghs_|runner_)\w{36}|eyJ[\w-]{20,}\.eyJ", said) == []


def assert_none_is_in_a_file(pipeline: Pipeline, made: Path) -> None:
    """`made` is a file of the run, which shows that this looks where it wrote."""
    kept = {pipeline.directory / "settings.json", pipeline.cloud.settings.state_dir / "github" / "token"}
    files = [
        path
        for folder in (pipeline.directory, CHECKOUT / "build")
        for path in folder.rglob("*")
        if path.is_file()
    ]
    secrets = [value.encode() for value in canaries(pipeline)]
    assert made in files
    assert {path for path in files if any(value in _content(path) for value in secrets)} == kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)


def assert_both_went_well_and_show_none(
    played: subprocess.CompletedProcess[str],
    ended: workflow.Run,
    watch: Watch,
    programs: tuple[str, ...],
    pipeline: Pipeline,
) -> None:
    """A playbook and a workflow, watched while their programs ran: no secret in what was seen or said."""
    assert played.returncode == 0, played.stdout
    assert ended.succeeded, ended.log
    for program in programs:
        assert any(program in line for line in watch.seen), program
    said = "\n".join([*watch.seen, played.stdout, played.stderr, ended.log, ended.summary])
    assert_none_is_in(said, pipeline)


@pytest.mark.long
def test_no_secret_is_in_a_process_list_an_output_or_left_in_a_file(pipeline: Pipeline) -> None:
    with Watch() as watch, pipeline.agent(lambda _: Result()):
        played = pipeline.play("playbooks/configure-github.yml", "-vvv", "--diff")
        checkout = pipeline.checkout("watched")
        ended = pipeline.run_workflow(checkout)
    programs = ("ansible-playbook", "act push", "aws deploy create-deployment")
    assert_both_went_well_and_show_none(played, ended, watch, programs, pipeline)
    assert_none_is_in_a_file(pipeline, checkout / "appspec.yml")


def test_no_secret_is_shown_where_the_repository_is_made(pipeline: Pipeline) -> None:
    new = ("-e", "pipeline_github_repository=OWNER/made.by.a.playbook")
    asked = (*new, "-e", "pipeline_github_create_repository=true", "-vvv", "--diff")
    with Watch() as watch:
        made = pipeline.play("playbooks/create-repository.yml", *asked)
    assert made.returncode == 0, made.stdout
    assert "changed=1" in made.stdout
    assert any("git push" in line for line in watch.seen)
    assert_none_is_in("\n".join([*watch.seen, made.stdout, made.stderr]), pipeline)
    assert_none_is_in_a_file(pipeline, pipeline.directory / "settings.json")


def test_a_pull_request_is_checked_without_any_secret(pipeline: Pipeline) -> None:
    ended = pipeline.run_workflow(pipeline.checkout("check"), name="check.yml", event="pull_request")
    assert ended.succeeded, ended.log
    assert "index.html are valid" in ended.log


class TestTrust:
    """The role that provision-iam.yml made lets in this repository's environment, and nothing else."""

    def assume(self, pipeline: Pipeline, token: str) -> str:
        """The error code; nothing when the role is given."""
        try:
            pipeline.client("sts").assume_role_with_web_identity(
                RoleArn=ROLE_ARN, RoleSessionName="a-test", WebIdentityToken=token
            )
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    def test_this_environment(self, pipeline: Pipeline) -> None:
        assert self.assume(pipeline, pipeline.id_token(pipeline.job(environment="Prod"))) == ""

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"environment": "Test"},
            {"environment": "prod"},
            {"event": "pull_request", "ref": "refs/pull/1/merge"},
            {"ref": "refs/heads/environment:Prod"},
        ],
    )
    def test_another_context(self, pipeline: Pipeline, body: dict[str, str]) -> None:
        assert self.assume(pipeline, pipeline.id_token(pipeline.job(**body))) == "AccessDenied"

    def test_another_repository(self, pipeline: Pipeline) -> None:
        other = f"{REPOSITORY}x"
        publish(pipeline.cloud, CHECKOUT / "site", other)
        token = pipeline.id_token(pipeline.job(other, environment="Prod"))
        assert self.assume(pipeline, token) == "AccessDenied"

    def test_another_audience(self, pipeline: Pipeline) -> None:
        token = pipeline.id_token(pipeline.job(environment="Prod"), audience="https://github.com/OWNER")
        assert self.assume(pipeline, token) == "InvalidIdentityToken"

    def test_an_expired_token(self, pipeline: Pipeline) -> None:
        subject = pipeline.job(environment="Prod")["subject"]
        then = int(time.time()) - 3600
        said = {
            "iss": github.ISSUER,
            "aud": "sts.amazonaws.com",
            "sub": subject,
            "iat": then,
            "exp": then + 300,
        }
        token = github.sign(said, pipeline.cloud.settings)
        assert self.assume(pipeline, token) == "ExpiredTokenException"

    @pytest.mark.parametrize(
        ("service", "operation", "arguments"),
        [
            ("codedeploy", "delete_deployment_group", {"deploymentGroupName": "test.deploymentGroup.001"}),
            ("codedeploy", "list_deployments", {"deploymentGroupName": "another"}),
            ("codedeploy", "delete_application", {}),
            ("ec2", "describe_instances", None),
            ("iam", "list_roles", None),
            ("s3", "list_buckets", None),
        ],
    )
    def test_a_session_may_do_nothing_but_its_deployment(
        self, pipeline: Pipeline, service: str, operation: str, arguments: dict[str, str] | None
    ) -> None:
        client = pipeline.client(service, pipeline.session())
        given = {} if arguments is None else {"applicationName": "test.codeDeploy.001"} | arguments
        with pipeline.enforcement(), pytest.raises(ClientError) as refused:
            getattr(client, operation)(**given)
        assert refused.value.response["Error"]["Code"].startswith(("AccessDenied", "UnauthorizedOperation"))

    def test_a_tampered_token(self, pipeline: Pipeline) -> None:
        outside = pipeline.id_token(pipeline.job())
        inside = pipeline.id_token(pipeline.job(environment="Prod"))
        head, _, signature = outside.split(".")
        assert self.assume(pipeline, f"{head}.{inside.split('.')[1]}.{signature}") == "InvalidIdentityToken"


class TestConfigureGitHub:
    def test_is_silent_the_second_time(self, pipeline: Pipeline) -> None:
        again = pipeline.play("playbooks/configure-github.yml")
        assert "changed=0" in again.stdout
        assert again.returncode == 0

    def test_gives_the_workflow_its_settings(self, pipeline: Pipeline) -> None:
        job = pipeline.job(environment="Prod")
        assert job["secrets"] == {"IAMROLE_GITHUB_ARN": ROLE_ARN}
        assert {name: job["variables"][name] for name in job["variables"] if "FINGERPRINT" not in name} == {
            "AWS_REGION": "us-east-1",
            "CODEDEPLOY_APPLICATION_NAME": "test.codeDeploy.001",
            "CODEDEPLOY_DEPLOYMENT_GROUP_NAME": "test.deploymentGroup.001",
            "IAMROLE_GITHUB_SESSION_NAME": "AWSGitAssumeRoleWithAction",
        }

    def test_admits_no_other_branch_to_the_environment(self, pipeline: Pipeline) -> None:
        with pytest.raises(requests.HTTPError, match="403"):
            pipeline.job(environment="Prod", ref="refs/heads/feature")

    def test_without_a_token_says_what_to_fill_in(self, pipeline: Pipeline) -> None:
        told = pipeline.play("playbooks/configure-github.yml", token="")
        assert told.returncode == 0
        assert "changed=0" in told.stdout
        for name, value in (
            ("IAMROLE_GITHUB_ARN", ROLE_ARN),
            ("CODEDEPLOY_APPLICATION_NAME", "test.codeDeploy.001"),
            ("CODEDEPLOY_DEPLOYMENT_GROUP_NAME", "test.deploymentGroup.001"),
            ("AWS_REGION", "us-east-1"),
            ("IAMROLE_GITHUB_SESSION_NAME", "AWSGitAssumeRoleWithAction"),
        ):
            assert any(line.split() == [name, value] for line in told.stdout.splitlines())
        for line in ("New environment: Prod", "Deployment branches: main"):
            assert line in told.stdout

    @pytest.mark.parametrize(
        ("permissions", "reason"),
        [
            (None, "does not accept the token (401 Bad credentials)"),
            (
                {"actions": "read", "administration": "write", "environments": "read"},
                "permission environments: write",
            ),
        ],
        ids=["wrong", "may not write"],
    )
    def test_a_token_that_does_not_do_is_told_in_a_line_and_changes_nothing(
        self, pipeline: Pipeline, permissions: dict[str, str] | None, reason: str
    ) -> None:
        token = Token(value="github_pat_canary", permissions=permissions)
        if permissions is not None:
            pipeline.cloud._github_app.store.add_token(token)
        environment = f"{pipeline.cloud.github_url}/api/v3/repos/{REPOSITORY}/environments/Stage"

        asked = ("-e", "pipeline_github_environment=Stage", "-vvv", "--diff")
        failed = pipeline.play("playbooks/configure-github.yml", *asked, token=token.value)

        assert failed.returncode == 2
        said = failed.stdout + failed.stderr
        assert reason in " ".join(said.split())
        assert "Traceback" not in said
        assert token.value not in said
        headers = {"Authorization": f"Bearer {pipeline.token}"}
        assert requests.get(environment, headers=headers, timeout=30).status_code == 404


FROM_S3 = ("-e", "pipeline_revision_source=s3")
# The instance is a record with an agent: it has no web server, and this inventory does not find it.
WITHOUT_HOSTS = ("-e", json.dumps({"pipeline_hosts": "localhost", "pipeline_addresses": []}))


@pytest.fixture(scope="class")
def switched(pipeline: Pipeline) -> None:
    names = ("provision-iam", "configure-codedeploy", "configure-github")
    done = pipeline.play(*(f"playbooks/{name}.yml" for name in names), *FROM_S3)
    assert done.returncode == 0, done.stdout


# In this order and in one process: each goes on where the one before has left the pipeline.
@pytest.mark.long
@pytest.mark.usefixtures("switched")
class TestRevisionsFromS3:
    """The way round CodeDeploy's link to GitHub. The last class of the file: it changes the pipeline."""

    BUCKET = "test-codedeploy-001-123456789012-us-east-1"

    def test_the_bucket_is_closed(self, pipeline: Pipeline) -> None:
        s3 = pipeline.client("s3")
        assert s3.get_bucket_versioning(Bucket=self.BUCKET)["Status"] == "Enabled"
        blocked = s3.get_public_access_block(Bucket=self.BUCKET)["PublicAccessBlockConfiguration"]
        assert len(blocked) == 4
        assert all(blocked.values())
        rules = s3.get_bucket_encryption(Bucket=self.BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        policy = json.loads(s3.get_bucket_policy(Bucket=self.BUCKET)["Policy"])
        [statement] = policy["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        [rule] = s3.get_bucket_lifecycle_configuration(Bucket=self.BUCKET)["Rules"]
        assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30

    def test_both_ways_to_bring_a_commit_there_show_no_secret(self, pipeline: Pipeline) -> None:
        checkout = pipeline.checkout("s3")
        head = (checkout / ".git" / "refs" / "heads" / "main").read_text().strip()
        brought = CHECKOUT / "build" / "revisions" / f"{head}.tgz"
        brought.unlink(missing_ok=True)
        with Watch() as watch, pipeline.agent(lambda _: Result()):
            played = pipeline.play("playbooks/deploy-site.yml", "-vvv", "--diff", *FROM_S3, *WITHOUT_HOSTS)
            pipeline.client("s3").delete_object(Bucket=self.BUCKET, Key=f"test.codeDeploy.001/{head}.tgz")
            ended = pipeline.run_workflow(checkout)
        programs = ("ansible-playbook", "aws s3api put-object", "aws deploy create-deployment")
        assert_both_went_well_and_show_none(played, ended, watch, programs, pipeline)
        assert_none_is_in_a_file(pipeline, brought)
        assert brought.stat().st_mode & 0o077 == 0

    def test_the_workflow_goes_that_way_and_the_playbook_agrees(self, pipeline: Pipeline) -> None:
        codedeploy = pipeline.client("codedeploy")
        newest = codedeploy.list_deployments()["deployments"][0]
        information = codedeploy.get_deployment(deploymentId=newest)["deploymentInfo"]
        assert information["description"].startswith(f"{REPOSITORY}@")
        head = information["description"].partition("@")[2].split()[0]
        place = {"bucket": self.BUCKET, "key": f"test.codeDeploy.001/{head}.tgz", "bundleType": "tgz"}
        assert place.items() <= information["revision"]["s3Location"].items()

        # What the workflow deployed is not deployed again, nor is the object written anew.
        playbooks = ("playbooks/configure-codedeploy.yml", "playbooks/deploy-site.yml")
        played = pipeline.play(*playbooks, *FROM_S3, *WITHOUT_HOSTS)
        assert "changed=0" in played.stdout, played.stdout
        assert codedeploy.list_deployments()["deployments"][0] == newest

    @pytest.mark.parametrize(
        ("operation", "key", "arguments"),
        [
            ("put_object", "another.application/x.tgz", {"Body": b"x"}),
            ("get_object", "another.application/x.tgz", {}),
            ("delete_object", "test.codeDeploy.001/x.tgz", {}),
            ("get_object_acl", "test.codeDeploy.001/x.tgz", {}),
            ("list_objects_v2", None, {}),
            ("delete_bucket", None, {}),
        ],
    )
    def test_a_job_may_write_nothing_but_its_applications_revisions(
        self, pipeline: Pipeline, operation: str, key: str | None, arguments: dict[str, Any]
    ) -> None:
        s3 = pipeline.client("s3", pipeline.session())
        named = {"Bucket": self.BUCKET} | ({"Key": key} if key else {})
        with pipeline.enforcement(), pytest.raises(ClientError) as refused:
            getattr(s3, operation)(**named, **arguments)
        assert refused.value.response["Error"]["Code"] == "AccessDenied"

    def test_a_job_may_write_its_applications_revisions(self, pipeline: Pipeline) -> None:
        s3 = pipeline.client("s3", pipeline.session())
        place = {"Bucket": self.BUCKET, "Key": "test.codeDeploy.001/x.tgz"}
        with pipeline.enforcement():
            s3.put_object(**place, Body=b"x")
            assert s3.get_object(**place)["Body"].read() == b"x"

    def test_back_to_github_the_grants_and_the_variable_go(self, pipeline: Pipeline) -> None:
        done = pipeline.play("playbooks/provision-iam.yml", "playbooks/configure-github.yml")
        assert done.returncode == 0, done.stdout
        assert "CODEDEPLOY_REVISION_BUCKET" not in pipeline.job(environment="Prod")["variables"]
        iam = pipeline.client("iam")
        assert iam.list_role_policies(RoleName=INSTANCE_ROLE)["PolicyNames"] == []
        assert "s3:" not in json.dumps(iam.get_role_policy(RoleName=ROLE, PolicyName="github"))

    def test_destroy_takes_back_the_bucket_and_what_github_was_told(self, pipeline: Pipeline) -> None:
        environment = f"{pipeline.cloud.github_url}/api/v3/repos/{REPOSITORY}/environments/Prod"
        headers = {"Authorization": f"Bearer {pipeline.token}"}
        assert requests.get(environment, headers=headers, timeout=30).status_code == 200
        destroy = ("playbooks/destroy.yml", "-e", "confirm=test.codeDeploy.001", *FROM_S3)

        destroyed = pipeline.play(*destroy)

        assert destroyed.returncode == 0, destroyed.stdout
        assert pipeline.client("s3").list_buckets()["Buckets"] == []
        assert requests.get(environment, headers=headers, timeout=30).status_code == 404
        again = pipeline.play(*destroy)
        assert "changed=0" in again.stdout, again.stdout
        assert again.returncode == 0
