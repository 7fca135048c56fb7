"""Many instances in one deployment: minimum healthy hosts, at every moment."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local_cloud.server import LocalCloud
from local_cloud.testing.agents import EC2_ARN, agents_on, failing_at
from local_cloud.testing.shop import FINAL, Shop, wait_for

MakeClient = Callable[..., Any]

FLEET = Path(__file__).with_name("fleet.py")


@contextmanager
def fleet(endpoint_url: str, instances: list[str]) -> Iterator[None]:
    """An agent on each instance, all in one other process."""
    identifiers = "\n".join(EC2_ARN.format(region="us-east-1", instance=i) for i in instances)
    with subprocess.Popen(
        [sys.executable, str(FLEET), endpoint_url], stdin=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        process.stdin.write(identifiers)
        process.stdin.close()
        try:
            yield
            assert process.poll() is None
        finally:
            process.terminate()


def most_at_once(shop: Shop, deployment: str) -> int:
    """The largest number of targets that were being deployed to at one moment, by their events' times."""
    changes = []
    for target in shop.targets(deployment):
        events = [event for event in target["lifecycleEvents"] if "startTime" in event]
        changes += [(min(e["startTime"] for e in events), 1), (max(e["endTime"] for e in events), -1)]
    busy, most = 0, 0
    for _, change in sorted(changes):
        busy += change
        most = max(most, busy)
    return most


class TestMinimumHealthyHosts:
    @pytest.mark.parametrize(
        ("minimum", "expected"),
        [
            ({"type": "HOST_COUNT", "value": 6}, 3),
            ({"type": "FLEET_PERCENT", "value": 40}, 5),
            ({"type": "HOST_COUNT", "value": 0}, 9),
        ],
    )
    def test_are_kept(
        self, local_cloud: LocalCloud, client: MakeClient, minimum: dict[str, Any], expected: int
    ) -> None:
        """The example of AWS's documentation: nine instances."""
        shop = Shop.open(client, instances=9)
        shop.codedeploy.create_deployment_config(deploymentConfigName="careful", minimumHealthyHosts=minimum)
        deployment = shop.begin(deploymentConfigName="careful")
        waiting = wait_for(lambda: shop.target_ids(deployment, TargetStatus=["InProgress"]), len_is(expected))
        with agents_on(local_cloud.endpoint_url, shop.instances):
            info = shop.finish(deployment)

        assert len(waiting) == expected
        assert info["deploymentOverview"]["Succeeded"] == 9
        assert most_at_once(shop, deployment) <= expected

    def test_that_are_all_make_a_deployment_impossible(self, client: MakeClient) -> None:
        shop = Shop.open(client, instances=2)
        shop.codedeploy.create_deployment_config(
            deploymentConfigName="all", minimumHealthyHosts={"type": "HOST_COUNT", "value": 2}
        )

        info = shop.finish(shop.deploy(deploymentConfigName="all"))

        assert info["errorInformation"]["code"] == "HEALTH_CONSTRAINTS_INVALID"

    def test_stop_a_bad_revision_at_the_first_instance(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        shop = Shop.open(client, instances=3, deploymentConfigName="CodeDeployDefault.OneAtATime")
        with agents_on(local_cloud.endpoint_url, shop.instances, failing_at("Install")):
            info = shop.finish(shop.deploy())

        assert info["status"] == "Failed"
        overview = info["deploymentOverview"]
        assert (overview["Failed"], overview["Skipped"]) == (1, 2)

    def test_let_the_last_of_one_at_a_time_fail(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client, instances=2, deploymentConfigName="CodeDeployDefault.OneAtATime")
        first, last = shop.instances
        with (
            agents_on(local_cloud.endpoint_url, [first]),
            agents_on(local_cloud.endpoint_url, [last], failing_at("Install")),
        ):
            assert shop.finish(shop.deploy())["status"] == "Succeeded"

    def test_are_tried_first_where_they_failed_last_time(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        shop = Shop.open(client, instances=2, deploymentConfigName="CodeDeployDefault.OneAtATime")
        first, last = shop.instances
        with (
            agents_on(local_cloud.endpoint_url, [first]),
            agents_on(local_cloud.endpoint_url, [last], failing_at("Install")),
        ):
            shop.finish(shop.deploy())
        deployment = shop.begin()

        wait_for(lambda: shop.target_ids(deployment, TargetStatus=["InProgress"]) == [last])


def len_is(expected: int) -> Callable[[list[str]], bool]:
    return lambda found: len(found) == expected


@pytest.mark.long
class TestThousandInstances:
    def test_half_at_a_time(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client, instances=1000, deploymentConfigName="CodeDeployDefault.HalfAtATime")
        with fleet(local_cloud.endpoint_url, shop.instances):
            deployment = shop.deploy()
            busy = []

            def look() -> dict[str, Any]:
                info = shop.info(deployment)
                busy.append(info.get("deploymentOverview", {}).get("InProgress", 0))
                return info

            info = wait_for(look, lambda info: info["status"] in FINAL, seconds=600, pause=0.2)

        assert info["status"] == "Succeeded"
        assert info["deploymentOverview"]["Succeeded"] == 1000
        assert max(busy) <= 500
        assert most_at_once(shop, deployment) <= 500
