"""The hooks place a revision beside what is served, and lead visitors to it by one rename."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SITE = Path(__file__).resolve().parents[2] / "site"
HOOKS = ("before-install", "install", "after-install", "application-start", "validate-service")
KEPT = 5


class Host:
    """A host's web folder, and its agent. nginx, systemd and the visitor are stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.web, self.revision = folder / "web", folder / "revision"
        self.distribution = folder / "html"
        self.programs = folder / "programs"
        self.programs.mkdir()
        for name, body in {
            "nginx": "exit 0",
            "systemctl": "exit 0",
            "sleep": "exit 0",
            "curl": f"cat {self.web}/current/index.html",
        }.items():
            self.program(name, body)

    def program(self, name: str, body: str) -> None:
        (self.programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (self.programs / name).chmod(0o755)

    def prepare(self, page: str) -> None:
        """As role nginx leaves it: the link leads to the distribution's folder."""
        self.distribution.mkdir()
        (self.distribution / "index.html").write_text(page)
        self.web.mkdir()
        (self.web / "current").symlink_to(self.distribution)

    def deploy(self, deployment: str, page: str = "", fail: str = "") -> str:
        """All hooks of a deployment; gives the one that failed, "" = none."""
        shutil.rmtree(self.revision, ignore_errors=True)
        shutil.copytree(SITE, self.revision)
        text = (SITE / "index.html").read_text()
        (self.revision / "index.html").write_text(text.replace("Alana Lam", page or deployment))
        for hook in HOOKS:
            if hook == fail:
                return hook
            if hook == "install":
                self.install()
            elif self.hook(hook, deployment).returncode:
                return hook
        return ""

    def install(self) -> None:
        """The agent deletes what it copied last, and copies this revision's files."""
        shutil.rmtree(self.web / "incoming", ignore_errors=True)
        (self.web / "incoming").mkdir()
        shutil.copy(self.revision / "index.html", self.web / "incoming")
        for name in ("icons", "assets"):
            shutil.copytree(self.revision / name, self.web / "incoming" / name)

    def hook(self, name: str, deployment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.revision / f"scripts/{name}.sh"],
            check=False,
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                "WEB": str(self.web),
                "DEPLOYMENT_ID": deployment,
            },
        )

    @property
    def page(self) -> str:
        """What a visitor reads in the title."""
        return (self.web / "current/index.html").read_text().partition("<title>")[2].partition("<")[0]

    @property
    def releases(self) -> set[str]:
        return {path.name for path in (self.web / "releases").iterdir()}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_first_release_is_led_to_on_a_host_without_any(host: Host) -> None:
    assert host.deploy("d-1") == ""
    assert (host.page, host.releases) == ("d-1", {"d-1"})
    assert (host.web / "current").readlink() == Path("releases/d-1")


@pytest.mark.parametrize("failing", ["install", "after-install", "application-start"])
def test_until_the_switch_visitors_have_the_release_before(host: Host, failing: str) -> None:
    host.deploy("d-1")
    assert host.deploy("d-2", fail=failing) == failing
    assert host.page == "d-1"


def test_a_release_that_does_not_validate_is_left_again(host: Host) -> None:
    host.deploy("d-1")
    host.program("curl", "echo somebody else")
    assert host.deploy("d-2") == "validate-service"
    assert host.page == "d-1"
    host.program("curl", f"cat {host.web}/current/index.html")
    assert host.deploy("d-3") == ""
    assert host.page == "d-3"


def test_the_last_releases_are_kept_and_never_what_is_served_or_was_before(host: Host) -> None:
    names = [f"d-{number}" for number in range(9)]
    for name in names:
        assert host.deploy(name) == ""
        os.utime(host.web / "releases" / name, (int(name[2:]), int(name[2:])))
    assert host.page == names[-1]
    # The last one was the newest when it was looked at.
    assert host.releases == set(names[-KEPT:])


def test_what_was_copied_into_the_distributions_folder_is_served_until_the_switch(host: Host) -> None:
    host.prepare("<title>the article's</title>")
    assert host.deploy("d-1", fail="install") == "install"
    # Install deletes the files of the revision before.
    (host.distribution / "index.html").unlink()
    assert host.page == "the article's"
    assert host.deploy("d-2") == ""
    assert host.page == "d-2"


def test_a_page_behind_a_relative_link_is_served_until_the_switch(host: Host) -> None:
    host.prepare("")
    (host.distribution.parent / "testpage.html").write_text("<title>It works</title>")
    (host.distribution / "index.html").unlink()
    (host.distribution / "index.html").symlink_to("../testpage.html")
    (host.distribution / "nowhere").symlink_to("../gone")
    assert host.deploy("d-1", fail="install") == "install"
    assert host.page == "It works"


@pytest.mark.parametrize("page", ["", "<title>by hand</title>"])
def test_a_folder_in_the_place_of_the_link_becomes_a_release(host: Host, page: str) -> None:
    (host.web / "current").mkdir(parents=True)
    if page:
        (host.web / "current/index.html").write_text(page)
    assert host.deploy("d-1") == ""
    assert host.page == "d-1"
    assert host.releases == ({"d-1", "before-d-1"} if page else {"d-1"})


def test_a_link_to_nowhere_is_replaced(host: Host) -> None:
    host.web.mkdir()
    (host.web / "current").symlink_to("releases/d-0")
    assert host.deploy("d-1") == ""
    assert host.page == "d-1"


def test_files_that_nobody_may_see_are_in_no_release(host: Host) -> None:
    host.deploy("d-1")
    assert {path.name for path in (host.web / "current/").iterdir()} == {"index.html", "icons", "assets"}
