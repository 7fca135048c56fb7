"""What becomes of a fleet that is there when its settings change, as docs/changing-settings.md says."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.playbooks.fleets import BLUE_GREEN, NAMES, Fleet
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


def metrics(group: dict[str, Any]) -> set[str]:
    return {each["Metric"] for each in group.get("EnabledMetrics", [])}


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


@pytest.mark.long
def test_a_group_that_a_deployment_has_made_is_watched_as_the_former_was(fleet: Fleet) -> None:
    """AWS copies no health checks, target group or metrics (recorded in an account, 2019)."""
    settings = BLUE_GREEN | {
        "pipeline_fleet_requests_per_host": 70,
        "pipeline_fleet_health_grace": 45,
        "pipeline_addresses": [],
        "balancer_addresses": [],
    }
    fleet.run("provision-fleet.yml", **settings)
    fleet.run("configure-codedeploy.yml", **settings)
    former = group(fleet)
    # What somebody has done for a busy evening stays.
    scaling = fleet.client("autoscaling")
    scaling.update_auto_scaling_group(AutoScalingGroupName="shop-web", MaxSize=7)
    with fleet.agents():
        said = fleet.run("deploy-site.yml", **settings)
        assert "Update the copied Auto Scaling group" in changes_of_tasks(said)
        copied = group(fleet)
        assert copied["AutoScalingGroupName"].startswith("CodeDeploy_web_d-")
        for each in ("HealthCheckType", "HealthCheckGracePeriod", "TargetGroupARNs", "SuspendedProcesses"):
            assert copied[each] == former[each], each
        assert (copied["HealthCheckType"], copied["HealthCheckGracePeriod"], copied["MaxSize"]) == (
            "ELB",
            45,
            7,
        )
        assert metrics(copied) == metrics(former)
        assert len(metrics(copied)) == 8
        [policy] = scaling.describe_policies()["ScalingPolicies"]
        assert (policy["AutoScalingGroupName"], policy["PolicyName"]) == (
            copied["AutoScalingGroupName"],
            TARGET_TRACKING,
        )
        assert policy["TargetTrackingConfiguration"]["TargetValue"] == 70
        assert fleet.changes("deploy-site.yml", **settings) == set()
    assert fleet.changes("provision-fleet.yml", **settings) == {"Update the Auto Scaling group"}
    assert group(fleet)["MaxSize"] == 4
    assert fleet.changes("provision-fleet.yml", "--check", "--diff", **settings) == set()


GROUP = "Show the changes of the Auto Scaling group"
TARGETS = "Show the changes of the target group"


@pytest.mark.long
def test_a_dry_run_finds_what_of_it_was_changed_by_hand(fleet: Fleet) -> None:
    settings = {"pipeline_fleet_requests_per_host": 500, "pipeline_fleet_max_size": 5}
    fleet.run("provision-fleet.yml", **settings)
    change_by_hand(fleet.client, "shop-web")
    said = fleet.run("provision-fleet.yml", "--check", "--diff", **settings)
    assert (
        "would change of the Auto Scaling group shop-web: health_check_period, health_check_type, max_size,"
        " metrics, min_size, suspended_processes, target_group"
    ) in said
    assert set(changes_of_tasks(said)) == {
        "Update the Auto Scaling group",
        "Configure the scaling policy",
        "Create the load balancer",
        "Create the load balancer's security group",
        "Create the hosts' security group",
        TARGETS,
    }
    assert "target_value" in said
    assert (
        "would change of the target group shop-web: deregistration_delay_timeout_seconds, health_check_port,"
        " healthy_threshold_count, load_balancing_algorithm_type"
    ) in said
    fleet.run("provision-fleet.yml", **settings)
    assert group(fleet)["SuspendedProcesses"] == []
    assert rules(fleet) == [("default", "forward")]
    assert opened(fleet) == {("shop-web-balancer", 80), ("shop-web-hosts", 80)}
    for options in ((), ("--check", "--diff")):
        assert fleet.changes("provision-fleet.yml", *options, **settings) == set()

    fleet.client("autoscaling").delete_policy(AutoScalingGroupName="shop-web", PolicyName=TARGET_TRACKING)
    assert fleet.changes("provision-fleet.yml", "--check", **settings) == {"Configure the scaling policy"}


def rules(fleet: Fleet) -> list[tuple[str, str]]:
    """Priority and action of all that the load balancer's listeners do."""
    elb = fleet.client("elbv2")
    [balancer] = elb.describe_load_balancers()["LoadBalancers"]
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    return [
        (rule["Priority"], rule["Actions"][0]["Type"])
        for listener in listeners
        for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    ]


def opened(fleet: Fleet) -> set[tuple[str, int]]:
    """The security groups of the fleet and their ports."""
    found = fleet.client("ec2").describe_security_groups()["SecurityGroups"]
    return {
        (each["GroupName"], rule["FromPort"])
        for each in found
        if each["GroupName"] != "default"
        for rule in each["IpPermissions"]
    }


def change_by_hand(client: Callable[[str], Any], fleet: str) -> None:
    """In each of a fleet's resources, which have its name, what decides about its visitors."""
    scaling, elb, ec2 = client("autoscaling"), client("elbv2"), client("ec2")
    name = {"AutoScalingGroupName": fleet}
    [target_group] = elb.describe_target_groups()["TargetGroups"]
    targets = target_group["TargetGroupArn"]
    [balancer] = elb.describe_load_balancers()["LoadBalancers"]

    scaling.update_auto_scaling_group(
        **name, MinSize=1, MaxSize=9, HealthCheckType="EC2", HealthCheckGracePeriod=7
    )
    scaling.enable_metrics_collection(**name, Granularity="1Minute", Metrics=["GroupMinSize"])
    scaling.suspend_processes(**name, ScalingProcesses=["ReplaceUnhealthy"])
    scaling.detach_load_balancer_target_groups(**name, TargetGroupARNs=[targets])
    [policy] = scaling.describe_policies(**name)["ScalingPolicies"]
    tracked = policy["TargetTrackingConfiguration"] | {"TargetValue": 9000.0}
    scaling.put_scaling_policy(
        **name,
        PolicyName=TARGET_TRACKING,
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration=tracked,
    )

    elb.modify_target_group_attributes(
        TargetGroupArn=targets,
        Attributes=[
            {"Key": "deregistration_delay.timeout_seconds", "Value": "299"},
            {"Key": "load_balancing.algorithm.type", "Value": "least_outstanding_requests"},
        ],
    )
    elb.modify_target_group(TargetGroupArn=targets, HealthyThresholdCount=9, HealthCheckPort="8080")
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
    [listener] = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    elb.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=[answer])
    elb.create_rule(
        ListenerArn=listener["ListenerArn"],
        Conditions=[{"Field": "path-pattern", "Values": ["/admin/*"]}],
        Priority=7,
        Actions=[answer],
    )
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Attributes=[{"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "false"}],
    )
    for security_group in ec2.describe_security_groups()["SecurityGroups"]:
        if security_group["GroupName"].startswith(fleet):
            ec2.authorize_security_group_ingress(
                GroupId=security_group["GroupId"],
                IpPermissions=[
                    {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
                ],
            )
