# Copyright: contributors to this project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# ruff: noqa: INP001 - a module of a role is no package
from __future__ import annotations

import email.utils
import os
import pwd
import re
import shutil
import socket
import stat
import time
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCUMENTATION = r"""
module: host_findings
short_description: The known faults that a host of the pipeline has
description:
  - Looks at the CodeDeploy agent, nginx, the document root, logs, disk, clock and the way to AWS, in one go.
  - Changes nothing. The list of faults, in the order of their repair, is in C(docs/repairing-hosts.md).
options:
  agent:
    description: What M(codedeploy_agent_info) returned. Without it versions and polls are not judged.
    type: dict
    default: {}
  before:
    description: The findings of an earlier look, for the report.
    type: list
    elements: dict
    default: []
  errors:
    description: What went wrong with repairs since then, by the fault's name.
    type: dict
    default: {}
  swap:
    description: What M(swap_file) returned in check mode. Without it swap is not judged.
    type: dict
    default: {}
  only:
    description: Names of faults, or C(agent), C(nginx), C(system). Empty, and C(all), is every fault.
    type: list
    elements: str
    default: []
  skip:
    description: Names as in O(only) that are left out.
    type: list
    elements: str
    default: []
  region:
    description: The AWS region. Empty does not look at the way to AWS.
    type: str
    default: ""
  proxy:
    description: A proxy to reach AWS through, an URL. Empty is none.
    type: str
    default: ""
  agent_config_file:
    description: The agent's configuration.
    type: path
    default: /etc/codedeploy-agent/conf/codedeployagent.yml
  nginx_good_config:
    description: A copy of nginx's last configuration that worked.
    type: path
    default: /etc/nginx/nginx.conf.good
  document_root:
    description: What nginx serves.
    type: path
    default: /usr/share/nginx/html
  port:
    description: The TCP port where nginx listens.
    type: int
    default: 80
  log_folders:
    description: Where logs are counted, and may be cut.
    type: list
    elements: path
    default:
      - /var/log/nginx
      - /var/log/aws/codedeploy-agent
      - /opt/codedeploy-agent/deployment-root/deployment-logs
  log_limit_mb:
    description: MiB that all logs together may have.
    type: int
    default: 1024
  disk_free_percent:
    description: Percent of a disk that must be free.
    type: int
    default: 5
  clock_limit:
    description: Seconds that the clock may be off. AWS refuses requests from 300 on.
    type: int
    default: 60
author: contributors to this project
"""

EXAMPLES = r"""
- name: Look for faults
  host_findings:
    region: us-east-1
  register: found
"""

RETURN = r"""
findings:
  description: The faults found, in the order of their repair.
  type: list
  elements: dict
  returned: always
  contains:
    fault:
      description: The name of the fault.
      type: str
    found:
      description: What was seen.
      type: str
    cure:
      description: What repairs it, or what somebody has to do.
      type: str
    repair:
      description: The tasks that do it; empty where it can't be done on the host.
      type: str
    paths:
      description: Files that the fault is about.
      type: list
      elements: str
    service:
      description: The service that the fault is about.
      type: str
rows:
  description: The lines of a report, of this look and the one before.
  type: list
  elements: dict
  returned: always
  contains:
    fault:
      description: The name of the fault.
      type: str
    status:
      description: V(to do), V(repaired), V(left), or V(needs you) where the host can't do it.
      type: str
    text:
      description: What was seen, and what was or must be done.
      type: str
"""

FAULTS = {
    # Room first: nothing can be written without it.
    "logs_large": "system",
    "disk_full": "system",
    "clock_off": "system",
    "swap_missing": "system",
    "dns_broken": "system",
    "endpoint_unreachable": "system",
    "agent_credentials_missing": "agent",
    "agent_program_missing": "agent",
    "agent_not_installed": "agent",
    "agent_wrong_version": "agent",
    "agent_config_broken": "agent",
    "agent_pid_stale": "agent",
    "agent_deployment_stale": "agent",
    "agent_revisions_old": "agent",
    "agent_disabled": "agent",
    "agent_stopped": "agent",
    "agent_not_polling": "agent",
    "nginx_not_installed": "nginx",
    "nginx_config_broken": "nginx",
    "nginx_port_taken": "nginx",
    "nginx_disabled": "nginx",
    "nginx_stopped": "nginx",
    "nginx_not_listening": "nginx",
    "root_missing": "nginx",
    "root_modes_wrong": "nginx",
}
"""Every fault and its area, in the order of repair."""

