# Copyright: contributors to this project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# ruff: noqa: INP001 - a module of a role is no package
from __future__ import annotations

import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: nginx_info
short_description: What is known of nginx on a host
description:
  - Tells whether nginx is installed, runs, starts at boot, and whether something listens on a port.
  - Changes nothing.
options:
  port:
    description: The TCP port to look at.
    type: int
    default: 80
author: contributors to this project
"""

EXAMPLES = r"""
- name: Look at nginx
  nginx_info:
    port: 80
  register: nginx
"""

RETURN = r"""
installed:
  description: Whether there is a program nginx.
  type: bool
  returned: always
active:
  description: Whether the service runs.
  type: bool
  returned: always
enabled:
  description: Whether the service starts at boot.
  type: bool
  returned: always
listening:
  description: Whether something listens on the port.
  type: bool
  returned: always
"""

LISTEN = "0A"


def listens(tables: list[str], port: int) -> bool:
    """Whether a socket listens on a port, by the lines of /proc/net/tcp and tcp6."""
    for table in tables:
        for line in table.splitlines()[1:]:
            _number, local, _remote, state, *_rest = line.split()
            if state == LISTEN and int(local.rpartition(":")[2], 16) == port:
                return True
    return False


def service_state(properties: str) -> tuple[bool, bool]:
    """Active and enabled, from the output of `systemctl show`."""
    values = dict(line.split("=", 1) for line in properties.splitlines() if "=" in line)
    return values.get("ActiveState") == "active", values.get("UnitFileState") == "enabled"


def main() -> None:
    module = AnsibleModule(argument_spec={"port": {"type": "int", "default": 80}}, supports_check_mode=True)
    _status, out, _error = module.run_command(
        ["systemctl", "show", "--property", "ActiveState,UnitFileState", "nginx"]
    )
    active, enabled = service_state(out)
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    module.exit_json(
        changed=False,
        # A service's PATH, not that of whoever logged in.
        installed=shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin") is not None,
        active=active,
        enabled=enabled,
        listening=listens([table.read_text() for table in tables if table.exists()], module.params["port"]),
    )


if __name__ == "__main__":
    main()
