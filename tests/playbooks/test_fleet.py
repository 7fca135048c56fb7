"""A fleet behind a load balancer, made, left alone, changed and removed by the playbooks."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.playbooks.said import changes_of_tasks

FLEET = {
    "pipeline_fleet": True,
    "pipeline_instance_name": "shop_web of the very long name @ Ltd",
    "pipeline_instance_image": "ami-0123456789abcdef0",
}
NAME = "shop-web-of-the-very-lo-"
"""What a load balancer can have of it, before its digest."""


@pytest.fixture
def run(
    ansible_playbook: Callable[..., Any], addresses: dict[str, Any], client: Callable[[str], Any]
) -> Callable[..., str]:
    image = next(
        each["ImageId"] for each in client("ec2").describe_images(Owners=["amazon"])["Images"]
    )

    def play(playbook: str, *options: str, **settings: Any) -> str:
        given = addresses | FLEET | {"pipeline_instance_image": image} | settings
        result = ansible_playbook(playbook, *options, **given)
        assert result.returncode == 0, result.stdout + result.stderr
        return str(result.stdout)

    return play


def changed(output: str) -> set[str]:
    return set(changes_of_tasks(output))


@pytest.mark.long
def test_a_fleet_is_made_and_a_second_run_is_silent(
    run: Callable[..., str], client: Callable[[str], Any]
) -> None:
    assert "would create the load balancer" in run("provision-fleet.yml", "--check", "--diff")
    run("provision-iam.yml")
    run("provision-fleet.yml")
    [balancer] = client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert balancer["LoadBalancerName"].startswith(NAME)
    assert len(balancer["LoadBalancerName"]) <= 32
    [group] = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert (group["MinSize"], group["DesiredCapacity"], group["MaxSize"]) == (2, 2, 4)
    assert len(group["AvailabilityZones"]) > 1
    assert (group["HealthCheckType"], group["HealthCheckGracePeriod"]) == ("ELB", 300)
    assert changed(run("provision-fleet.yml")) == set()
    assert changed(run("provision-fleet.yml", "--check", "--diff")) == set()
