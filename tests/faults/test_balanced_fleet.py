"""Six hosts behind a load balancer under 200 requests a second, and all that happens to a fleet."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.testing.shop import wait_for
from tests.faults.balanced_fleet import RATE, BalancedFleet
from tests.local_cloud.host_clouds import started
from tests.local_cloud.test_hosts_scaling import kill

BLUE_GREEN = {
    "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
    "blueGreenDeploymentConfiguration": {
        "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0},
        "terminateBlueInstancesOnDeploymentSuccess": {
            "action": "TERMINATE",
            "terminationWaitTimeInMinutes": 0,
        },
        "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"},
    },
}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[BalancedFleet]:
    with started(tmp_path / "state", "--autoscaling-speed", "10") as cloud:
        made = BalancedFleet(cloud, tmp_path)
        made.set_up(6)
        yield made


def test_requests_go_on_whatever_becomes_of_hosts(fleet: BalancedFleet) -> None:
    try:
        with fleet.visited():
            live_through(fleet)
    finally:
        sys.stdout.write("".join(f"{phase.row()}\n" for phase in fleet.phases))
    lost = {phase.name: phase.failed for phase in fleet.phases if phase.failed}
    # A host that loses its power takes with it what it was asked just then: a 502, or no answer where the
    # deregistration delay ends before.
    assert set(lost) <= {"kill a host"}, lost
    assert sum(lost.get("kill a host", {}).values()) < RATE // 4
    assert sum(len(phase.visits) for phase in fleet.phases) > 0.8 * RATE * sum(
        p.seconds for p in fleet.phases
    )


def live_through(fleet: BalancedFleet) -> None:
    with fleet.phase("nothing") as visits:
        wait_for(lambda: len(visits) > 60 * RATE, seconds=120)
    with fleet.phase("deploy in place"):
        assert fleet.deploy("one") == "Succeeded"
    with fleet.phase("deploy in place what fails"):
        assert fleet.deploy("two", hook="exit 1") == "Failed"
    with fleet.phase("kill a host"):
        first = fleet.healthy()[0]
        kill(fleet.cloud, first)
        fleet.wait_for_healthy(6, without=first)
    with fleet.phase("terminate a host"):
        first = fleet.healthy()[0]
        fleet.cloud.client("autoscaling").terminate_instance_in_auto_scaling_group(
            InstanceId=first, ShouldDecrementDesiredCapacity=False
        )
        fleet.wait_for_healthy(6, without=first)
    with fleet.phase("scale from 6 to 10"):
        fleet.resize(10)
    with fleet.phase("scale from 10 to 4"):
        fleet.resize(4)
    with fleet.phase("refresh all instances"):
        assert fleet.refresh() == "Successful"
        fleet.wait_for_healthy(4)
    fleet.cloud.client("codedeploy").update_deployment_group(
        applicationName="shop", currentDeploymentGroupName="web", **BLUE_GREEN
    )
    before = fleet.group
    with fleet.phase("deploy blue/green"):
        assert fleet.deploy("three") == "Succeeded"
    assert fleet.group != before
    fleet.wait_for_healthy(4)
    before = fleet.group
    with fleet.phase("deploy blue/green what fails"):
        assert fleet.deploy("four", hook="exit 1") == "Failed"
    assert fleet.group == before
    fleet.wait_for_healthy(4)
