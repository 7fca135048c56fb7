"""From `git push` to the page on a host that really boots, and what is said where a hook fails.

Once with revisions from GitHub, once through S3. A developer meets the same in both.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_cloud.testing import workflows as workflow
from scripts import push_demo as developer
from tests.faults.pipeline_runs import CHECKOUT, REPOSITORY, Pipeline

APPLICATION = "test.codeDeploy.001"
BUCKET = "test-codedeploy-001-123456789012-us-east-1"
INSTANCE_ROLE = "AWSCodeDeployService-EC2AccessCodeDeployRole-20241024T000000"
BROKEN = "#!/bin/bash\necho 'the page <b>is not</b> there' >&2\nexit 1\n"
SCRIPT = "scripts/validate-service.sh"


@dataclass(frozen=True)
class Way:
    """The pipeline, and the way that revisions go to its hosts."""

    source: str
    pipeline: Pipeline

    def play(self, name: str, *arguments: str) -> str:
        """What a playbook says that has to succeed."""
        played = self.pipeline.playbook(name, "-e", f"pipeline_revision_source={self.source}", *arguments)
        assert played.returncode == 0, played.stdout + played.stderr
        return played.stdout

    def destroy(self) -> str:
        return self.play("destroy.yml", "-e", f"confirm={APPLICATION}")

    def deployments(self) -> list[str]:
        listed: list[str] = self.pipeline.client("codedeploy").list_deployments()["deployments"]
        return listed

    def push(
        self, folder: Path, news: str, hook: str | None = None, without: str = ""
    ) -> tuple[str, workflow.Run]:
        """Push a page with news, another last hook, without a file; the commit, the workflow's run."""
        github = developer.GitHub.running()
        checkout = developer.clone(github, REPOSITORY, folder / "site")
        developer.write_news(checkout, news)
        if hook:
            (checkout / SCRIPT).write_text(hook)
        if without:
            (checkout / without).unlink()
        commit = developer.push(github, checkout, news)
        cloud = workflow.Cloud.running(CHECKOUT / ".local_cloud")
        return commit, workflow.run(cloud, checkout, lambda _: None)


@pytest.fixture(scope="module")
def lent(pipeline: Pipeline) -> Iterator[Pipeline]:
    """The pipeline; it is given back as it was, whatever becomes of it here."""
    yield pipeline
    pipeline.publish()
    restored = pipeline.playbook("site.yml")
    assert restored.returncode == 0, restored.stdout


@pytest.fixture(scope="module", params=["github", "s3"])
def way(request: pytest.FixtureRequest, lent: Pipeline) -> Iterator[Way]:
    """The pipeline, led this way, with policies enforced; the second is made from nothing."""
    pipeline, taken = lent, Way(request.param, lent)
    pipeline.publish()
    pipeline.administer("PUT", "enforce-iam?on=1")
    pipeline.administer("DELETE", "requests")
    taken.play("site.yml")
    yield taken
    pipeline.administer("PUT", "enforce-iam?on=0")


def test_a_push_is_live_can_be_taken_back_and_brought_again(way: Way, tmp_path: Path) -> None:
    assert "Pushed by a test" not in way.pipeline.page()

    commit, ended = way.push(tmp_path, "Pushed by a test")

    assert ended.succeeded, ended.log
    assert "| ValidateService | Succeeded |" in ended.summary
    assert "Pushed by a test" in way.pipeline.page()
    # What the workflow has deployed, the playbook does not deploy again.
    before = way.deployments()
    way.play("deploy-site.yml")
    assert way.deployments() == before

    way.play("roll-back-site.yml")
    assert "Pushed by a test" not in way.pipeline.page()

    way.play("roll-back-site.yml", "-e", f"commit={commit[:10]}")
    assert "Pushed by a test" in way.pipeline.page()
    live = json.loads((CHECKOUT / "build" / "deployment.json").read_text())
    assert live["commit"] == commit


def test_a_failing_hook_turns_the_workflow_red_and_its_log_is_in_the_summary(
    way: Way, tmp_path: Path
) -> None:
    before = way.pipeline.page()

    _, ended = way.push(tmp_path, "Pushed to fail", BROKEN)

    assert not ended.succeeded
    assert "| ValidateService | Failed |" in ended.summary
    assert SCRIPT in ended.summary
    assert "ScriptFailed" in ended.summary
    assert "[stderr]the page &lt;b&gt;is not&lt;/b&gt; there" in ended.summary

    way.play("roll-back-site.yml")
    assert way.pipeline.page() == before


def test_a_push_without_a_page_leaves_the_old_one_up(way: Way, tmp_path: Path) -> None:
    before = way.pipeline.page()

    _, ended = way.push(tmp_path, "Pushed without a page", without="index.html")

    assert not ended.succeeded
    assert "| BeforeInstall | Failed |" in ended.summary
    assert "[stderr]index.html is missing: this revision is not installed" in ended.summary
    assert way.pipeline.page() == before


def test_hosts_fetch_with_their_own_role_from_where_they_should(way: Way) -> None:
    calls = way.pipeline.administer("GET", "requests")
    fetched = {
        (check["resource"].partition(":::")[2].rpartition("/")[0], check["allowed"])
        for call in calls
        if call["service"] == "s3" and f"/{INSTANCE_ROLE}/i-" in call["caller"]
        for check in call["checks"]
    }
    assert fetched == ({(f"{BUCKET}/{APPLICATION}", True)} if way.source == "s3" else set())


def test_destroy_leaves_nothing_though_objects_were_overwritten_and_deleted(
    way: Way, empty_account: str
) -> None:
    if way.source == "s3":
        s3 = way.pipeline.client("s3")
        [first, second, *_] = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        s3.put_object(Bucket=BUCKET, Key=first["Key"], Body=b"overwritten by hand")
        s3.delete_object(Bucket=BUCKET, Key=second["Key"])

    way.destroy()

    assert way.pipeline.holdings() == empty_account
