"""What is read of packages and of what runs of them."""

from pathlib import Path

import pytest

from module_utils.packages import updates
from module_utils.packages.updates import Package

MAPS = """\
55e0-55e1 r--p 00000000 08:01 12 /usr/sbin/nginx (deleted)
55e1-55e2 r-xp 00000000 08:01 12 /usr/sbin/nginx (deleted)
7f00-7f01 r-xp 00000000 08:01 13 /usr/lib64/libz.so.1
7f02-7f03 rw-s 00000000 00:01 14 /dev/zero (deleted)
7f04-7f05 r-xp 00000000 00:01 15 /memfd:code (deleted)
7f06-7f07 rw-p 00000000 00:00 0
"""


def process(proc: Path, number: int, maps: str, cgroup: str) -> None:
    folder = proc / str(number)
    folder.mkdir()
    (folder / "maps").write_text(maps)
    (folder / "cgroup").write_text(f"0::{cgroup}\n")


def test_rpms_that_have_an_update() -> None:
    installed = updates.rpm_packages(
        "nginx.x86_64 1:1.28-1 50\nkernel.x86_64 6.1.1-1 10\nkernel.x86_64 6.1.2-1 90\n"
    )
    assert installed["kernel.x86_64"] == Package("6.1.2-1", 90)
    assert updates.rpm_updates("nginx.x86_64 1:1.30-1\n\nkernel.x86_64 6.1.2-1\n", installed) == [
        {"name": "nginx", "old": "1:1.28-1", "new": "1:1.30-1"}
    ]


def test_debs_that_have_an_update() -> None:
    simulation = """\
Inst libc6 [2.36-9] (2.36-10 Debian:12.9/stable [amd64]) []
Inst linux-image-6.1.0-30-amd64 (6.1.124-1 Debian:12.9/stable [amd64])
Conf libc6 (2.36-10 Debian:12.9/stable [amd64])
"""
    assert updates.apt_updates(simulation) == [
        {"name": "libc6", "old": "2.36-9", "new": "2.36-10"},
        {"name": "linux-image-6.1.0-30-amd64", "old": "", "new": "6.1.124-1"},
    ]


def test_releases_are_in_the_order_of_their_numbers() -> None:
    notice = "dnf upgrade --releasever=2023.10.20260105\n dnf upgrade --releasever=2023.9.20251110\n"
    assert updates.newer_releases(notice) == ["2023.9.20251110", "2023.10.20260105"]
    assert updates.newer_releases("No such command: check-release-update.") == []


@pytest.mark.parametrize(
    ("name", "takes_effect"),
    [
        ("kernel", True),
        ("kernel6.12", True),
        ("kernel-headers", False),
        ("glibc", True),
        ("glibc-common", False),
        ("libc6", True),
        ("linux-image-amd64", True),
        ("nginx", False),
    ],
)
def test_packages_that_take_effect_at_a_reboot(name: str, *, takes_effect: bool) -> None:
    installed = {f"{name}.x86_64": Package("2-1", 100)}
    assert updates.newer_than(99, installed) == ([f"{name} 2-1"] if takes_effect else [])
    assert updates.newer_than(101, installed) == []


def test_the_time_of_the_last_boot() -> None:
    first = "1 (a (b) c) S " + " ".join(["0"] * 18) + " 250 0 0"
    assert updates.started("cpu 1\nbtime 1000\n", first, 100) == 1002.5


def test_only_programs_and_libraries_count() -> None:
    assert updates.mapped_files(MAPS) == {"/usr/sbin/nginx": True, "/usr/lib64/libz.so.1": False}


def test_units_that_run_files_which_are_gone_or_will_be(tmp_path: Path) -> None:
    process(tmp_path, 1, MAPS.replace(" (deleted)", ""), "/init.scope")
    process(tmp_path, 7, MAPS, "/system.slice/nginx.service")
    process(tmp_path, 8, MAPS, "/user.slice/user-1000.slice/session-1.scope")
    process(tmp_path, 9, "", "/system.slice/dbus.service")
    assert updates.units(tmp_path, set()) == ["nginx.service"]
    found = updates.units(tmp_path, {"/usr/lib64/libz.so.1"})
    assert found == ["init.scope", "nginx.service"]
    assert updates.to_restart(found) == ["nginx.service"]
    assert updates.to_reboot(found) == ["init.scope runs files that were replaced"]
