# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at a host: systemd, /proc, files, the instance metadata, the network. Changes nothing."""

from __future__ import annotations

import email.utils
import os
import pwd
import shutil
import socket
import stat
import time
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError

from ansible.module_utils.host_faults.judge import PROGRAM
from ansible.module_utils.host_faults.parse import (
    address_of_aws,
    agent_settings,
    listeners,
    nginx_complaint,
    service_of,
)
from ansible.module_utils.host_faults.seen import Agent, Entry, Metadata, Nginx, Seen, Service, Wanted, Way
from ansible.module_utils.urls import open_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Run = Callable[[list[str]], tuple[int, str, str]]
    """Runs a command; returns its status, output and errors."""

METADATA = "http://169.254.169.254/latest"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
"""A service's, not that of whoever logged in."""
CLOCKS = ("chronyd", "chrony", "systemd-timesyncd", "ntpd", "ntp")
NO_REVISIONS = ("deployment-instructions", "deployment-logs", "ongoing-deployment")
TIMEOUT = 5


def look(wanted: Wanted, run: Run) -> Seen:
    """All that is judged."""
    agent = agent_of(Path(wanted.agent_config_file), run)
    address = address_of_aws(wanted.region, wanted.proxy, agent.settings)
    return Seen(
        now=time.time(),
        logs=sizes(dict.fromkeys(wanted.log_folders)),
        free=free_percent(["/", "/var/log"]),
        clock=next((unit for unit in CLOCKS if service(unit, run).known), ""),
        metadata=metadata(),
        way=way_to(*address) if address else None,
        processes=processes(),
        agent=agent,
        nginx=nginx_of(wanted, run),
        root=entries(Path(wanted.document_root)),
    )


def service(unit: str, run: Run) -> Service:
    """What systemd knows of a service."""
    properties = "LoadState,ActiveState,UnitFileState,ActiveEnterTimestampMonotonic"
    _status, out, _error = run(["systemctl", "show", "--property", properties, unit])
    return service_of(out, time.time(), time.monotonic())


def agent_of(config: Path, run: Run) -> Agent:
    """The agent's service and files, which its configuration tells where to find."""
    settings, problem = (
        agent_settings(config.read_text(errors="replace")) if config.is_file() else ({}, "is missing")
    )
    root = Path(settings.get("root_dir", "/opt/codedeploy-agent/deployment-root"))
    folder = Path(settings.get("pid_dir", "/opt/codedeploy-agent/state/.pid/"))
    pid_file = folder / (settings.get("program_name", "codedeploy-agent") + ".pid")
    groups, kept = revisions(root)
    registration = "/etc/codedeploy-agent/conf/codedeploy.onpremises.yml"
    return Agent(
        service=service("codedeploy-agent", run),
        program=os.access(PROGRAM, os.X_OK),
        settings=settings,
        config_problem=problem,
        on_premises=Path(settings.get("on_premises_config_file", registration)).exists(),
        pid_file=str(pid_file),
        pid=pid_file.read_text(errors="replace") if pid_file.is_file() else None,
        commands=times(root.glob("ongoing-deployment/*")),
        revisions=groups,
        kept=frozenset(kept),
    )


def nginx_of(wanted: Wanted, run: Run) -> Nginx:
    """Nginx, its service, and what it says of its configuration; of the copy where that is needed."""
    program = shutil.which("nginx", path=PATH)
    if not program:
        return Nginx(program=False, service=service("nginx", run))

    def complaint(config: str) -> str:
        status, _out, said = run([program, "-t", "-q", "-c", config])
        return nginx_complaint(status, said)

    problem, good = complaint("/etc/nginx/nginx.conf"), wanted.nginx_good_config
    return Nginx(
        program=True,
        service=service("nginx", run),
        config_problem=problem,
        good_problem=complaint(good) if problem and Path(good).is_file() else None,
        holders=tuple(holders_of(wanted.port)),
    )


