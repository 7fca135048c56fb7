#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: codedeploy_agent_info
version_added: "0.2.0"
short_description: What is known of the CodeDeploy agent on a host
description:
  - Tells which version is installed and which one is wanted, whether the service runs, and whether the
    agent polls.
  - An agent 1.8 polls when the last outcome in its log is a good one, or when a request has been unanswered
    for a while. An agent 2 notes only what fails, so it polls when nothing has failed for a while.
  - Changes nothing.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  region:
    description: The AWS region. Empty asks the instance metadata.
    type: str
    default: ""
  major:
    description: The generation to look for, 1 (Ruby) or 2.
    type: int
    choices: [1, 2]
    default: 1
  version:
    description: V(latest) of the generation, or a version as in the package's name.
    type: str
    default: latest
  package_type:
    description: The system's kind of package.
    type: str
    choices: [rpm, deb]
    required: true
  proxy:
    description: A proxy to reach the bucket through. Empty is none.
    type: str
    default: ""
  on_premises:
    description: Whether the host is no EC2 instance, so that no instance metadata is asked.
    type: bool
    default: false
  config_file:
    description: The agent's configuration.
    type: path
    default: /etc/codedeploy-agent/conf/codedeployagent.yml
  log_file:
    description: The agent's log.
    type: path
    default: /var/log/aws/codedeploy-agent/codedeploy-agent.log
  wait:
    description: Seconds to wait until the agent polls.
    type: int
    default: 0
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
"""

EXAMPLES = r"""
- name: Get the state of the agent
  codedeploy.pipeline.codedeploy_agent_info:
    package_type: rpm
  register: agent
"""

RETURN = r"""
region:
  description: The AWS region.
  type: str
  returned: always
instance_profile:
  description: The ARN of the instance profile, empty where there is none.
  type: str
  returned: always
bucket_url:
  description: The URL of the region's bucket of agents.
  type: str
  returned: always
installed:
  description: Whether an agent is installed.
  type: bool
  returned: always
installed_version:
  description: The installed version and release, empty where none is.
  type: str
  returned: always
wanted_version:
  description: The version and release to install.
  type: str
  returned: always
package:
  description: The key of the wanted version's package in the bucket.
  type: str
  returned: always
installed_package:
  description: The key of the installed version's package in the bucket, empty where none is installed.
  type: str
  returned: always
config_checksum:
  description: The SHA-1 of O(config_file); empty where it is no file of root's with the mode 0644.
  type: str
  returned: always
active:
  description: Whether the service runs.
  type: bool
  returned: always
enabled:
  description: Whether the service starts at boot.
  type: bool
  returned: always
polling:
  description: Whether the agent polls for deployments.
  type: bool
  returned: always
problem:
  description: Why it does not poll, and what to do; empty where it does.
  type: str
  returned: always
"""

import calendar
import collections
import json
import os
import platform
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.error import HTTPError
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.codedeploy.endpoints import bucket_url, commands_host
from ..module_utils.files.current import root_checksum

if TYPE_CHECKING:
    from collections.abc import Mapping

ARGUMENT_SPEC = {
    "region": {"type": "str", "default": ""},
    "major": {"type": "int", "choices": [1, 2], "default": 1},
    "version": {"type": "str", "default": "latest"},
    "package_type": {"type": "str", "choices": ["rpm", "deb"], "required": True},
    "proxy": {"type": "str", "default": ""},
    "on_premises": {"type": "bool", "default": False},
    "config_file": {"type": "path", "default": "/etc/codedeploy-agent/conf/codedeployagent.yml"},
    "log_file": {"type": "path", "default": "/var/log/aws/codedeploy-agent/codedeploy-agent.log"},
    "wait": {"type": "int", "default": 0},
}
METADATA = "http://169.254.169.254/latest"
NAMES = {"rpm": "codedeploy-agent-{}.{}.rpm", "deb": "codedeploy-agent_{}_{}.deb"}
DEBIAN_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
QUERIES = {
    "rpm": ["rpm", "--query", "--queryformat", "%{VERSION}-%{RELEASE}", "codedeploy-agent"],
    "deb": ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Version}", "codedeploy-agent"],
}
STALE_SECONDS = 180
"""An agent 1.8 that polls writes a line at least once a minute. One of either generation that does not
writes an error in less: 90 seconds between attempts, 80 for an answer."""
UNANSWERED_SECONDS = 2
"""A refused request is answered sooner; a poll is held open by the service."""
POLLS_FROM_HERE = "host command poll loop"
LINES = 400
HINT = "Check the instance profile, and that the host reaches https://{host}"


@dataclass(frozen=True)
class Service:
    """The service as systemd has it; `since` is when it started, in seconds since the epoch."""

    active: bool
    enabled: bool
    since: float


def package_name(version: str, package_type: str, machine: str) -> str:
    """A version's package; agent 2 has one for each kind of machine (as `uname -m` has it)."""
    if version.startswith("1."):
        architecture = {"rpm": "noarch", "deb": "all"}[package_type]
    else:
        architecture = machine if package_type == "rpm" else DEBIAN_MACHINES.get(machine, machine)
    return NAMES[package_type].format(version, architecture)


