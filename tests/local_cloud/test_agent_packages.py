"""The agent's packages and the bucket around them, judged by the tools of the systems they are for."""

import hashlib
import json
import struct
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local_cloud.agent.packages import build
from local_cloud.aws.seed import seed
from local_cloud.server import LocalCloud
from local_cloud.settings import Settings


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(Settings.in_process(tmp_path_factory.mktemp("bucket")), lambda _line: None)


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class TestBucket:
    @pytest.mark.parametrize(
        ("folder", "kinds"),
        [
            ("latest", {"rpm", "deb"}),
            ("latestv2", {"rpm_x86_64", "rpm_aarch64", "deb_x86_64", "deb_aarch64"}),
        ],
    )
    def test_latest_version_names_packages_that_are_there(
        self, bucket: Path, folder: str, kinds: set[str]
    ) -> None:
        latest = json.loads((bucket / folder / "LATEST_VERSION").read_text())
        assert set(latest) == {*kinds, "msi"}
        assert all((bucket / latest[kind]).is_file() for kind in kinds)

    def test_it_is_made_once_for_the_same_content(self, tmp_path: Path) -> None:
        said: list[str] = []
        first = build(Settings.in_process(tmp_path), said.append)
        assert build(Settings.in_process(tmp_path), said.append) == first
        assert len(said) == 1

    def test_the_installer_has_the_real_ones_options(self, bucket: Path) -> None:
        text = run("python3", bucket / "latest/install", "--help")
        assert "{auto,rpm,deb}" in text
        assert {"--version", "--proxy", "--disable-imds-v1"} <= set(text.replace(",", " ").split())


class TestDebianPackage:
    def test_dpkg_reads_it(self, bucket: Path) -> None:
        package = bucket / "releases/codedeploy-agent_1.8.1-1_all.deb"
        assert run("dpkg-deb", "--field", package, "Package", "Version").splitlines() == [
            "Package: codedeploy-agent",
            "Version: 1.8.1-1",
        ]

    def test_what_it_unpacks_is_an_agent(self, bucket: Path, tmp_path: Path) -> None:
        run("dpkg-deb", "--extract", bucket / "releases/codedeploy-agent_1.8.1-1_all.deb", tmp_path)
        agent = tmp_path / "opt/codedeploy-agent"
        assert (agent / ".version").read_text() == "agent_version: OFFICIAL_1.8.1-1_deb\n"
        # Isolated: not one import may come from this environment.
        assert run("python3", "-I", "-S", agent / "bin/codedeploy-agent", "--version").strip() == "1.8.1-1"

    def test_the_second_generation_is_for_one_kind_of_machine_and_needs_no_ruby(
        self, bucket: Path, tmp_path: Path
    ) -> None:
        package = bucket / "releases/codedeploy-agent_2.1.0-1_arm64.deb"
        assert run("dpkg-deb", "--field", package, "Architecture", "Depends").splitlines() == [
            "Architecture: arm64",
            "Depends: openssl, python3",
        ]
        run("dpkg-deb", "--extract", package, tmp_path)
        agent = tmp_path / "opt/codedeploy-agent"
        assert run("python3", "-I", "-S", agent / "bin/codedeploy-agent", "--version") == (
            "codedeploy-agent 2.1.0\n"
        )


class TestRpm:
    """Read with nothing but the format's description; dnf itself meets it on the hosts."""

    def test_the_signature_vouches_for_the_header_and_the_header_for_the_payload(self, bucket: Path) -> None:
        package = (bucket / "releases/codedeploy-agent-1.8.1-1.noarch.rpm").read_bytes()
        signature, end = header(package, 96)
        start = end + -end % 8
        main, payload = header(package, start)
        assert signature[273] == hashlib.sha256(package[start:payload]).hexdigest().encode()
        assert main[5092] == hashlib.sha256(package[payload:]).hexdigest().encode()

    def test_it_needs_ruby_as_the_real_one_does(self, bucket: Path) -> None:
        package = (bucket / "releases/codedeploy-agent-1.8.1-1.noarch.rpm").read_bytes()
        _signature, end = header(package, 96)
        assert header(package, end + -end % 8)[0][1049] == b"ruby"


def header(package: bytes, start: int) -> tuple[dict[int, bytes], int]:
    """The first string of each tag of a header structure, and where the structure ends."""
    assert package[start : start + 4] == b"\x8e\xad\xe8\x01"
    entries, size = struct.unpack_from(">II", package, start + 8)
    store = start + 16 + 16 * entries
    tags = {}
    for number in range(entries):
        tag, _kind, offset, _count = struct.unpack_from(">IIII", package, start + 16 + 16 * number)
        tags[tag] = package[store + offset : store + size].split(b"\0", 1)[0]
    return tags, store + size


def test_a_folder_of_aws_own_packages_is_served_as_it_is(
    tmp_path: Path, local_cloud: LocalCloud, client: Callable[..., Any]
) -> None:
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest/install").write_text("AWS's own")

    seed(replace(local_cloud.settings, agent_packages=tmp_path), tmp_path)

    answer = client("s3").get_object(Bucket="aws-codedeploy-us-east-1", Key="latest/install")
    assert answer["Body"].read() == b"AWS's own"
