"""Publishing a folder to the stand-in."""

import os
import shutil
from pathlib import Path

import pytest

from local_cloud.github.publish import PublishError, publish
from local_cloud.server import LocalCloud
from tests.local_cloud.github_client import GitHub

REPOSITORY = "OWNER/codedeploy.nginx.001"


@pytest.fixture
def github(local_cloud: LocalCloud) -> GitHub:
    return GitHub(local_cloud)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / ".github" / "workflows" / "main.yml").write_text("name: Deploy\n")
    (folder / "index.html").write_text("one")
    return folder


class Publisher:
    """Publishes, and keeps what was said."""

    def __init__(self, github: GitHub) -> None:
        self.github = github
        self.said: list[str] = []

    def __call__(self, folder: Path, repository: str = REPOSITORY) -> str:
        return publish(self.github.settings, folder, repository, self.said.append, url=self.github.url)


@pytest.fixture
def publisher(github: GitHub) -> Publisher:
    return Publisher(github)


def files(github: GitHub, sha: str) -> set[str]:
    from local_cloud.github import git

    directory = github.settings.state_dir / "github" / "repositories" / f"{REPOSITORY}.git"
    return set(git.run("ls-tree", "-r", "--name-only", sha, directory=directory).splitlines())


def test_creates_the_repository_and_pushes(publisher: Publisher, github: GitHub, site: Path) -> None:
    sha = publisher(site)
    assert publisher.said == [f"created repository {REPOSITORY}", f"pushed {sha[:7]} to {REPOSITORY}"]
    assert github.get(f"/repos/{REPOSITORY}/commits/main", token="").json()["sha"] == sha
    assert files(github, sha) == {"index.html", ".github/workflows/main.yml"}


def test_is_silent_the_second_time(publisher: Publisher, site: Path) -> None:
    sha = publisher(site)
    publisher.said.clear()
    assert publisher(site) == sha
    assert publisher.said == []


def test_a_change_is_one_more_commit(publisher: Publisher, github: GitHub, site: Path) -> None:
    first = publisher(site)
    (site / "index.html").unlink()
    (site / "start.html").write_text("two")
    second = publisher(site)
    found = github.get(f"/repos/{REPOSITORY}/commits/{second}").json()
    assert [parent["sha"] for parent in found["parents"]] == [first]
    assert files(github, second) == {"start.html", ".github/workflows/main.yml"}


def test_the_same_content_has_the_same_commit(
    publisher: Publisher, site: Path, local_cloud: LocalCloud
) -> None:
    first = publisher(site)
    local_cloud.reset()
    assert publisher(site) == first


def test_a_folder_that_is_a_checkout_itself(publisher: Publisher, github: GitHub, site: Path) -> None:
    from local_cloud.github import git

    git.run("init", "--quiet", directory=site)
    assert ".git/HEAD" not in files(github, publisher(site))


def test_works_without_home_and_identity_and_shows_no_token(
    publisher: Publisher, github: GitHub, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, calls = tmp_path / "bin", tmp_path / "calls"
    programs.mkdir()
    real = shutil.which("git")
    (programs / "git").write_text(f'#!/bin/sh\necho "$@" >> {calls}\nexec {real} "$@"\n')
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", "")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/nowhere")
    assert publisher(site)
    assert "push" in calls.read_text()
    assert github.token not in calls.read_text()


@pytest.mark.parametrize("repository", ["codedeploy.nginx.001", "a/b/c", "/x", "a b/c"])
def test_refuses_what_is_no_repository(publisher: Publisher, site: Path, repository: str) -> None:
    with pytest.raises(PublishError, match="expected OWNER/NAME"):
        publisher(site, repository)


def test_says_when_nothing_listens(github: GitHub, site: Path) -> None:
    with pytest.raises(PublishError, match="does not answer"):
        publish(github.settings, site, REPOSITORY, lambda _: None, url="http://127.0.0.1:1")