def version_of(package: str) -> str:
    """The version and release in a package's name."""
    found = re.search(r"codedeploy-agent[-_](.+?)(?:\.[a-z0-9_]+\.rpm|_[a-z0-9]+\.deb)$", package)
    return found.group(1) if found else ""


def problem_of(lines: list[str], service: Service, now: float) -> str:
    """Why the agent does not poll, by the end of its log; "" = it polls.

    Only lines since the service started count. `now` is in seconds since the epoch.
    """
    if not service.active:
        return "the service codedeploy-agent is not running"
    entries = [
        (written, line.strip())
        for written, line in ((_written(line), line) for line in lines)
        if written is not None and written >= int(service.since)
    ]
    silent = any(POLLS_FROM_HERE in line for _, line in entries)
    return _problem_of_2(entries, now) if silent else _problem_of_1(entries, now)


def _problem_of_1(entries: list[tuple[float, str]], now: float) -> str:
    """Agent 1.8 notes each request and its outcome."""
    last, begun, patience = 0.0, 0.0, float(UNANSWERED_SECONDS)
    verdict = "it has not asked for work yet"
    for written, line in entries:
        if "ERROR" in line:
            # Where nobody answers, the next one fails no sooner.
            verdict, patience = line, UNANSWERED_SECONDS + (written - begun if begun else 0)
        elif "Client 200" in line:
            verdict, patience = "", float(UNANSWERED_SECONDS)
        elif "agent version" in line:
            begun = written
            if not verdict or now - written < patience:
                continue
            # The request that begins here is not refused: a refusal would follow.
            verdict = ""
        else:
            continue
        last = written
    if not verdict and now - last > STALE_SECONDS:
        return f"its last request was {now - last:.0f} seconds ago"
    return verdict


def _problem_of_2(entries: list[tuple[float, str]], now: float) -> str:
    """Agent 2 notes that it begins to poll, and from then on only what fails."""
    verdict = ""
    for written, line in entries:
        if "ERROR" in line:
            verdict = line if now - written <= STALE_SECONDS else ""
        elif POLLS_FROM_HERE in line:
            verdict = "" if now - written >= UNANSWERED_SECONDS else "it has not asked for work yet"
    return verdict


def _written(line: str) -> float | None:
    """When a line was written: agent 1.8 notes local time with a T in it, agent 2 UTC with a space."""
    for form, seconds in (("%Y-%m-%dT%H:%M:%S", time.mktime), ("%Y-%m-%d %H:%M:%S", calendar.timegm)):
        try:
            return seconds(time.strptime(line[:19], form))
        except ValueError:
            continue
    return None


def installed_version(module: AnsibleModule, package_type: str) -> str:
    """Empty where no agent is installed."""
    status, out, _error = module.run_command(QUERIES[package_type])
    if status:
        return ""
    if package_type == "rpm":
        return str(out).strip()
    state, _, version = out.strip().partition(" ")
    return str(version) if state == "installed" else ""


def service_state(module: AnsibleModule) -> Service:
    """What systemd knows of the service."""
    properties = "ActiveState,UnitFileState,ActiveEnterTimestampMonotonic"
    _status, out, _error = module.run_command(
        ["systemctl", "show", "--property", properties, "codedeploy-agent"]
    )
    values = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    entered = int(values.get("ActiveEnterTimestampMonotonic") or 0) / 1_000_000
    return Service(
        active=values.get("ActiveState") == "active",
        enabled=values.get("UnitFileState") == "enabled",
        since=time.time() - (time.monotonic() - entered),
    )


