"""Stopping, rolling back, alarms, load balancers and instances that join late."""

import threading
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from local_cloud.aws.codedeploy.options import options
from local_cloud.server import LocalCloud
from local_cloud.testing.agents import Answer, Result, agents_on, failing_at
from local_cloud.testing.shop import GITHUB, S3, Shop, refused, run_instances, wait_for

MakeClient = Callable[..., Any]

ON_FAILURE = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
ON_STOP = {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_REQUEST"]}
ON_ALARM = {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM"]}


class Gate:
    """Work that holds one lifecycle event until it is let through."""

    def __init__(self, event: str) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        self._event = event

    def __call__(self, command: Answer) -> Result:
        if command["CommandName"] == self._event:
            self.reached.set()
            assert self.opened.wait(120)
        return Result()


class TestStop:
    def test_ends_at_once_what_no_agent_works_on(self, client: MakeClient) -> None:
        shop = Shop.open(client, instances=2)
        deployment = shop.deploy()

        answer = shop.codedeploy.stop_deployment(deploymentId=deployment)
        info = shop.finish(deployment)

        assert answer["status"] == "Succeeded"
        assert info["status"] == "Stopped"
        assert info["rollbackInfo"] == {}
        assert info["errorInformation"] == {
            "code": "MANUAL_STOP",
            "message": "the deployment is cancelled due to an abort request",
        }
        assert info["deploymentOverview"]["Skipped"] == 2

    def test_lets_the_running_event_end(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client)
        gate = Gate("Install")
        with agents_on(local_cloud.endpoint_url, shop.instances, gate) as (agent,):
            deployment = shop.deploy()
            assert gate.reached.wait(120)
            answer = shop.codedeploy.stop_deployment(deploymentId=deployment)
            assert shop.info(deployment)["status"] == "InProgress"
            gate.opened.set()
            info = shop.finish(deployment)

        assert answer["status"] == "Pending"
        assert info["status"] == "Stopped"
        assert agent.commands[-1] == "Install"
        events = shop.events(deployment, shop.instances[0])
        assert events["Install"]["status"] == "Succeeded"
        assert events["AfterInstall"]["status"] == "Skipped"

    def test_of_what_has_ended_is_refused(self, client: MakeClient) -> None:
        shop = Shop.open(client, instances=0)
        deployment = shop.deploy()
        shop.finish(deployment)

        with refused("DeploymentAlreadyCompletedException"):
            shop.codedeploy.stop_deployment(deploymentId=deployment)

    def test_leaves_the_host_free_for_the_next(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client)
        deployment = shop.deploy()
        shop.codedeploy.stop_deployment(deploymentId=deployment)
        shop.finish(deployment)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            assert shop.finish(shop.deploy())["status"] == "Succeeded"


class TestRollback:
    def test_deploys_the_last_good_revision(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client, autoRollbackConfiguration=ON_FAILURE)
        with agents_on(local_cloud.endpoint_url, shop.instances) as (agent,):
            shop.finish(shop.deploy(GITHUB))
            agent.work = failing_once("Install")
            bad = shop.deploy(S3)
            told = shop.finish(bad)["rollbackInfo"]
            rollback = told["rollbackDeploymentId"]
            info = shop.finish(rollback)

        assert told["rollbackMessage"] == (
            f"Deployment {bad} terminated. Automatic rollback is triggered with a DeploymentId {rollback}."
        )
        assert info["status"] == "Succeeded"
        assert info["creator"] == "codeDeployRollback"
        assert info["revision"] == GITHUB
        words = "This is a rollback deployment triggered automatically to roll back the deployment"
        assert info["description"] == f"{words} {bad}"
        assert info["rollbackInfo"] == {
            "rollbackTriggeringDeploymentId": bad,
            "rollbackMessage": f"Deployment {rollback} is triggered to roll back deployment {bad}.",
        }
        assert not info.keys() & {"autoRollbackConfiguration", "overrideAlarmConfiguration"}
        assert shop.group()["lastSuccessfulDeployment"]["deploymentId"] == rollback

    def test_says_when_there_is_nothing_to_go_back_to(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        shop = Shop.open(client, autoRollbackConfiguration=ON_FAILURE)
        with agents_on(local_cloud.endpoint_url, shop.instances, failing_at("Install")):
            info = shop.finish(shop.deploy())

        assert "can't be rolled back" in info["rollbackInfo"]["rollbackMessage"]
        assert len(shop.codedeploy.list_deployments()["deployments"]) == 1

    def test_that_fails_is_not_rolled_back(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client, autoRollbackConfiguration=ON_FAILURE)
        with agents_on(local_cloud.endpoint_url, shop.instances) as (agent,):
            shop.finish(shop.deploy(GITHUB))
            agent.work = failing_at("Install")
            rollback = shop.finish(shop.deploy(S3))["rollbackInfo"]["rollbackDeploymentId"]
            info = shop.finish(rollback)

        assert info["status"] == "Failed"
        assert "rollbackDeploymentId" not in info["rollbackInfo"]

    @pytest.mark.parametrize(
        ("configuration", "requested", "expected"),
        [(ON_STOP, None, True), (ON_FAILURE, None, False), (ON_STOP, False, False), (ON_FAILURE, True, True)],
    )
    def test_on_stop_is_a_matter_of_configuration_and_request(
        self,
        local_cloud: LocalCloud,
        client: MakeClient,
        configuration: dict[str, Any],
        requested: bool | None,
        expected: bool,
    ) -> None:
        shop = Shop.open(client, autoRollbackConfiguration=configuration)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            shop.finish(shop.deploy())
        deployment = shop.deploy(S3)
        options = {} if requested is None else {"autoRollbackEnabled": requested}
        shop.codedeploy.stop_deployment(deploymentId=deployment, **options)
        info = shop.finish(deployment)

        assert ("rollbackDeploymentId" in info["rollbackInfo"]) is expected
        if requested:
            assert info["autoRollbackConfiguration"] == ON_STOP


def failing_once(event: str) -> Callable[[Answer], Result]:
    """Fails at the event the first time, succeeds ever after."""
    failures = iter([Result(error_code=4, message="Script failed")])
    return lambda command: next(failures, Result()) if command["CommandName"] == event else Result()


class TestAlarm:
    def test_stops_and_rolls_back(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        alarms = {"enabled": True, "alarms": [{"name": "errors"}]}
        shop = Shop.open(client, alarmConfiguration=alarms, autoRollbackConfiguration=ON_ALARM)
        put_alarm(client)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            good = shop.deploy()
            assert shop.finish(good)["status"] == "Succeeded"
        deployment = shop.begin(S3)
        sound_alarm(client)
        info = shop.finish(deployment)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            # The alarm goes on; a rollback is not stopped by it.
            rollback = shop.finish(info["rollbackInfo"]["rollbackDeploymentId"])

        assert info["status"] == "Stopped"
        assert info["errorInformation"]["code"] == "ALARM_ACTIVE"
        assert info["errorInformation"]["message"].endswith("been stopped. Activated alarms: <errors>")
        assert (rollback["status"], rollback["revision"]) == ("Succeeded", GITHUB)

    @pytest.mark.parametrize(("ignored", "status"), [(False, "Stopped"), (True, "Succeeded")])
    def test_that_cannot_be_read_stops_unless_that_is_ignored(
        self,
        local_cloud: LocalCloud,
        client: MakeClient,
        monkeypatch: pytest.MonkeyPatch,
        ignored: bool,
        status: str,
    ) -> None:
        alarms = {"enabled": True, "alarms": [{"name": "errors"}], "ignorePollAlarmFailure": ignored}
        shop = Shop.open(client, alarmConfiguration=alarms, autoRollbackConfiguration=ON_ALARM)
        put_alarm(client)
        gate = Gate("Install")
        with agents_on(local_cloud.endpoint_url, shop.instances, gate):
            deployment = shop.deploy()
            assert gate.reached.wait(120)
            monkeypatch.setattr(options, "service_role_may", may_not_read_alarms)
            set_alarm(client, "OK")  # whatever changes is looked at, before the agent's next news
            gate.opened.set()
            info = shop.finish(deployment)

        assert info["status"] == status
        if not ignored:
            assert info["errorInformation"]["code"] == "IAM_ROLE_PERMISSIONS"
            assert "AmazonCloudWatch" in info["errorInformation"]["message"]

    def test_can_be_overridden_by_the_deployment(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client, alarmConfiguration={"enabled": True, "alarms": [{"name": "errors"}]})
        put_alarm(client)
        sound_alarm(client)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            assert shop.finish(shop.deploy())["status"] == "Stopped"
            off = {"enabled": False, "alarms": []}
            assert shop.finish(shop.deploy(overrideAlarmConfiguration=off))["status"] == "Succeeded"


def put_alarm(client: MakeClient) -> None:
    client("cloudwatch").put_metric_alarm(
        AlarmName="errors", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1.0
    )


def sound_alarm(client: MakeClient) -> None:
    set_alarm(client, "ALARM")


def set_alarm(client: MakeClient, state: str) -> None:
    client("cloudwatch").set_alarm_state(AlarmName="errors", StateValue=state, StateReason="a test")


def may_not_read_alarms(_role: str, _region: str, action: str, _resource: str) -> bool:
    return action != "cloudwatch:DescribeAlarms"


class TestLoadBalancer:
    STYLE: ClassVar = {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}

    def test_is_left_and_joined_again(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        elbv2 = client("elbv2")
        vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        made = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        balancers = {"targetGroupInfoList": [{"name": "web"}]}
        shop = Shop.open(client, deploymentStyle=self.STYLE, loadBalancerInfo=balancers)
        elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": i} for i in shop.instances])

        def registered() -> list[str]:
            health = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            return [description["Target"]["Id"] for description in health]

        gate = Gate("Install")
        with agents_on(local_cloud.endpoint_url, shop.instances, gate) as (agent,):
            deployment = shop.deploy()
            assert gate.reached.wait(120)
            during = registered()
            gate.opened.set()
            info = shop.finish(deployment)

        assert info["status"] == "Succeeded"
        assert during == []
        assert registered() == shop.instances
        names = list(shop.events(deployment, shop.instances[0]))
        assert names[:3] == ["BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic"]
        assert names[-3:] == ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"]
        assert set(names) - set(agent.commands) == {"BlockTraffic", "AllowTraffic"}

    def test_that_is_missing_fails_the_instance(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        balancers = {"targetGroupInfoList": [{"name": "nowhere"}]}
        shop = Shop.open(client, deploymentStyle=self.STYLE, loadBalancerInfo=balancers)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment = shop.deploy()
            shop.finish(deployment)

        event = shop.events(deployment, shop.instances[0])["BlockTraffic"]
        assert event["status"] == "Failed"
        assert "nowhere" in event["diagnostics"]["message"]

    def test_is_needed_for_traffic_control(self, client: MakeClient) -> None:
        with refused("InvalidLoadBalancerInfoException"):
            Shop.open(client, deploymentStyle=self.STYLE)


class TestOutdatedInstances:
    @pytest.mark.parametrize("strategy", ["UPDATE", "IGNORE"])
    def test_that_joined_meanwhile(self, local_cloud: LocalCloud, client: MakeClient, strategy: str) -> None:
        shop = Shop.open(client, outdatedInstancesStrategy=strategy)
        gate = Gate("Install")
        with agents_on(local_cloud.endpoint_url, shop.instances, gate):
            root = shop.deploy()
            assert gate.reached.wait(120)
            late = run_instances(client, Name="web")
            with agents_on(local_cloud.endpoint_url, late):
                gate.opened.set()
                shop.finish(root)
                related = shop.info(root).get("relatedDeployments", {})
                updates = related.get("autoUpdateOutdatedInstancesDeploymentIds", [])
                infos = [shop.finish(update) for update in updates]

        assert len(infos) == (1 if strategy == "UPDATE" else 0)
        for info in infos:
            assert info["status"] == "Succeeded"
            assert info["creator"] == "CodeDeployAutoUpdate"
            assert shop.target_ids(info["deploymentId"]) == late
            assert info["relatedDeployments"]["autoUpdateOutdatedInstancesRootDeploymentId"] == root


class TestAutoScaling:
    def test_instances_of_the_group_are_deployed_to_and_those_launched_later_too(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        scaling = client("autoscaling")
        scaling.create_launch_configuration(
            LaunchConfigurationName="web", ImageId=image(client), InstanceType="t3a.nano"
        )
        scaling.create_auto_scaling_group(
            AutoScalingGroupName="fleet",
            LaunchConfigurationName="web",
            MinSize=1,
            MaxSize=3,
            AvailabilityZones=["us-east-1a"],
        )
        shop = Shop.open(client, instances=0, ec2TagFilters=[], autoScalingGroups=["fleet"])
        first = scaled(client)
        with agents_on(local_cloud.endpoint_url, first):
            deployment = shop.deploy()
            assert shop.finish(deployment)["status"] == "Succeeded"
            assert shop.target_ids(deployment) == first
            scaling.set_desired_capacity(AutoScalingGroupName="fleet", DesiredCapacity=2)
            launched = [instance for instance in scaled(client) if instance not in first]
            with agents_on(local_cloud.endpoint_url, launched):
                newest = wait_for(lambda: newer_than(shop, deployment))[0]
                info = shop.finish(newest)

        assert info["creator"] == "autoscaling"
        assert info["status"] == "Succeeded"
        assert shop.target_ids(newest) == launched

    def test_groups_must_exist(self, client: MakeClient) -> None:
        with refused("InvalidAutoScalingGroupException"):
            Shop.open(client, autoScalingGroups=["nowhere"])


def image(client: MakeClient) -> str:
    name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    return str(client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def scaled(client: MakeClient) -> list[str]:
    groups = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return [instance["InstanceId"] for group in groups for instance in group["Instances"]]


def newer_than(shop: Shop, deployment: str) -> list[str]:
    deployments = shop.codedeploy.list_deployments()["deployments"]
    return list(deployments[: deployments.index(deployment)])
