# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Longer than 300 lines: one list of small findings of one kind, each judged like the next.
"""Says what stands between the page and its visitors, from what was seen: pure."""

from __future__ import annotations

import stat
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from .finding import Finding
from .seen import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .seen import Entry, Needs, Nginx, Seen, Service, Wanted

NOT_SEEN = ("nginx_disabled", "nginx_folders_wrong")
"""What no visitor meets."""
SEARCH = 0o1
REDEPLOY = "ansible-playbook playbooks/deploy-site.yml -e pipeline_deployment_force=true brings it"


def of_site(wanted: Wanted, seen: Seen) -> list[Finding]:
    """Nginx, the document root, and the page where nothing else explains what visitors meet."""
    findings = [
        *of_nginx(wanted.nginx_good_config, wanted.port, seen.nginx, seen.places),
        *of_root(seen.root),
        *of_way_to_page(wanted.document_root, seen.way_to_page, seen.nginx.needs, seen.places),
    ]
    if all(finding.fault in NOT_SEEN for finding in findings):
        findings += of_visits(wanted, seen.visit)
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


def of_root(entries: Sequence[Entry]) -> list[Finding]:
    """Whether what visitors get can be read by all, and not be written by everybody; first comes the root."""
    wrong = [entry for entry in entries if wrong_mode(entry.mode)]
    if not wrong:
        return []
    first = f"{wrong[0].path} ({wrong[0].owner}, {stat.S_IMODE(wrong[0].mode):04o})"
    text = f"{len(wrong)} with wrong modes, such as {first}"
    return [Finding("root_modes_wrong", text, "set to u=rwX,go=rX", "set_modes", (entries[0].path,))]


def of_way_to_page(
    root: str, way: Iterable[str], needs: Needs | None, places: Mapping[str, Entry]
) -> list[Finding]:
    """Whether there is a page in the document root, and nginx's workers get there."""
    findings = []
    why = misfit(root, places, folder=True)
    if why == "is missing":
        findings.append(Finding("root_missing", f"{root} {why}", "folder made", "make_folder", (root,)))
    elif why == "is a link to nowhere":
        findings.append(Finding("root_missing", f"{root} {why}", REDEPLOY, paths=(root,)))
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
