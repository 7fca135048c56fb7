"""Auto Scaling groups that live: sizes, health, what users do with instances, and what the history says."""

import base64
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.aws.autoscaling import balancers
from local_cloud.aws.moto.elbv2 import targets as moto_targets
from local_cloud.server import LocalCloud
from local_cloud.testing.scaling import Fleet, let_pass, options
from local_cloud.testing.shop import refused, wait_for
from tests.local_cloud.instances import TRUST, image

MakeClient = Callable[..., Any]
WHEN = r"At 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ "


def causes(fleet: Fleet) -> list[str]:
    """Without their times, latest first."""
    return [re.sub(WHEN, "", each["Cause"]) for each in fleet.activities()]


def zones_of(fleet: Fleet) -> str:
    """The last letter of each instance's zone."""
    return "".join(sorted(each["AvailabilityZone"][-1] for each in fleet.describe()["Instances"]))


def instances_of(fleet: Fleet) -> list[dict[str, Any]]:
    found = fleet.ec2.describe_instances(InstanceIds=fleet.ids())
    return [instance for each in found["Reservations"] for instance in each["Instances"]]


class TestLaunches:
    def test_of_a_template_are_complete(self, client: MakeClient) -> None:
        profile_with_role(client)
        ec2 = client("ec2")
        ec2.create_key_pair(KeyName="operator")
        group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
        data = {
            "ImageId": image(client, "x86_64"),
            "InstanceType": "t3a.micro",
            "KeyName": "operator",
            "SecurityGroupIds": [group],
            "IamInstanceProfile": {"Name": "web"},
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
            "UserData": base64.b64encode(b"#!/bin/sh\n").decode(),
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "template"}]}
            ],
        }
        ec2.create_launch_template(LaunchTemplateName="full", LaunchTemplateData=data)
        fleet = Fleet.launch(
            client,
            2,
            LaunchTemplate={"LaunchTemplateName": "full", "Version": "$Default"},
            Tags=[{"Key": "Name", "Value": "group", "PropagateAtLaunch": True}],
        )

        for instance in instances_of(fleet):
            assert instance["InstanceType"] == "t3a.micro"
            assert instance["KeyName"] == "operator"
            assert [each["GroupId"] for each in instance["SecurityGroups"]] == [group]
            assert instance["IamInstanceProfile"]["Arn"].endswith("instance-profile/web")
            assert instance["MetadataOptions"]["HttpTokens"] == "required"
            tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
            assert tags["Name"] == "group"
            assert tags["aws:autoscaling:groupName"] == "fleet"
            attribute = ec2.describe_instance_attribute(
                InstanceId=instance["InstanceId"], Attribute="userData"
            )
            assert base64.b64decode(attribute["UserData"]["Value"]) == b"#!/bin/sh\n"

    def test_of_a_configuration_are_complete(self, client: MakeClient) -> None:
        profile_with_role(client)
        client("autoscaling").create_launch_configuration(
            LaunchConfigurationName="old",
            ImageId=image(client, "x86_64"),
            InstanceType="t3a.nano",
            IamInstanceProfile="web",
            MetadataOptions={"HttpTokens": "required"},
            UserData=base64.b64encode(b"hello").decode(),
        )
        fleet = configured(client, "old")

        [instance] = instances_of(fleet)
        assert instance["IamInstanceProfile"]["Arn"].endswith("instance-profile/web")
        assert instance["MetadataOptions"]["HttpTokens"] == "required"
        assert fleet.describe()["Instances"][0]["LaunchConfigurationName"] == "old"

    @pytest.mark.parametrize(("version", "expected"), [("$Latest", "2"), ("$Default", "1"), ("1", "1")])
    def test_take_the_version_that_is_named(self, client: MakeClient, version: str, expected: str) -> None:
        fleet = Fleet.launch(client, 0, LaunchTemplate={"LaunchTemplateName": "web", "Version": version})
        fleet.ec2.create_launch_template_version(
            LaunchTemplateName="web", SourceVersion="1", LaunchTemplateData={"InstanceType": "t3a.micro"}
        )
        fleet.resize(1)

        [instance] = fleet.describe()["Instances"]
        assert instance["LaunchTemplate"]["Version"] == expected
        assert instance["InstanceType"] == ("t3a.micro" if expected == "2" else "t3a.nano")

    def test_are_spread_over_the_subnets(self, client: MakeClient) -> None:
        subnets = [each["SubnetId"] for each in client("ec2").describe_subnets()["Subnets"]][:3]
        group = {"VPCZoneIdentifier": ",".join(subnets), "AvailabilityZones": []}
        fleet = Fleet.launch(client, 6, **group)

        assert Counter(each["SubnetId"] for each in instances_of(fleet)) == dict.fromkeys(subnets, 2)

    def test_that_fail_are_told_and_tried_again(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 0)
        fleet.ec2.create_launch_template_version(
            LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-0123456789abcdef0"}
        )
        fleet.resize(1)

        [activity] = fleet.activities()
        assert (activity["StatusCode"], activity["Progress"]) == ("Failed", 100)
        said = activity["StatusMessage"]
        assert said.endswith("does not exist. Launching EC2 instance failed.")
        assert activity["Description"] == f"Launching a new EC2 instance.  Status Reason: {said}"
        let_pass(2)
        wait_for(lambda: len(fleet.activities()) == 2)
        fleet.scaling.update_auto_scaling_group(
            AutoScalingGroupName="fleet", LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"}
        )
        assert len(fleet.ids()) == 1

    def test_from_a_bad_template_are_refused_with_the_group(self, client: MakeClient) -> None:
        data = {"ImageId": "ami-0123456789abcdef0", "InstanceType": "t3a.nano"}
        client("ec2").create_launch_template(LaunchTemplateName="bad", LaunchTemplateData=data)
        with refused("ValidationError", match="You must use a valid fully-formed launch template. The image"):
            Fleet.launch(client, 1, LaunchTemplate={"LaunchTemplateName": "bad"})
        assert client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"] == []
        fleet = Fleet(client("autoscaling"), client("ec2"))
        good = {"LaunchTemplateName": "web", "Version": "1"}
        fleet.scaling.create_auto_scaling_group(
            AutoScalingGroupName="fleet",
            LaunchTemplate=good,
            MinSize=1,
            MaxSize=1,
            AvailabilityZones=["us-east-1a"],
        )
        with refused("ValidationError", match="You must use a valid fully-formed launch template"):
            fleet.scaling.update_auto_scaling_group(
                AutoScalingGroupName="fleet", LaunchTemplate={"LaunchTemplateName": "bad"}
            )
        assert fleet.describe()["LaunchTemplate"]["LaunchTemplateName"] == "web"

    def test_into_a_subnet_that_is_gone_are_told(self, client: MakeClient) -> None:
        ec2 = client("ec2")
        vpc = ec2.create_vpc(CidrBlock="172.31.0.0/16")["Vpc"]["VpcId"]
        made = ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.200.0/24", AvailabilityZone="us-east-1a")
        subnet = made["Subnet"]["SubnetId"]
        fleet = Fleet.launch(client, 0, VPCZoneIdentifier=subnet, AvailabilityZones=[])
        ec2.delete_subnet(SubnetId=subnet)
        fleet.resize(1)

        [activity] = fleet.activities()
        assert activity["StatusCode"] == "Failed"
        assert subnet in activity["StatusMessage"]


