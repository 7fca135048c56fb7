"""Many instances in one deployment: minimum healthy hosts, at every moment."""

from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.server import LocalCloud
from local_cloud.testing.agents import Hold, agents_on, failing_at
from local_cloud.testing.shop import FINAL, Shop, wait_for
from tests.local_cloud.crowd import crowd, most_at_once

MakeClient = Callable[..., Any]


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
        hold = Hold()
        with agents_on(local_cloud.endpoint_url, shop.instances, hold):
            deployment = shop.begin(deploymentConfigName="careful")
            working = lambda: shop.target_ids(deployment, TargetStatus=["InProgress"])  # noqa: E731
            wait_for(working, len_is(expected))
            hold.ends.set()
            info = shop.finish(deployment)

        assert info["deploymentOverview"]["Succeeded"] == 9
        assert most_at_once(shop.targets(deployment)) <= expected

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
        hold = Hold()
        with agents_on(local_cloud.endpoint_url, shop.instances, hold):
            deployment = shop.begin()
            wait_for(lambda: shop.target_ids(deployment, TargetStatus=["InProgress"]) == [last])
            hold.ends.set()


def len_is(expected: int) -> Callable[[list[str]], bool]:
    return lambda found: len(found) == expected


@pytest.mark.long
class TestThousandInstances:
    def test_half_at_a_time(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client, instances=1000, deploymentConfigName="CodeDeployDefault.HalfAtATime")
        with crowd(local_cloud.endpoint_url, shop.instances):
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
        assert most_at_once(shop.targets(deployment)) <= 500
