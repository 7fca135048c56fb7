# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Says what is wrong, from what was seen, and what repairs it: pure."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ansible.module_utils.host_faults.parse import is_closed_log
from ansible.module_utils.host_faults.seen import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ansible.module_utils.host_faults.seen import (
        Agent,
        Entry,
        Metadata,
        Needs,
        Nginx,
        Seen,
        Service,
        Wanted,
        Way,
    )

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
NO_WAY = ("dns_broken", "endpoint_unreachable")
NO_AGENT = ("agent_not_installed", "agent_program_missing")
NOT_SEEN = ("nginx_disabled", "nginx_folders_wrong")
"""What no visitor meets."""
SEARCH = 0o1
REDEPLOY = "ansible-playbook playbooks/deploy-site.yml -e pipeline_deployment_force=true brings it"


@dataclass(frozen=True)
class Finding:
    """A fault that a host has. `repair` names the tasks that do what `cure` says; "" = somebody must."""

    fault: str
    found: str
    cure: str
    repair: str = ""
    paths: tuple[str, ...] = ()
    service: str = ""
    user: str = ""
    reload: bool = False  # nginx takes it up only when it reads its configuration again


def judge(wanted: Wanted, seen: Seen) -> list[Finding]:
    """Every fault of a host."""
    system = of_room(seen.logs, wanted.log_limit_mb, seen.free, wanted.disk_free_percent)
    system += of_system(wanted.swap, seen.metadata, seen.clock, wanted.clock_limit)
    system += of_way(seen.way)
    if not system and wanted.agent and "installed" not in wanted.agent:
        cure = "check the region, and the way to its bucket"
        system.append(Finding("endpoint_unreachable", wanted.agent["msg"], cure))
    system += of_credentials(seen.metadata, on_premises=seen.agent.on_premises)
    unreached = any(finding.fault in (*NO_WAY, "agent_credentials_missing") for finding in system)
    site = [
        *of_nginx(wanted.nginx_good_config, wanted.port, seen.nginx, seen.places),
        *of_root(wanted.document_root, seen.root),
        *of_way_to_page(wanted.document_root, seen.way_to_page, seen.nginx.needs, seen.places),
    ]
    if all(finding.fault in NOT_SEEN for finding in site):
        site += of_visits(wanted, seen.visit)
    return [*system, *of_agent(wanted, seen, explained=unreached), *site]


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


def of_nginx(good_config: str, port: int, nginx: Nginx, places: Mapping[str, Entry]) -> list[Finding]:
    """Program, configuration and all that it needs, port and service of nginx."""
    if not nginx.program and nginx.package:
        text = f"the program nginx is gone, its package {nginx.package} is not"
        cure, repair = f"{nginx.package} installed anew", "reinstall_files"
        return [Finding("nginx_files_missing", text, cure, repair, ("/usr/sbin/nginx",), reload=True)]
    if not nginx.program or not nginx.needs:
        return [Finding("nginx_not_installed", "there is no nginx", "nginx installed", "install_nginx")]
    good = good_config if nginx.good_problem == "" else ""
    found = of_needs(nginx.needs, places, nginx.service)
    found += of_nginx_config(nginx.config_problem, good, nginx.service)
    return [*found, *of_nginx_service(nginx.service, port, nginx.holders, unstartable(found))]


def unstartable(found: Iterable[Finding]) -> str:
    """The fault that keeps nginx from starting and is not repaired here, "" = none."""
    return next((finding.fault for finding in found if not finding.repair), "")


def outlook(nginx: Service) -> str:
    """What nginx does when it can't take its configuration."""
    if nginx.active:
        return "nginx goes on as it is, but takes no other configuration and does not start again"
    return "nginx does not start"


def of_needs(needs: Needs, places: Mapping[str, Entry], nginx: Service) -> list[Finding]:
    """Whether there is all that nginx needs to take its configuration."""
    return [
        *of_nginx_user(needs, nginx),
        *of_nginx_files(needs, places, nginx),
        *of_nginx_folders(needs, places, nginx),
        *of_certificates(needs, places, nginx),
    ]


def of_nginx_user(needs: Needs, nginx: Service) -> list[Finding]:
    """Whether there is the user that nginx runs as."""
    if needs.uid is not None and needs.gids is not None:
        return []
    missing = f"user {needs.user}" if needs.uid is None else f"group {needs.group}"
    text = f"there is no {missing}: {outlook(nginx)}"
    return [
        Finding(
            "nginx_user_missing",
            text,
            f"{missing} made",
            "make_user",
            paths=(needs.group,),
            user=needs.user,
            reload=True,
        )
    ]


