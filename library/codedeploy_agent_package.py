#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: codedeploy_agent_package
version_added: "0.2.0"
short_description: Install a package of the CodeDeploy agent from its bucket
description:
  - Downloads a package, verifies it, and only then installs it, whatever version is installed now.
  - AWS signs no package and publishes no checksum. What there is, is verified - the length and the MD5 sum
    that the bucket tells, the digests inside the package, its name and its version, and a checksum of yours.
  - Where one of these is wrong, nothing has been changed on the host.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  url:
    description: The package's address.
    type: str
    required: true
  version:
    description: The version and release that the package must have.
    type: str
    required: true
  package_type:
    description: The system's kind of package.
    type: str
    choices: [rpm, deb]
    required: true
  checksum:
    description: The SHA-256 sum that the package must have, 64 hexadecimal digits. Empty is any.
    type: str
    default: ""
  proxy:
    description: A proxy to reach the bucket through. Empty is none.
    type: str
    default: ""
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.acts
"""

EXAMPLES = r"""
- name: Install a version of the agent
  codedeploy.pipeline.codedeploy_agent_package:
    url: https://aws-codedeploy-us-east-1.s3.us-east-1.amazonaws.com/releases/codedeploy-agent-1.8.1-1.noarch.rpm
    version: 1.8.1-1
    package_type: rpm
"""

RETURN = r"""
sha256:
  description: The package's SHA-256 sum, to set as O(checksum).
  type: str
  returned: when installed
"""

import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url

ARGUMENT_SPEC = {
    "url": {"type": "str", "required": True},
    "version": {"type": "str", "required": True},
    "package_type": {"type": "str", "choices": ["rpm", "deb"], "required": True},
    "checksum": {"type": "str", "default": ""},
    "proxy": {"type": "str", "default": ""},
}
NAME = "codedeploy-agent"
CHUNK = 1024 * 1024
DPKG = ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
INSPECT = {
    "rpm": [
        ["rpm", "--checksig", "--nosignature"],
        ["rpm", "--query", "--package", "--nosignature", "--queryformat", "%{NAME} %{VERSION}-%{RELEASE}"],
    ],
    "deb": [["dpkg-deb", "--contents"], ["dpkg-deb", "--show", "--showformat", "${Package} ${Version}"]],
}
"""What reads a package to its end and checks the digests in it, and what tells its name and version."""


class PackageError(Exception):
    """A package that must not be installed."""


@dataclass(frozen=True)
class Download:
    """What was received: its size in bytes and its sums in hexadecimal, and what the bucket told of it.

    A size of 0 or a tag of "" is not told.
    """

    size: int
    md5: str
    sha256: str
    told_size: int
    told_etag: str


def verify(download: Download, checksum: str) -> None:
    """Compares what was received with what it should be. Raises PackageError."""
    if download.told_size and download.size != download.told_size:
        raise PackageError(f"{download.size} of {download.told_size} bytes arrived")
    # The ETag of what was uploaded in parts has a dash in it and is no MD5 sum.
    if re.fullmatch(r"[0-9a-f]{32}", download.told_etag) and download.md5 != download.told_etag:
        raise PackageError(f"its MD5 sum is {download.md5}, and the bucket says {download.told_etag}")
    if checksum and download.sha256 != checksum.lower():
        raise PackageError(
            f"its SHA-256 sum is {download.sha256}, and codedeploy_agent_checksum says {checksum}"
        )


def fetch(url: str, path: Path) -> Download:
    """Downloads a file. Raises PackageError."""
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    try:
        answer = open_url(url, timeout=60)
        with path.open("wb") as file:
            for chunk in iter(lambda: answer.read(CHUNK), b""):
                file.write(chunk)
                md5.update(chunk)
                sha256.update(chunk)
                size += len(chunk)
    except (OSError, HTTPException) as error:
        raise PackageError(f"it can't be downloaded ({error})") from error
    headers = answer.headers
    return Download(
        size=size,
        md5=md5.hexdigest(),
        sha256=sha256.hexdigest(),
        told_size=int(headers.get("Content-Length") or 0),
        told_etag=(headers.get("ETag") or "").strip('"'),
    )


def inspect(module: AnsibleModule, path: Path, package_type: str, version: str) -> None:
    """Reads the package to its end. Raises PackageError where it is broken, or another one."""
    found = ""
    for command in INSPECT[package_type]:
        status, out, problem = module.run_command([*command, str(path)])
        if status:
            said = (problem.strip() or out.strip()).splitlines()
            raise PackageError(f"it is no whole package ({said[-1] if said else command[0]})")
        found = out.strip()
    if found != f"{NAME} {version}":
        raise PackageError(f"it is {found}, and {NAME} {version} is wanted")


def is_older(version: str, installed: str) -> bool:
    """Whether a version is older than another; both are numbers, points and dashes."""

    def numbers(text: str) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", text)]

    return numbers(version) < numbers(installed)


def install(module: AnsibleModule, path: Path, package_type: str, version: str) -> None:
    """Has the system's package manager install the file. Raises PackageError."""
    if package_type == "rpm":
        status, installed, _problem = module.run_command(
            ["rpm", "--query", "--queryformat", "%{VERSION}-%{RELEASE}", NAME]
        )
        command = ["dnf", "-y", "--nogpgcheck", "install", str(path)]
        if not status and is_older(version, installed):
            # dnf goes back to no package for another architecture, as from 2 to 1.8.
            command = ["rpm", "--upgrade", "--oldpackage", "--nosignature", str(path)]
    else:
        wait = ["-o", "DPkg::Lock::Timeout=120"]
        command = ["apt-get", "-y", "-q", *wait, *DPKG, "--allow-downgrades", "install", str(path)]
    status, out, problem = module.run_command(command, environ_update={"DEBIAN_FRONTEND": "noninteractive"})
    if status:
        said = [line.strip() for line in (out + problem).splitlines() if line.strip()]
        raise PackageError(f"{command[0]} refuses it: {' / '.join(said[-3:])}")


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    given = module.params
    if module.check_mode:
        module.exit_json(changed=True)
    if given["proxy"]:
        os.environ["https_proxy"] = given["proxy"]
    folder = Path(tempfile.mkdtemp(prefix="codedeploy-agent-"))
    # The package managers read it under users of their own; nobody else can write there.
    folder.chmod(0o755)
    package = folder / given["url"].rpartition("/")[2]
    try:
        download = fetch(given["url"], package)
        verify(download, given["checksum"])
        inspect(module, package, given["package_type"], given["version"])
        install(module, package, given["package_type"], given["version"])
    except PackageError as error:
        module.fail_json(msg=f"{given['url']} is not installed: {error}")
    finally:
        shutil.rmtree(folder)
    module.exit_json(changed=True, sha256=download.sha256)


if __name__ == "__main__":
    main()