METADATA = "http://169.254.169.254/latest"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
PROGRAM = "/opt/codedeploy-agent/bin/codedeploy-agent"
CLOCKS = ("chronyd", "chrony", "systemd-timesyncd", "ntpd", "ntp")
NO_REVISIONS = ("deployment-instructions", "deployment-logs", "ongoing-deployment")
DAY = 86400
MEBIBYTE = 1024 * 1024
TIMEOUT = 5
LISTEN = "0A"
SETTING = re.compile(r"^:?(\w+):(?:\s+(.*?))?\s*$")
STAMP = re.compile(r"^[0-9/]+ [0-9:]+ ")
ROTATED = re.compile(r"\.(?:gz|xz|bz2|zst|[0-9]+)$|-[0-9]{8}$")


@dataclass(frozen=True)
class Finding:
    """A fault that a host has. `repair` names the tasks that do what `cure` says; "" = somebody must."""

    fault: str
    found: str
    cure: str
    repair: str = ""
    paths: tuple[str, ...] = ()
    service: str = ""


@dataclass(frozen=True)
class Service:
    """A service as systemd has it; `since` is when it started, in seconds since the epoch."""

    known: bool
    active: bool
    enabled: bool
    since: float


@dataclass(frozen=True)
class Metadata:
    """What the instance metadata tells: the role ("" = none), seconds the clock is ahead, a problem."""

    role: str = ""
    ahead: float = 0
    problem: str = ""


# Pure: what is seen, judged.


def selected(findings: Iterable[Finding], only: list[str], skip: list[str]) -> list[Finding]:
    """The findings that were asked for, in the order of repair."""
    order = list(FAULTS)

    def asked(finding: Finding) -> bool:
        names = {finding.fault, FAULTS[finding.fault]}
        return (not only or bool(names & set(only))) and not names & set(skip)

    return sorted(filter(asked, findings), key=lambda finding: order.index(finding.fault))


def unknown(names: list[str]) -> list[str]:
    """What is neither a fault nor an area among the names."""
    return [name for name in names if name not in FAULTS and name not in FAULTS.values()]


def service_of(properties: str, now: float, monotonic: float) -> Service:
    """From the output of `systemctl show`; the clocks are in seconds."""
    values = dict(line.split("=", 1) for line in properties.splitlines() if "=" in line)
    entered = int(values.get("ActiveEnterTimestampMonotonic") or 0) / 1_000_000
    return Service(
        known=values.get("LoadState") in ("loaded", "masked"),
        active=values.get("ActiveState") in ("active", "reloading"),
        enabled=values.get("UnitFileState") == "enabled",
        since=now - (monotonic - entered),
    )


def agent_settings(text: str) -> tuple[dict[str, str], str]:
    """The settings of the agent's configuration, and what is wrong with it ("" = nothing).

    The file is flat: `:name: value`, a line each. Hosts need not have a YAML parser.
    """
    settings = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("#", "---")):
            continue
        found = SETTING.match(line)
        if not found:
            return settings, f"line {number} is not a setting: {line.strip()[:60]}"
        value = found.group(2) or ""
        if value[:1] in ("'", '"') and (len(value) == 1 or value[-1] != value[0]):
            return settings, f"line {number} has a quote without its end: {line.strip()[:60]}"
        settings[found.group(1)] = value.strip("'\"")
    for name in ("root_dir", "log_dir", "pid_dir"):
        if not settings.get(name, "/").startswith("/"):
            return settings, f"{name} is not an absolute path: {settings[name]}"
    for name in ("max_revisions", "wait_between_runs"):
        if name in settings and not re.match(r"[1-9][0-9]*$", settings[name]):
            return settings, f"{name} is not a number above 0: {settings[name]}"
    return settings, "" if settings else "it is empty"


def pid_problem(text: str, command_of: dict[int, str]) -> str:
    """Why the content of a pid file is stale ("" = it is not). `command_of` are the processes."""
    number = text.strip()
    if not number.isdigit():
        return f"holds no process id: {number[:20]}"
    command = command_of.get(int(number))
    if command is None:
        return f"names process {number}, which does not exist"
    return "" if "codedeploy" in command else f"names process {number}, which is {command[:40]}"


