#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: package_updates_info
version_added: "0.2.0"
short_description: What an update of a host's packages would change
description:
  - Tells in one form for dnf and apt which packages have an update, which services run files that are replaced, and
    whether the host needs a reboot, now and after the update.
  - On Amazon Linux 2023 it tells the release that the host is locked to, and the newer ones.
  - Fails with the way out where the package manager is locked or broken, a repository does not answer, or the disk has
    no room for an update.
  - Updates nothing; only the package manager's lists are fetched anew.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  release:
    description:
      - The release of Amazon Linux to update to, such as V(2023.9.20260105), or V(latest). Empty stays.
      - Is not looked at with apt.
    type: str
    default: ""
  free_mb:
    description: How many MiB must be free below C(/usr) and C(/var) where there is something to update.
    type: int
    default: 300
  wait:
    description: Seconds to wait at most for one answer of the package manager, another's lock included.
    type: int
    default: 300
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
"""

EXAMPLES = r"""
- name: Get the package updates
  codedeploy.pipeline.package_updates_info:
  register: package_updates
"""

RETURN = r"""
manager:
  description: V(dnf) or V(apt).
  type: str
  returned: success
release:
  description: The release of Amazon Linux that the host is locked to, else empty.
  type: str
  returned: success
newer_releases:
  description: Releases of Amazon Linux that are newer, the newest last.
  type: list
  elements: str
  returned: success
updates:
  description: The packages that have an update, each with C(name), C(old) and C(new).
  type: list
  elements: dict
  returned: success
  sample: [{name: nginx, old: "1.22.0-1", new: "1.22.1-1"}]
services:
  description: The services that run files which are replaced already.
  type: list
  elements: str
  returned: success
services_after:
  description: The services that will, when the packages have been updated.
  type: list
  elements: str
  returned: success
reboot:
  description: Why the host needs a reboot now; empty where it needs none.
  type: list
  elements: str
  returned: success
reboot_after:
  description: Why it will, when the packages have been updated.
  type: list
  elements: str
  returned: success
"""

import fcntl
import os
import shutil
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.packages import updates
from ..module_utils.packages.updates import Package

ARGUMENT_SPEC = {
    "release": {"type": "str", "default": ""},
    "free_mb": {"type": "int", "default": 300},
    "wait": {"type": "int", "default": 300},
}
ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
PROC = Path("/proc")
REBOOT_REQUIRED = Path("/var/run/reboot-required")
TIMED_OUT = 124
AGAIN = 5  # seconds between two tries where apt's lists or dpkg are locked
DPKG_LOCK = Path("/var/lib/dpkg/lock-frontend")
# AL2023 leaves out a repository that does not answer, as if it had no updates.
DNF = ["dnf", "--quiet", "--setopt=*.skip_if_unavailable=0"]


class Host:
    """Commands on it, each with its way out."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.wait = module.params["wait"]

    def run(self, command: list[str], way_out: str, *, may_fail: bool = False) -> str:
        """What a command writes. Fails where that fails."""
        deadline = time.monotonic() + self.wait
        while True:
            status, out, error = self.module.run_command(
                ["timeout", str(self.wait), *command], environ_update=ENVIRONMENT
            )
            if "Could not get lock" not in error or time.monotonic() > deadline:
                break
            time.sleep(AGAIN)
        words = " ".join(command)
        if status == TIMED_OUT or "Could not get lock" in error:
            self.fail_locked(f"{words} has no answer")
        if status and not may_fail:
            lines = [line.strip() for line in (error or out).splitlines() if line.strip()]
            said = next(
                (line for line in lines if line.startswith(("E:", "Error:"))), (lines or ["nothing"])[-1]
            )
            self.module.fail_json(msg=f"{words} fails: {said}. {way_out}")
        return str(out if may_fail is False else out + error)

    def wait_for(self, lock: Path) -> None:
        """Until nobody holds a lock. Fails where somebody goes on holding it."""
        if not lock.exists():
            return
        deadline = time.monotonic() + self.wait
        with lock.open("r+") as file:
            while True:
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    if time.monotonic() > deadline:
                        self.fail_locked(f"{lock} is not free")
                    time.sleep(AGAIN)
                else:
                    return

    def fail_locked(self, what: str) -> None:
        self.module.fail_json(
            msg=f"{what} after {self.wait} seconds: another package manager may hold the lock "
            "(ps -e | grep -E 'dnf|apt|dpkg|unattended'); wait for its end, and run this again"
        )


