"""git over HTTP, with git itself as the client."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from local_cloud.server import LocalCloud
from tests.local_cloud.github_client import GitHub

Git = Callable[..., subprocess.CompletedProcess[str]]

REPOSITORY = "OWNER/codedeploy.nginx.001"


@pytest.fixture
def github(local_cloud: LocalCloud) -> GitHub:
    return GitHub(local_cloud)


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Run git as a developer would who has no configuration and no home."""

    def run(*arguments: str, directory: Path = tmp_path, token: str = "") -> subprocess.CompletedProcess[str]:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": "",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.com",
        }
        if token:
            environ |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "http.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Bearer {token}",
            }
        return subprocess.run(
            ["git", *arguments], cwd=directory, env=environ, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def work(tmp_path: Path, git: Git) -> Path:
    """A local repository with one commit."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "index.html").write_text("<h1>one</h1>")
    git("init", "--quiet", "--initial-branch=main", directory=folder)
    git("add", "--all", directory=folder)
    git("commit", "--quiet", "--message=one", directory=folder)
    return folder


class TestPush:
    def test_is_what_a_clone_gets(self, github: GitHub, git: Git, work: Path) -> None:
        github.create(REPOSITORY)
        pushed = git("push", github.clone_url(REPOSITORY), "main", directory=work, token=github.token)
        assert pushed.returncode == 0, pushed.stderr
        cloned = git("clone", github.clone_url(REPOSITORY), "copy")
        assert cloned.returncode == 0, cloned.stderr
        assert (work.parent / "copy" / "index.html").read_text() == "<h1>one</h1>"

    def test_of_more_than_git_buffers(self, github: GitHub, git: Git, work: Path) -> None:
        github.create(REPOSITORY)
        (work / "noise").write_bytes(os.urandom(3_000_000))
        git("add", "--all", directory=work)
        git("commit", "--quiet", "--message=two", directory=work)
        pushed = git("push", github.clone_url(REPOSITORY), "main", directory=work, token=github.token)
        assert pushed.returncode == 0, pushed.stderr
        assert github.get(f"/repos/{REPOSITORY}/commits/main").json()["commit"]["message"] == "two"

    def test_needs_a_token(self, github: GitHub, git: Git, work: Path) -> None:
        github.create(REPOSITORY)
        refused = git("push", github.clone_url(REPOSITORY), "main", directory=work)
        assert refused.returncode != 0
        assert "could not read Username" in refused.stderr

    def test_with_a_wrong_token(self, github: GitHub, git: Git, work: Path) -> None:
        github.create(REPOSITORY)
        refused = git("push", github.clone_url(REPOSITORY), "main", directory=work, token="ghp_wrong")
        assert refused.returncode != 0

    def test_with_a_token_that_may_only_read(self, github: GitHub, git: Git, work: Path) -> None:
        github.create(REPOSITORY)
        token = github.new_token(permissions={"contents": "read"})
        refused = git("push", github.clone_url(REPOSITORY), "main", directory=work, token=token)
        assert "Write access to repository not granted" in refused.stderr

    def test_of_older_history_is_refused(self, github: GitHub, git: Git, work: Path) -> None:
        github.create(REPOSITORY)
        url = github.clone_url(REPOSITORY)
        git("commit", "--quiet", "--allow-empty", "--message=two", directory=work)
        git("push", url, "main", directory=work, token=github.token)
        git("reset", "--quiet", "--hard", "HEAD~1", directory=work)
        refused = git("push", url, "main", directory=work, token=github.token)
        assert "non-fast-forward" in refused.stderr


class TestClone:
    def test_of_a_private_repository_needs_a_token(self, github: GitHub, git: Git, work: Path) -> None:
        github.create(REPOSITORY, private=True)
        git("push", github.clone_url(REPOSITORY), "main", directory=work, token=github.token)
        assert git("clone", github.clone_url(REPOSITORY), "anonymous").returncode != 0
        assert git("clone", github.clone_url(REPOSITORY), "named", token=github.token).returncode == 0

    def test_with_the_token_as_password(self, github: GitHub, git: Git, work: Path) -> None:
        github.create(REPOSITORY, private=True)
        git("push", github.clone_url(REPOSITORY), "main", directory=work, token=github.token)
        url = github.clone_url(REPOSITORY).replace("://", f"://x-access-token:{github.token}@")
        assert git("clone", url, "copy").returncode == 0

    def test_of_another_repository_than_the_token_is_for(self, github: GitHub, git: Git) -> None:
        github.create(REPOSITORY, private=True)
        token = github.new_token(permissions={"contents": "read"}, repositories=["OWNER/other"])
        refused = git("clone", github.clone_url(REPOSITORY), "copy", token=token)
        assert "Repository not found" in refused.stderr

    def test_shallow_and_by_any_case(self, github: GitHub, git: Git, work: Path) -> None:
        github.create(REPOSITORY)
        git("push", github.clone_url(REPOSITORY), "main", directory=work, token=github.token)
        cloned = git("clone", "--depth=1", github.clone_url("owner/CODEDEPLOY.nginx.001"), "copy")
        assert cloned.returncode == 0, cloned.stderr

    def test_cannot_leave_the_repositories(self, github: GitHub) -> None:
        path = "/..%2f..%2fOWNER/x/info/refs?service=git-upload-pack"
        assert github.raw("GET", path).status_code in {401, 404}