def stale_commands(files: dict[str, float], agent: Service, now: float) -> list[str]:
    """Of the agent's files of commands at work, with their times, those that nobody works at.

    The agent removes them when a command ends. It reports those of its last life when it starts, younger
    than a day; what is still there and older than the agent is never removed.
    """
    return sorted(
        name
        for name, modified in files.items()
        if not agent.active or modified < agent.since - 1 or now - modified > DAY
    )


def old_revisions(groups: dict[str, dict[str, float]], kept: Iterable[str], limit: int) -> list[str]:
    """The paths of revisions, of each group the oldest, beyond `limit`. The ones in `kept` stay."""
    return [
        path
        for revisions in groups.values()
        for path in sorted(revisions, key=lambda path: revisions[path])[: max(0, len(revisions) - limit)]
        if path not in kept
    ]


def listeners(tables: Iterable[str], port: int) -> set[str]:
    """The inodes of the sockets that listen on a port, by /proc/net/tcp and tcp6."""
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {row[9] for row in rows if row[3] == LISTEN and int(row[1].rpartition(":")[2], 16) == port}


def wrong_mode(mode: int) -> bool:
    """Whether visitors can't read a file or folder, or everybody can write it."""
    needed = 0o005 if stat.S_ISDIR(mode) else 0o004
    return mode & needed != needed or bool(mode & 0o002)


def of_room(logs: dict[str, int], limit_mb: int, free: dict[str, int], free_percent: int) -> list[Finding]:
    """`logs` are bytes by path, `free` is percent by file system."""
    findings = []
    total = sum(logs.values()) // MEBIBYTE
    if total > limit_mb:
        largest = sorted(logs, key=lambda path: -logs[path])
        paths = tuple(path for path in largest if ROTATED.search(path) or logs[path] > MEBIBYTE)
        text = f"{total} MiB of logs, {limit_mb} are allowed; the largest is {largest[0]}"
        findings.append(
            Finding("logs_large", text, "rotated logs removed, others cut", "cut_logs", paths=paths)
        )
    for path, percent in free.items():
        if percent < free_percent:
            text = f"{percent} % of {path} are free, {free_percent} are needed"
            cure = f"see what fills it (du -xh --max-depth=2 {path} | sort -h), or give it a larger volume"
            findings.append(Finding("disk_full", text, cure))
    return findings


def of_system(swap: dict[str, Any], metadata: Metadata, clock: str, limit: int) -> list[Finding]:
    """`clock` is the service that keeps time, "" where there is none; `limit` is seconds."""
    findings = []
    if swap.get("changed"):
        cure = f"swap file of {swap['size_mb']} MiB made"
        findings.append(Finding("swap_missing", swap["reason"], cure, "make_swap"))
    if abs(metadata.ahead) > limit:
        ahead = "ahead" if metadata.ahead > 0 else "behind"
        text = f"the clock is {abs(metadata.ahead):.0f} seconds {ahead}"
        if clock:
            cure = f"{clock} restarted, which sets it"
            findings.append(Finding("clock_off", text, cure, "restart_service", service=clock))
        else:
            cure = "install chrony: nothing keeps the time"
            findings.append(Finding("clock_off", text, cure))
    return findings


def of_agent_files(
    agent: Service, config: str, pid: dict[str, str], commands: list[str], old: list[str]
) -> list[Finding]:
    """`config` is a problem ("" = none), `pid` the problem of a file by its path; the lists are paths."""
    findings = []
    if config:
        findings.append(Finding("agent_config_broken", config, "configuration written anew", "install_agent"))
    for path, problem in pid.items():
        cure = "file removed, agent restarted" if agent.active else "file removed"
        repair = "restart_service" if agent.active else "remove_files"
        text = f"{path} {problem}"
        findings.append(Finding("agent_pid_stale", text, cure, repair, (path,), "codedeploy-agent"))
    if commands:
        text = f"left of a dead deployment: {', '.join(commands)}"
        findings.append(Finding("agent_deployment_stale", text, "removed", "remove_files", tuple(commands)))
    if old:
        text = f"{len(old)} revisions more than are kept, such as {old[0]}"
        findings.append(Finding("agent_revisions_old", text, "removed", "remove_files", tuple(old)))
    return findings


