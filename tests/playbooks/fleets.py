"""A fleet that playbooks make, without hosts and with simulated agents; in another region than the first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from local_cloud.testing.agents import Work, agents_everywhere, succeed
from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.shop import GITHUB, running_instances, wait_for
from tests.playbooks.said import changes_of_tasks

REGION = "eu-west-1"
NAMES = {"applicationName": "shop", "deploymentGroupName": "web"}
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

    def fails(self, playbook: str, *options: str, **settings: Any) -> str:
        """What a run says that has to fail, in one line."""
        result = self.play(playbook, *options, **settings)
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
        return running_instances(self.client("ec2"))

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
def empty_fleet(
    cloud: LocalCloud,
    client: Callable[..., Any],
    ansible_playbook: Callable[..., Any],
    addresses: dict[str, Any],
) -> Fleet:
    """The account is as new: nothing of it is provisioned."""
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
def fleet(empty_fleet: Fleet) -> Fleet:
    for playbook in ("provision-iam.yml", "provision-fleet.yml", "configure-codedeploy.yml"):
        empty_fleet.run(playbook)
    return empty_fleet