def fetch(
    url: str,
    opener: OpenerDirector,
    timeout: int,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> str:
    """What a server answers, which may take so many seconds. Raises OSError, of half an answer too.

    Ansible's open_url takes a twentieth of a second to get ready for TLS, each time and where there is none.
    """
    asked = Request(url, method=method, headers=headers or {})  # noqa: S310 - METADATA, and what bucket_url returns
    try:
        with opener.open(asked, timeout=timeout) as answer:
            return str(answer.read().decode())
    except HTTPException as error:
        raise OSError(f"the answer was cut: {error}") from error


def metadata(*paths: str) -> list[str]:
    """Items of the instance metadata (IMDSv2), "" for what is not there. Raises OSError."""
    directly = build_opener(ProxyHandler({}))
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    token = fetch(f"{METADATA}/api/token", directly, 5, method="PUT", headers=headers)
    headers = {"X-aws-ec2-metadata-token": token}
    items = []
    for path in paths:
        try:
            items.append(fetch(f"{METADATA}/meta-data/{path}", directly, 5, headers=headers).strip())
        except HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            items.append("")
    return items


def identity(region: str, on_premises: bool) -> tuple[str, str]:
    """The region, and the ARN of the instance profile. Raises OSError where needed metadata is silent."""
    if on_premises:
        return region, ""
    found, profile = metadata("placement/region", "iam/info")
    return region or found, str(json.loads(profile)["InstanceProfileArn"]) if profile else ""


def wanted_package(url: str, major: int, version: str, package_type: str, machine: str) -> str:
    """The key of the wanted package; the bucket says which one is the latest.

    Raises OSError, ValueError, KeyError.
    """
    if version != "latest":
        return "releases/" + package_name(version, package_type, machine)
    folder, kind = ("latest", package_type) if major == 1 else ("latestv2", f"{package_type}_{machine}")
    return str(json.loads(fetch(f"{url}/{folder}/LATEST_VERSION", build_opener(), 30))[kind])


def tail(path: Path) -> list[str]:
    """The log's last lines."""
    if not path.exists():
        return []
    with path.open(errors="replace") as file:
        return list(collections.deque(file, LINES))


def watch(module: AnsibleModule, log_file: Path, wait: int) -> tuple[Service, str]:
    """The service, and why it does not poll, as soon as it does or after `wait` seconds."""
    deadline = time.monotonic() + wait
    while True:
        service = service_state(module)
        problem = problem_of(tail(log_file), service, time.time())
        if not problem or time.monotonic() >= deadline:
            return service, problem
        time.sleep(0.25)


def fail(module: AnsibleModule, words: str) -> NoReturn:
    """Of the host and its network; what an agent that is there says of that comes first."""
    if installed_version(module, module.params["package_type"]):
        problem = problem_of(tail(Path(module.params["log_file"])), service_state(module), time.time())
        words = f"The CodeDeploy agent does not poll: {problem}. {words}" if problem else words
    module.fail_json(msg=words)
    raise AssertionError  # it has exited


def look(module: AnsibleModule, region: str, profile: str) -> dict[str, object]:
    """All that is returned. Fails where the bucket does not tell the latest version."""
    given = module.params
    url, machine, kind = bucket_url(region), platform.machine(), given["package_type"]
    if given["proxy"]:
        os.environ["https_proxy"] = given["proxy"]
    try:
        package = wanted_package(url, given["major"], given["version"], kind, machine)
    except (OSError, ValueError, KeyError) as error:
        folder = "latest" if given["major"] == 1 else "latestv2"
        fail(
            module,
            f"{url}/{folder}/LATEST_VERSION does not tell the latest agent for {kind} on {machine}"
            f" ({error}): check the region {region} and the way to it (agent 2 is not in every region yet),"
            " or set codedeploy_agent_version",
        )
    installed = installed_version(module, kind)
    service, problem = watch(module, Path(given["log_file"]), given["wait"])
    why = f"The CodeDeploy agent does not poll: {problem}. {HINT.format(host=commands_host(region))}"
    return {
        "region": region,
        "instance_profile": profile,
        "bucket_url": url,
        "installed": bool(installed),
        "installed_version": installed,
        "installed_package": installed and "releases/" + package_name(installed, kind, machine),
        "wanted_version": version_of(package),
        "package": package,
        "config_checksum": root_checksum(module, given["config_file"]),
        "active": service.active,
        "enabled": service.enabled,
        "polling": not problem,
        "problem": problem and why,
        "msg": why if problem else "The CodeDeploy agent polls",
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    given = module.params
    if given["version"] != "latest" and not given["version"].startswith(f"{given['major']}."):
        module.fail_json(
            msg=f"codedeploy_agent_version is {given['version']}, and codedeploy_agent_major is"
            f" {given['major']}: set both to the same generation"
        )
    if given["on_premises"] and not given["region"]:
        module.fail_json(msg="codedeploy_agent_region is empty: a host that is no EC2 instance needs it")
    try:
        region, profile = identity(given["region"], given["on_premises"])
    except (OSError, ValueError, KeyError) as error:
        fail(
            module,
            f"The instance metadata does not tell who this host is ({error}): check that it is enabled and that"
            " nothing on the host keeps 169.254.169.254 away, or set codedeploy_agent_on_premises and"
            " codedeploy_agent_region where it is no EC2 instance",
        )
    module.exit_json(changed=False, **look(module, region, profile))


if __name__ == "__main__":
    main()
