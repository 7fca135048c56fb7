# Copyright: contributors to this project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# ruff: noqa: INP001 - a module of a role is no package
from __future__ import annotations

import collections
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url

DOCUMENTATION = r"""
module: codedeploy_agent_info
short_description: What is known of the CodeDeploy agent on a host
description:
  - Tells which version is installed and which one is wanted, whether the service runs, and whether the
    agent polls.
  - An agent polls when the last outcome in its log is a good one, or when a request has been unanswered
    for a while.
  - Changes nothing.
options:
  region:
    description: The AWS region. Empty asks the instance metadata.
    type: str
    default: ""
  version:
    description: V(latest), or a version as in the package's name.
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
  log_file:
    description: The agent's log.
    type: path
    default: /var/log/aws/codedeploy-agent/codedeploy-agent.log
  wait:
    description: Seconds to wait until the agent polls.
    type: int
    default: 0
author: contributors to this project
"""

EXAMPLES = r"""
- name: Look at the agent
  codedeploy_agent_info:
    package_type: rpm
  register: agent
"""

RETURN = r"""
region:
  description: The AWS region.
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

METADATA = "http://169.254.169.254/latest"
NAMES = {"rpm": "codedeploy-agent-{}.noarch.rpm", "deb": "codedeploy-agent_{}_all.deb"}
QUERIES = {
    "rpm": ["rpm", "--query", "--queryformat", "%{VERSION}-%{RELEASE}", "codedeploy-agent"],
    "deb": ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Version}", "codedeploy-agent"],
}
STALE_SECONDS = 180
"""A polling agent writes a line at least once a minute."""
UNANSWERED_SECONDS = 2
"""A refused request is answered sooner; a poll is held open by the service."""
LINES = 400
HINT = "Check the instance profile, and that the host reaches https://codedeploy-commands.{region}.{domain}"


@dataclass(frozen=True)
class Service:
    """The service as systemd has it; `since` is when it started, in seconds since the epoch."""

    active: bool
    enabled: bool
    since: float


def domain(region: str) -> str:
    """The DNS suffix of a region's partition."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def bucket_url(region: str) -> str:
    """Where AWS offers the agent in a region."""
    return f"https://aws-codedeploy-{region}.s3.{region}.{domain(region)}"


def version_of(package: str) -> str:
    """The version and release in a package's name."""
    found = re.search(r"codedeploy-agent[-_](.+?)(?:\.noarch\.rpm|_all\.deb)$", package)
    return found.group(1) if found else ""


def problem_of(lines: list[str], service: Service, now: float) -> str:
    """Why the agent does not poll, by the end of its log; "" = it polls.

    Only lines since the service started count. `now` is in seconds since the epoch.
    """
    if not service.active:
        return "the service codedeploy-agent is not running"
    last, verdict = 0.0, "it has not asked for work yet"
    for line in lines:
        written = _written(line)
        if written is None or written < int(service.since):
            continue
        if "ERROR" in line:
            verdict = line.strip()
        elif "Client 200" in line:
            verdict = ""
        elif "agent version" in line and verdict and now - written >= UNANSWERED_SECONDS:
            # The request that begins here is not refused: a refusal would follow.
            verdict = ""
        else:
            continue
        last = written
    if not verdict and now - last > STALE_SECONDS:
        return f"its last request was {now - last:.0f} seconds ago"
    return verdict


def _written(line: str) -> float | None:
    try:
        return time.mktime(time.strptime(line[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
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


def region_of_instance() -> str:
    """The region, by the instance metadata (IMDSv2)."""
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    token = open_url(
        f"{METADATA}/api/token", method="PUT", headers=headers, use_proxy=False, timeout=5
    ).read()
    headers = {"X-aws-ec2-metadata-token": token.decode()}
    answer = open_url(f"{METADATA}/meta-data/placement/region", headers=headers, use_proxy=False, timeout=5)
    return str(answer.read().decode().strip())


def wanted_package(url: str, version: str, package_type: str) -> str:
    """The key of the wanted package; the bucket says which one is the latest."""
    if version != "latest":
        return "releases/" + NAMES[package_type].format(version)
    return str(json.loads(open_url(f"{url}/latest/LATEST_VERSION", timeout=30).read())[package_type])


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


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "region": {"type": "str", "default": ""},
            "version": {"type": "str", "default": "latest"},
            "package_type": {"type": "str", "choices": ["rpm", "deb"], "required": True},
            "proxy": {"type": "str", "default": ""},
            "log_file": {"type": "path", "default": "/var/log/aws/codedeploy-agent/codedeploy-agent.log"},
            "wait": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        region = given["region"] or region_of_instance()
    except OSError as error:
        module.fail_json(
            msg=f"The instance metadata does not tell the region ({error}): set codedeploy_agent_region"
        )
    url = bucket_url(region)
    try:
        package = wanted_package(url, given["version"], given["package_type"])
    except (OSError, ValueError, KeyError) as error:
        module.fail_json(
            msg=f"{url}/latest/LATEST_VERSION does not tell the latest agent ({error}): check the region"
            f" {region} and the way to it, or set codedeploy_agent_version"
        )
    installed = installed_version(module, given["package_type"])
    service, problem = watch(module, Path(given["log_file"]), given["wait"])
    hint = HINT.format(region=region, domain=domain(region))
    module.exit_json(
        changed=False,
        region=region,
        bucket_url=url,
        installed=bool(installed),
        installed_version=installed,
        wanted_version=version_of(package),
        package=package,
        active=service.active,
        enabled=service.enabled,
        polling=not problem,
        problem=f"The CodeDeploy agent does not poll: {problem}. {hint}" if problem else "",
        msg=f"The CodeDeploy agent does not poll: {problem}. {hint}"
        if problem
        else "The CodeDeploy agent polls",
    )


if __name__ == "__main__":
    main()
