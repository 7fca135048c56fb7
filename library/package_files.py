#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: package_files
version_added: "0.2.0"
short_description: Brings files of packages back
description:
  - Installs the packages anew that brought files which are missing or empty (dnf, apt). Other configuration
    files of these packages stay as they are, and so does what is in O(keep).
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  paths:
    description: The files. What is there and not empty is left alone.
    type: list
    elements: path
    required: true
  keep:
    description: A folder whose files stay as they are, such as the document root, where nginx's package has
      a page of its own.
    type: path
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.acts
"""

EXAMPLES = r"""
- name: Restore nginx's table of types
  codedeploy.pipeline.package_files:
    paths: [/etc/nginx/mime.types]
    keep: /usr/share/nginx/html
"""

RETURN = r"""
packages:
  description: The packages that were installed anew.
  type: list
  elements: str
  returned: always
"""

import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host_faults.read import package_of

ARGUMENT_SPEC = {
    "paths": {"type": "list", "elements": "path", "required": True},
    "keep": {"type": "path"},
}
APT = [
    "apt-get",
    "--yes",
    "--option=DPkg::Lock::Timeout=120",
    "--option=Dpkg::Options::=--force-confmiss",
    "--option=Dpkg::Options::=--force-confold",
]
COMMANDS = {
    "dnf": [["dnf", "--assumeyes", "reinstall"]],
    "apt-get": [[*APT, "update"], [*APT, "--reinstall", "install"]],
}
"""To each last one the packages are added."""


def is_whole(path: Path) -> bool:
    """Whether a file is there, with something in it."""
    return path.exists() and path.stat().st_size > 0


def contents(folder: Path) -> dict[Path, tuple[bytes, os.stat_result]]:
    """The files of a folder, with what is in them."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {path: (path.read_bytes(), path.stat()) for path in files}


def restore(kept: dict[Path, tuple[bytes, os.stat_result]]) -> None:
    """Puts back what is not as it was."""
    for path, (content, status) in kept.items():
        if path.is_file() and path.read_bytes() == content:
            continue
        beside = path.with_name(f".{path.name}.kept")
        beside.write_bytes(content)
        os.chown(beside, status.st_uid, status.st_gid)
        beside.chmod(status.st_mode & 0o7777)
        beside.replace(path)


def reinstall(module: AnsibleModule, packages: list[str]) -> None:
    """Installs them anew. Fails where that fails."""
    manager = "dnf" if module.get_bin_path("dnf") else "apt-get"
    *before, last = COMMANDS[manager]
    for command in (*before, [*last, *packages]):
        status, out, error = module.run_command(
            command, environ_update={"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        )
        if status:
            module.fail_json(msg=f"{' '.join(command)} fails: {(error or out).strip().splitlines()[-1]}")


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    wrong = [path for path in map(Path, module.params["paths"]) if not is_whole(path)]
    owners = {path: package_of(str(path), module.run_command) for path in wrong}
    unowned = [str(path) for path in wrong if not owners[path]]
    if unowned:
        module.fail_json(msg=f"no package has {', '.join(unowned)}: bring it back by hand")
    packages = sorted(set(owners.values()))
    if packages and not module.check_mode:
        for path in wrong:
            # An empty one counts as changed by hand, and would stay.
            path.unlink(missing_ok=True)
        kept = contents(Path(module.params["keep"])) if module.params["keep"] else {}
        try:
            reinstall(module, packages)
        finally:
            restore(kept)
    module.exit_json(changed=bool(packages), packages=packages)


if __name__ == "__main__":
    main()
