"""Deployments that run, seen through the API and through simulated agents."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from agents import Agent, Answer, Result, ec2_agent
from deployments import GITHUB, S3, Shop

from local_cloud.server import LocalCloud

IN_PLACE = [
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
]

MakeClient = Callable[..., Any]
Work = Callable[[Answer], Result | None]


@pytest.fixture
def agents(local_cloud: LocalCloud) -> Any:
    """`agents(instances, work)`: an agent for each instance, until the test ends."""
    with ExitStack() as stack:

        def start(instances: list[str], work: Work | None = None) -> list[Agent]:
            given = (work,) if work else ()
            return [
                stack.enter_context(ec2_agent(local_cloud.endpoint_url, instance, *given))
                for instance in instances
            ]

        yield start


def failing(event: str, **report: Any) -> Work:
    """Work that fails at one lifecycle event."""
    failure = Result(**({"error_code": 4, "message": "Script failed"} | report))
    return lambda command: failure if command["CommandName"] == event else Result()


class TestSuccess:
    def test_runs_all_events_in_order_on_the_instance(self, client: MakeClient, agents: Any) -> None:
        shop = Shop.open(client)
        (agent,) = agents(shop.instances)

        info = shop.finish(shop.deploy())

        assert info["status"] == "Succeeded"
        assert agent.commands == IN_PLACE
        assert info["deploymentOverview"] == {
            "Pending": 0,
            "InProgress": 0,
            "Succeeded": 1,
            "Failed": 0,
            "Skipped": 0,
            "Ready": 0,
        }

    def test_tells_of_every_event(self, client: MakeClient, agents: Any) -> None:
        shop = Shop.open(client)
        agents(shop.instances)

        deployment = shop.deploy()
        shop.finish(deployment)
        target = shop.target(deployment, shop.instances[0])

        assert target["status"] == "Succeeded"
        assert target["targetArn"].endswith(f":instance/{shop.instances[0]}")
        assert [event["lifecycleEventName"] for event in target["lifecycleEvents"]] == IN_PLACE
        for event in target["lifecycleEvents"]:
            assert event["status"] == "Succeeded"
            assert event["diagnostics"]["errorCode"] == "Success"
            assert event["startTime"] <= event["endTime"]

    def test_the_group_remembers_its_last_good_revision(self, client: MakeClient, agents: Any) -> None:
        shop = Shop.open(client)
        agents(shop.instances)
        deployment = shop.deploy()
        shop.finish(deployment)

        group = shop.codedeploy.get_deployment_group(applicationName="shop", deploymentGroupName="web")
        info = group["deploymentGroupInfo"]

        assert info["targetRevision"] == GITHUB
        assert info["lastSuccessfulDeployment"]["deploymentId"] == deployment
        assert info["lastAttemptedDeployment"]["status"] == "Succeeded"
        assert shop.info(shop.deploy(S3))["previousRevision"] == GITHUB


class TestFailure:
    def test_shows_what_the_script_said(self, client: MakeClient, agents: Any) -> None:
        shop = Shop.open(client)
        report = {
            "script_name": "scripts/validate-service.sh",
            "message": "Script at specified location: scripts/validate-service.sh failed with exit code 1",
            "log": "LifecycleEvent - ValidateService\n[stderr]nothing listens\n",
        }
        agents(shop.instances, failing("ValidateService", **report))

        deployment = shop.deploy()
        info = shop.finish(deployment)
        events = shop.events(deployment, shop.instances[0])

        assert info["errorInformation"]["code"] == "HEALTH_CONSTRAINTS"
        assert events["ValidateService"]["status"] == "Failed"
        assert events["ValidateService"]["diagnostics"] == {
            "errorCode": "ScriptFailed",
            "scriptName": report["script_name"],
            "message": report["message"],
            "logTail": report["log"],
        }

    def test_skips_the_events_after_it(self, client: MakeClient, agents: Any) -> None:
        shop = Shop.open(client)
        agents(shop.instances, failing("Install"))

        deployment = shop.deploy()
        shop.finish(deployment)
        events = shop.events(deployment, shop.instances[0])

        assert [event["status"] for event in events.values()] == ["Succeeded"] * 3 + ["Failed"] + [
            "Skipped"
        ] * 3
        assert shop.target(deployment, shop.instances[0])["status"] == "Failed"

    def test_without_instances(self, client: MakeClient) -> None:
        shop = Shop.open(client, instances=0)

        assert shop.finish(shop.deploy())["errorInformation"]["code"] == "NO_INSTANCES"