def of_nginx_files(needs: Needs, places: Mapping[str, Entry], nginx: Service) -> list[Finding]:
    """Whether the files that the configuration includes are there, and have something in them."""
    wrong = {path: why for path in needs.files if (why := misfit(path, places, folder=False))}
    findings = []
    empty = [path for path in wrong if wrong[path] == "is empty"]
    gone = [path for path in wrong if path not in empty]
    effects = ((gone, outlook(nginx)), (empty, "nginx does without what it says, such as the types of files"))
    for paths, effect in effects:
        owners = {needs.packages.get(path, "") for path in paths}
        text = f"{told(paths, wrong)}: {effect}"
        if paths and all(owners):
            cure, repair = f"{', '.join(sorted(owners))} installed anew", "reinstall_files"
            findings.append(Finding("nginx_files_missing", text, cure, repair, tuple(paths), reload=True))
        elif paths:
            cure = "bring it back: no package has it, and nginx's last good configuration includes it"
            findings.append(Finding("nginx_files_missing", text, cure))
    return findings


def of_nginx_folders(needs: Needs, places: Mapping[str, Entry], nginx: Service) -> list[Finding]:
    """Whether there are the folders that nginx writes into, and its workers get there."""
    wrong: dict[str, str] = {}
    made: list[str] = []
    for path in (*needs.folders, *needs.temporary):
        step, why = obstacle(path, needs, places)
        if why:
            wrong[step] = why
            # Nginx makes the last part of these itself, with the owner that it needs.
            end = str(PurePosixPath(path).parent) if path in needs.temporary else path
            made += [step] if why.startswith("is closed") else [end] if step != path or end == path else []
    if not wrong:
        return []
    odd = [path for path in wrong if wrong[path] in ("is no folder", "is a link to nowhere")]
    if odd:
        text = f"{told(odd, wrong)}: {outlook(nginx)}"
        cure = "move it away, then run this again"
        return [Finding("nginx_folders_wrong", text, cure, paths=tuple(odd))]
    missing = any(wrong[path] == "is missing" and path not in needs.temporary for path in wrong)
    effect = outlook(nginx) if missing else "nginx's workers can't write there"
    text, paths = f"{told(list(wrong), wrong)}: {effect}", tuple(dict.fromkeys(made))
    return [Finding("nginx_folders_wrong", text, "made, or opened", "make_folders", paths, reload=True)]


def obstacle(path: str, needs: Needs, places: Mapping[str, Entry]) -> tuple[str, str]:
    """The first thing on the way to a folder that is wrong, and why; "" = nothing."""
    for step in steps(path):
        why = misfit(step, places, folder=True)
        # The last part of these is the workers' own: nginx gives it to them.
        if not why and step not in needs.temporary:
            why = closed(step, needs, places)
        if why:
            return step, why
    return path, ""


def of_certificates(needs: Needs, places: Mapping[str, Entry], nginx: Service) -> list[Finding]:
    """Whether there are the certificate and its key, where TLS is set."""
    wrong = {path: why for path in needs.certificates if (why := misfit(path, places, folder=False))}
    if not wrong:
        return []
    text = f"{told(list(wrong), wrong)}: {outlook(nginx)}"
    cure = "bring it back (nginx_tls_certificate, nginx_tls_certificate_key), then run this again"
    return [Finding("nginx_certificate_missing", text, cure)]


def told(paths: Sequence[str], wrong: Mapping[str, str]) -> str:
    """Paths and what is wrong with each."""
    return ", ".join(f"{path} {wrong[path]}" for path in paths)


def misfit(path: str, places: Mapping[str, Entry], *, folder: bool) -> str:
    """Why something is not the folder or the file that it should be, "" = it is."""
    entry = places.get(path)
    if entry is None:
        return "is missing"
    if stat.S_ISLNK(entry.mode):
        return "is a link to nowhere"
    if folder:
        return "" if stat.S_ISDIR(entry.mode) else "is no folder"
    if not stat.S_ISREG(entry.mode):
        return "is no file"
    return "" if entry.size else "is empty"


def closed(path: str, needs: Needs | None, places: Mapping[str, Entry]) -> str:
    """Why nginx's workers can't go through a folder, "" = they can, or nobody knows who they are."""
    entry = places.get(path)
    if not needs or needs.uid is None or needs.gids is None or not entry or not stat.S_ISDIR(entry.mode):
        return ""
    shift = 6 if entry.uid == needs.uid else 3 if entry.gid in needs.gids else 0
    if needs.uid == 0 or entry.mode >> shift & SEARCH:
        return ""
    return f"is closed to {needs.user} ({entry.owner}, {stat.S_IMODE(entry.mode):04o})"


def steps(path: str) -> list[str]:
    """The folders on the way to a path, from the first one on, and the path."""
    way = PurePosixPath(path)
    return [str(each) for each in (*reversed(way.parents), way)]


def of_nginx_config(problem: str, good: str, nginx: Service) -> list[Finding]:
    """`good` is a copy that works, "" = there is none."""
    if not problem:
        return []
    cure = f"{good} put back" if good else "configuration written anew"
    repair = "restore_nginx" if good else "install_nginx"
    paths = (good,) if good else ()
    text = f"{problem}: {outlook(nginx)}"
    return [Finding("nginx_config_broken", text, cure, repair, paths, "nginx", reload=bool(good))]


