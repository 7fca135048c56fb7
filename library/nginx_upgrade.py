#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: nginx_upgrade
version_added: "0.2.0"
short_description: Bring nginx to its new program on the fly
description:
  - Where nginx runs a program or libraries that were replaced, starts the new ones beside it (C(USR2)) and ends the old
    ones when they have answered what they began (C(QUIT)). No request is lost.
  - Where the new program does not come up, the old one goes on, and the module fails.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  pid_file:
    description: The file with nginx's process id.
    type: path
    default: /run/nginx.pid
  wait:
    description: Seconds to wait for the new program, and then for the end of the old one's master process.
    type: int
    default: 60
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.acts
seealso:
  - name: Controlling nginx, upgrading executable on the fly
    description: What the signals do.
    link: https://nginx.org/en/docs/control.html#upgrade
"""

EXAMPLES = r"""
- name: Upgrade nginx on the fly
  codedeploy.pipeline.nginx_upgrade:
"""

RETURN = r"""
old:
  description: The process id of the master that ran before.
  type: int
  returned: always
new:
  description: The process id of the master that runs now.
  type: int
  returned: always
"""

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.packages.updates import mapped_files

if TYPE_CHECKING:
    from collections.abc import Callable

ARGUMENT_SPEC = {
    "pid_file": {"type": "path", "default": "/run/nginx.pid"},
    "wait": {"type": "int", "default": 60},
}
STEP = 0.1


def master(pid_file: Path) -> int:
    """The process id in the file, 0 where there is none."""
    try:
        return int(pid_file.read_text())
    except (OSError, ValueError):
        return 0


def is_old(pid: int, proc: Path = Path("/proc")) -> bool:
    """Whether a process runs files that are gone."""
    try:
        return any(mapped_files((proc / str(pid) / "maps").read_text()).values())
    except OSError:
        return False


def is_there(pid: int) -> bool:
    """Whether a process goes on."""
    return Path(f"/proc/{pid}/maps").exists()


def workers(pid: int) -> list[str]:
    """The processes that a process has started."""
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []


def until(wanted: Callable[[], bool], seconds: float) -> bool:
    """Wait for something, so long at most."""
    deadline = time.monotonic() + seconds
    while not wanted():
        if time.monotonic() > deadline:
            return False
        time.sleep(STEP)
    return True


def upgrade(module: AnsibleModule, pid_file: Path, old: int) -> int:
    """The new master, which serves alone."""
    seconds = module.params["wait"]
    os.kill(old, signal.SIGUSR2)

    def is_up() -> bool:
        new = master(pid_file)
        return new not in (0, old) and bool(workers(new))

    if not until(is_up, seconds):
        module.fail_json(
            msg=f"nginx ({old}) goes on with its old program: the new one did not come up in {seconds} seconds. "
            "See nginx -t and /var/log/nginx/error.log on the host, and run this again",
            old=old,
            new=old,
        )
    new = master(pid_file)
    os.kill(old, signal.SIGQUIT)
    if not until(lambda: not is_there(old), seconds):
        module.warn(
            f"The old nginx ({old}) still answers requests after {seconds} seconds; it ends with them"
        )
    return new


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    pid_file = Path(module.params["pid_file"])
    old = new = master(pid_file)
    changed = is_old(old)
    if changed and not module.check_mode:
        new = upgrade(module, pid_file, old)
    module.exit_json(changed=changed, old=old, new=new)


if __name__ == "__main__":
    main()
