# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Says what is wrong, from what was seen, and what repairs it: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .certificate import of_certificate
from .finding import Finding
from .parse import is_closed_log
from .site import of_site

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .seen import Agent, Metadata, Seen, Service, Wanted, Way

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
    "nginx_user_missing": "nginx",
    "nginx_files_missing": "nginx",
    "nginx_folders_wrong": "nginx",
    "nginx_certificate_missing": "nginx",
    "certificate_timer_stopped": "nginx",
    "certificate_invalid": "nginx",
    "certificate_renewal_failed": "nginx",
    "certificate_ending": "nginx",
    "nginx_config_broken": "nginx",
    "nginx_port_taken": "nginx",
    "nginx_disabled": "nginx",
    "nginx_stopped": "nginx",
    "nginx_not_listening": "nginx",
    "root_missing": "nginx",
    "root_closed": "nginx",
    "root_modes_wrong": "nginx",
    "page_missing": "nginx",
    "page_wrong": "nginx",
    "page_unreachable": "nginx",
}
"""Every fault and its area, in the order of repair."""

PROGRAM = "/opt/codedeploy-agent/bin/codedeploy-agent"
DAY = 86400
MEBIBYTE = 1024 * 1024
UNKNOWN = "the state of the agent is not known"
NO_WAY = ("dns_broken", "endpoint_unreachable")
NO_AGENT = ("agent_not_installed", "agent_program_missing")


def judge(wanted: Wanted, seen: Seen) -> list[Finding]:
    """Every fault of a host."""
    system = of_room(seen.logs, wanted.log_limit_mb, seen.free, wanted.disk_free_percent)
    system += of_system(wanted.swap, seen.metadata, seen.clock, wanted.clock_limit)
    system += of_way(seen.way)
    if not (system or seen.metadata.problem) and wanted.agent and "installed" not in wanted.agent:
        cure = "check the region, and the way to its bucket"
        system.append(Finding("endpoint_unreachable", str(wanted.agent.get("msg", UNKNOWN)), cure))
    system += of_credentials(seen.metadata, on_premises=seen.agent.on_premises)
    unreached = any(finding.fault in (*NO_WAY, "agent_credentials_missing") for finding in system)
    return [
        *system,
        *of_agent(wanted, seen, explained=unreached),
        *of_certificate(seen.certificate),
        *of_site(wanted, seen),
    ]


def of_room(
    logs: Mapping[str, int], limit_mb: int, free: Mapping[str, int], free_percent: int
) -> list[Finding]:
    """`logs` are bytes by path, `free` is percent by file system."""
    findings = []
    total = sum(logs.values()) // MEBIBYTE
    if logs and total > limit_mb:
        largest = sorted(logs, key=lambda path: -logs[path])
        paths = tuple(path for path in largest if is_closed_log(path) or logs[path] > MEBIBYTE)
        text = f"{total} MiB of logs, {limit_mb} are allowed; the largest is {largest[0]}"
        findings.append(
            Finding("logs_large", text, "closed logs removed, others cut", "cut_logs", paths=paths)
        )
    for path, percent in free.items():
        if percent < free_percent:
            text = f"{percent} % of {path} are free, {free_percent} are needed"
            cure = f"see what fills it (du -xh --max-depth=2 {path} | sort -h), or give it a larger volume"
            findings.append(Finding("disk_full", text, cure))
    return findings


def of_system(swap: Mapping[str, Any], metadata: Metadata, clock: str, limit: int) -> list[Finding]:
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


def of_way(way: Way | None) -> list[Finding]:
    """Whether CodeDeploy, or the proxy to it, is found and answers."""
    if way and way.unresolved:
        cure = "check the resolvers in /etc/resolv.conf and the VPC's DNS settings"
        return [Finding("dns_broken", f"{way.host} is not resolved: {way.unresolved}", cure)]
    if way and way.unanswered:
        text = f"{way.owner} {way.host}:{way.port} does not answer: {way.unanswered}"
        cure = "check routes, security groups, network ACLs, the proxy and /etc/hosts"
        return [Finding("endpoint_unreachable", text, cure)]
    return []


def of_credentials(metadata: Metadata, *, on_premises: bool) -> list[Finding]:
    """Whether the host has a role, or is registered as an on-premises instance."""
    if metadata.role or on_premises:
        return []
    text = metadata.problem or "the instance has no instance profile"
    cure = "attach the instance profile (playbooks/provision-ec2.yml says which), then run this again"
    return [Finding("agent_credentials_missing", text, cure)]