def of_nginx_service(
    service: Service, port: int, holders: Iterable[str], unstartable: str = ""
) -> list[Finding]:
    """`holders` are the programs on the port, such as "nginx (pid 7)"; `unstartable` comes first."""
    findings = []
    strangers = [holder for holder in holders if not holder.startswith("nginx ")]
    first = "free the port first" if strangers else f"mend {unstartable} first" if unstartable else ""
    if strangers:
        text = f"{', '.join(strangers)} listens on port {port}"
        cure = "end that program, or give it another port: it is not killed for you"
        findings.append(Finding("nginx_port_taken", text, cure))
    if not service.enabled:
        text = "nginx does not start at boot"
        findings.append(Finding("nginx_disabled", text, "enabled", "enable_service", service="nginx"))
    if not service.active:
        repair = "" if first else "start_service"
        found = "nginx does not run"
        findings.append(Finding("nginx_stopped", found, first or "started", repair, service="nginx"))
    elif not any(holder.startswith("nginx ") for holder in holders):
        text = f"nginx runs and does not listen on port {port}"
        repair = "" if first else "restart_service"
        findings.append(Finding("nginx_not_listening", text, first or "restarted", repair, service="nginx"))
    return findings


def of_root(path: str, entries: Sequence[Entry]) -> list[Finding]:
    """Whether what visitors get can be read by all, and not be written by everybody."""
    wrong = [entry for entry in entries if wrong_mode(entry.mode)]
    if not wrong:
        return []
    first = f"{wrong[0].path} ({wrong[0].owner}, {stat.S_IMODE(wrong[0].mode):04o})"
    text = f"{len(wrong)} with wrong modes, such as {first}"
    return [Finding("root_modes_wrong", text, "set to u=rwX,go=rX", "set_modes", (path,))]


def of_way_to_page(
    root: str, way: Iterable[str], needs: Needs | None, places: Mapping[str, Entry]
) -> list[Finding]:
    """Whether there is a page in the document root, and nginx's workers get there."""
    findings = []
    why = misfit(root, places, folder=True)
    if why == "is missing":
        findings.append(Finding("root_missing", f"{root} {why}", "folder made", "make_folder", (root,)))
    elif why:
        cure = "move it away, then run this again"
        findings.append(Finding("root_missing", f"{root} {why}", cure, paths=(root,)))
    shut = {path: reason for path in way if (reason := closed(path, needs, places))}
    private = [path for path in shut if is_private(path)]
    if private:
        cure = "set nginx_document_root to a folder that is in nobody's home: a home is not opened for you"
        findings.append(Finding("root_closed", told(private, shut), cure, paths=tuple(private)))
    elif shut:
        text = f"{told(list(shut), shut)}: visitors get 403 or 404"
        findings.append(Finding("root_closed", text, "opened (o+x)", "open_folders", tuple(shut)))
    page = f"{root}/index.html"
    why = misfit(page, places, folder=False)
    if why:
        findings.append(Finding("page_missing", f"{page} {why}", REDEPLOY, paths=(page,)))
    return findings


def is_private(path: str) -> bool:
    """Whether a folder is somebody's home."""
    return path == "/root" or PurePosixPath(path).parent == PurePosixPath("/home")


def visit_problem(visit: Visit) -> str:
    """What a visitor meets instead of the page, "" = the page."""
    if visit.unanswered:
        return f"{visit.url} does not answer ({visit.unanswered})"
    if visit.status != HTTPStatus.OK:
        return f"{visit.url} answers {visit.status}"
    return f"{visit.url} answers {visit.problem}" if visit.problem else ""


def of_visits(wanted: Wanted, here: Visit | None) -> list[Finding]:
    """What visitors meet, on the host and from outside, where nothing explains it."""
    problem = visit_problem(here) if here else ""
    if here and problem:
        text = f"{problem}; nginx says: {here.log}" if here.log else problem
        cure = (
            f"{REDEPLOY} where another page is there; else see ACLs (getfacl) and, where SELinux enforces,"
            f" the label of {wanted.document_root} (restorecon -RFv) and ausearch -m avc"
        )
        return [Finding("page_wrong", text, cure)]
    outside = Visit(**wanted.visit) if wanted.visit else None
    problem = visit_problem(outside) if outside else ""
    if not problem:
        return []
    text = f"{problem} to the machine that runs this; on the host all is well"
    cure = (
        "check the Elastic IP's association, security group, network ACL and routes"
        " (playbooks/provision-ec2.yml), and a firewall on the host (nft list ruleset)"
    )
    return [Finding("page_unreachable", text, cure)]


def wrong_mode(mode: int) -> bool:
    """Whether visitors can't read a file or folder, or everybody can write it."""
    needed = 0o005 if stat.S_ISDIR(mode) else 0o004
    return mode & needed != needed or bool(mode & 0o002)


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
