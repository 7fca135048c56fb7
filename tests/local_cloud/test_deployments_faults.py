"""Whatever agents do, every deployment ends, and the next one works."""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Event, Thread
from typing import Any

import pytest

from local_cloud.aws.codedeploy import options
from local_cloud.server import LocalCloud
from local_cloud.testing.agents import EC2_ARN, AgentError, CommandClient, Result, agents_on
from local_cloud.testing.shop import FINAL, S3, Shop, wait_for

MakeClient = Callable[..., Any]

SEEDS = range(3)
FAULT_RATE = 0.3


class Unreliable:
    """An agent that does what a fault makes of it: any request may be missing, doubled or out of order."""

    def __init__(self, endpoint_url: str, instance: str, chance: random.Random) -> None:
        self._client = CommandClient(endpoint_url, EC2_ARN.format(region="us-east-1", instance=instance))
        self._chance = chance
        self._ending = Event()
        self.thread = Thread(target=self._run, daemon=True)

    def stop(self) -> None:
        self._ending.set()
        self._client.abort()
        self.thread.join()

    def _run(self) -> None:
        with suppress(OSError):
            while not self._ending.is_set():
                command = self._client.poll()
                if command:
                    self._execute(command)

    def _execute(self, command: dict[str, Any]) -> None:
        steps: Iterable[Callable[[], object]] = (
            lambda: self._client.specification(command),
            lambda: self._client.acknowledge(command),
            lambda: self._client.complete(command, Result()),
        )
        if self._chance.random() < FAULT_RATE:
            steps = self._disturbed(steps, command)
        for step in steps:
            with suppress(AgentError):
                step()

    def _disturbed(
        self, steps: Iterable[Callable[[], object]], command: dict[str, Any]
    ) -> Iterable[Callable[[], object]]:
        specification, acknowledge, complete = steps
        failed = Result(error_code=4, message="Script failed")
        restarted = Result(error_code=7, message="Failed: after an agent restart.")
        faults: list[list[Callable[[], object]]] = [
            [],
            [specification],
            [specification, acknowledge],
            [complete],
            [complete, acknowledge, complete],
            [specification, acknowledge, complete, complete],
            [specification, acknowledge, lambda: self._client.complete(command, failed), complete],
            [specification, acknowledge, lambda: self._client.complete(command, restarted)],
            [specification, acknowledge, self._client.close, self._client.poll, complete],
        ]
        return self._chance.choice(faults)


@contextmanager
def unreliable(endpoint_url: str, instances: list[str], chance: random.Random) -> Iterator[None]:
    with ExitStack() as stack:
        for instance in instances:
            agent = Unreliable(endpoint_url, instance, chance)
            agent.thread.start()
            stack.callback(agent.stop)
        yield


@pytest.mark.parametrize("seed", SEEDS)
def test_every_deployment_ends(
    local_cloud: LocalCloud, client: MakeClient, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(options, "agent_timeout", 0.5)
    monkeypatch.setattr(options, "event_timeout", 0.5)
    monkeypatch.setattr(options, "redelivery_delay", 0.1)
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    rollback = {"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"]}
    shop = Shop.open(
        client,
        instances=6,
        deploymentConfigName="CodeDeployDefault.HalfAtATime",
        autoRollbackConfiguration=rollback,
    )
    with unreliable(local_cloud.endpoint_url, shop.instances, chance):
        for _ in range(3):
            deployment = shop.deploy(S3)
            if chance.random() < FAULT_RATE:
                client("ec2").terminate_instances(InstanceIds=[chance.choice(shop.instances)])
            if chance.random() < FAULT_RATE:
                with suppress(shop.codedeploy.exceptions.DeploymentAlreadyCompletedException):
                    shop.codedeploy.stop_deployment(deploymentId=deployment)
            settle(shop)

    for deployment in shop.codedeploy.list_deployments()["deployments"]:
        for target in shop.targets(deployment):
            assert target["status"] in {"Succeeded", "Failed", "Skipped"}
            for event in target["lifecycleEvents"]:
                assert event["status"] in {"Succeeded", "Failed", "Skipped"}


def settle(shop: Shop) -> None:
    """Wait for every deployment there is, rollbacks too."""

    def running() -> bool:
        ids = shop.codedeploy.list_deployments()["deployments"]
        infos = shop.codedeploy.batch_get_deployments(deploymentIds=ids)["deploymentsInfo"]
        # A rollback begins when its deployment ends, so it may be there since the list was made.
        unlisted = set(shop.codedeploy.list_deployments()["deployments"]) - set(ids)
        return bool(unlisted) or any(info["status"] not in FINAL for info in infos)

    wait_for(running, lambda still: not still)


def test_the_next_deployment_works_after_an_agent_that_vanished(
    local_cloud: LocalCloud, client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop.open(client)
    with monkeypatch.context() as quick:
        quick.setattr(options, "event_timeout", 0.2)
        with agents_on(local_cloud.endpoint_url, shop.instances, lambda _: None):
            assert shop.finish(shop.deploy())["status"] == "Failed"
    with agents_on(local_cloud.endpoint_url, shop.instances):
        assert shop.finish(shop.deploy())["status"] == "Succeeded"


def test_a_reset_ends_running_deployments(local_cloud: LocalCloud, client: MakeClient) -> None:
    shop = Shop.open(client)
    shop.deploy()
    local_cloud.reset()

    assert shop.codedeploy.list_deployments()["deployments"] == []
    shop = Shop.open(client)
    with agents_on(local_cloud.endpoint_url, shop.instances):
        assert shop.finish(shop.deploy())["status"] == "Succeeded"
