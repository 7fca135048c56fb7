"""What the host image is made of, as far as it can be told without making one."""

from dataclasses import replace
from pathlib import Path

import pytest

from local_cloud.__main__ import main
from local_cloud.hosts import image
from local_cloud.hosts.image import AMAZON_LINUX_2023, DEBIAN_12, debian_12
from local_cloud.hosts.image.amazon_linux_2023 import specs
from local_cloud.settings import Settings

CONTROL = """Package: ruby3.1
Version: 1:3.1.2-7+deb12u1
Pre-Depends: dpkg (>= 1.15)
Depends: libruby3.1 (= 3.1.2-7+deb12u1), libc6 (>= 2.34), rubygems-integration (>= 1.6) | other,
 zlib1g:any
Description: Interpreter of object-oriented scripting language Ruby
 Ruby is the interpreted scripting language.
"""


class TestParseControl:
    def test_fields(self) -> None:
        package = specs.parse_control(CONTROL)
        assert (package.name, package.version) == ("ruby3.1", "1:3.1.2-7+deb12u1")
        assert package.summary == "Interpreter of object-oriented scripting language Ruby"

    def test_only_dependencies_that_are_packed_too_are_required(self) -> None:
        package = specs.parse_control(CONTROL)
        assert package.requires({name: name for name in ("libruby3.1", "rubygems-integration", "git")}) == [
            "libruby3.1",
            "rubygems-integration",
        ]


@pytest.mark.parametrize(
    ("debian", "rpm"),
    [
        ("1:3.1.2-7+deb12u1", "3.1.2"),
        ("1.6.1+dfsg1-2", "1.6.1"),
        ("9.2p1-2+deb12u7", "9.2p1"),
        ("20230311", "20230311"),
        ("2.13~rc1-1", "2.13~rc1"),
        ("1.0-beta-3", "1.0.beta"),
    ],
)
def test_rpm_version(debian: str, rpm: str) -> None:
    assert specs.Package(name="x", version=debian, depends="", description="x").rpm_version == rpm


class TestSpecs:
    def test_dnf_is_told_what_the_image_has(self) -> None:
        spec = specs.installed_spec({"curl": "8.5", "tar": "1.34"})
        assert "%package -n curl-minimal\nVersion: 8.5\n" in spec
        assert "Provides: curl\n" in spec
        assert f"system-release(releasever) = {specs.OF_AMAZON_LINUX}\n" in spec
        assert "%package -n unzip" not in spec

    def test_a_package_owns_its_files_and_the_folders_that_only_it_has(self, tmp_path: Path) -> None:
        unpacked, root = tmp_path / "unpacked", tmp_path / "root"
        (unpacked / "usr/bin").mkdir(parents=True)
        (unpacked / "usr/share/with space").mkdir(parents=True)
        (unpacked / "usr/bin/tool").touch()
        (unpacked / "usr/bin/link").symlink_to("tool")
        (root / "usr/bin").mkdir(parents=True)
        assert specs.owned_files(unpacked, root) == [
            '"/usr/bin/link"',
            '"/usr/bin/tool"',
            '%dir "/usr/share"',
            '%dir "/usr/share/with space"',
        ]

    def test_a_repository_package_requires_its_neighbours(self) -> None:
        packages = [
            specs.Package(name="git", version="1:2.39-1", depends="libpcre2-8-0, libc6", description="git"),
            specs.Package(name="libpcre2-8-0", version="10-1", depends="libc6", description="100% regex"),
        ]
        spec = specs.repository_spec(packages, {"git": ['"/usr/bin/git"'], "libpcre2-8-0": ['"/lib/x"']})
        assert "Requires: libpcre2-8-0\n" in spec
        assert "Requires: libc6" not in spec
        assert "Summary: 100%% regex\n" in spec
        assert 'files -n git\n"/usr/bin/git"\n' in spec


class TestFingerprint:
    def test_what_goes_in_names_the_image(self, tmp_path: Path) -> None:
        settings = replace(Settings(), cache_dir=tmp_path)
        first = image._image(settings, b"one authority", AMAZON_LINUX_2023)
        assert image._image(settings, b"one authority", AMAZON_LINUX_2023) == first
        assert image._image(settings, b"another authority", AMAZON_LINUX_2023) != first
        assert image._image(settings, b"one authority", DEBIAN_12) != first
        moved = replace(settings, gateway="172.31.0.2")
        assert image._image(moved, b"one authority", AMAZON_LINUX_2023) != first

    def test_a_finished_image_is_taken_as_it_is(self, tmp_path: Path) -> None:
        settings = replace(Settings(), cache_dir=tmp_path)
        said: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("local_cloud.certificates.ensure_authority", lambda _: authority(tmp_path))
            for distribution in (AMAZON_LINUX_2023, DEBIAN_12):
                image._image(settings, b"authority", distribution).root.mkdir(parents=True)
                assert image.ensure(settings, said.append, distribution.name).root.is_dir()
        assert said == []


class TestDebian:
    def test_its_packages_are_no_other_systems(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        ubuntu = {"ID": "ubuntu", "PRETTY_NAME": "Ubuntu"}
        monkeypatch.setattr("platform.freedesktop_os_release", lambda: ubuntu)
        with pytest.raises(image.ImageError, match="this machine runs Ubuntu"):
            debian_12.lay_out(tmp_path, tmp_path, print)

    def test_the_repository_is_described(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        package = tmp_path / "jq_1_amd64.deb"
        package.write_bytes(b"content")
        monkeypatch.setattr("local_cloud.hosts.image.apt.control", lambda _: "Package: jq\nVersion: 1\n")
        assert debian_12.index([package]) == (
            "Package: jq\nVersion: 1\nFilename: ./jq_1_amd64.deb\nSize: 7\n"
            "SHA256: ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73\n"
        )


def test_an_unknown_image_is_named_with_those_that_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch-images", "windows"]) == 1
    assert "no image windows: choose of amazon-linux-2023, debian-12" in capsys.readouterr().err


def authority(directory: Path) -> Path:
    path = directory / "ca.pem"
    path.write_bytes(b"authority")
    return path
