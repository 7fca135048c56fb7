"""Many instances, past deployments and requests in a local cloud without hosts."""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import boto3

from local_cloud.testing.agents import CommandClient, agents_on, ec2_agent
from local_cloud.testing.shop import Shop, run_instances, wait_for
from tests.bench.memory import REGIONS, deploy, resident, started
from tests.bench.run import CHECKOUT
from tests.faults.way_to_aws import Line
from tests.iam.pipeline import agent_at_work
from tests.proof.kills import APPLICATION, DEPLOY, PROVISION, commit
from tests.proof.table import Figure, bounded

INSTANCES, DEPLOYMENTS, REQUESTS = 10_000, 2_000, 50_000
HOSTS, MINUTES = 5, 24 * 60
POLLS = MINUTES * 60 // 51
"""Of one agent in that time: a poll is held for 50 seconds, and the next one comes a second later."""
LOGGED = 12_000
"""Calls before it: with what the first half asks, more than is remembered."""
HISTORY = 250
"""Past deployments of one group, one after the other; AWS lists a hundred at once."""


def clients(endpoint: str) -> Callable[..., Any]:
    def client(service: str, region: str = "us-east-1") -> Any:
        session: Any = boto3.Session("AKIALOCALCLOUDEXAMPL", "any", region_name=region)
        return session.client(service, endpoint_url=endpoint)

    return client


