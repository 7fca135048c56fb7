"""The hosts' image where there is none yet: its packages are got ahead, and the first host waits for it."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from local_cloud.hosts.image import apt
from tests.local_cloud.host_clouds import AMAZON_LINUX, CHECKOUT, Cloud, network_of_its_own, until

FAILING = "#!/bin/sh\necho 'E: no mirror answers' >&2\nexit 100\n"
WORKING = """#!/bin/sh
echo "$*" >>{log}
case "$*" in
*update) touch {downloads}/state/lists/mirror_Packages ;;
*--print-uris*) echo "'http://mirror/tool_1_all.deb' tool_1%3a2_all.deb 4 SHA256:0" ;;
*"download tool=1:2") printf tool >tool_1%3a2_all.deb ;;
esac
"""


@pytest.fixture
def apt_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put this program in apt-get's place."""

    def put(program: str) -> None:
        path = tmp_path / "bin" / "apt-get"
        path.parent.mkdir()
        path.write_text(program)
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")

    return put


def test_what_gets_the_packages_needs_no_environment() -> None:
    imported = ["-c", "import local_cloud.hosts.image.__main__"]
    subprocess.run([sys.executable, "-E", "-S", *imported], cwd=CHECKOUT, check=True)


class TestDownload:
    """Whether apt is asked again for what it has got."""

    @pytest.fixture
    def got(self, tmp_path: Path, apt_get: Callable[[str], None]) -> Callable[[Sequence[str]], int]:
        """Download a group; how often apt has been asked for news until then."""
        log, downloads = tmp_path / "log", tmp_path / "downloads"
        apt_get(WORKING.format(log=log, downloads=downloads))

        def download(group: Sequence[str]) -> int:
            archive = downloads / "cache/archives/tool_1%3a2_all.deb"
            assert apt.download(downloads, group) == [[archive]]
            assert archive.exists()
            return log.read_text().count(" update\n")

        return download

    def test_within_the_hour_it_is_not(self, got: Callable[[Sequence[str]], int]) -> None:
        assert got(["tool"]) == got(["tool"])

    def test_later_it_is(self, got: Callable[[Sequence[str]], int], tmp_path: Path) -> None:
        first = got(["tool"])
        earlier = time.time() - apt.FRESH - 1
        os.utime(tmp_path / "downloads" / apt.GOT, (earlier, earlier))
        assert got(["tool"]) == 2 * first

    def test_for_another_group_it_is(self, got: Callable[[Sequence[str]], int]) -> None:
        assert got(["tool"]) * 2 == got(["tool", "another"])

    def test_for_a_file_that_is_gone_it_is(self, got: Callable[[Sequence[str]], int], tmp_path: Path) -> None:
        first = got(["tool"])
        (tmp_path / "downloads/cache/archives/tool_1%3a2_all.deb").unlink()
        assert got(["tool"]) == 2 * first


SEVERAL = """#!/bin/sh
case "$*" in
*update) touch {downloads}/state/lists/mirror_Packages ;;
*--print-uris*) for name in a b c d e f; do echo "'http://mirror/' ${{name}}_1_all.deb 1 SHA256:0"; done ;;
*" download "*)
  for last in "$@"; do case "$last" in ?=1) printf x >"${{last%=1}}_1_all.deb" ;; esac; done
  case "$*" in *{refused}*) exit 100 ;; esac ;;
esac
"""


class TestConnections:
    """Several downloads at once."""

    def test_together_they_get_all(self, tmp_path: Path, apt_get: Callable[[str], None]) -> None:
        apt_get(SEVERAL.format(downloads=tmp_path, refused="nothing"))
        [got] = apt.download(tmp_path, ["all"])
        assert [path.name for path in got] == [f"{name}_1_all.deb" for name in "abcdef"]
        assert {path.read_text() for path in got} == {"x"}
        assert not (tmp_path / "unfinished").exists()

    def test_what_one_did_not_end_is_got_again(self, tmp_path: Path, apt_get: Callable[[str], None]) -> None:
        apt_get(SEVERAL.format(downloads=tmp_path, refused="b=1"))
        with pytest.raises(apt.AptError):
            apt.download(tmp_path, ["all"])
        archives = tmp_path / "cache/archives"
        assert "b_1_all.deb" not in {path.name for path in archives.iterdir()}
        (tmp_path / "bin/apt-get").write_text(SEVERAL.format(downloads=tmp_path, refused="nothing"))
        assert all(path.exists() for path in apt.download(tmp_path, ["all"])[0])


def test_the_first_host_says_what_keeps_the_image_from_being_made(
    tmp_path: Path, apt_get: Callable[[str], None]
) -> None:
    checkout, state = tmp_path / "checkout", tmp_path / "state"
    shutil.copytree(CHECKOUT / "local_cloud", checkout / "local_cloud")
    apt_get(FAILING)

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "local_cloud", *arguments, f"--state-dir={state}"]
        return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)

    with network_of_its_own():
        refused = run("start", "--aws-port=0", "--github-port=0")
        started = run("start", "--aws-port=0", "--github-port=0", "--image-later")
        try:
            assert (refused.returncode, started.returncode) == (1, 0), refused.stderr + started.stderr
            assert "no mirror answers" in refused.stderr
            cloud = Cloud(state)
            [instance] = cloud.client("ec2").run_instances(
                ImageId=f"resolve:ssm:{AMAZON_LINUX}", InstanceType="t3a.nano", MinCount=1, MaxCount=1
            )["Instances"]
            until(lambda: cloud.host(instance["InstanceId"])["state"] == "failed")
            assert "no mirror answers" in json.dumps(cloud.status()["hosts"])
        finally:
            run("stop")
    assert not state.exists()