class TestSizes:
    def test_0_3_6_2(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 0)
        for size, zones in ((3, [1, 1, 1]), (6, [2, 2, 2]), (2, [1, 1])):
            fleet.resize(size)
            states = fleet.states()
            assert list(states.values()) == ["InService"] * size
            counts = Counter(each["AvailabilityZone"] for each in fleet.describe()["Instances"])
            assert sorted(counts.values()) == zones

        ended = [each for each in fleet.activities() if each["Description"].startswith("Terminating")]
        assert len(ended) == 4
        assert len(fleet.activities()) == 10
        reservations = fleet.ec2.describe_instances()["Reservations"]
        instances = [instance for each in reservations for instance in each["Instances"]]
        assert Counter(each["State"]["Name"] for each in instances) == {"running": 2, "terminated": 4}

    def test_of_zones_get_even_again(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 4, AvailabilityZones=["us-east-1a", "us-east-1b"])
        fleet.scaling.suspend_processes(AutoScalingGroupName="fleet", ScalingProcesses=["AZRebalance"])
        in_b = [i["InstanceId"] for i in fleet.describe()["Instances"] if i["AvailabilityZone"][-1] == "b"]
        for instance in in_b:
            fleet.scaling.terminate_instance_in_auto_scaling_group(
                InstanceId=instance, ShouldDecrementDesiredCapacity=True
            )
        assert zones_of(fleet) == "aa"
        fleet.scaling.resume_processes(AutoScalingGroupName="fleet")

        assert zones_of(fleet) == "ab"
        assert "an instance was launched to aid in balancing the group's zones." in causes(fleet)

    def test_follow_the_limits(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        fleet.scaling.update_auto_scaling_group(AutoScalingGroupName="fleet", MinSize=2)
        assert fleet.describe()["DesiredCapacity"] == len(fleet.ids()) == 2
        fleet.scaling.update_auto_scaling_group(AutoScalingGroupName="fleet", MinSize=0, MaxSize=1)
        assert fleet.describe()["DesiredCapacity"] == len(fleet.ids()) == 1

    def test_beyond_the_limits_are_refused(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        said = "New SetDesiredCapacity value 11 is above max value 10 for the AutoScalingGroup."
        with refused("ValidationError", match=said):
            fleet.resize(11)
        with refused("ValidationError", match="Desired capacity:12 must be between the specified min size:0"):
            fleet.scaling.update_auto_scaling_group(AutoScalingGroupName="fleet", DesiredCapacity=12)

    def test_are_explained(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        [first] = fleet.ids()
        [cause] = causes(fleet)
        assert cause == (
            "a user request created an AutoScalingGroup changing the desired capacity from 0 to 1.  an"
            " instance was started in response to a difference between desired and actual capacity,"
            " increasing the capacity from 0 to 1."
        )
        [launch] = fleet.activities()
        assert launch["Description"] == f"Launching a new EC2 instance: {first}"
        assert (launch["StatusCode"], launch["Progress"]) == ("Successful", 100)
        assert launch["Details"].startswith('{"Subnet ID":"subnet-')
        assert launch["StartTime"] <= launch["EndTime"]

        fleet.scaling.update_auto_scaling_group(AutoScalingGroupName="fleet", DesiredCapacity=0)
        assert causes(fleet)[0] == (
            "a user request update of AutoScalingGroup constraints to min: 0, max: 10, desired: 0 changing"
            " the desired capacity from 1 to 0.  an instance was taken out of service in response to a"
            " difference between desired and actual capacity, shrinking the capacity from 1 to 0.  instance"
            f" {first} was selected for termination."
        )

    def test_protected_instances_stay(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 2, NewInstancesProtectedFromScaleIn=True)
        fleet.resize(0)

        assert len(fleet.ids()) == 2
        latest = fleet.activities()[0]
        assert latest["Description"].startswith("Could not scale to desired capacity because all remaining")
        [spared, given_up] = fleet.ids()
        fleet.scaling.set_instance_protection(
            AutoScalingGroupName="fleet", InstanceIds=[given_up], ProtectedFromScaleIn=False
        )
        assert fleet.wait(lambda states: len(states) == 1) == {spared: "InService"}

    def test_of_a_group_that_is_deleted(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 2)
        with refused("ResourceInUse"):
            fleet.scaling.delete_auto_scaling_group(AutoScalingGroupName="fleet")
        ids = fleet.ids()
        fleet.scaling.delete_auto_scaling_group(AutoScalingGroupName="fleet", ForceDelete=True)

        assert fleet.scaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []
        found = fleet.ec2.describe_instances(InstanceIds=ids)["Reservations"]
        assert {each["Instances"][0]["State"]["Name"] for each in found} == {"terminated"}
        assert fleet.activities() == []
        deleted = fleet.scaling.describe_scaling_activities(IncludeDeletedGroups=True)["Activities"]
        assert {each["AutoScalingGroupState"] for each in deleted} == {"Deleted"}


class TestHealth:
    @pytest.mark.parametrize("end", ["terminate_instances", "stop_instances"])
    def test_what_ec2_has_ended_is_replaced(self, client: MakeClient, end: str) -> None:
        fleet = Fleet.launch(client, 2, HealthCheckGracePeriod=300)
        before = fleet.ids()
        getattr(fleet.ec2, end)(InstanceIds=before[:1])

        after = fleet.wait(lambda states: before[0] not in states and len(states) == 2)
        assert before[1] in after
        launch, termination = causes(fleet)[:2]
        assert (
            launch == "an instance was launched in response to an unhealthy instance needing to be replaced."
        )
        assert termination == (
            "an instance was taken out of service in response to an EC2 health check indicating it has been"
            " terminated or stopped."
        )

    def test_what_a_user_calls_unhealthy_is_replaced_after_the_grace_period(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1, HealthCheckGracePeriod=300)
        [before] = fleet.ids()
        unhealthy = {"InstanceId": before, "HealthStatus": "Unhealthy"}
        fleet.scaling.set_instance_health(**unhealthy)
        assert fleet.ids() == [before]

        let_pass(301)
        fleet.scaling.set_instance_health(**unhealthy)
        fleet.wait(lambda states: before not in states and len(states) == 1)
        assert "in response to a user health-check." in causes(fleet)[1]

    def test_what_a_user_calls_unhealthy_despite_the_grace_period(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1, HealthCheckGracePeriod=300)
        [before] = fleet.ids()
        fleet.scaling.set_instance_health(
            InstanceId=before, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False
        )

        assert before not in fleet.ids()

    def test_what_its_load_balancer_finds_unhealthy(
        self, client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """moto's target groups find all healthy that runs, so the door to them says otherwise here."""
        fleet = Fleet.launch(client, 2, HealthCheckType="ELB", HealthCheckGracePeriod=60)
        bad, good = fleet.ids()
        monkeypatch.setattr(balancers, "finds_unhealthy", lambda _group, instance: instance == bad)
        fleet.resize(3)
        assert bad in fleet.ids()

        let_pass(61)
        fleet.wait(lambda states: bad not in states and good in states and len(states) == 3)
        assert any("in response to an ELB system health check failure." in each for each in causes(fleet))

    def test_targets_come_and_go_with_the_instances(self, client: MakeClient) -> None:
        balancers_api = client("elbv2")
        [vpc] = client("ec2").describe_vpcs()["Vpcs"]
        arn = balancers_api.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc["VpcId"])[
            "TargetGroups"
        ][0]["TargetGroupArn"]
        fleet = Fleet.launch(client, 2, TargetGroupARNs=[arn])

        def targets() -> set[str]:
            health = balancers_api.describe_target_health(TargetGroupArn=arn)
            return {each["Target"]["Id"] for each in health["TargetHealthDescriptions"]}

        assert targets() == set(fleet.ids())
        fleet.resize(1)
        assert targets() == set(fleet.ids())

    def test_an_instance_drains_before_it_ends(
        self, client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where somebody really asks targets: without hosts what was deregistered is out."""
        monkeypatch.setattr(options, "recheck_interval", 0.05)
        monkeypatch.setattr(moto_targets._Door, "ask", lambda _group, _target: moto_targets.HEALTHY)
        elb = client("elbv2")
        [vpc] = client("ec2").describe_vpcs()["Vpcs"]
        [made] = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc["VpcId"])[
            "TargetGroups"
        ]
        arn = made["TargetGroupArn"]
        elb.modify_target_group_attributes(
            TargetGroupArn=arn, Attributes=[{"Key": moto_targets.DELAY, "Value": "1"}]
        )
        fleet = Fleet.launch(client, 1, TargetGroupARNs=[arn])
        [instance] = fleet.ids()

        fleet.resize(0)
        assert fleet.states() == {instance: "Terminating"}
        assert fleet.activities()[0]["StatusCode"] == "WaitingForELBConnectionDraining"
        [target] = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        assert target["TargetHealth"]["State"] == "draining"
        fleet.wait(lambda states: states == {})
        assert fleet.activities()[0]["StatusCode"] == "Successful"


class TestProcesses:
    def suspend(self, fleet: Fleet, *processes: str) -> None:
        fleet.scaling.suspend_processes(AutoScalingGroupName="fleet", ScalingProcesses=list(processes))

    def resume(self, fleet: Fleet) -> None:
        fleet.scaling.resume_processes(AutoScalingGroupName="fleet")

    def test_launch(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        self.suspend(fleet, "Launch")
        fleet.resize(3)
        assert len(fleet.states()) == 1
        self.resume(fleet)
        assert len(fleet.ids()) == 3

    def test_terminate(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 2)
        self.suspend(fleet, "Terminate")
        fleet.resize(0)
        assert len(fleet.ids()) == 2
        self.resume(fleet)
        assert fleet.states() == {}

    @pytest.mark.parametrize("process", ["HealthCheck", "ReplaceUnhealthy"])
    def test_what_heals(self, client: MakeClient, process: str) -> None:
        fleet = Fleet.launch(client, 1)
        [ended] = fleet.ids()
        self.suspend(fleet, process)
        fleet.ec2.terminate_instances(InstanceIds=[ended])
        [instance] = fleet.describe()["Instances"]
        assert instance["InstanceId"] == ended
        assert instance["HealthStatus"] == ("Healthy" if process == "HealthCheck" else "Unhealthy")
        self.resume(fleet)
        fleet.wait(lambda states: len(states) == 1 and ended not in states)

    def test_add_to_load_balancer(self, client: MakeClient) -> None:
        [vpc] = client("ec2").describe_vpcs()["Vpcs"]
        elb = client("elbv2")
        made = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc["VpcId"])
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        fleet = Fleet.launch(client, 0, TargetGroupARNs=[arn])
        self.suspend(fleet, "AddToLoadBalancer")
        fleet.resize(1)

        assert elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"] == []

    def test_must_be_known(self, client: MakeClient) -> None:
        with refused("ValidationError", match="Nap"):
            self.suspend(Fleet.launch(client, 0), "Nap")


class TestWhatUsersDo:
    def test_terminate_with_and_without_replacement(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 2, MinSize=1)
        first, second = fleet.ids()
        ending = fleet.scaling.terminate_instance_in_auto_scaling_group
        activity = ending(InstanceId=first, ShouldDecrementDesiredCapacity=True)["Activity"]

        assert re.sub(WHEN, "", activity["Cause"]) == (
            f"instance {first} was taken out of service in response to a user request, shrinking the"
            " capacity from 2 to 1."
        )
        assert (activity["StatusCode"], activity["Progress"]) == ("InProgress", 0)
        assert fleet.ids() == [second]
        with refused("ValidationError", match=r"Currently, desiredSize equals minSize \(1\)"):
            ending(InstanceId=second, ShouldDecrementDesiredCapacity=True)
        ending(InstanceId=second, ShouldDecrementDesiredCapacity=False)
        [third] = fleet.ids()
        assert third not in {first, second}
        with refused("ValidationError", match="No managed instance found for instance ID"):
            ending(InstanceId=first, ShouldDecrementDesiredCapacity=False)

    def test_attach_and_detach(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        [first] = fleet.ids()
        name = {"AutoScalingGroupName": "fleet"}
        [activity] = fleet.scaling.detach_instances(
            **name, InstanceIds=[first], ShouldDecrementDesiredCapacity=True
        )["Activities"]

        assert activity["Description"] == f"Detaching EC2 instance: {first}"
        assert "was detached in response to a user request, shrinking the capacity" in activity["Cause"]
        assert fleet.states() == {}
        [alive] = fleet.ec2.describe_instances(InstanceIds=[first])["Reservations"]
        assert alive["Instances"][0]["State"]["Name"] == "running"
        fleet.scaling.attach_instances(**name, InstanceIds=[first])
        assert fleet.ids() == [first]
        assert fleet.describe()["DesiredCapacity"] == 1
        with refused("ValidationError", match="is already part of"):
            fleet.scaling.attach_instances(**name, InstanceIds=[first])

    def test_detach_with_replacement(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        [first] = fleet.ids()
        fleet.scaling.detach_instances(
            AutoScalingGroupName="fleet", InstanceIds=[first], ShouldDecrementDesiredCapacity=False
        )

        assert len(fleet.ids()) == 1
        assert first not in fleet.ids()

    def test_standby_and_back(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        [first] = fleet.ids()
        given = {"AutoScalingGroupName": "fleet", "InstanceIds": [first]}
        [activity] = fleet.scaling.enter_standby(**given, ShouldDecrementDesiredCapacity=True)["Activities"]

        assert activity["Description"] == f"Moving EC2 instance to Standby: {first}"
        assert (activity["StatusCode"], activity["Progress"]) == ("InProgress", 50)
        assert fleet.states() == {first: "Standby"}
        fleet.ec2.stop_instances(InstanceIds=[first])
        assert fleet.states() == {first: "Standby"}
        fleet.ec2.start_instances(InstanceIds=[first])
        [activity] = fleet.scaling.exit_standby(**given)["Activities"]
        assert (activity["StatusCode"], activity["Progress"]) == ("PreInService", 30)
        assert fleet.states() == {first: "InService"}
        assert fleet.describe()["DesiredCapacity"] == 1

    def test_name_what_is_not_there(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 0)
        with refused("ValidationError", match="is not part of Auto Scaling group fleet"):
            fleet.scaling.set_instance_protection(
                AutoScalingGroupName="fleet",
                InstanceIds=["i-0123456789abcdef0"],
                ProtectedFromScaleIn=True,
            )
        with refused("ValidationError", match="no such group: nowhere"):
            fleet.scaling.set_desired_capacity(AutoScalingGroupName="nowhere", DesiredCapacity=1)


class TestEnd:
    def test_a_reset_leaves_no_group(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 3)
        local_cloud.reset()

        assert fleet.scaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []
        assert fleet.ec2.describe_instances()["Reservations"] == []


def profile_with_role(client: MakeClient) -> None:
    iam = client("iam")
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")


def configured(client: MakeClient, configuration: str) -> Fleet:
    """A group of one that launches from a configuration."""
    scaling = client("autoscaling")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="fleet",
        LaunchConfigurationName=configuration,
        MinSize=1,
        MaxSize=1,
        AvailabilityZones=["us-east-1a"],
    )
    return Fleet(scaling, client("ec2"))
