"""Zonal deployments: one Availability Zone after the other, with what each has to keep."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from local_cloud.server import LocalCloud
from local_cloud.testing.agents import agents_on
from local_cloud.testing.scaling import let_pass
from local_cloud.testing.shop import FINAL, Shop, refused, run_instances, wait_for
from tests.local_cloud.crowd import crowd, most_at_once

MakeClient = Callable[..., Any]
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
NONE = {"type": "HOST_COUNT", "value": 0}


class Zones:
    """The shop with instances in three zones, and the deployment configuration `zonal`."""

    def __init__(self, client: MakeClient, each: int, minimum: dict[str, Any] = NONE, **zonal: Any) -> None:
        self.shop = Shop.open(client, instances=0)
        self.shop.codedeploy.create_deployment_config(
            deploymentConfigName="zonal", minimumHealthyHosts=minimum, zonalConfig=zonal
        )
        self.instances = {zone: run_instances(client, each, zone=zone, Name="web") for zone in ZONES}

    @property
    def all(self) -> list[str]:
        return [each for instances in self.instances.values() for each in instances]

    def begin(self) -> str:
        return self.shop.begin(deploymentConfigName="zonal")

    def statuses(self, deployment: str) -> dict[str, set[str]]:
        """Of the targets of each zone."""
        found = {target["targetId"]: target["status"] for target in self.shop.targets(deployment)}
        return {zone: {found[each] for each in ids} for zone, ids in self.instances.items()}

    def targets(self, deployment: str) -> dict[str, list[dict[str, Any]]]:
        found = {target["targetId"]: target for target in self.shop.targets(deployment)}
        return {zone: [found[each] for each in ids] for zone, ids in self.instances.items()}


def _times(targets: list[dict[str, Any]]) -> list[datetime]:
    events = [event for target in targets for event in target["lifecycleEvents"] if "startTime" in event]
    return [event[moment] for event in events for moment in ("startTime", "endTime")]


class TestZones:
    def test_have_their_turns(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        zones = Zones(client, 2)
        with agents_on(local_cloud.endpoint_url, zones.all):
            deployment = zones.begin()
            assert zones.shop.finish(deployment)["status"] == "Succeeded"

        first, second, third = (_times(targets) for targets in zones.targets(deployment).values())
        assert max(first) <= min(second)
        assert max(second) <= min(third)

    def test_are_watched_before_the_next_one(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        """For longer after the first one, where the configuration says so; not after the last."""
        zones = Zones(client, 1, monitorDurationInSeconds=600, firstZoneMonitorDurationInSeconds=3600)
        with agents_on(local_cloud.endpoint_url, zones.all):
            deployment = zones.begin()
            one, two, three = ZONES
            wait_for(lambda: zones.statuses(deployment)[one] == {"Succeeded"})
            let_pass(3500)
            assert zones.statuses(deployment)[two] == {"Pending"}
            let_pass(100)
            wait_for(lambda: zones.statuses(deployment)[two] == {"Succeeded"})
            let_pass(500)
            assert zones.statuses(deployment)[three] == {"Pending"}
            let_pass(100)
            assert zones.shop.finish(deployment)["status"] == "Succeeded"

    def test_keep_what_each_has_to_keep(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        zones = Zones(client, 4, minimumHealthyHostsPerZone={"type": "HOST_COUNT", "value": 3})
        with agents_on(local_cloud.endpoint_url, zones.all):
            deployment = zones.begin()
            assert zones.shop.finish(deployment)["status"] == "Succeeded"
        for targets in zones.targets(deployment).values():
            assert most_at_once(targets) == 1

    def test_keep_what_all_together_have_to_keep(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        zones = Zones(client, 2, {"type": "HOST_COUNT", "value": 5})
        with agents_on(local_cloud.endpoint_url, zones.all):
            deployment = zones.begin()
            assert zones.shop.finish(deployment)["status"] == "Succeeded"
        assert most_at_once(zones.shop.targets(deployment)) == 1

    def test_that_come_after_a_bad_one_are_left_alone(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        zones = Zones(client, 2, minimumHealthyHostsPerZone={"type": "FLEET_PERCENT", "value": 50})
        bad = zones.instances[ZONES[0]]
        with crowd(local_cloud.endpoint_url, zones.all, lambda each: "Install" if each in bad else ""):
            deployment = zones.begin()
            assert zones.shop.finish(deployment)["status"] == "Failed"

        statuses = zones.statuses(deployment)
        assert statuses[ZONES[1]] == statuses[ZONES[2]] == {"Skipped"}

    def test_of_which_one_must_keep_all_make_a_deployment_impossible(self, client: MakeClient) -> None:
        zones = Zones(client, 2, minimumHealthyHostsPerZone={"type": "HOST_COUNT", "value": 2})
        info = zones.shop.finish(zones.shop.deploy(deploymentConfigName="zonal"))

        assert info["errorInformation"]["code"] == "HEALTH_CONSTRAINTS_INVALID"

    @pytest.mark.parametrize(
        "zonal",
        [
            {"monitorDurationInSeconds": -1},
            {"minimumHealthyHostsPerZone": {"type": "FLEET_PERCENT", "value": 101}},
            {"minimumHealthyHostsPerZone": {"type": "SOME", "value": 1}},
        ],
    )
    def test_with_bad_settings_are_refused(self, client: MakeClient, zonal: dict[str, Any]) -> None:
        with refused("InvalidZonalDeploymentConfigurationException"):
            Zones(client, 0, **zonal)


@pytest.mark.long
class TestThousandInstances:
    """Limits of every zone, at every moment, by the times that the API tells."""

    PERCENT = 70

    def most(self, zones: Zones) -> int:
        size = len(zones.instances[ZONES[0]])
        return size - -(-size * self.PERCENT // 100)

    def open(self, client: MakeClient, **zonal: Any) -> Zones:
        minimum = {"type": "FLEET_PERCENT", "value": self.PERCENT}
        return Zones(client, 334, minimumHealthyHostsPerZone=minimum, **zonal)

    def check(self, zones: Zones, deployment: str) -> None:
        for targets in zones.targets(deployment).values():
            assert most_at_once(targets, until_the_end=("Failed",)) <= self.most(zones)

    def test_some_of_which_fail(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        zones = self.open(client)
        bad = {each for instances in zones.instances.values() for each in instances[::10]}
        with crowd(local_cloud.endpoint_url, zones.all, lambda each: "AfterInstall" if each in bad else ""):
            deployment = zones.begin()
            info = wait_for(
                lambda: zones.shop.info(deployment), lambda info: info["status"] in FINAL, 600, 0.5
            )

        assert info["status"] == "Succeeded"
        assert info["deploymentOverview"]["Failed"] == len(bad)
        self.check(zones, deployment)
        first, second, third = (_times(targets) for targets in zones.targets(deployment).values())
        assert max(first) <= min(second)
        assert max(second) <= min(third)

    def test_that_are_stopped_in_the_second_zone(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        zones = self.open(client)
        shop = zones.shop
        with crowd(local_cloud.endpoint_url, zones.all):
            deployment = zones.begin()
            wait_for(
                lambda: shop.info(deployment)["deploymentOverview"]["Succeeded"],
                lambda done: 334 < done < 668,
                600,
                0.2,
            )
            shop.codedeploy.stop_deployment(deploymentId=deployment)
            assert shop.finish(deployment)["status"] == "Stopped"
            self.check(zones, deployment)
            assert zones.statuses(deployment)[ZONES[2]] == {"Skipped"}
            again = zones.begin()
            info = wait_for(lambda: shop.info(again), lambda info: info["status"] in FINAL, 600, 0.5)

        assert info["status"] == "Succeeded"
        self.check(zones, again)
