"""`python -m local_cloud run-workflow`: a repository's workflow as it is written, for what was pushed."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from local_cloud.testing.shop import wait_for

CHECKOUT = Path(__file__).resolve().parents[2]
WORKFLOW = """\
name: Greet
on: push
jobs:
  greet:
    runs-on: ubuntu-latest
    steps:
      - run: echo "hello from $GITHUB_REPOSITORY"
      - run: echo "by $GITHUB_TRIGGERING_ACTOR in $GITHUB_SERVER_URL/$GITHUB_REPOSITORY, run $GITHUB_RUN_ID"
      - run: exit STATUS
"""
"""More than one step: of one that fails at once act loses the last words where the machine is busy."""


@dataclass(frozen=True)
class Cloud:
    state_dir: Path

    def call(self, command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "local_cloud", command, f"--state-dir={self.state_dir}", *arguments],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @property
    def known(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads((self.state_dir / "status.json").read_text())
        return status

    def github(self, method: str, path: str, **body: Any) -> Any:
        """GitHub's API, with the stand-in's own token."""
        token = (self.state_dir / "github" / "token").read_text()
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.known['github']}/api/v3{path}"
        answer = requests.request(method, url, json=body or None, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def user(self) -> int:
        """The number of the token's user."""
        number: int = self.github("GET", "/user")["id"]
        return number

    def clone(self, status: int, folder: Path, *, name: str = "", text: str = WORKFLOW) -> Path:
        """A clone of a new repository whose workflow ends with this exit status."""
        name = name or f"OWNER/greeting-{status}"
        workflows = folder / "content" / ".github" / "workflows"
        workflows.mkdir(parents=True)
        (workflows / "main.yml").write_text(text.replace("STATUS", str(status)))
        published = self.call("publish", str(folder / "content"), name)
        assert published.returncode == 0, published.stderr
        clone = folder / "clone"
        subprocess.run(["git", "clone", "--quiet", f"{self.known['github']}/{name}.git", clone], check=True)
        return clone


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    made = Cloud(tmp_path_factory.mktemp("workflows") / "state")
    started = made.call("start", "--no-hosts", "--aws-port=0", "--github-port=0")
    assert started.returncode == 0, started.stderr
    yield made
    made.call("stop")


def test_a_workflow_runs_and_is_shown(cloud: Cloud, tmp_path: Path) -> None:
    ran = cloud.call("run-workflow", str(cloud.clone(0, tmp_path)))

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "hello from OWNER/greeting-0" in ran.stdout
    # As the site's workflow describes a deployment.
    run = r"by developer in http://127\.0\.0\.1:\d+/OWNER/greeting-0, run \d+"
    assert re.search(run, ran.stdout), ran.stdout


def test_one_that_fails_says_so(cloud: Cloud, tmp_path: Path) -> None:
    ran = cloud.call("run-workflow", str(cloud.clone(3, tmp_path)))

    assert ran.returncode == 1
    assert "hello from OWNER/greeting-3" in ran.stdout
    assert ran.stderr.strip() == "local_cloud: the workflow main.yml failed"


JOBS = """\
name: Promote
on: push
jobs:
  last:
    name: Bring it to ${{ vars.LAST }}
    needs: [first, left-out]
    if: ${{ !cancelled() && needs.first.result == 'success' && needs.left-out.result == 'skipped' }}
    environment: Prod
    runs-on: ubuntu-latest
    steps:
      - run: echo "run $GITHUB_RUN_ID, last"
      - run: echo "over"
  left-out:
    if: vars.NONE != ''
    runs-on: ubuntu-latest
    steps:
      - run: echo "never"
  first:
    runs-on: ubuntu-latest
    steps:
      - run: echo "run $GITHUB_RUN_ID, first"
      - run: exit STATUS
"""


