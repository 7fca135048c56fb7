"""Blue/green deployments that succeed: who does what, and where the traffic is."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.server import LocalCloud
from local_cloud.testing.clouds import codedeploy_options
from local_cloud.testing.scaling import let_pass
from local_cloud.testing.shop import S3, refused, run_instances, wait_for
from tests.local_cloud.colours import ALLOWING, BLOCKING, INSTALLATION, Stage, settings

MakeClient = Callable[..., Any]
FOREVER_READY = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 2880}
FOREVER = {"action": "TERMINATE", "terminationWaitTimeInMinutes": 2880}


class TestCopiedGroup:
    def test_takes_the_traffic_and_the_place_of_the_old_one(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        stage = Stage.set_up(local_cloud, client)
        blue = stage.instances()
        with stage.agents() as agents:
            info = stage.deploy()
            deployment = info["deploymentId"]
            green = stage.instances()

        assert info["status"] == "Succeeded", info
        assert len(green) == 2
        assert not green & blue
        copied = f"CodeDeploy_web_{deployment}"
        assert stage.groups() == {copied: green}
        assert stage.with_traffic() == green
        assert {agents[each].commands == INSTALLATION + ALLOWING for each in green} == {True}
        assert {agents[each].commands == BLOCKING for each in blue} == {True}
        assert stage.labels(deployment) == dict.fromkeys(blue, "Blue") | dict.fromkeys(green, "Green")
        assert stage.selected() == [copied]
        [hook] = stage.hooks()[copied]
        assert stage.shop.group()["autoScalingGroups"] == [{"name": copied, "hook": hook}]
        assert info["deploymentOverview"] == {
            "Pending": 0,
            "InProgress": 0,
            "Succeeded": 4,
            "Failed": 0,
            "Skipped": 0,
            "Ready": 0,
        }
        assert info["blueGreenDeploymentConfiguration"] == settings()
        assert info["instanceTerminationWaitTimeStarted"]

    def test_is_made_by_the_calls_that_accounts_have_recorded(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        """Recorded: an account's own CloudTrail of 2019."""
        stage = Stage.set_up(
            local_cloud,
            client,
            fleet={"HealthCheckType": "ELB", "HealthCheckGracePeriod": 90, "MinSize": 1, "MaxSize": 4},
        )
        _add_policy_and_notification(stage)
        local_cloud.log.clear()
        with stage.agents():
            info = stage.deploy()

        assert info["status"] == "Succeeded", info
        role = "arn:aws:sts::123456789012:assumed-role/deployer/CodeDeploy"
        entries = local_cloud.log.entries(mutating=True)
        assert [entry.action for entry in entries if entry.caller == role] == [
            "CreateAutoScalingGroup",
            "PutScalingPolicy",
            "PutNotificationConfiguration",
            "UpdateAutoScalingGroup",
            "SuspendProcesses",
            *["RegisterTargets"] * 2,
            *["DeregisterTargets"] * 2,
            "ResumeProcesses",
            "DeleteLifecycleHook",
            "PutLifecycleHook",
            "DeleteAutoScalingGroup",
        ]
        copied = f"CodeDeploy_web_{info['deploymentId']}"
        [group] = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        assert group["AutoScalingGroupName"] == copied
        sizes = [group[each] for each in ("MinSize", "DesiredCapacity", "MaxSize")]
        assert (sizes, group["HealthCheckType"], group["HealthCheckGracePeriod"]) == ([1, 2, 4], "EC2", 0)
        assert group.get("TargetGroupARNs", []) == []
        assert group["SuspendedProcesses"] == []
        tags = {each["Key"]: each["Value"] for each in group["Tags"]}
        assert tags["CodeDeployProvisioningDeploymentId"] == info["deploymentId"]
        [policy] = client("autoscaling").describe_policies()["ScalingPolicies"]
        assert (policy["AutoScalingGroupName"], policy["ScalingAdjustment"]) == (copied, 1)
        [hook] = client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=copied)["LifecycleHooks"]
        assert hook["HeartbeatTimeout"] == 600
        assert hook["DefaultResult"] == "ABANDON"

    def test_gets_its_traffic_suspended_until_it_is_led_there(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        stage = Stage.set_up(
            local_cloud, client, 1, blueGreenDeploymentConfiguration=settings(ready=FOREVER_READY)
        )
        blue = stage.instances()
        with stage.agents():
            deployment = stage.shop.deploy()
            wait_for(lambda: stage.is_waiting(deployment, "Ready"))
            [copied] = set(stage.groups()) - {"fleet"}
            found = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[copied])
            assert stage.with_traffic() == blue

        suspended = {each["ProcessName"] for each in found["AutoScalingGroups"][0]["SuspendedProcesses"]}
        assert suspended == {"AddToLoadBalancer", "AlarmNotification", "ScheduledActions"}

    def test_launches_by_its_own_hook_afterwards(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        stage = Stage.set_up(local_cloud, client, 1)
        with stage.agents() as agents:
            copied = f"CodeDeploy_web_{stage.deploy()['deploymentId']}"
            before = stage.instances()
            client("autoscaling").set_desired_capacity(AutoScalingGroupName=copied, DesiredCapacity=2)
            wait_for(lambda: len(stage.with_traffic()) == 2)
            [late] = stage.instances() - before
            [newest, *_] = stage.shop.codedeploy.list_deployments()["deployments"]
            info = stage.shop.finish(newest)

        assert agents[late].commands == INSTALLATION + ALLOWING
        assert (info["creator"], info["deploymentStyle"]["deploymentType"]) == ("autoscaling", "IN_PLACE")

    def test_is_replaced_by_the_next_deployment(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        stage = Stage.set_up(local_cloud, client, 1)
        with stage.agents():
            first, second = stage.deploy(), stage.deploy(S3)

        assert (first["status"], second["status"]) == ("Succeeded", "Succeeded")
        assert set(stage.groups()) == {f"CodeDeploy_web_{second['deploymentId']}"}
        assert stage.with_traffic() == stage.instances()

    def test_leaves_out_what_failed_where_the_configuration_allows_it(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        """Minimum healthy hosts bear on the replacement instances ("Instance health")."""
        stage = Stage.set_up(local_cloud, client, 3)
        blue = stage.instances()
        stage.fail_one("ValidateService", among=lambda each: each not in blue)
        with stage.agents():
            info = stage.deploy()

        assert info["status"] == "Succeeded"
        assert info["deploymentOverview"]["Failed"] == 1
        assert len(stage.with_traffic()) == 2
        assert not stage.with_traffic() & blue

    def test_needs_one_group_to_copy(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        stage = Stage.set_up(local_cloud, client, 0, autoScalingGroups=[])
        info = stage.deploy()

        assert (info["status"], info["errorInformation"]["code"]) == ("Failed", "AUTO_SCALING_CONFIGURATION")

    def test_takes_late_original_instances_out_too(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        stage = Stage.set_up(
            local_cloud,
            client,
            1,
            blueGreenDeploymentConfiguration=settings(ready=FOREVER_READY, ending=FOREVER),
        )
        with stage.agents() as agents:
            deployment = stage.shop.deploy()
            wait_for(lambda: stage.is_waiting(deployment, "Ready"))
            before = stage.instances()
            stage.fleet.resize(2)
            wait_for(lambda: len(stage.with_traffic()) == 2)
            [late] = stage.instances() - before
            stage.shop.codedeploy.continue_deployment(deploymentId=deployment)
            stage.wait_for_event(deployment, "AfterBlockTraffic", "Succeeded")
            wait_for(lambda: late in agents and agents[late].commands == BLOCKING)
            assert stage.labels(deployment)[late] == "Blue"
            wait_for(lambda: stage.shop.info(deployment)["instanceTerminationWaitTimeStarted"])
            assert len(stage.with_traffic()) == 1
            stage.shop.codedeploy.skip_wait_time_for_instance_termination(deploymentId=deployment)
            assert stage.shop.finish(deployment)["status"] == "Succeeded"


class TestReadyWait:
    def test_ends_when_the_deployment_is_continued(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        stage = Stage.set_up(
            local_cloud, client, 1, blueGreenDeploymentConfiguration=settings(ready=FOREVER_READY)
        )
        blue = stage.instances()
        with stage.agents():
            deployment = stage.shop.deploy()
            info = wait_for(lambda: stage.shop.info(deployment), lambda info: info["status"] == "Ready")
            [green] = stage.instances() - blue
            assert (info["deploymentOverview"]["Ready"], info["deploymentOverview"]["Pending"]) == (1, 1)
            assert stage.shop.target(deployment, green)["status"] == "Ready"
            assert stage.shop.target_ids(deployment, ServerInstanceLabel=["Green"]) == [green]
            instances = stage.shop.codedeploy.list_deployment_instances(
                deploymentId=deployment, instanceTypeFilter=["Blue"]
            )
            assert instances["instancesList"] == list(blue)
            let_pass(2879 * 60)
            with refused("DeploymentIsNotInReadyStateException"):
                stage.shop.codedeploy.continue_deployment(
                    deploymentId=deployment, deploymentWaitType="TERMINATION_WAIT"
                )
            stage.shop.codedeploy.continue_deployment(
                deploymentId=deployment, deploymentWaitType="READY_WAIT"
            )
            assert stage.shop.finish(deployment)["status"] == "Succeeded"

        assert stage.with_traffic() == {green}

    def test_stops_the_deployment_that_nobody_continues(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        ready = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 30}
        stage = Stage.set_up(local_cloud, client, 1, blueGreenDeploymentConfiguration=settings(ready=ready))
        blue = stage.instances()
        with stage.agents():
            deployment = stage.shop.deploy()
            wait_for(lambda: stage.is_waiting(deployment, "Ready"))
            let_pass(30 * 60)
            assert stage.shop.finish(deployment)["status"] == "Stopped"

        assert stage.with_traffic() == blue
        assert stage.groups() == {"fleet": blue}

    def test_is_no_part_of_the_time_that_a_deployment_may_take(
        self, local_cloud: LocalCloud, client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(codedeploy_options, "deployment_timeout", 3)
        monkeypatch.setattr(codedeploy_options, "recheck_interval", 0.2)
        stage = Stage.set_up(
            local_cloud, client, 1, blueGreenDeploymentConfiguration=settings(ready=FOREVER_READY)
        )
        with stage.agents():
            deployment = stage.shop.deploy()
            wait_for(lambda: stage.is_waiting(deployment, "Ready"))
            since = time.monotonic()
            wait_for(lambda: time.monotonic() > since + 3.2)
            assert stage.is_waiting(deployment, "Ready")

    def test_is_not_of_continue_deployment(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        """At once, whatever time is given with it (DeploymentReadyOption)."""
        ready = {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 60}
        stage = Stage.set_up(local_cloud, client, 1, blueGreenDeploymentConfiguration=settings(ready=ready))
        with stage.agents():
            assert stage.deploy()["status"] == "Succeeded"


class TestTerminationWait:
    @pytest.mark.parametrize("how", ["time", "continue", "skip"])
    def test_ends_by(self, how: str, local_cloud: LocalCloud, client: MakeClient) -> None:
        ending = {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5}
        stage = Stage.set_up(local_cloud, client, 1, blueGreenDeploymentConfiguration=settings(ending=ending))
        blue = stage.instances()
        codedeploy = stage.shop.codedeploy
        with stage.agents():
            deployment = stage.shop.deploy()
            if how == "skip":
                with refused("DeploymentNotStartedException"):
                    codedeploy.skip_wait_time_for_instance_termination(deploymentId=deployment)
            wait_for(lambda: stage.shop.info(deployment)["instanceTerminationWaitTimeStarted"])
            assert stage.is_waiting(deployment, "InProgress")
            assert stage.with_traffic() == stage.instances() - blue
            assert stage.selected() == [f"CodeDeploy_web_{deployment}"]
            if how == "time":
                let_pass(5 * 60)
            elif how == "continue":
                codedeploy.continue_deployment(deploymentId=deployment, deploymentWaitType="TERMINATION_WAIT")
            else:
                codedeploy.skip_wait_time_for_instance_termination(deploymentId=deployment)
            assert stage.shop.finish(deployment)["status"] == "Succeeded"

        assert not stage.instances() & blue

    def test_is_none_where_instances_are_kept(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        stage = Stage.set_up(
            local_cloud, client, 1, blueGreenDeploymentConfiguration=settings(ending={"action": "KEEP_ALIVE"})
        )
        blue = stage.instances()
        with stage.agents():
            info = stage.deploy()

        assert not info["instanceTerminationWaitTimeStarted"]
        assert blue < stage.instances()
        assert not stage.with_traffic() & blue
        assert stage.hooks()["fleet"] == []
        assert stage.selected() == [f"CodeDeploy_web_{info['deploymentId']}"]


class TestDiscoveredInstances:
    def test_get_the_traffic_of_those_before(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        stage = Stage.set_up(
            local_cloud,
            client,
            0,
            autoScalingGroups=[],
            ec2TagFilters=[{"Key": "Colour", "Value": "one", "Type": "KEY_AND_VALUE"}],
            blueGreenDeploymentConfiguration=settings(provisioning="DISCOVER_EXISTING"),
        )
        blue = set(run_instances(client, 2, Colour="one"))
        green = set(run_instances(client, 2, Colour="two"))
        client("elbv2").register_targets(
            TargetGroupArn=stage.target_group, Targets=[{"Id": each} for each in blue]
        )
        filters = [{"Key": "Colour", "Value": "two", "Type": "KEY_AND_VALUE"}]
        with refused("InvalidTargetInstancesException"):
            stage.shop.deploy()
        with stage.agents():
            info = stage.deploy(targetInstances={"tagFilters": filters})

        assert info["status"] == "Succeeded", info
        assert info["targetInstances"]["tagFilters"] == filters
        assert stage.with_traffic() == green
        assert stage.instances() == green
        assert stage.shop.group()["ec2TagFilters"] == filters

    def test_of_an_auto_scaling_group_are_deployed_to_from_then_on(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        stage = Stage.set_up(
            local_cloud,
            client,
            1,
            blueGreenDeploymentConfiguration=settings(
                provisioning="DISCOVER_EXISTING", ending={"action": "KEEP_ALIVE"}
            ),
        )
        client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName="other",
            LaunchTemplate={"LaunchTemplateName": "web"},
            MinSize=1,
            MaxSize=2,
            AvailabilityZones=["us-east-1b"],
        )
        with stage.agents():
            info = stage.deploy(targetInstances={"autoScalingGroups": ["other"]})

        assert info["status"] == "Succeeded", info
        assert stage.with_traffic() == stage.groups()["other"]
        assert stage.selected() == ["other"]
        assert [len(each) for each in (stage.hooks()["fleet"], stage.hooks()["other"])] == [0, 1]


def _add_policy_and_notification(stage: Stage) -> None:
    scaling = stage.client("autoscaling")
    scaling.put_scaling_policy(
        AutoScalingGroupName="fleet",
        PolicyName="out",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
    )
    topic = stage.client("sns").create_topic(Name="told")["TopicArn"]
    scaling.put_notification_configuration(
        AutoScalingGroupName="fleet",
        TopicARN=topic,
        NotificationTypes=["autoscaling:EC2_INSTANCE_LAUNCH"],
    )
