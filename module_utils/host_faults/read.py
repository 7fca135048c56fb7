# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Longer than 300 lines: one list of small readers; what one looks at is no idea of its own.
"""Looks at a host: systemd, /proc, files, the instance metadata, the network. Changes nothing."""

from __future__ import annotations

import email.utils
import grp
import os
import pwd
import shutil
import socket
import stat
import time
from dataclasses import replace
from http import HTTPStatus
from http.client import HTTPException
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError

from ansible.module_utils.urls import open_url

from .certificate import status_of
from .judge import PROGRAM
from .parse import (
    address_of_aws,
    agent_settings,
    listeners,
    nginx_arguments,
    nginx_complaint,
    nginx_directives,
    nginx_error,
    nginx_needs,
    service_of,
)
from .seen import Agent, Entry, Metadata, Needs, Nginx, Seen, Service, Visit, Wanted, Way
from .site import of_needs
from .visit import visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Run = Callable[[list[str]], tuple[int, str, str]]
    """Runs a command; returns its status, output and errors."""

METADATA = "http://169.254.169.254/latest"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
"""A service's, not that of whoever logged in."""
NGINX = "/usr/sbin/nginx"
NGINX_CONFIG = "/etc/nginx/nginx.conf"
NGINX_TLS = Path("/etc/nginx/tls")
"""What nginx-tls takes out by itself where the certificate is missing."""
ERROR_LOG = "/var/log/nginx/error.log"
LOG_CHARACTERS = 65536
CLOCKS = ("chronyd", "chrony", "systemd-timesyncd", "ntpd", "ntp")
NO_REVISIONS = ("deployment-instructions", "deployment-logs", "ongoing-deployment")
TIMEOUT = 5


