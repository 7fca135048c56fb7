# Copyright: contributors to this project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# ruff: noqa: INP001 - a module of a role is no package
from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.host_faults.read import package_of

DOCUMENTATION = r"""
module: package_files
short_description: Brings files of packages back
description:
  - Installs the packages anew that brought files which are missing or empty (dnf, apt). Other configuration
    files of these packages stay as they are.
options:
  paths:
    description: The files. What is there and not empty is left alone.
    type: list
    elements: path
    required: true
author: contributors to this project
"""

EXAMPLES = r"""
- name: Bring the table of types back
  package_files:
    paths: [/etc/nginx/mime.types]
"""

RETURN = r"""
packages:
  description: The packages that were installed anew.
  type: list
  elements: str
  returned: always
"""

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
        argument_spec={"paths": {"type": "list", "elements": "path", "required": True}},
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
        reinstall(module, packages)
    module.exit_json(changed=bool(packages), packages=packages)


if __name__ == "__main__":
    main()