def metadata() -> Metadata:
    """Asks the instance metadata (IMDSv2): it needs no clock that is right, unlike TLS."""
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    try:
        answer = open_url(
            f"{METADATA}/api/token", method="PUT", headers=headers, use_proxy=False, timeout=TIMEOUT
        )
        token = answer.read().decode()
    except OSError as error:
        return Metadata(problem=f"the instance metadata does not answer: {error}")
    date = answer.headers.get("Date")
    ahead = time.time() - email.utils.parsedate_to_datetime(date).timestamp() if date else 0
    headers = {"X-aws-ec2-metadata-token": token}
    url = f"{METADATA}/meta-data/iam/security-credentials/"
    try:
        role = open_url(url, headers=headers, use_proxy=False, timeout=TIMEOUT).read().decode().strip()
    except HTTPError as error:
        missing = error.code == HTTPStatus.NOT_FOUND
        return Metadata(ahead=ahead, problem="" if missing else str(error))
    return Metadata(role=role, ahead=ahead)


def way_to(owner: str, host: str, port: int) -> Way:
    """Resolves a name and opens a connection."""
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return Way(owner, host, port, unresolved=str(error))
    try:
        socket.create_connection((host, port), timeout=TIMEOUT).close()
    except OSError as error:
        return Way(owner, host, port, unanswered=str(error))
    return Way(owner, host, port)


def processes() -> dict[int, str]:
    """The commands of all processes, by their ids."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            found[int(folder.name)] = command or (folder / "comm").read_text().strip()
        except OSError:  # it has ended meanwhile
            continue
    return found


def holders_of(port: int) -> list[str]:
    """The programs that listen on a port: "nginx (pid 7)"."""
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    inodes = listeners([table.read_text() for table in tables if table.exists()], port)
    wanted = {f"socket:[{inode}]" for inode in inodes}
    found: dict[str, str] = {}
    for pid in sorted(processes()) if wanted else []:
        folder = Path(f"/proc/{pid}")
        try:
            if wanted & {str(link.readlink()) for link in (folder / "fd").iterdir()}:
                # A server's workers hold its socket too: its first process speaks for them.
                name = (folder / "comm").read_text().strip()
                found.setdefault(name, f"{name} (pid {pid})")
        except OSError:  # it has ended meanwhile
            continue
    return list(found.values())


def sizes(folders: Iterable[str]) -> dict[str, int]:
    """The bytes of the files in folders and below, by path."""
    files = (path for folder in folders for path in Path(folder).rglob("*") if not path.is_symlink())
    return {str(path): status.st_size for path, status in statuses(files) if stat.S_ISREG(status.st_mode)}


def free_percent(paths: Iterable[str]) -> dict[str, int]:
    """What is free of the file systems that paths are on, by the first path on each."""
    found: dict[int, tuple[str, int]] = {}
    for path in paths:
        if Path(path).is_dir():
            statistics = os.statvfs(path)
            percent = 100 * statistics.f_bavail // max(1, statistics.f_blocks)
            found.setdefault(Path(path).stat().st_dev, (path, percent))
    return dict(found.values())


def revisions(root: Path) -> tuple[dict[str, dict[str, float]], set[str]]:
    """The revisions of each group with their times, and those that the agent needs again."""
    groups = {
        str(group): times(path for path in group.glob("d-*") if path.is_dir())
        for group in root.glob("*")
        if group.is_dir() and group.name not in NO_REVISIONS
    }
    kept = {path.read_text().strip() for path in root.glob("deployment-instructions/*_install")}
    return groups, kept


def times(paths: Iterable[Path]) -> dict[str, float]:
    """When each of them was changed."""
    return {str(path): status.st_mtime for path, status in statuses(paths)}


def entries(root: Path) -> tuple[Entry, ...]:
    """The document root and all that is in it."""
    users = {entry.pw_uid: entry.pw_name for entry in pwd.getpwall()}
    inside = (path for path in root.rglob("*") if not path.is_symlink())
    return tuple(
        Entry(str(path), status.st_mode, users.get(status.st_uid, str(status.st_uid)))
        for path, status in statuses(chain([root], inside) if root.is_dir() else [])
    )


def statuses(paths: Iterable[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    """Those that are still there: a deployment or a rotation of logs may be at work."""
    for path in paths:
        try:
            yield path, path.stat()
        except FileNotFoundError:
            continue