def look(wanted: Wanted, run: Run) -> Seen:
    """All that is judged."""
    agent = agent_of(Path(wanted.agent_config_file), run)
    address = address_of_aws(wanted.region, wanted.proxy, agent.settings)
    program = shutil.which("nginx", path=PATH)
    needs = needs_of(program, wanted.nginx_good_config, run) if program else None
    places = places_of(wanted.document_root, needs)
    nginx = nginx_of(wanted, program, needs, places, run)
    return Seen(
        now=time.time(),
        logs=sizes(dict.fromkeys(wanted.log_folders)),
        free=free_percent(["/", "/var/log"]),
        clock=next((unit for unit in CLOCKS if service(unit, run).known), ""),
        metadata=metadata(),
        way=way_to(*address) if address else None,
        processes=processes(),
        agent=agent,
        nginx=nginx,
        root=entries(Path(wanted.document_root)),
        places=places,
        way_to_page=way_to_page(wanted.document_root),
        visit=visit_here(wanted) if any(holder.startswith("nginx ") for holder in nginx.holders) else None,
        certificate=status_of(run),
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


def nginx_of(
    wanted: Wanted, program: str | None, needs: Needs | None, places: Mapping[str, Entry], run: Run
) -> Nginx:
    """Nginx, its service, and what it says of its configuration; of the copy where that is needed.

    It is asked only where it has what it needs: `nginx -t` makes files and folders itself.
    """
    if not program or not needs:
        return Nginx(False, service("nginx", run), package=package_of(NGINX, run))
    state = service("nginx", run)
    broken = of_needs(needs, places, state)

    def complaint(config: str) -> str:
        status, _out, said = run([program, "-t", "-q", "-c", config])
        return nginx_complaint(status, said)

    problem, good = "" if broken else complaint(NGINX_CONFIG), wanted.nginx_good_config
    return Nginx(
        program=True,
        service=state,
        config_problem=problem,
        good_problem=complaint(good) if problem and Path(good).is_file() else None,
        holders=tuple(holders_of(wanted.port)),
        needs=needs,
    )


def needs_of(program: str, good: str, run: Run) -> Needs:
    """What nginx needs; by the present configuration where there is no good one."""
    _status, _out, said = run([program, "-V"])
    arguments = nginx_arguments(said)
    config = Path(good) if Path(good).is_file() else Path(NGINX_CONFIG)
    needs = nginx_needs(list(directives_of(config, Path(NGINX_CONFIG).parent, set())), arguments)
    uid, gids = identity(needs.user, needs.group)
    packages = {path: package_of(path, run) for path in needs.files}
    return replace(needs, uid=uid, gids=gids, packages=packages)


def directives_of(config: Path, folder: Path, read: set[Path]) -> Iterator[list[str]]:
    """The directives of a configuration and of what it includes."""
    if config in read or not config.is_file():
        return
    read.add(config)
    for directive in nginx_directives(config.read_text(errors="replace")):
        yield directive
        if directive[0] == "include" and len(directive) > 1:
            pattern = (folder / directive[1]).relative_to("/")
            for path in sorted(Path("/").glob(str(pattern))):
                if path.parent == NGINX_TLS:
                    continue
                yield from directives_of(path, folder, read)


def identity(user: str, group: str) -> tuple[int | None, frozenset[int] | None]:
    """A user's id, and the ids of its groups and of one more ("" = none); None = there is none."""
    entry = next((each for each in pwd.getpwall() if each.pw_name == user), None)
    more = next((each.gr_gid for each in grp.getgrall() if each.gr_name == group), None)
    if group and more is None:
        return entry.pw_uid if entry else None, None
    if not entry:
        return None, frozenset()
    return entry.pw_uid, frozenset(os.getgrouplist(user, entry.pw_gid if more is None else more))


def package_of(path: str, run: Run) -> str:
    """The package that brought a file, also where the file is gone; "" = none."""
    if shutil.which("rpm", path=PATH):
        status, out, _error = run(["rpm", "--query", "--queryformat", "%{NAME}\\n", "--file", path])
        return str(out).splitlines()[0].strip() if not status and out.strip() else ""
    status, out, _error = run(["dpkg-query", "--search", path])
    return str(out).strip().splitlines()[-1].rpartition(": ")[0] if not status and out.strip() else ""


def places_of(root: str, needs: Needs | None) -> dict[str, Entry]:
    """What is there of the paths that nginx and visitors take, folder by folder, also behind links."""
    paths = [f"{root}/index.html"]
    if needs:
        paths += [*needs.files, *needs.certificates, *needs.folders, *needs.temporary]
    steps = dict.fromkeys(step for path in paths for step in steps_of(path))
    users = user_names()
    found = {}
    for step in steps:
        try:
            found[step] = entry_of(step, Path(step).stat(), users)
        except OSError:  # it is missing, or leads nowhere
            if Path(step).is_symlink():
                found[step] = entry_of(step, Path(step).lstat(), users)
    return found


def steps_of(path: str) -> list[str]:
    """The folders on the way to a path, from the first one on, and the path; behind links too."""
    real = Path(os.path.realpath(path))
    return [str(each) for way in (real, Path(path)) for each in (*reversed(way.parents), way)]


def way_to_page(root: str) -> tuple[str, ...]:
    """The folders on the way to a document root and, where links lead elsewhere, on the way to its page."""
    page = f"{root}/index.html"
    return tuple(dict.fromkeys(step for step in steps_of(page) if step not in (root, page)))


def visit_here(wanted: Wanted) -> Visit:
    """A visit on the host itself, and what nginx writes into its error log meanwhile."""
    log = Path(ERROR_LOG)
    size = log.stat().st_size if log.is_file() else 0
    seen = visit("127.0.0.1", wanted.port, wanted.server_name, wanted.page_text, use_proxy=False)
    if not log.is_file():
        return seen
    with log.open(errors="replace") as file:
        file.seek(size)
        return replace(seen, log=nginx_error(file.read(LOG_CHARACTERS)))


def metadata() -> Metadata:
    """Asks the instance metadata (IMDSv2): it needs no clock that is right, unlike TLS."""
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    try:
        answer = open_url(
            f"{METADATA}/api/token", method="PUT", headers=headers, use_proxy=False, timeout=TIMEOUT
        )
        token = answer.read().decode()
    except (OSError, HTTPException) as error:
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
    except (OSError, HTTPException) as error:
        return Metadata(ahead=ahead, problem=f"the instance metadata does not answer: {error}")
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
    """The document root, where links lead, and all that is in it."""
    root = root.resolve()
    users = user_names()
    inside = (path for path in root.rglob("*") if not path.is_symlink())
    found = statuses(chain([root], inside) if root.is_dir() else [])
    return tuple(entry_of(str(path), status, users) for path, status in found)


def user_names() -> dict[int, str]:
    """The names of users by their ids."""
    return {entry.pw_uid: entry.pw_name for entry in pwd.getpwall()}


def entry_of(path: str, status: os.stat_result, users: Mapping[int, str]) -> Entry:
    """What is judged of a file or folder."""
    owner = users.get(status.st_uid, str(status.st_uid))
    return Entry(path, status.st_mode, owner, status.st_uid, status.st_gid, status.st_size)


def statuses(paths: Iterable[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    """Those that are still there: a deployment or a rotation of logs may be at work."""
    for path in paths:
        try:
            yield path, path.stat()
        except FileNotFoundError:
            continue