def dnf(host: Host, release: str) -> dict[str, Any]:
    """By dnf and rpm."""
    repair = "Repair the repository in /etc/yum.repos.d or the way to it, and run this again"
    listing = host.run(
        ["rpm", "--query", "--all", "--queryformat", "%{NAME}.%{ARCH} %{EVR} %{INSTALLTIME}\\n"],
        "Repair the database with rpm --rebuilddb, and run this again",
    )
    installed = updates.rpm_packages(listing)
    to = [f"--releasever={release}"] if release else []
    query = ["repoquery", "--upgrades", "--latest-limit=1", "--queryformat=%{name}.%{arch} %{evr}"]
    found = updates.rpm_updates(host.run([*DNF, *to, "--refresh", *query], repair), installed)
    is_amazon = (
        any(name.startswith("system-release.") for name in installed)
        and Path("/usr/lib/os-release").read_text().find('ID="amzn"') >= 0
    )
    now, newer = "", []
    if is_amazon:
        now = next(each.version for name, each in installed.items() if name.startswith("system-release."))
        now = now.partition("-")[0]
        notice = host.run(["dnf", "check-release-update"], "", may_fail=True)
        newer = [
            each
            for each in updates.newer_releases(notice)
            if updates.release_key(each) > updates.release_key(now)
        ]
    if release and not is_amazon:
        host.module.fail_json(
            msg=f"release is '{release}': only Amazon Linux 2023 has releases; leave it empty"
        )
    if release not in ("", "latest") and updates.release_key(release) < updates.release_key(now):
        host.module.fail_json(
            msg=f"release is '{release}': the host is on {now} already, and dnf goes back to none"
        )
    return {
        "manager": "dnf",
        "installed": installed,
        "updates": found,
        "release": now,
        "newer_releases": newer,
    }


def dpkg_packages(listing: str, folder: Path) -> dict[str, Package]:
    """Installed packages, by lines `NAME ARCHITECTURE VERSION`; dpkg's list of a package's files tells when."""
    found = {}
    for line in listing.splitlines():
        name, architecture, version = line.split()
        lists = [folder / f"{name}.list", folder / f"{name}:{architecture}.list"]
        times = [path.stat().st_mtime for path in lists if path.exists()]
        if times:
            found[name] = Package(version, max(times))
    return found


def apt(host: Host, _release: str) -> dict[str, Any]:
    """By apt and dpkg."""
    # Before anything is concluded from what its holder has half done.
    host.wait_for(DPKG_LOCK)
    audit = host.run(["dpkg", "--audit"], "Repair dpkg's database, and run this again")
    if audit.strip() or any(Path("/var/lib/dpkg/updates").glob("[0-9]*")):
        host.module.fail_json(
            msg="dpkg was interrupted, and packages are half installed: run dpkg --configure -a and "
            "apt-get --fix-broken install on the host, and run this again"
        )
    host.run(
        ["apt-get", "--quiet", "--option=APT::Update::Error-Mode=any", "update"],
        "Repair the repository in /etc/apt or the way to it, and run this again",
    )
    found = updates.apt_updates(
        host.run(
            ["apt-get", "--simulate", "--with-new-pkgs", "upgrade"],
            "Run apt-get --fix-broken install on the host, and run this again",
        )
    )
    listing = host.run(["dpkg-query", "--show", "--showformat=${Package} ${Architecture} ${Version}\\n"], "")
    installed = dpkg_packages(listing, Path("/var/lib/dpkg/info"))
    return {"manager": "apt", "installed": installed, "updates": found, "release": "", "newer_releases": []}


def files_of(host: Host, manager: str, names: list[str]) -> set[str]:
    """The files of packages, also by the way that they have where /lib is a link to /usr/lib."""
    if not names:
        return set()
    command = ["rpm", "--query", "--list"] if manager == "dnf" else ["dpkg-query", "--listfiles"]
    listed = host.run([*command, *names], "", may_fail=True).splitlines()
    return {*listed, *(f"/usr{path}" for path in listed if path.startswith(("/lib", "/bin", "/sbin")))}


def room_problem(free_mb: int) -> str:
    """Why the disk has no room for an update, and the way out."""
    for folder in ("/usr", "/var"):
        free = shutil.disk_usage(folder).free // 2**20
        if free < free_mb:
            return (
                f"{folder} has {free} MiB free, and an update wants {free_mb}: make room (dnf clean all or apt-get "
                "clean; playbooks/repair-hosts.yml finds what fills the disk), and run this again"
            )
    return ""


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    host = Host(module)
    if module.get_bin_path("apt-get"):
        found = apt(host, module.params["release"])
    elif module.get_bin_path("dnf"):
        found = dnf(host, module.params["release"])
    else:
        module.fail_json(msg="The host has neither dnf nor apt: its packages are updated by hand")
    installed, packages = found.pop("installed"), found["updates"]
    if packages and (problem := room_problem(module.params["free_mb"])):
        module.fail_json(msg=problem)
    names = [each["name"] for each in packages]
    boot = updates.started(
        (PROC / "stat").read_text(), (PROC / "1/stat").read_text(), os.sysconf("SC_CLK_TCK")
    )
    now = updates.units(PROC, set())
    after = updates.units(PROC, files_of(host, found["manager"], names))
    reboot = updates.newer_than(boot, installed) + updates.to_reboot(now)
    if REBOOT_REQUIRED.exists():
        reboot.append(f"{REBOOT_REQUIRED} is there")
    coming = [f"{each['name']} {each['new']}" for each in packages if updates.REBOOT.fullmatch(each["name"])]
    module.exit_json(
        changed=False,
        **found,
        services=updates.to_restart(now),
        services_after=updates.to_restart(after),
        reboot=reboot,
        reboot_after=sorted({*reboot, *coming, *updates.to_reboot(after)}),
    )


if __name__ == "__main__":
    main()