def requests(client: Callable[..., Any], number: int) -> None:
    """So many calls, four at a time."""

    def some(count: int) -> None:
        asking = client("sts")
        for _ in range(count):
            asking.get_caller_identity()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(some, [number // 4] * 4))


def logged(status: dict[str, Any], client: Callable[..., Any]) -> Iterator[Figure]:
    """The log keeps a bounded number: what the second half adds is what is left of it."""
    requests(client, REQUESTS // 2)
    middle, begun = resident(status["pid"]), time.monotonic()
    requests(client, REQUESTS // 2)
    grown = resident(status["pid"]) - middle
    took = time.monotonic() - begun
    yield bounded(f"memory that requests {REQUESTS // 2:,}-{REQUESTS:,} add", grown, 64, "MiB", seconds=took)


def instances(status: dict[str, Any], client: Callable[..., Any]) -> Iterator[Figure]:
    begun, before = time.monotonic(), resident(status["pid"])
    # A default subnet has 4,091 addresses.
    for number in range(0, INSTANCES, 500):
        run_instances(client, 500, zone=f"us-east-1{'abcd'[number // 2500]}", Name="other")
    took, grown = time.monotonic() - begun, resident(status["pid"]) - before
    yield bounded(f"{INSTANCES:,} simulated instances are launched", took, 300, "s", seconds=took)
    yield bounded(f"memory of {INSTANCES:,} simulated instances", grown, 2048, "MiB")
    begun = time.monotonic()
    pages = client("ec2").get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 1000})
    found = sum(len(each["Instances"]) for page in pages for each in page["Reservations"])
    took = time.monotonic() - begun
    assert found == INSTANCES, found
    yield bounded(f"{INSTANCES:,} instances are listed", took, 60, "s", seconds=took)


def deployments(status: dict[str, Any], client: Callable[..., Any]) -> Iterator[Figure]:
    shops = [Shop.open(client, region=region) for region in REGIONS]
    half, begun = DEPLOYMENTS // 2 // len(shops), time.monotonic()
    with ExitStack() as stack, ThreadPoolExecutor(len(shops)) as pool:
        for shop, region in zip(shops, REGIONS, strict=True):
            stack.enter_context(agents_on(status["endpoint"], shop.instances, region=region))
        list(pool.map(deploy, shops, [half] * len(shops)))
        middle = resident(status["pid"])
        list(pool.map(deploy, shops, [half] * len(shops)))
    grown = (resident(status["pid"]) - middle) * 1024 / (DEPLOYMENTS // 2)
    took = time.monotonic() - begun
    name = f"memory that each of the deployments {DEPLOYMENTS // 2:,}-{DEPLOYMENTS:,} adds"
    yield bounded(name, grown, 40, "KiB", seconds=took)


def polls(endpoint: str, instance: str, number: int) -> None:
    """So many of one agent, as fast as they are answered: each ends the one before."""
    clients = [ec2_agent(endpoint, instance).client for _ in range(2)]
    numbers, ended = count(), Event()

    def some(polling: CommandClient) -> None:
        while not ended.is_set():
            try:
                assert polling.poll() is None
            except (OSError, HTTPException):
                # The last one is held.
                assert ended.is_set()
            # As the agent does: each has a connection of its own.
            polling.close()
            if next(numbers) + 1 >= number:
                ended.set()
                for each in clients:
                    each.abort()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(some, clients))


def looks(client: Callable[..., Any], instance: str, number: int) -> None:
    """At an instance and its deployment group, by turns."""
    ec2, codedeploy = client("ec2"), client("codedeploy")
    for _ in range(0, number, 2):
        ec2.describe_instances(InstanceIds=[instance])
        codedeploy.get_deployment_group(applicationName="shop", deploymentGroupName="web")


@dataclass(frozen=True)
class Held:
    """What a process has: MiB, open files, threads."""

    memory: float
    files: int
    threads: int

    @classmethod
    def by(cls, process: int) -> "Held":
        there = Path(f"/proc/{process}")
        files, threads = (len(list((there / name).iterdir())) for name in ("fd", "task"))
        return cls(resident(process), files, threads)


def day(status: dict[str, Any], client: Callable[..., Any]) -> Iterator[Figure]:
    """What agents ask in 24 hours, and somebody who looks at each host every minute."""
    shop = Shop.open(client, HOSTS)
    requests(client, LOGGED)
    begun = time.monotonic()

    def half() -> Held:
        with ThreadPoolExecutor(2 * HOSTS) as pool:
            asked = [pool.submit(polls, status["endpoint"], each, POLLS // 2) for each in shop.instances]
            asked += [pool.submit(looks, client, each, MINUTES // 2) for each in shop.instances]
            for each in asked:
                each.result()
        return Held.by(status["pid"])

    middle, end = half(), half()
    took = time.monotonic() - begun
    asked = f"{HOSTS * POLLS:,} polls, {HOSTS * MINUTES:,} looks"
    words = f"that the second half of 24 hours of {HOSTS} hosts adds ({asked})"
    yield bounded(f"memory {words}", end.memory - middle.memory, 8, "MiB", seconds=took)
    yield bounded(f"open files {words}", end.files - middle.files, 0, "files")
    yield bounded(f"threads {words}", end.threads - middle.threads, 0, "threads")


LOOKS = {
    "the status page": ("show-status.yml", "--extra-vars=drift=false"),
    "a deployment that has nothing to do": DEPLOY,
    "a dry run of the rollback": ("roll-back-site.yml", "--check", *DEPLOY[1:]),
}


def calls(line: Line, playbook: tuple[str, ...]) -> int:
    """That a run makes to AWS."""
    line.heal()
    line.pipeline.play(*playbook)
    return line.aws.calls


def failed(line: Line, number: int) -> None:
    """So many deployments of the pipeline that found no instance."""
    codedeploy = line.pipeline.client("codedeploy")
    [group] = codedeploy.list_deployment_groups(applicationName=APPLICATION)["deploymentGroups"]
    where = {"applicationName": APPLICATION, "deploymentGroupName": group}
    info = codedeploy.get_deployment_group(**where)["deploymentGroupInfo"]
    last = info["lastSuccessfulDeployment"]["deploymentId"]
    revision = codedeploy.get_deployment(deploymentId=last)["deploymentInfo"]["revision"]

    def instances(tags: Any) -> None:
        codedeploy.update_deployment_group(
            applicationName=APPLICATION, currentDeploymentGroupName=group, ec2TagSet=tags
        )

    instances({"ec2TagSetList": [[{"Key": "Name", "Value": "nobody", "Type": "KEY_AND_VALUE"}]]})
    for _ in range(number):
        made = codedeploy.create_deployment(
            **where, revision=revision, autoRollbackConfiguration={"enabled": False}
        )["deploymentId"]
        wait_for(partial(ended, codedeploy, made), seconds=10)
    instances(info["ec2TagSet"])


def ended(codedeploy: Any, deployment: str) -> bool:
    info = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
    return bool(info["status"] == "Failed")


def history() -> Iterator[Figure]:
    """What many past deployments cost those who look at the last ones."""
    with tempfile.TemporaryDirectory(prefix="history-") as name:
        line = Line(Path(name))
        try:
            line.empty()
            line.pipeline.play(*PROVISION)
            with agent_at_work(line.pipeline):
                for _ in range(2):
                    commit(line, Path(name) / "site")
                    line.pipeline.play(*DEPLOY)
            before = {look: calls(line, playbook) for look, playbook in LOOKS.items()}
            begun = time.monotonic()
            failed(line, HISTORY)
            with agent_at_work(line.pipeline):
                line.pipeline.play(*DEPLOY)
            took = time.monotonic() - begun
            for look, playbook in LOOKS.items():
                more = calls(line, playbook) - before[look]
                words = f"calls of {look} ({before[look]}) that {HISTORY} past deployments add"
                yield bounded(words, more, 12, "calls", seconds=took)
        finally:
            line.close()


def figures() -> Iterator[Figure]:
    yield from history()
    for work in (logged, day, deployments, instances):
        with tempfile.TemporaryDirectory() as name, started(CHECKOUT, Path(name)) as status:
            yield from work(status, clients(status["endpoint"]))
