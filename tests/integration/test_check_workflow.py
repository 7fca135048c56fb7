"""The check of a pull request as it is written: its comment, twice, and where none may be written."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local_cloud.testing import workflows
from local_cloud.testing.clouds import LocalCloud, github_token, publish, running
from local_cloud.testing.github import Token

SITE = Path(__file__).resolve().parents[2] / "site"
REPOSITORY = "shops/window"
BROKEN = "version: 0.0\nos: linux\nfiles:\n  - source: nowhere\n    destination: /srv/<b>\n"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with running(tmp_path_factory.mktemp("check")) as cloud:
        yield cloud


def check(cloud: LocalCloud, folder: Path, appspec: str | None) -> workflows.Run:
    """Push a site with this appspec, and run the check of a pull request on it."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SITE, folder / "content")
    if appspec:
        (folder / "content" / "appspec.yml").write_text(appspec)
    publish(cloud, folder / "content", REPOSITORY)
    url = f"{cloud.github_url}/{REPOSITORY}.git"
    subprocess.run(["git", "clone", "--quiet", url, folder / "clone"], check=True)
    where = workflows.Cloud(cloud.github_url, cloud.endpoint_url, github_token(cloud))
    return workflows.run(where, folder / "clone", lambda _: None, name="check.yml", event="pull_request")


def comments(cloud: LocalCloud) -> list[dict[str, Any]]:
    url = f"{cloud.github_url}/api/v3/repos/{REPOSITORY}/issues/1/comments"
    answer = requests.get(url, headers={"Authorization": f"Bearer {github_token(cloud)}"}, timeout=30)
    found: list[dict[str, Any]] = answer.json()
    return found


def test_a_pull_request_has_one_comment_with_the_last_results(cloud: LocalCloud, tmp_path: Path) -> None:
    red = check(cloud, tmp_path / "red", BROKEN)
    assert not red.succeeded
    [said] = comments(cloud)
    assert "Check of the site: 1 of 2 failed" in said["body"]
    assert "| Appspec and pages | ❌ failure |" in said["body"]
    assert "error: appspec.yml: " in said["body"]
    assert "nowhere" in said["body"]
    assert "<b>" not in said["body"]
    assert "Check of the site: 1 of 2 failed" in red.summary

    green = check(cloud, tmp_path / "green", None)
    assert green.succeeded, green.log
    [again] = comments(cloud)
    assert again["id"] == said["id"]
    assert "Check of the site: all is well" in again["body"]
    assert "comment updated: " in green.log


def report(cloud: LocalCloud, folder: Path, token: str) -> subprocess.CompletedProcess[str]:
    """The last step alone, for pull request 7."""
    (folder / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
    (folder / "site.txt").write_text("::error file=a.html::a.html: not closed\n")
    checks = ("Appspec and pages", "failure", folder / "site.txt")
    return subprocess.run(
        [
            sys.executable,
            SITE / ".github/scripts/report_check.py",
            "--summary",
            folder / "summary.md",
            *checks,
        ],
        env=os.environ
        | {
            "GITHUB_API_URL": f"{cloud.github_url}/api/v3",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_TOKEN": token,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_where_no_comment_may_be_written_the_summary_has_the_results(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    publish(cloud, SITE, REPOSITORY)
    token = Token(value="ghs_of_a_fork", permissions={"contents": "read", "pull_requests": "read"})
    cloud._github_app.store.add_token(token)
    done = report(cloud, tmp_path, token.value)
    assert (done.returncode, done.stderr) == (0, "")
    assert "::notice::No comment: GitHub answered 403." in done.stdout
    assert "error: a.html: not closed" in (tmp_path / "summary.md").read_text()


def test_a_strangers_comment_with_the_same_mark_is_left_alone(cloud: LocalCloud, tmp_path: Path) -> None:
    publish(cloud, SITE, REPOSITORY)
    url = f"{cloud.github_url}/api/v3/repos/{REPOSITORY}/issues/7/comments"
    headers = {"Authorization": f"Bearer {github_token(cloud)}"}
    for number in range(101):
        body = {"body": f"<!-- check of the site --> {number}"}
        requests.post(url, json=body, headers=headers, timeout=30).raise_for_status()
    bot = Token(value="ghs_a_bots", login="github-actions[bot]", permissions={"pull_requests": "write"})
    cloud._github_app.store.add_token(bot)
    assert "commented: " in report(cloud, tmp_path, bot.value).stdout
    assert "comment updated: " in report(cloud, tmp_path, bot.value).stdout
    found = requests.get(f"{url}?per_page=100&page=2", headers=headers, timeout=30).json()
    assert [each["user"]["type"] for each in found] == ["User", "Bot"]
