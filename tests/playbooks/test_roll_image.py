"""A new image rolls through a fleet, or the former hosts come back; without hosts, with simulated agents."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from local_cloud.testing.agents import Work, agents_everywhere, failing_at, succeed
from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.shop import GITHUB, wait_for
from tests.playbooks.said import changes_of_tasks

REGION = "eu-west-1"
NAMES = {"applicationName": "shop", "deploymentGroupName": "web"}
ALARM = "shop-web-errors"
SETTINGS = {
    "pipeline_fleet": True,
    "pipeline_instance_name": "shop.web",
    "pipeline_application": NAMES["applicationName"],
    "pipeline_deployment_group": NAMES["deploymentGroupName"],
    "pipeline_deployment_config": "CodeDeployDefault.AllAtOnce",
    "pipeline_blue_green_termination_wait": 0,
    "pipeline_deployment_timeout": 120,
    "pipeline_fleet_refresh_warmup": 0,
    "pipeline_region": REGION,
}
BLUE_GREEN = {"pipeline_deployment_style": "blue_green"}


@dataclass(frozen=True)
class Fleet:
    """Two hosts of the first image and their deployment group, made by the playbooks."""

    cloud: LocalCloud
    client: Callable[[str], Any]
    play: Callable[..., Any]
    """A run with the first image, unless another one is given."""
    images: list[str]

    def run(self, playbook: str, *options: str, **settings: Any) -> str:
        """What a run says that has to succeed."""
        result = self.play(playbook, *options, **settings)
        assert result.returncode == 0, result.stdout + result.stderr
        return str(result.stdout)

    def changes(self, playbook: str, *options: str, **settings: Any) -> set[str]:
        return set(changes_of_tasks(self.run(playbook, *options, **settings)))

    def fails(self, playbook: str, **settings: Any) -> str:
        """What a run says that has to fail, in one line."""
        result = self.play(playbook, **settings)
        assert result.returncode == 2, result.stdout
        return " ".join((result.stdout + result.stderr).split())

    def groups(self) -> dict[str, dict[str, Any]]:
        there = self.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        return {each["AutoScalingGroupName"]: each for each in there if "Status" not in each}

    def versions(self) -> list[str]:
        """Those of the launch template from which the groups would launch."""
        return [each["LaunchTemplate"]["Version"] for each in self.groups().values()]

    def launched(self) -> list[str]:
        """The images of all hosts that are in service."""
        members = [each for group in self.groups().values() for each in group["Instances"]]
        ids = [each["InstanceId"] for each in members if each["LifecycleState"] == "InService"]
        found = self.client("ec2").describe_instances(InstanceIds=ids)["Reservations"] if ids else []
        return [each["ImageId"] for reservation in found for each in reservation["Instances"]]

    def running(self) -> set[str]:
        up = [{"Name": "instance-state-name", "Values": ["running"]}]
        found = self.client("ec2").describe_instances(Filters=up)["Reservations"]
        return {each["InstanceId"] for reservation in found for each in reservation["Instances"]}

    @contextmanager
    def agents(self, work: Work = succeed) -> Iterator[None]:
        """On whatever runs."""
        with agents_everywhere(self.cloud.endpoint_url, self.running, lambda _: work, region=REGION):
            yield

    def deploy(self) -> None:
        codedeploy = self.client("codedeploy")
        made = codedeploy.create_deployment(**NAMES, revision=GITHUB)["deploymentId"]
        wait_for(
            lambda: codedeploy.get_deployment(deploymentId=made)["deploymentInfo"]["status"] == "Succeeded"
        )


@pytest.fixture
def shop(
    cloud: LocalCloud,
    client: Callable[..., Any],
    ansible_playbook: Callable[..., Any],
    addresses: dict[str, Any],
) -> Fleet:
    """The account is as new: nothing is provisioned."""
    there = client("ec2", REGION).describe_images(Owners=["amazon"])["Images"]
    images = [each["ImageId"] for each in there if each["Architecture"] == "x86_64"][:2]
    settings = addresses | SETTINGS | {"pipeline_instance_image": images[0]}
    settings["pipeline_aws_connection"] = settings["pipeline_aws_connection"] | {"region": REGION}
    settings["pipeline_aws_environment"] = settings["pipeline_aws_environment"] | {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }

    def play(playbook: str, *options: str, **more: Any) -> Any:
        return ansible_playbook(playbook, *options, **settings | more)

    return Fleet(cloud, lambda service: client(service, REGION), play, images)


@pytest.fixture
def fleet(shop: Fleet) -> Fleet:
    for playbook in ("provision-iam.yml", "provision-fleet.yml", "configure-codedeploy.yml"):
        shop.run(playbook)
    return shop


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
    status = fleet.run("show-status.yml", "-e", "drift=false", **newer)
    assert re.search(r"Auto Scaling +2 of 2 in service +shop-web", status)
    assert "hosts are of version 1 of the launch template, newest is 2: playbooks/roll-image.yml" in status

    said = fleet.run("roll-image.yml", **newer)
    assert set(changes_of_tasks(said)) == {"Refresh the Auto Scaling group"}
    assert re.search(r"^ +\d+ s  instance refresh of shop-web: Successful, 100 %, 0 left", said, re.MULTILINE)
    assert fleet.launched() == [second] * 2
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


def test_single_instances_are_told_their_way(shop: Fleet) -> None:
    assert "pipeline_instance_replace=true" in shop.fails("roll-image.yml", pipeline_fleet=False)
