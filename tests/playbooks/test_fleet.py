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
    image = next(each["ImageId"] for each in client("ec2").describe_images(Owners=["amazon"])["Images"])

    def play(playbook: str, *options: str, **settings: Any) -> str:
        given = addresses | FLEET | {"pipeline_instance_image": image} | settings
        result = ansible_playbook(playbook, *options, **given)
        assert result.returncode == 0, result.stdout + result.stderr
        return str(result.stdout)

    return play


def offering(ec2: Any, instance_type: str) -> set[str]:
    """Not every zone of the region."""
    filters = [{"Name": "instance-type", "Values": [instance_type]}]
    found = ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=filters)
    zones = {each["Location"] for each in found["InstanceTypeOfferings"]}
    assert len(zones) < len(ec2.describe_availability_zones()["AvailabilityZones"])
    return zones


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
    zones = sorted(offering(client("ec2"), "t3a.nano"))[:2]
    assert sorted(group["AvailabilityZones"]) == zones
    # As many as the estimate counts: each has an address that costs.
    assert sorted(each["ZoneName"] for each in balancer["AvailabilityZones"]) == zones
    assert (group["HealthCheckType"], group["HealthCheckGracePeriod"]) == ("ELB", 300)
    assert changed(run("provision-fleet.yml")) == set()
    assert changed(run("provision-fleet.yml", "--check", "--diff")) == set()


@pytest.mark.long
def test_a_dry_run_finds_what_was_changed_by_hand(
    run: Callable[..., str], client: Callable[[str], Any]
) -> None:
    run("provision-iam.yml")
    run("provision-fleet.yml")
    [targets] = client("elbv2").describe_target_groups()["TargetGroups"]
    arn = targets["TargetGroupArn"]
    client("elbv2").modify_target_group(TargetGroupArn=arn, HealthCheckPath="/other")
    client("elbv2").remove_tags(ResourceArns=[arn], TagKeys=["ManagedBy"])
    alarms = [each["AlarmName"] for each in client("cloudwatch").describe_alarms()["MetricAlarms"]]
    gone = next(name for name in alarms if name.endswith("-seconds"))
    client("cloudwatch").delete_alarms(AlarmNames=[gone])

    output = run("provision-fleet.yml", "--check", "--diff")
    assert changed(output) == {"Show the changes of the target group", "Create the alarms"}
    assert ": health_check_path, tags" in output
    assert f"(item={gone})" in output
    assert changed(run("provision-fleet.yml")) == {"Create the target group", "Create the alarms"}
    assert changed(run("provision-fleet.yml", "--check", "--diff")) == set()


@pytest.mark.long
def test_the_group_has_the_fleet_and_all_of_it_goes(
    run: Callable[..., str], client: Callable[[str], Any]
) -> None:
    for playbook in (
        "provision-iam.yml",
        "provision-fleet.yml",
        "configure-codedeploy.yml",
        "provision-dns.yml",
    ):
        run(playbook)
    group = client("codedeploy").get_deployment_group(
        applicationName="test.codeDeploy.001", deploymentGroupName="test.deploymentGroup.001"
    )["deploymentGroupInfo"]
    [scaling] = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [each["name"] for each in group["autoScalingGroups"]] == [scaling["AutoScalingGroupName"]]
    assert group["deploymentStyle"]["deploymentOption"] == "WITH_TRAFFIC_CONTROL"
    assert len(group["alarmConfiguration"]["alarms"]) == 3
    assert changed(run("configure-codedeploy.yml")) == set()
    assert changed(run("provision-dns.yml")) == set()
    run("destroy.yml", confirm="test.codeDeploy.001", pipeline_domain_ttl=1)
    assert client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert client("elbv2").describe_target_groups()["TargetGroups"] == []
    assert client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"] == []
    assert client("ec2").describe_launch_templates()["LaunchTemplates"] == []
    assert client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    names = [each["GroupName"] for each in client("ec2").describe_security_groups()["SecurityGroups"]]
    assert names == ["default"]