def of_agent_package(agent: dict[str, Any], service: Service, *, program: bool) -> list[Finding]:
    """Whether the agent is there as a whole, and of the wanted version."""
    if not (agent.get("installed") if "installed" in agent else service.known or program):
        return [Finding("agent_not_installed", "there is no agent", "agent installed", "install_agent")]
    if not program:
        text = f"{PROGRAM} is gone, its package is not"
        return [Finding("agent_program_missing", text, "agent installed anew", "reinstall_agent")]
    installed, wanted = agent.get("installed_version"), agent.get("wanted_version")
    if installed != wanted:
        text = f"{installed} is installed, {wanted} is wanted"
        return [Finding("agent_wrong_version", text, f"version {wanted} installed", "install_agent")]
    return []


def of_agent_service(agent: dict[str, Any], service: Service, *, explained: bool) -> list[Finding]:
    """Whether the service lives. `explained`: other findings tell already why it does not poll."""
    findings, unit = [], "codedeploy-agent"
    if not service.enabled:
        text = f"{unit} does not start at boot"
        findings.append(Finding("agent_disabled", text, "enabled", "enable_service", service=unit))
    if not service.active:
        text = f"{unit} does not run"
        findings.append(Finding("agent_stopped", text, "started", "start_service", service=unit))
    elif agent.get("problem") and not explained:
        text = agent["problem"].replace("The CodeDeploy agent does not poll: ", "")
        findings.append(Finding("agent_not_polling", text, "restarted", "restart_service", service=unit))
    return findings


def of_nginx(service: Service, config: str, good: str, port: int, holders: list[str]) -> list[Finding]:
    """`config` is a problem ("" = none), `good` a copy that works, `holders` the programs on the port."""
    findings = []
    strangers = [holder for holder in holders if not holder.startswith("nginx ")]
    if config:
        cure = f"{good} put back" if good else "configuration written anew"
        repair = "restore_nginx" if good else "install_nginx"
        findings.append(
            Finding("nginx_config_broken", config, cure, repair, (good,) if good else (), "nginx")
        )
    if strangers:
        text = f"{', '.join(strangers)} listens on port {port}"
        cure = "end that program, or give it another port: it is not killed for you"
        findings.append(Finding("nginx_port_taken", text, cure))
    if not service.enabled:
        text = "nginx does not start at boot"
        findings.append(Finding("nginx_disabled", text, "enabled", "enable_service", service="nginx"))
    if not service.active:
        cure = "free the port first" if strangers else "started"
        repair = "" if strangers else "start_service"
        findings.append(Finding("nginx_stopped", "nginx does not run", cure, repair, service="nginx"))
    elif not any(holder.startswith("nginx ") for holder in holders):
        text = f"nginx runs and does not listen on port {port}"
        cure = "free the port first" if strangers else "restarted"
        repair = "" if strangers else "restart_service"
        findings.append(Finding("nginx_not_listening", text, cure, repair, service="nginx"))
    return findings


def report(before: list[dict[str, Any]], now: list[Finding], errors: dict[str, str]) -> list[dict[str, str]]:
    """The rows of a report: what was found before, if anybody looked, and what is found now."""
    rows = []
    left = {finding.fault for finding in now}
    for finding in before:
        if finding["fault"] not in left:
            text = f"{finding['found']}: {finding['cure'] if finding['repair'] else 'gone'}"
            rows.append({"fault": finding["fault"], "status": "repaired", "text": text})
    for finding in now:
        tried = finding.fault in {each["fault"] for each in before}
        status = "needs you" if not finding.repair else "left" if tried else "to do"
        text = f"{finding.found}: {errors.get(finding.fault, finding.cure)}"
        rows.append({"fault": finding.fault, "status": status, "text": text})
    return sorted(rows, key=lambda row: list(FAULTS).index(row["fault"]))


# Effects: the host, read.


def show(module: AnsibleModule, unit: str) -> Service:
    """What systemd knows of a service."""
    properties = "LoadState,ActiveState,UnitFileState,ActiveEnterTimestampMonotonic"
    _status, out, _error = module.run_command(["systemctl", "show", "--property", properties, unit])
    return service_of(out, time.time(), time.monotonic())


def clock_service(module: AnsibleModule) -> str:
    """The service that keeps the time, "" where there is none."""
    return next((unit for unit in CLOCKS if show(module, unit).known), "")


def metadata_of_instance() -> Metadata:
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


