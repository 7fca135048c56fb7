#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: nginx_info
version_added: "0.2.0"
short_description: What is known of nginx on a host
description:
  - Tells whether nginx is installed, runs, starts at boot, and listens on its ports.
  - What C(netstat) would tell is read from C(/proc).
  - Changes nothing.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  ports:
    description: The TCP ports that nginx is to listen on.
    type: list
    elements: int
    default: [80]
  tls_file:
    description: The part of nginx's configuration that brings TLS. While it is there, O(tls_ports) count too.
    type: path
    default: /etc/nginx/tls/site.conf
  tls_ports:
    description: The TCP ports that nginx is to listen on while it serves TLS.
    type: list
    elements: int
    default: []
  config_file:
    description: Nginx's configuration.
    type: path
    default: /etc/nginx/nginx.conf
  document_root:
    description: The folder that nginx serves.
    type: path
    default: /usr/share/nginx/html
  files:
    description: Files of root's to compare, by their paths, with the mode that each is to have, as in V("0644").
    type: dict
    default: {}
  old_workers:
    description:
      - The process ids of the workers from before a configuration was changed. Nginx has taken the change
        only when it has others.
    type: list
    elements: int
    default: []
  wait:
    description: Seconds to wait until there is no problem.
    type: int
    default: 0
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
"""

EXAMPLES = r"""
- name: Get the state of nginx
  codedeploy.pipeline.nginx_info:
    ports: [80, 443]
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
  description: Whether nginx listens on all of the ports.
  type: bool
  returned: always
holders:
  description: Who listens instead of nginx, port by port, as C(NAME (PID)).
  type: dict
  returned: always
workers:
  description: The process ids of the workers.
  type: list
  elements: int
  returned: always
config_checksum:
  description: The SHA-1 of O(config_file); empty where it is no file of root's with the mode 0644.
  type: str
  returned: always
files:
  description: The SHA-1 of each of O(files); empty where there is no such file of root's with that mode.
  type: dict
  returned: always
served:
  description: Whether the document root is there.
  type: bool
  returned: always
tls:
  description: Whether there is the program that lets nginx serve TLS.
  type: bool
  returned: always
tls_current:
  description: Whether nginx has been told of the certificate as it is; V(false) where there is no such program.
  type: bool
  returned: always
problem:
  description: Why nginx does not serve; empty where it does.
  type: str
  returned: always
"""

import json
import re
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.files.current import root_checksum, root_checksums

if TYPE_CHECKING:
    from collections.abc import Iterable

ARGUMENT_SPEC = {
    "ports": {"type": "list", "elements": "int", "default": [80]},
    "tls_file": {"type": "path", "default": "/etc/nginx/tls/site.conf"},
    "tls_ports": {"type": "list", "elements": "int", "default": []},
    "config_file": {"type": "path", "default": "/etc/nginx/nginx.conf"},
    "document_root": {"type": "path", "default": "/usr/share/nginx/html"},
    "files": {"type": "dict", "default": {}},
    "old_workers": {"type": "list", "elements": "int", "default": []},
    "wait": {"type": "int", "default": 0},
}
LISTEN = "0A"
TLS_PROGRAM = "nginx-tls"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin"
"""A service's, not that of whoever logged in."""


@dataclass(frozen=True)
class Nginx:
    """Nginx as it runs."""

    active: bool
    enabled: bool
    listening: bool
    holders: dict[str, str]
    workers: list[int]


def listening_sockets(tables: list[str]) -> dict[int, set[str]]:
    """The sockets (inodes) that listen, by port, from the lines of /proc/net/tcp and tcp6."""
    sockets: dict[int, set[str]] = {}
    for table in tables:
        for line in table.splitlines()[1:]:
            columns = line.split()
            if columns[3] == LISTEN:
                port = int(columns[1].rpartition(":")[2], 16)
                sockets.setdefault(port, set()).add(columns[9])
    return sockets


def service_state(properties: str) -> tuple[bool, bool, int]:
    """Active, enabled and the process id, from the output of `systemctl show`."""
    values = dict(line.split("=", 1) for line in properties.splitlines() if "=" in line)
    active = values.get("ActiveState") == "active"
    return active, values.get("UnitFileState") == "enabled", int(values.get("MainPID") or 0)