@pytest.mark.parametrize("state", ["approved", "rejected"])
def test_jobs_follow_each_other_and_wait_for_reviewers(cloud: Cloud, tmp_path: Path, state: str) -> None:
    name = f"OWNER/promotion-{state}"
    clone = cloud.clone(0, tmp_path, name=name, text=JOBS)
    cloud.github("PUT", f"/repos/{name}/environments/Prod", reviewers=[{"type": "User", "id": cloud.user()}])
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(cloud.call, "run-workflow", str(clone))
        [run] = wait_for(
            lambda: cloud.github("GET", f"/repos/{name}/actions/runs?status=waiting")["workflow_runs"],
            pause=0.2,
        )
        pending = f"/repos/{name}/actions/runs/{run['id']}/pending_deployments"
        [waiting] = cloud.github("GET", pending)
        review = {"environment_ids": [waiting["environment"]["id"]], "state": state, "comment": "seen"}
        cloud.github("POST", pending, **review)
        ran = running.result(60)

    assert f"run {run['id']}, first" in ran.stdout, ran.stdout + ran.stderr
    assert f"Bring it to  waits for a reviewer or a timer: {run['html_url']}" in ran.stdout
    assert "never" not in ran.stdout
    assert (f"run {run['id']}, last" in ran.stdout) == (state == "approved")
    assert ran.returncode == (0 if state == "approved" else 1)


@pytest.mark.usefixtures("interrupts_heeded")
def test_a_run_that_waits_can_be_interrupted(cloud: Cloud, tmp_path: Path) -> None:
    name = "OWNER/promotion-interrupted"
    clone = cloud.clone(0, tmp_path, name=name, text=JOBS)
    cloud.github("PUT", f"/repos/{name}/environments/Prod", reviewers=[{"type": "User", "id": cloud.user()}])
    command = [
        sys.executable,
        "-m",
        "local_cloud",
        "run-workflow",
        f"--state-dir={cloud.state_dir}",
        str(clone),
    ]
    with subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True) as running:
        runs = f"/repos/{name}/actions/runs"
        try:
            # As soon as there is one: who runs it need not know of it yet.
            [run] = wait_for(
                lambda: cloud.github("GET", f"{runs}?status=waiting")["workflow_runs"], pause=0.01
            )
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=30)
        finally:
            running.kill()

    assert running.returncode == 1
    assert said.strip() == f"local_cloud: the run {run['id']} was cancelled"
    assert cloud.github("GET", f"{runs}/{run['id']}")["conclusion"] == "cancelled"


def test_jobs_that_need_each_other_are_named(cloud: Cloud, tmp_path: Path) -> None:
    text = "on: push\njobs:\n  a: {needs: b, steps: []}\n  b: {needs: a, steps: []}\n"
    refused = cloud.call("run-workflow", str(cloud.clone(0, tmp_path, name="OWNER/circle", text=text)))
    assert refused.returncode == 1
    assert "need each other" in refused.stderr


def test_what_was_not_pushed_is_not_run(cloud: Cloud, tmp_path: Path) -> None:
    clone = cloud.clone(0, tmp_path)
    identity = ["-c", "user.name=A Developer", "-c", "user.email=developer@localhost"]
    subprocess.run(
        ["git", *identity, "commit", "--quiet", "--allow-empty", "--message=not pushed"],
        cwd=clone,
        check=True,
    )

    refused = cloud.call("run-workflow", str(clone))

    assert refused.returncode == 1
    assert refused.stderr.strip().endswith(
        "is not what OWNER/greeting-0 has on its default branch: push first"
    )


def test_another_workflow_than_there_is(cloud: Cloud, tmp_path: Path) -> None:
    clone = cloud.clone(0, tmp_path)

    refused = cloud.call("run-workflow", str(clone), "--workflow=other.yml")

    assert refused.returncode == 1
    assert refused.stderr.strip() == f"local_cloud: there is no workflow {clone}/.github/workflows/other.yml"


def test_a_folder_that_is_no_clone(cloud: Cloud, tmp_path: Path) -> None:
    cloud.clone(0, tmp_path)

    refused = cloud.call("run-workflow", str(tmp_path / "content"))

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"local_cloud: {tmp_path / 'content'} is no clone of a repository: ")


def test_without_a_local_cloud(tmp_path: Path) -> None:
    refused = Cloud(tmp_path / "none").call("run-workflow", str(tmp_path))

    assert refused.returncode == 1
    assert refused.stderr.strip() == "local_cloud: no local cloud is running: python -m local_cloud start"