def way_to(host: str, port: int, name: str) -> list[Finding]:
    """Resolves a name and opens a connection. `name` is whose address it is."""
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        cure = "check the resolvers in /etc/resolv.conf and the VPC's DNS settings"
        return [Finding("dns_broken", f"{host} is not resolved: {error}", cure)]
    try:
        socket.create_connection((host, port), timeout=TIMEOUT).close()
    except OSError as error:
        text = f"{name} {host}:{port} does not answer: {error}"
        cure = "check routes, security groups, network ACLs, the proxy and /etc/hosts"
        return [Finding("endpoint_unreachable", text, cure)]
    return []


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
    return {
        str(path): path.stat().st_size
        for folder in folders
        for path in Path(folder).rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def free_percent(paths: Iterable[str]) -> dict[str, int]:
    """What is free of the file systems that paths are on, by the first path on each."""
    found = {}
    for path in paths:
        if Path(path).is_dir():
            statistics = os.statvfs(path)
            percent = 100 * statistics.f_bavail // max(1, statistics.f_blocks)
            found.setdefault(Path(path).stat().st_dev, (path, percent))
    return dict(found.values())


def revisions(root: Path) -> tuple[dict[str, dict[str, float]], set[str]]:
    """The revisions of each group with their times, and those that the agent needs again."""
    groups = {
        str(group): {str(path): path.stat().st_mtime for path in group.glob("d-*") if path.is_dir()}
        for group in root.glob("*")
        if group.is_dir() and group.name not in NO_REVISIONS
    }
    kept = {path.read_text().strip() for path in root.glob("deployment-instructions/*_install")}
    return groups, kept


def document_root(path: Path) -> list[Finding]:
    """Whether there is a document root that visitors can read and not everybody can write."""
    if not path.is_dir():
        cure = "folder made; the site comes back with a deployment (-e pipeline_deployment_force=true)"
        return [Finding("root_missing", f"{path} is missing", cure, "make_folder", (str(path),))]
    wrong = [
        each for each in (path, *path.rglob("*")) if not each.is_symlink() and wrong_mode(each.stat().st_mode)
    ]
    if not wrong:
        return []
    first = wrong[0].stat()
    owner = pwd.getpwuid(first.st_uid).pw_name if known_user(first.st_uid) else first.st_uid
    text = f"{len(wrong)} with wrong modes, such as {wrong[0]} ({owner}, {stat.S_IMODE(first.st_mode):04o})"
    return [Finding("root_modes_wrong", text, "set to u=rwX,go=rX", "set_modes", (str(path),))]


def known_user(uid: int) -> bool:
    """Whether a user of this id exists."""
    return uid in {entry.pw_uid for entry in pwd.getpwall()}


def look_at_system(
    given: dict[str, Any], settings: dict[str, str], metadata: Metadata, clock: str
) -> list[Finding]:
    """Room, clock, swap, and the way to AWS."""
    logs = sizes(dict.fromkeys(given["log_folders"]))
    found = of_room(logs, given["log_limit_mb"], free_percent(["/", "/var/log"]), given["disk_free_percent"])
    found += of_system(given["swap"], metadata, clock, given["clock_limit"])
    if given["proxy"]:
        host, _, port = given["proxy"].rpartition("://")[2].rstrip("/").rpartition("@")[2].partition(":")
        found += way_to(host, int(port or 80), "the proxy")
    elif given["region"]:
        region = given["region"]
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        secure = "-secure" if settings.get("enable_auth_policy") == "true" else ""
        host = f"codedeploy-commands{secure}.{region}.{suffix}"
        endpoint = settings.get("deploy_control_endpoint", "").rpartition("://")[2].rstrip("/")
        found += way_to(endpoint or host, 443, "CodeDeploy's endpoint")
    if not found and given["agent"] and "installed" not in given["agent"]:
        cure = "check the region, and the way to its bucket"
        found.append(Finding("endpoint_unreachable", given["agent"]["msg"], cure))
    return found


def credentials(metadata: Metadata, settings: dict[str, str]) -> list[Finding]:
    """Whether the host has a role, or is registered as an on-premises instance."""
    default = "/etc/codedeploy-agent/conf/codedeploy.onpremises.yml"
    if metadata.role or Path(settings.get("on_premises_config_file", default)).exists():
        return []
    text = metadata.problem or "the instance has no instance profile"
    cure = "attach the instance profile (playbooks/provision-ec2.yml says which), then run this again"
    return [Finding("agent_credentials_missing", text, cure)]


def look_at_agent(
    module: AnsibleModule, settings: dict[str, str], config: str, explained: bool
) -> list[Finding]:
    """Package, files and service of the agent."""
    agent, service = module.params["agent"], show(module, "codedeploy-agent")
    found = of_agent_package(agent, service, program=os.access(PROGRAM, os.X_OK))
    root = Path(settings.get("root_dir", "/opt/codedeploy-agent/deployment-root"))
    folder = Path(settings.get("pid_dir", "/opt/codedeploy-agent/state/.pid/"))
    pid_file = folder / (settings.get("program_name", "codedeploy-agent") + ".pid")
    pid = pid_problem(pid_file.read_text(errors="replace"), processes()) if pid_file.is_file() else ""
    commands = {str(path): path.stat().st_mtime for path in root.glob("ongoing-deployment/*")}
    if any(finding.fault in ("agent_not_installed", "agent_program_missing") for finding in found):
        return found
    found += of_agent_files(
        service,
        config,
        {str(pid_file): pid} if pid else {},
        stale_commands(commands, service, time.time()),
        old_revisions(*revisions(root), int(settings.get("max_revisions", "5")) if not config else 5),
    )
    return found + of_agent_service(agent, service, explained=explained or bool(config))


def look_at_nginx(module: AnsibleModule) -> list[Finding]:
    """Program, configuration, port and service of nginx, and the document root."""
    port, root = module.params["port"], document_root(Path(module.params["document_root"]))
    program = shutil.which("nginx", path=PATH)
    if not program:
        return [
            Finding("nginx_not_installed", "there is no nginx", "nginx installed", "install_nginx"),
            *root,
        ]
    good = module.params["nginx_good_config"]
    problem = nginx_problem(module, program, "/etc/nginx/nginx.conf")
    if problem and (not Path(good).is_file() or nginx_problem(module, program, good)):
        good = ""
    return of_nginx(show(module, "nginx"), problem, good, port, holders_of(port)) + root


def nginx_problem(module: AnsibleModule, program: str, config: str) -> str:
    """Why nginx does not take a configuration ("" = it does)."""
    status, _out, error = module.run_command([program, "-t", "-q", "-c", config])
    problem = (error.strip().splitlines() or ["nginx -t fails"])[0] if status else ""
    return STAMP.sub("", problem)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "agent": {"type": "dict", "default": {}},
            "swap": {"type": "dict", "default": {}},
            "before": {"type": "list", "elements": "dict", "default": []},
            "errors": {"type": "dict", "default": {}},
            "only": {"type": "list", "elements": "str", "default": []},
            "skip": {"type": "list", "elements": "str", "default": []},
            "region": {"type": "str", "default": ""},
            "proxy": {"type": "str", "default": ""},
            "agent_config_file": {
                "type": "path",
                "default": "/etc/codedeploy-agent/conf/codedeployagent.yml",
            },
            "nginx_good_config": {"type": "path", "default": "/etc/nginx/nginx.conf.good"},
            "document_root": {"type": "path", "default": "/usr/share/nginx/html"},
            "port": {"type": "int", "default": 80},
            "log_folders": {
                "type": "list",
                "elements": "path",
                "default": [
                    "/var/log/nginx",
                    "/var/log/aws/codedeploy-agent",
                    "/opt/codedeploy-agent/deployment-root/deployment-logs",
                ],
            },
            "log_limit_mb": {"type": "int", "default": 1024},
            "disk_free_percent": {"type": "int", "default": 5},
            "clock_limit": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    given = module.params
    only = [name for name in given["only"] if name != "all"]
    if unknown(only):
        names = ", ".join([*dict.fromkeys(FAULTS.values()), *FAULTS])
        module.fail_json(msg=f"{', '.join(unknown(only))} is no known fault; known are {names}")
    path = Path(given["agent_config_file"])
    settings, config = (
        agent_settings(path.read_text(errors="replace")) if path.is_file() else ({}, "is missing")
    )
    metadata = metadata_of_instance()
    found = look_at_system(given, settings, metadata, clock_service(module))
    network = any(finding.fault in ("dns_broken", "endpoint_unreachable") for finding in found)
    missing = credentials(metadata, settings)
    found += missing
    found += look_at_agent(
        module, settings, f"{path} {config}" if config else "", explained=network or bool(missing)
    )
    found += look_at_nginx(module)
    findings = selected(found, only, given["skip"])
    module.exit_json(
        changed=False,
        findings=[asdict(finding) for finding in findings],
        rows=report(given["before"], findings, given["errors"]),
    )


if __name__ == "__main__":
    main()
