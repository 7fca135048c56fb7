"""How long several hosts take beside one: what new hosts are given, and the first deployment.

    python -m tests.bench.many_hosts [--hosts 20] [--runs 3] [--fleet]

Takes what `make demo` has left: each run begins with hosts that have just booted, so neither launch nor boot
is counted. With --fleet it begins with a baked image and no host, and ends when the load balancer finds all
hosts healthy: what single hosts are given, a fleet's have of the image, but they boot meanwhile. The
controller's memory is the highest sum of what ansible-playbook and its children hold by themselves, and as
their part of what they share (PSS). Nothing is asserted.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.bench.measure import CommandError, Variant, adopt_orphans, cost
from tests.bench.run import CHECKOUT, environment, machine

SAMPLES = 0.25
"""Seconds from one look at memory to the next."""


@dataclass(frozen=True)
class Figures:
    """Seconds, and MiB."""

    configure: float
    """configure-hosts.yml, or provision-fleet.yml and configure-codedeploy.yml."""
    deploy: float
    """deploy-site.yml, and until all hosts of a fleet are healthy."""
    memory: float


def playbook(name: str, *arguments: str) -> Variant:
    """A playbook of the checkout."""
    command = ["ansible-playbook", f"playbooks/{name}.yml", *arguments]
    return Variant(name, [command], CHECKOUT, environment(CHECKOUT))


def prepare(hosts: int) -> None:
    """Begin with hosts that have booted and have nothing of the pipeline's yet."""
    cost(playbook("destroy", "-e", "confirm=test.codeDeploy.001"))
    cost(playbook("site", "--tags", "iam,ec2,codedeploy,github", "-e", f"pipeline_instance_count={hosts}"))
    reach = ["ansible", "codedeploy", "--forks", "20", "-m", "wait_for_connection"]
    cost(Variant("wait_for_connection", [reach], CHECKOUT, environment(CHECKOUT)))


def figures(hosts: int) -> Figures:
    """Of one run."""
    prepare(hosts)
    count = ("-e", f"pipeline_instance_count={hosts}")
    with peak_memory() as highest:
        configure, deploy = (cost(playbook(name, *count)) for name in ("configure-hosts", "deploy-site"))
    return Figures(configure.wall, deploy.wall, max(highest))


def fleet_figures(hosts: int) -> Figures:
    """Of one run with a fleet."""
    sizes = dict.fromkeys(("min", "desired", "max"), hosts)
    settings = {
        "pipeline_fleet": True,
        **{f"pipeline_fleet_{name}_size": size for name, size in sizes.items()},
    }
    # The first deployment would wait until they are off, as long for one host as for many.
    settings |= {f"pipeline_fleet_alarm_{name}": 0 for name in ("errors", "seconds", "unhealthy_hosts")}
    given = ("-e", json.dumps(settings))
    cost(playbook("destroy", "-e", "confirm=test.codeDeploy.001"))
    cost(playbook("site", "--tags", "iam,ec2,image,github", *given))
    with peak_memory() as highest:
        # The deployment group is that of the fleet's Auto Scaling group.
        configure = [
            cost(playbook(name, *given)).wall for name in ("provision-fleet", "configure-codedeploy")
        ]
        deploy = cost(playbook("deploy-site", *given))
        started = time.monotonic()
        wait_for_healthy(hosts)
    return Figures(sum(configure), deploy.wall + time.monotonic() - started, max(highest))


def wait_for_healthy(hosts: int) -> None:
    """Until so many targets of the only target group are. Raises CommandError after three minutes."""
    endpoint = json.loads((CHECKOUT / ".local_cloud" / "status.json").read_text())["endpoint"]
    settings = environment(CHECKOUT, endpoint)
    elb: Any = boto3.client(
        "elbv2",
        settings["AWS_DEFAULT_REGION"],
        endpoint_url=endpoint,
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
    )
    [group] = elb.describe_target_groups()["TargetGroups"]
    until = time.monotonic() + 180
    while time.monotonic() < until:
        found = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        if [each["TargetHealth"]["State"] for each in found].count("healthy") == hosts:
            return
        time.sleep(0.25)
    raise CommandError(f"{hosts} hosts were not healthy after three minutes: {found}")


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """Looks at the children of this process while the block runs; MiB of each look."""
    seen, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(SAMPLES):
            seen.append(sum(map(proportional_set, descendants())) / 1024)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def descendants() -> Iterator[int]:
    """Process ids of what this process has started, and of what they have."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], check=True, capture_output=True, text=True).stdout
    parents = {int(pid): int(parent) for pid, parent in map(str.split, listed.splitlines())}
    for pid, parent in parents.items():
        above = parent
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid():
            yield pid


def proportional_set(pid: int) -> int:
    """KiB; 0 of a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def main() -> int:
    """Print the table; 1 where a playbook fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=20, help="beside one (20)")
    parser.add_argument("--runs", type=int, default=3, help="of each (3)")
    parser.add_argument(
        "--fleet", action="store_true", help="hosts of an Auto Scaling group, of a baked image"
    )
    options = parser.parse_args()
    adopt_orphans()
    counts = (1, options.hosts)
    measure = fleet_figures if options.fleet else figures
    seen: dict[int, list[Figures]] = {count: [] for count in counts}
    try:
        for _ in range(options.runs):
            for count in counts:
                seen[count].append(measure(count))
                print(f"bench: {count} hosts: {seen[count][-1]}", file=sys.stderr, flush=True)
    except CommandError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(f"{machine()}; medians of {options.runs} interleaved runs\n")
    print(f"| new hosts | 1 | {options.hosts} | ratio |\n|---|---|---|---|")
    for figure, unit, of in (
        ("provision-fleet.yml" if options.fleet else "configure-hosts.yml", "s", lambda each: each.configure),
        ("deploy-site.yml", "s", lambda each: each.deploy),
        ("both", "s", lambda each: each.configure + each.deploy),
        ("memory of the controller", "MiB", lambda each: each.memory),
    ):
        one, many = (statistics.median(map(of, seen[count])) for count in counts)
        print(f"| {figure} | {one:.1f} {unit} | {many:.1f} {unit} | {many / one:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
