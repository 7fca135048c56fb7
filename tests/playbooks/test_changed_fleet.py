"""What becomes of a fleet that is there when its settings change, as docs/changing-settings.md says."""

from typing import Any

import pytest

from tests.playbooks.fleets import NAMES, Fleet
from tests.playbooks.said import changes_of_tasks

TARGET_TRACKING = "requests-per-host"


def group(fleet: Fleet) -> dict[str, Any]:
    [found] = fleet.groups().values()
    return found


def deployment_group(fleet: Fleet) -> dict[str, Any]:
    found: dict[str, Any] = fleet.client("codedeploy").get_deployment_group(**NAMES)["deploymentGroupInfo"]
    return found


def alarms(fleet: Fleet) -> dict[str, float]:
    found = fleet.client("cloudwatch").describe_alarms(AlarmNamePrefix="shop-web-")["MetricAlarms"]
    return {each["AlarmName"].removeprefix("shop-web-"): each["Threshold"] for each in found}


def deregistration_delay(fleet: Fleet) -> str:
    elb = fleet.client("elbv2")
    [target_group] = elb.describe_target_groups()["TargetGroups"]
    found = elb.describe_target_group_attributes(TargetGroupArn=target_group["TargetGroupArn"])["Attributes"]
    delay = "deregistration_delay.timeout_seconds"
    return str(next(each["Value"] for each in found if each["Key"] == delay))


def scaling_policies(fleet: Fleet) -> list[str]:
    found = fleet.client("autoscaling").describe_policies()["ScalingPolicies"]
    return [each["PolicyName"] for each in found]


@pytest.mark.long
def test_sizes_times_and_alarms_are_followed_and_no_host_is_replaced(fleet: Fleet) -> None:
    before = {each["InstanceId"] for each in group(fleet)["Instances"]}
    changed = {
        "pipeline_fleet_min_size": 3,
        "pipeline_fleet_desired_size": 3,
        "pipeline_fleet_max_size": 6,
        "pipeline_fleet_health_grace": 120,
        "pipeline_fleet_deregistration_delay": 10,
        "pipeline_fleet_alarm_errors": 7,
        "pipeline_fleet_alarm_seconds": 0,
    }
    fleet.run("provision-fleet.yml", **changed)
    found = group(fleet)
    assert (found["MinSize"], found["DesiredCapacity"], found["MaxSize"]) == (3, 3, 6)
    assert found["HealthCheckGracePeriod"] == 120
    assert before < {each["InstanceId"] for each in found["Instances"]}
    assert deregistration_delay(fleet) == "10"
    assert alarms(fleet) == {"errors": 7, "unhealthy-hosts": 1}
    assert fleet.changes("provision-fleet.yml", **changed) == set()
    fleet.run("configure-codedeploy.yml", **changed)
    named = [each["name"] for each in deployment_group(fleet)["alarmConfiguration"]["alarms"]]
    assert named == ["shop-web-errors", "shop-web-unhealthy-hosts"]


@pytest.mark.long
def test_scaling_by_requests_comes_and_goes(fleet: Fleet) -> None:
    scaled = {"pipeline_fleet_requests_per_host": 600}
    fleet.run("provision-fleet.yml", **scaled)
    assert scaling_policies(fleet) == [TARGET_TRACKING]
    # What the load has decided stays.
    fleet.client("autoscaling").set_desired_capacity(AutoScalingGroupName="shop-web", DesiredCapacity=4)
    assert fleet.changes("provision-fleet.yml", **scaled) == set()
    assert group(fleet)["DesiredCapacity"] == 4
    fleet.run("provision-fleet.yml")
    assert scaling_policies(fleet) == []
    assert group(fleet)["DesiredCapacity"] == 2


@pytest.mark.long
def test_what_the_launch_template_has_waits_for_the_next_roll(fleet: Fleet) -> None:
    changed = {"pipeline_instance_type": "t3a.micro", "pipeline_instance_volume_size": 12}
    before = {each["InstanceId"] for each in group(fleet)["Instances"]}
    decision = "hosts are of version 1 of the launch template, newest is 2: playbooks/roll-image.yml"
    planned = fleet.run("roll-image.yml", "--check", "--diff", **changed)
    assert "~ launch template shop-web" in planned
    assert "~ hosts of Auto Scaling group shop-web: launch_template: shop-web:1 -> shop-web:2" in planned
    said = fleet.run("provision-fleet.yml", **changed)
    assert set(changes_of_tasks(said)) == {"Create the launch template"}
    assert decision in said
    assert {each["InstanceId"] for each in group(fleet)["Instances"]} == before
    assert "newest is" not in fleet.run("roll-image.yml", **changed)
    found = group(fleet)["Instances"]
    assert {each["InstanceType"] for each in found} == {"t3a.micro"}
    assert before.isdisjoint({each["InstanceId"] for each in found})


@pytest.mark.long
def test_the_style_of_deployments_is_followed(fleet: Fleet) -> None:
    changed = {
        "pipeline_deployment_style": "blue_green",
        "pipeline_blue_green_wait": 30,
        "pipeline_blue_green_termination_wait": 7,
    }
    fleet.run("configure-codedeploy.yml", **changed)
    found = deployment_group(fleet)
    assert found["deploymentStyle"]["deploymentType"] == "BLUE_GREEN"
    settings = found["blueGreenDeploymentConfiguration"]
    assert settings["deploymentReadyOption"] == {
        "actionOnTimeout": "STOP_DEPLOYMENT",
        "waitTimeInMinutes": 30,
    }
    ending = settings["terminateBlueInstancesOnDeploymentSuccess"]
    assert ending["terminationWaitTimeInMinutes"] == 7
    assert fleet.changes("configure-codedeploy.yml", **changed) == set()
    fleet.run("configure-codedeploy.yml")
    assert deployment_group(fleet)["deploymentStyle"]["deploymentType"] == "IN_PLACE"
    assert fleet.changes("configure-codedeploy.yml") == set()
