"""What the local cloud holds in memory, without hosts: started, with instances, with past deployments.

    python -m tests.bench.memory [--base REVISION] [--instances 1000] [--deployments 2000]

A local cloud of its own on free ports, of this build and after it of another one. Deployments go to simulated
instances, one in each of several regions; a figure after each quarter of them shows whether what a deployment
leaves behind is bounded. Figures are resident memory in MiB. Nothing is asserted.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3

from local_cloud.testing.agents import agents_on
from local_cloud.testing.shop import Shop, run_instances
from tests.bench.run import CHECKOUT, environment, machine, prepare_base

REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"),
)
"""Of one shop each: a deployment group has one deployment at a time."""


@contextmanager
def started(checkout: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """A local cloud of this build; what `status` says of it."""
    given = environment(checkout)
    options = ["--state-dir", str(folder)]

    def cloud(*arguments: str) -> str:
        command = [f"{checkout}/.venv/bin/python", "-m", "local_cloud", *arguments, *options]
        ended = subprocess.run(
            command, cwd=checkout, env=given, check=True, stdout=subprocess.PIPE, stderr=sys.stderr, text=True
        )
        return ended.stdout

    cloud("start", "--no-hosts", "--aws-port", "0", "--github-port", "0")
    try:
        yield dict(json.loads(cloud("status", "--json")))
    finally:
        cloud("stop")


def resident(process: int) -> float:
    """MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)[0]) / 1024


def settled(process: int) -> float:
    """The same when it grows no more: a local cloud loads what the first calls need when it has started."""
    before, now = 0.0, resident(process)
    while now - before > 1:
        time.sleep(2)
        before, now = now, resident(process)
    return now


def figures(checkout: Path, folder: Path, instances: int, deployments: int) -> Iterator[tuple[str, float]]:
    """Of one build: what was done, and what is resident after it."""
    with started(checkout, folder) as status:

        def client(service: str, region: str = "us-east-1") -> Any:
            session: Any = boto3.Session("AKIALOCALCLOUDEXAMPL", "any", region_name=region)
            return session.client(service, endpoint_url=status["endpoint"])

        yield "started", settled(status["pid"])
        for _ in range(0, instances, 100):
            run_instances(client, 100, Name="other")
        yield f"{instances} simulated instances", resident(status["pid"])
        shops = [Shop.open(client, region=region) for region in REGIONS]
        quarter = deployments // 4
        with ExitStack() as stack, ThreadPoolExecutor(len(shops)) as pool:
            for shop, region in zip(shops, REGIONS, strict=True):
                stack.enter_context(agents_on(status["endpoint"], shop.instances, region=region))
            for done in range(quarter, deployments + 1, quarter):
                list(pool.map(deploy, shops, [quarter // len(shops)] * len(shops)))
                yield f"and {done} past deployments", resident(status["pid"])


def deploy(shop: Shop, times: int) -> None:
    """One after another."""
    for _ in range(times):
        ended = shop.finish(shop.deploy())
        assert ended["status"] == "Succeeded", ended


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", metavar="REVISION", help="the build to compare with")
    parser.add_argument("--instances", type=int, default=1000, help="a multiple of 100 (1000)")
    parser.add_argument("--deployments", type=int, default=2000, help="a multiple of 32 (2000)")
    options = parser.parse_args()
    builds = [CHECKOUT, *([prepare_base(options.base)] if options.base else [])]
    print(f"{machine()}\n")
    columns: list[dict[str, float]] = []
    for build in builds:
        with tempfile.TemporaryDirectory() as name:
            column: dict[str, float] = {}
            for figure, mebibytes in figures(build, Path(name), options.instances, options.deployments):
                print(f"bench: {build.name}: {figure}: {mebibytes:.0f} MiB", file=sys.stderr, flush=True)
                column[figure] = mebibytes
            columns.append(column)
    print("| the local cloud, without hosts | this build |" + (" the base |" if options.base else ""))
    print("|---|---|" + ("---|" if options.base else ""))
    for figure in columns[0]:
        print(f"| {figure} | " + " | ".join(f"{column[figure]:.0f} MiB" for column in columns) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
