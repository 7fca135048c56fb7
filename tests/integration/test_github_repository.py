"""github_repository against GitHub's stand-in: what is missing is made, what is there is left alone."""

import json
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.integration.github_stand_in import REPOSITORY, Run, StandIn


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder as large as the module needs it."""
    folder = tmp_path / "site"
    (folder / ".github/workflows").mkdir(parents=True)
    (folder / ".github/workflows/main.yml").write_text("name: Deploy\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    return folder


@pytest.fixture
def run(run_module: Run, site: Path) -> Run:
    """Run the module; its result."""
    return partial(run_module, "github_repository", source_dir=str(site))


def log(github: StandIn, *options: str) -> str:
    """What git tells of the default branch."""
    command = ["git", "log", *options, "main"]
    directory = github.repository.directory
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True)
    return done.stdout


class TestFourBeats:
    def test_of_a_repository_with_its_content(self, github: StandIn, run: Run) -> None:
        predicted = run(check=True)
        assert predicted["changed"]
        assert github.writes() == []

        applied = run()
        assert applied["changed"]
        assert applied["diff"] == predicted["diff"]
        made = applied["github_repository"]
        assert (made["created"], made["pushed"], made["private"]) == (True, True, True)
        assert made["html_url"].endswith(f"/{REPOSITORY}")
        assert log(github, "--format=%H %s").strip() == f"{made['commit']} Publish the site [skip ci]"
        assert "100755" in log(github, "--raw", "--", "run.sh")
        assert ".github/workflows/main.yml" in log(github, "--name-only")

        github.requests.clear()
        again = run()
        assert not again["changed"]
        assert [method for method, _ in github.requests] == ["GET", "GET"]
        assert not run(check=True)["changed"]

    def test_of_an_empty_one(self, github: StandIn, run: Run) -> None:
        github.app.store.create_repository(*REPOSITORY.split("/"), private=False)
        assert run(check=True)["github_repository"]["pushed"]
        applied = run()["github_repository"]
        assert (applied["created"], applied["pushed"], applied["private"]) == (False, True, False)
        assert not run()["changed"]

    def test_without_content(self, github: StandIn, run: Run) -> None:
        assert not run(source_dir=None, private=False)["github_repository"]["pushed"]
        assert not github.repository.private
        assert not run(source_dir=None)["changed"]


def test_what_is_there_is_never_overwritten(github: StandIn, run: Run, site: Path) -> None:
    run()
    before = log(github)
    (site / "run.sh").write_text("#!/bin/sh\nexit 1\n")
    assert not run()["changed"]
    assert log(github) == before


class TestRefusals:
    """One clear line each, and nothing half done."""

    def refused(self, github: StandIn, run: Run, **given: Any) -> str:
        failed = run(**given)
        assert failed["failed"]
        assert github.app.store.repositories == {}
        message: str = failed["msg"]
        assert "\n" not in message
        return message

    def test_without_a_token(self, github: StandIn, run: Run) -> None:
        assert "there is no GitHub token" in self.refused(github, run, token=None)
        assert github.requests == []

    def test_with_a_wrong_token(self, github: StandIn, run: Run) -> None:
        assert "does not accept the token (401" in self.refused(github, run, token="ghp_x")

    def test_with_a_token_that_may_not_push_workflows(self, github: StandIn, run: Run) -> None:
        token = github.new_token(login="OWNER", scopes=frozenset({"repo"}))
        assert "needs the scope workflow" in self.refused(github, run, token=token)

    def test_with_a_token_that_may_not_create(self, github: StandIn, run: Run) -> None:
        token = github.new_token(login="OWNER", permissions={"contents": "write"})
        message = self.refused(github, run, token=token)
        assert "lacks the repository permission administration: write" in message

    def test_with_a_token_that_may_create_and_not_push(self, github: StandIn, run: Run) -> None:
        """GitHub tells what such a token may do to a repository only when that is there."""
        failed = run(token=github.new_token(login="OWNER", permissions={"administration": "write"}))
        assert failed["msg"].endswith(f"{REPOSITORY} was created and is empty: the next run pushes.")
        assert "\n" not in failed["msg"]
        assert run()["github_repository"]["pushed"]

    def test_in_an_organisation_of_others(self, github: StandIn, run: Run) -> None:
        token = github.new_token(scopes=frozenset({"repo", "workflow"}))
        assert "OWNER is no organisation in which" in self.refused(github, run, token=token)

    def test_with_nothing_to_push(self, github: StandIn, run: Run, tmp_path: Path) -> None:
        assert "holds nothing to push" in self.refused(github, run, source_dir=str(tmp_path / "nowhere"))

    def test_one_that_may_only_read(self, github: StandIn, run: Run) -> None:
        github.app.store.create_repository(*REPOSITORY.split("/"), private=True)
        token = github.new_token(permissions={"contents": "read"})
        assert "the token may only read it" in run(token=token)["msg"]

    def test_one_that_is_hidden_from_the_token(self, github: StandIn, run: Run) -> None:
        github.app.store.create_repository(*REPOSITORY.split("/"), private=True)
        token = github.new_token(login="OWNER", scopes=frozenset({"workflow"}))
        assert run(token=token)["msg"].startswith(f"Cannot create the repository {REPOSITORY}: ")


def test_the_token_is_in_no_process_list_and_no_file(
    github: StandIn, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git here is a stand-in that writes down its arguments and keeps what it was given as files."""
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin" / "git"
    wrapper.write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/arguments\n"{real}" "$@"; status=$?\n'
        f"cat config >>{tmp_path}/configuration 2>/dev/null\nexit $status\n"
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", str(wrapper.parent), prepend=":")
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    said = run()
    assert said["github_repository"]["pushed"]
    arguments = (tmp_path / "arguments").read_text()
    assert "push" in arguments
    written = arguments + (tmp_path / "configuration").read_text() + json.dumps(said)
    assert github.token not in written
    assert "Authorization" not in written
    assert not (tmp_path / "trace").exists()
