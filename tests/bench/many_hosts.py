"""How long several hosts take beside one: what new hosts are given, and the first deployment.

    python -m tests.bench.many_hosts [--hosts 20] [--runs 3]

Takes what `make demo` has left: each run begins with hosts that have just booted, so neither launch nor boot
is counted. The controller's memory is the highest sum of what ansible-playbook and its children hold by
themselves, and as their part of what they share (PSS). Nothing is asserted.
"""

import argparse
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import CommandError, Variant, adopt_orphans, cost
from tests.bench.run import CHECKOUT, environment, machine

SAMPLES = 0.25
"""Seconds from one look at memory to the next."""


@dataclass(frozen=True)
class Figures:
    """Seconds, and MiB."""

    configure: float
    deploy: float
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
    options = parser.parse_args()
    adopt_orphans()
    counts = (1, options.hosts)
    seen: dict[int, list[Figures]] = {count: [] for count in counts}
    try:
        for _ in range(options.runs):
            for count in counts:
                seen[count].append(figures(count))
                print(f"bench: {count} hosts: {seen[count][-1]}", file=sys.stderr, flush=True)
    except CommandError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(f"{machine()}; medians of {options.runs} interleaved runs\n")
    print(f"| new hosts | 1 | {options.hosts} | ratio |\n|---|---|---|---|")
    for figure, unit, of in (
        ("configure-hosts.yml", "s", lambda each: each.configure),
        ("deploy-site.yml", "s", lambda each: each.deploy),
        ("both", "s", lambda each: each.configure + each.deploy),
        ("memory of the controller", "MiB", lambda each: each.memory),
    ):
        one, many = (statistics.median(map(of, seen[count])) for count in counts)
        print(f"| {figure} | {one:.1f} {unit} | {many:.1f} {unit} | {many / one:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
