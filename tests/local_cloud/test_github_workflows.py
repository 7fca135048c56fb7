"""`python -m local_cloud run-workflow`: a repository's workflow as it is written, for what was pushed."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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

    def clone(self, status: int, folder: Path) -> Path:
        """A clone of a new repository whose workflow ends with this exit status."""
        name = f"OWNER/greeting-{status}"
        workflows = folder / "content" / ".github" / "workflows"
        workflows.mkdir(parents=True)
        (workflows / "main.yml").write_text(WORKFLOW.replace("STATUS", str(status)))
        published = self.call("publish", str(folder / "content"), name)
        assert published.returncode == 0, published.stderr
        known: dict[str, Any] = json.loads((self.state_dir / "status.json").read_text())
        clone = folder / "clone"
        subprocess.run(["git", "clone", "--quiet", f"{known['github']}/{name}.git", clone], check=True)
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