def owners(proc: Path, inodes: set[str]) -> set[int]:
    """The processes that have one of these sockets."""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    found = set()
    for folder in proc.glob("[0-9]*/fd"):
        try:
            if any(str(link.readlink()) in wanted for link in folder.iterdir()):
                found.add(int(folder.parent.name))
        except OSError:
            # It has ended meanwhile.
            continue
    return found


def command(proc: Path, pid: int) -> str:
    """The name of a process, "" where it has ended."""
    try:
        return (proc / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def children(proc: Path, parent: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for status in proc.glob("[0-9]*/status"):
        try:
            line = re.search(r"^PPid:\s+(\d+)$", status.read_text(), re.MULTILINE)
        except OSError:
            continue
        if line and int(line[1]) == parent:
            found.append(int(status.parent.name))
    return sorted(found)


def look(properties: str, proc: Path, ports: list[int], later: Iterable[int] = ()) -> Nginx:
    """Nginx, by the output of `systemctl show` and the files of `proc`.

    It does not listen yet on the ports that come `later`, and nobody else may.
    """
    active, enabled, main_pid = service_state(properties)
    tables = [proc / "net" / name for name in ("tcp", "tcp6")]
    sockets = listening_sockets([table.read_text() for table in tables if table.exists()])
    listening, holders = True, {}
    for port in (*ports, *later):
        names = {pid: command(proc, pid) for pid in sorted(owners(proc, sockets.get(port, set())))}
        if "nginx" not in names.values():
            listening = listening and port in later
            holders.update({str(port): f"{name} ({pid})" for pid, name in names.items()})
    workers = children(proc, main_pid) if main_pid else []
    return Nginx(active=active, enabled=enabled, listening=listening, holders=holders, workers=workers)


def problem_of(nginx: Nginx, ports: list[int], old_workers: list[int]) -> str:
    """Why nginx does not serve, "" = it does."""
    if nginx.holders:
        held = ", ".join(f"{port} by {holder}" for port, holder in sorted(nginx.holders.items()))
        return f"ports are held by others: {held}"
    if not nginx.active:
        return "the service nginx is not running"
    if not nginx.listening:
        return f"nginx does not listen on all of its ports {', '.join(map(str, ports))}"
    if old_workers and not set(nginx.workers) - set(old_workers):
        return "nginx goes on with its earlier configuration"
    return ""


def watch(module: AnsibleModule) -> tuple[Nginx, str]:
    """Nginx, and its problem, as soon as there is none or after the time to wait."""
    given = module.params
    show = ["systemctl", "show", "--property", "ActiveState,UnitFileState,MainPID", "nginx"]
    deadline = time.monotonic() + given["wait"]
    while True:
        _status, out, _error = module.run_command(show)
        serves_tls = Path(given["tls_file"]).exists()
        ports = given["ports"] + (given["tls_ports"] if serves_tls else [])
        nginx = look(out, Path("/proc"), ports, [] if serves_tls else given["tls_ports"])
        problem = problem_of(nginx, ports, given["old_workers"])
        if not problem or time.monotonic() >= deadline:
            return nginx, problem
        time.sleep(0.1)


def tls_current(module: AnsibleModule, program: str | None) -> bool:
    """Whether the program would change nothing. That of an earlier release does not know the question."""
    if not program:
        return False
    status, out, _error = module.run_command([program, "check"])
    return status == 0 and bool(json.loads(out)["current"])


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    nginx, problem = watch(module)
    tls_program = shutil.which(TLS_PROGRAM, path=PATH)
    module.exit_json(
        changed=False,
        installed=shutil.which("nginx", path=PATH) is not None,
        config_checksum=root_checksum(module, module.params["config_file"]),
        files=root_checksums(module, module.params["files"]),
        served=Path(module.params["document_root"]).is_dir(),
        tls=tls_program is not None,
        tls_current=tls_current(module, tls_program),
        problem=problem,
        msg=f"nginx does not serve: {problem}" if problem else "nginx serves",
        **asdict(nginx),
    )


if __name__ == "__main__":
    main()
