"""A new image rolls through a fleet, or the former hosts come back."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local_cloud.testing.agents import failing_at
from local_cloud.testing.shop import wait_for
from tests.playbooks.fleets import BLUE_GREEN, Fleet
from tests.playbooks.said import changes_of_tasks

ALARM = "shop-web-errors"


@contextmanager
def ringing(fleet: Fleet) -> Iterator[None]:
    """An alarm of the fleet rings once a host of the second image is in service."""

    def ring() -> None:
        wait_for(lambda: fleet.images[1] in fleet.launched())
        alarms = fleet.client("cloudwatch")
        alarms.set_alarm_state(AlarmName=ALARM, StateValue="ALARM", StateReason="a test")

    thread = threading.Thread(target=ring)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@pytest.mark.long
def test_an_image_rolls_once_and_a_dry_run_foretells_it(fleet: Fleet) -> None:
    first, second = fleet.images
    newer = {"pipeline_instance_image": second}
    assert fleet.changes("roll-image.yml") == set()
    foretold = fleet.changes("roll-image.yml", "--check", "--diff", **newer)
    assert foretold == {"Create the launch template", "Refresh the Auto Scaling group"}
    assert fleet.launched() == [first] * 2

    # What is provided alone rolls nothing: hosts that are launched meanwhile are of the former image.
    fleet.run("provision-fleet.yml", **newer)
    assert fleet.versions() == ["1"]
    assert fleet.launched() == [first] * 2

    said = fleet.run("roll-image.yml", **newer)
    assert set(changes_of_tasks(said)) == {"Refresh the Auto Scaling group"}
    assert re.search(r"^ +\d+ s  instance refresh of shop-web: Successful, 100 %, 0 left", said, re.MULTILINE)
    # Where a new host came up in the other's zone, Auto Scaling evens them: for a moment there are three.
    wait_for(lambda: fleet.launched() == [second] * 2)
    assert fleet.versions() == ["2"]
    for options in ((), ("--check", "--diff")):
        assert fleet.changes("roll-image.yml", *options, **newer) == set()


@pytest.mark.long
def test_an_alarm_brings_the_former_image_back(fleet: Fleet) -> None:
    first, second = fleet.images
    with ringing(fleet):
        said = fleet.fails("roll-image.yml", pipeline_instance_image=second, pipeline_fleet_refresh_warmup=5)
    assert f"The alarm {ALARM} is in the ALARM state. All hosts are as before" in said
    wait_for(lambda: fleet.launched() == [first] * 2)
    assert fleet.versions() == ["1"]


@pytest.mark.long
def test_a_blue_green_deployment_rolls_it(fleet: Fleet) -> None:
    newer = BLUE_GREEN | {"pipeline_instance_image": fleet.images[1]}
    fleet.run("configure-codedeploy.yml", **BLUE_GREEN)
    assert "Nothing was ever deployed to shop/web" in fleet.fails("roll-image.yml", **newer)
    with fleet.agents():
        fleet.deploy()
        fleet.run("provision-fleet.yml", **newer)
        assert "would replace" in fleet.run("roll-image.yml", "--check", "--diff", **newer)
        before = set(fleet.groups())
        fleet.run("roll-image.yml", **newer)
        assert before.isdisjoint(fleet.groups())
        assert fleet.launched() == [fleet.images[1]] * 2
        for options in ((), ("--check", "--diff")):
            assert fleet.changes("roll-image.yml", *options, **newer) == set()


@pytest.mark.long
def test_a_blue_green_deployment_that_fails_leaves_the_former_hosts(fleet: Fleet) -> None:
    fleet.run("configure-codedeploy.yml", **BLUE_GREEN)
    with fleet.agents():
        fleet.deploy()
        fleet.run("provision-fleet.yml", **BLUE_GREEN)
    [former] = fleet.groups()
    with fleet.agents(failing_at("ValidateService")):
        said = fleet.fails("roll-image.yml", **BLUE_GREEN, pipeline_instance_image=fleet.images[1])
    assert "ValidateService" in said
    assert "The hosts are as before, of shop-web:1" in said
    assert list(fleet.groups()) == [former]
    assert fleet.versions() == ["1"]
    assert fleet.launched() == [fleet.images[0]] * 2


@pytest.mark.long
def test_single_instances_are_told_their_way(empty_fleet: Fleet) -> None:
    assert "pipeline_instance_replace=true" in empty_fleet.fails("roll-image.yml", pipeline_fleet=False)