def of_agent(wanted: Wanted, seen: Seen, *, explained: bool) -> list[Finding]:
    """Package, files and service of the agent. `explained`: it is known already why it does not poll."""
    agent = seen.agent
    found = of_agent_package(wanted.agent, agent.service, program=agent.program)
    if any(finding.fault in NO_AGENT for finding in found):
        return found
    config = f"{wanted.agent_config_file} {agent.config_problem}" if agent.config_problem else ""
    limit = int(agent.settings.get("max_revisions", "5")) if not config else 5
    found += of_agent_files(
        agent.service,
        config,
        pid_files(agent, seen.processes),
        stale_commands(agent.commands, agent.service, seen.now),
        old_revisions(agent.revisions, agent.kept, limit),
    )
    return found + of_agent_service(wanted.agent, agent.service, explained=explained or bool(config))


def of_agent_package(agent: Mapping[str, Any], service: Service, *, program: bool) -> list[Finding]:
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


def pid_files(agent: Agent, command_of: Mapping[int, str]) -> dict[str, str]:
    """The problems of the pid file, by its path."""
    problem = "" if agent.pid is None else pid_problem(agent.pid, command_of)
    return {agent.pid_file: problem} if problem else {}


def pid_problem(text: str, command_of: Mapping[int, str]) -> str:
    """Why the content of a pid file is stale ("" = it is not). `command_of` are the processes."""
    number = text.strip()
    if not number.isdigit():
        return f"holds no process id: {number[:20]}"
    command = command_of.get(int(number))
    if command is None:
        return f"names process {number}, which does not exist"
    return "" if "codedeploy" in command else f"names process {number}, which is {command[:40]}"


def stale_commands(files: Mapping[str, float], agent: Service, now: float) -> list[str]:
    """Of the agent's files of commands at work, with their times, those that nobody works at.

    The agent removes them when a command ends. It reports those of its last life when it starts, younger
    than a day; what is still there and older than the agent is never removed.
    """
    return sorted(
        name
        for name, modified in files.items()
        if not agent.active or modified < agent.since - 1 or now - modified > DAY
    )


def old_revisions(groups: Mapping[str, Mapping[str, float]], kept: Iterable[str], limit: int) -> list[str]:
    """The paths of revisions, of each group the oldest, beyond `limit`. The ones in `kept` stay."""
    return [
        path
        for revisions in groups.values()
        for path in sorted(revisions, key=lambda path: revisions[path])[: max(0, len(revisions) - limit)]
        if path not in kept
    ]


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


def of_agent_service(agent: Mapping[str, Any], service: Service, *, explained: bool) -> list[Finding]:
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


def unknown(names: list[str]) -> list[str]:
    """What is neither a fault nor an area among the names."""
    return [name for name in names if name not in FAULTS and name not in FAULTS.values()]


def selected(findings: Iterable[Finding], only: list[str], skip: list[str]) -> list[Finding]:
    """The findings that were asked for, in the order of repair."""
    order = list(FAULTS)

    def asked(finding: Finding) -> bool:
        names = {finding.fault, FAULTS[finding.fault]}
        return (not only or bool(names & set(only))) and not names & set(skip)

    return sorted(filter(asked, findings), key=lambda finding: order.index(finding.fault))


def report(before: list[dict[str, Any]], now: list[Finding], errors: dict[str, str]) -> list[dict[str, str]]:
    """The rows of a report: what was found before, if anybody looked, and what is found now."""
    rows = []
    left = {finding.fault for finding in now}
    for earlier in before:
        if earlier["fault"] not in left:
            text = f"{earlier['found']}: {earlier['cure'] if earlier['repair'] else 'gone'}"
            rows.append({"fault": earlier["fault"], "status": "repaired", "text": text})
    for finding in now:
        tried = finding.fault in {each["fault"] for each in before}
        status = "needs you" if not finding.repair else "left" if tried else "to do"
        text = f"{finding.found}: {errors.get(finding.fault, finding.cure)}"
        rows.append({"fault": finding.fault, "status": status, "text": text})
    return sorted(rows, key=lambda row: list(FAULTS).index(row["fault"]))
