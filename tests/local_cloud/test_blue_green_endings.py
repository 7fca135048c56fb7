"""Blue/green deployments that are stopped or fail at each of their stages: all is as it was before."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from local_cloud.server import LocalCloud
from local_cloud.testing.agents import Answer, Result
from local_cloud.testing.clouds import codedeploy_options
from local_cloud.testing.shop import S3, Shop, wait_for
from tests.local_cloud.colours import FAILURE, Stage, settings

MakeClient = Callable[..., Any]
READY = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60}
LATER = {"action": "TERMINATE", "terminationWaitTimeInMinutes": 60}
ROLLBACK = {
    "enabled": True,
    "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST", "DEPLOYMENT_STOP_ON_ALARM"],
}
FAILED_AT = [
    ("Green", "ApplicationStop"),
    ("Green", "BeforeInstall"),
    ("Green", "ValidateService"),
    ("Green", "BeforeAllowTraffic"),
    ("Green", "AfterAllowTraffic"),
    ("Blue", "BeforeBlockTraffic"),
    ("Blue", "AfterBlockTraffic"),
]
STOPPED_AT = [
    ("Green", "DownloadBundle"),
    ("Green", "AfterInstall"),
    ("Green", "BeforeAllowTraffic"),
    ("Green", "AfterAllowTraffic"),
    ("Blue", "BeforeBlockTraffic"),
    ("Blue", "AfterBlockTraffic"),
]


def cases(points: list[tuple[str, str]], *, short: set[tuple[str, bool]]) -> list[Any]:
    """Every point without and with a rollback; all but a few are `long`."""
    return [
        pytest.param(
            colour,
            event,
            rolls_back,
            id=f"{colour} {event}{' and is rolled back' if rolls_back else ''}",
            marks=() if (event, rolls_back) in short else pytest.mark.long,
        )
        for colour, event in points
        for rolls_back in (False, True)
    ]


@dataclass
class Before:
    """How things were before a deployment that is to leave no trace."""

    stage: Stage
    instances: set[str]
    groups: dict[str, set[str]]

    @classmethod
    def of(cls, stage: Stage) -> "Before":
        return cls(stage, stage.instances(), stage.groups())

    def colour(self, instance: str) -> str:
        return "Blue" if instance in self.instances else "Green"

    def assert_is_so_again(self) -> None:
        stage = self.stage
        wait_for(stage.instances, lambda found: found == self.instances)
        assert stage.with_traffic() == self.instances
        assert stage.groups() == self.groups
        assert stage.selected() == list(self.groups)
        [listed] = stage.shop.group()["autoScalingGroups"]
        assert stage.hooks() == {name: [listed["hook"]] for name in self.groups}

    def assert_can_be_deployed_to(self) -> None:
        """A good deployment succeeds, and has all the traffic."""
        stage = self.stage
        stage.work = lambda _instance, _command: Result()
        stage.shop.codedeploy.update_deployment_group(
            applicationName="shop",
            currentDeploymentGroupName="web",
            blueGreenDeploymentConfiguration=settings(),
            alarmConfiguration={"enabled": False},
        )
        info = stage.deploy(S3)
        assert info["status"] == "Succeeded", info
        wait_for(stage.instances, lambda found: not found & self.instances)
        assert stage.with_traffic() == stage.instances()
        assert stage.selected() == [f"CodeDeploy_web_{info['deploymentId']}"] == list(stage.groups())


def end(stage: Stage, deployment: str, status: str) -> dict[str, Any]:
    """The deployment's info when it has ended as expected, and its rollback, if there is one, as well."""
    info = stage.shop.finish(deployment)
    assert info["status"] == status, info
    rollback = info["rollbackInfo"].get("rollbackDeploymentId")
    if rollback:
        back = stage.shop.finish(rollback)
        assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback"), back
    return info


class TestFailure:
    @pytest.mark.parametrize(
        ("colour", "event", "rolls_back"),
        cases(FAILED_AT, short={("ValidateService", False), ("AfterBlockTraffic", True)}),
    )
    def test_at(
        self, colour: str, event: str, rolls_back: bool, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        stage = Stage.set_up(
            local_cloud, client, 2, autoRollbackConfiguration=ROLLBACK if rolls_back else {"enabled": False}
        )
        with stage.agents():
            if rolls_back:
                stage.deploy()
            before = Before.of(stage)

            def work(instance: str, command: Answer) -> Result:
                is_meant = command["CommandName"] == event and before.colour(instance) == colour
                return FAILURE if is_meant else Result()

            stage.work = work
            info = end(stage, stage.shop.deploy(S3), "Failed")
            assert ("rollbackDeploymentId" in info["rollbackInfo"]) is rolls_back
            assert info["errorInformation"]["code"] == "HEALTH_CONSTRAINTS"
            before.assert_is_so_again()
            before.assert_can_be_deployed_to()

    def test_where_a_load_balancer_refuses(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        balancers = {"targetGroupInfoList": [{"name": "web"}], "elbInfoList": [{"name": "classic"}]}
        stage = Stage.set_up(local_cloud, client, 1, loadBalancerInfo=balancers)
        before = Before.of(stage)
        with stage.agents():
            deployment = stage.shop.deploy()
            end(stage, deployment, "Failed")
            [green] = [each for each, label in stage.labels(deployment).items() if label == "Green"]
            told = stage.shop.events(deployment, green)["AllowTraffic"]["diagnostics"]
            assert "classic" in told["message"]
            before.assert_is_so_again()
            listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
            client("elb").create_load_balancer(
                LoadBalancerName="classic", Listeners=[listener], AvailabilityZones=["us-east-1a"]
            )
            before.assert_can_be_deployed_to()

    def test_where_the_new_group_cannot_be_made(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        stage = Stage.set_up(local_cloud, client, 1)
        before = Before.of(stage)
        template = client("ec2").describe_launch_templates()["LaunchTemplates"][0]["LaunchTemplateId"]
        bad = {"ImageId": "ami-0123456789abcdef0", "InstanceType": "t3a.nano"}
        client("ec2").create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=bad)
        info = end(stage, stage.shop.deploy(), "Failed")
        assert info["errorInformation"]["code"] == "AUTO_SCALING_CONFIGURATION"
        assert "launch template" in info["errorInformation"]["message"]
        before.assert_is_so_again()
        client("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName="fleet", LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"}
        )
        with stage.agents():
            before.assert_can_be_deployed_to()

    def test_where_its_instances_end(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        stage = Stage.set_up(local_cloud, client, 1)
        before = Before.of(stage)
        deployment = stage.shop.begin()
        green = stage.wait_for_label(deployment, "Green")
        client("ec2").terminate_instances(InstanceIds=[green])
        end(stage, deployment, "Failed")
        with stage.agents():
            before.assert_is_so_again()
            before.assert_can_be_deployed_to()

    def test_by_its_time(
        self, local_cloud: LocalCloud, client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage = Stage.set_up(local_cloud, client, 1)
        before = Before.of(stage)
        with monkeypatch.context() as patch:
            patch.setattr(codedeploy_options, "deployment_timeout", 1.5)
            deployment = stage.shop.deploy()
        info = end(stage, deployment, "Failed")
        assert info["errorInformation"]["code"] == "TIMEOUT"
        before.assert_is_so_again()
        with stage.agents():
            before.assert_can_be_deployed_to()


class TestStop:
    @pytest.mark.parametrize(
        ("colour", "event", "rolls_back"),
        cases(STOPPED_AT, short={("AfterInstall", False), ("AfterAllowTraffic", True)}),
    )
    def test_at(
        self, colour: str, event: str, rolls_back: bool, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        """While one agent is at work, which may finish."""
        stage = Stage.set_up(local_cloud, client, 2)
        goes_on = threading.Event()
        with stage.agents():
            if rolls_back:
                stage.deploy()
            before = Before.of(stage)

            def work(instance: str, command: Answer) -> Result:
                if command["CommandName"] == event and before.colour(instance) == colour:
                    goes_on.wait(60)
                return Result()

            stage.work = work
            deployment = stage.shop.deploy(S3)
            wait_for(lambda: stage.is_waiting(deployment, "InProgress"))
            stage.wait_for_event(deployment, event)
            answer = stage.shop.codedeploy.stop_deployment(
                deploymentId=deployment, autoRollbackEnabled=rolls_back
            )
            assert answer["status"] == "Pending"
            goes_on.set()
            info = end(stage, deployment, "Stopped")
            assert ("rollbackDeploymentId" in info["rollbackInfo"]) is rolls_back
            assert info["errorInformation"]["code"] == "MANUAL_STOP"
            before.assert_is_so_again()
            before.assert_can_be_deployed_to()

    @pytest.mark.long
    @pytest.mark.parametrize("rolls_back", [False, True], ids=["", "and is rolled back"])
    def test_while_traffic_is_waited_for(
        self, rolls_back: bool, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        stage = Stage.set_up(local_cloud, client, 1, blueGreenDeploymentConfiguration=settings(ready=READY))
        with stage.agents():
            if rolls_back:
                self._continue(stage, stage.shop.deploy())
            before = Before.of(stage)
            deployment = stage.shop.deploy(S3)
            wait_for(lambda: stage.is_waiting(deployment, "Ready"))
            stage.shop.codedeploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=rolls_back)
            end(stage, deployment, "Stopped")
            before.assert_is_so_again()
            before.assert_can_be_deployed_to()

    def _continue(self, stage: Stage, deployment: str) -> None:
        wait_for(lambda: stage.is_waiting(deployment, "Ready"))
        stage.shop.codedeploy.continue_deployment(deploymentId=deployment)
        assert stage.shop.finish(deployment)["status"] == "Succeeded"

    @pytest.mark.parametrize(
        "rolls_back", [pytest.param(False, marks=pytest.mark.long), True], ids=["", "and is rolled back"]
    )
    def test_before_the_original_instances_end(
        self, rolls_back: bool, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        stage = Stage.set_up(local_cloud, client, 2)
        with stage.agents() as agents:
            if rolls_back:
                stage.deploy()
            stage.shop.codedeploy.update_deployment_group(
                applicationName="shop",
                currentDeploymentGroupName="web",
                blueGreenDeploymentConfiguration=settings(ending=LATER),
            )
            before = Before.of(stage)
            deployment = stage.shop.deploy(S3)
            wait_for(lambda: stage.shop.info(deployment)["instanceTerminationWaitTimeStarted"])
            green = stage.with_traffic()
            assert not green & before.instances
            stage.shop.codedeploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=rolls_back)
            end(stage, deployment, "Stopped")
            before.assert_is_so_again()
            if rolls_back:
                self._assert_hooks_ran(agents, before.instances, green)
            before.assert_can_be_deployed_to()

    def _assert_hooks_ran(self, agents: Any, blue: set[str], green: set[str]) -> None:
        """In the order of "Lifecycle event hook availability": back to the original instances."""
        for each in blue:
            assert agents[each].commands[-2:] == ["BeforeAllowTraffic", "AfterAllowTraffic"]
        for each in green:
            assert agents[each].commands[-2:] == ["BeforeBlockTraffic", "AfterBlockTraffic"]

    def test_while_instances_are_launched(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        """Their subnet has 11 addresses, and none for all of them."""
        ec2 = client("ec2")
        vpc = ec2.describe_vpcs()["Vpcs"][0]
        subnet = ec2.create_subnet(
            VpcId=vpc["VpcId"], CidrBlock="172.31.240.0/28", AvailabilityZone="us-east-1a"
        )["Subnet"]["SubnetId"]
        place = {"VPCZoneIdentifier": subnet, "AvailabilityZones": ["us-east-1a"]}
        stage = Stage.set_up(local_cloud, client, 7, fleet=place)
        before = Before.of(stage)
        deployment = stage.shop.begin()
        wait_for(lambda: len(stage.instances()) > 7)
        assert len(stage.instances()) < 14
        assert stage.is_waiting(deployment, "InProgress")
        stage.shop.codedeploy.stop_deployment(deploymentId=deployment)
        end(stage, deployment, "Stopped")
        before.assert_is_so_again()

    @pytest.mark.parametrize(
        "event", ["AfterInstall", pytest.param("AfterBlockTraffic", marks=pytest.mark.long)]
    )
    def test_by_an_alarm(self, event: str, local_cloud: LocalCloud, client: MakeClient) -> None:
        stage = Stage.set_up(
            local_cloud,
            client,
            1,
            autoRollbackConfiguration=ROLLBACK,
            alarmConfiguration={"enabled": True, "alarms": [{"name": "errors"}]},
        )
        cloudwatch = client("cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName="errors", EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", Threshold=1
        )
        with stage.agents():
            stage.deploy()
            before = Before.of(stage)

            def work(_instance: str, command: Answer) -> Result:
                if command["CommandName"] == event:
                    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
                return Result()

            stage.work = work
            info = end(stage, stage.shop.deploy(S3), "Stopped")
            assert info["errorInformation"]["code"] == "ALARM_ACTIVE"
            before.assert_is_so_again()
            before.assert_can_be_deployed_to()

    def test_by_the_end_of_its_group(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        stage = Stage.set_up(local_cloud, client, 1, blueGreenDeploymentConfiguration=settings(ready=READY))
        before = Before.of(stage)
        with stage.agents():
            deployment = stage.shop.deploy()
            wait_for(lambda: stage.is_waiting(deployment, "Ready"))
            stage.shop.codedeploy.delete_deployment_group(applicationName="shop", deploymentGroupName="web")
            end(stage, deployment, "Stopped")

        assert stage.groups() == before.groups
        assert stage.with_traffic() == before.instances
        assert stage.hooks() == {"fleet": []}


class TestRights:
    @contextmanager
    def enforced(self, cloud: LocalCloud, client: MakeClient) -> Iterator[Shop]:
        """The shop as root sees it, while policies are enforced; no agent is let in."""
        keys = cloud.settings
        codedeploy = client(
            "codedeploy",
            aws_access_key_id=keys.root_access_key,
            aws_secret_access_key=keys.root_secret_key,
        )
        cloud.gate.enforcing = True
        try:
            yield Shop(codedeploy, [])
        finally:
            cloud.gate.enforcing = False

    def grant(self, client: MakeClient, actions: list[str]) -> None:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        client("iam").put_role_policy(RoleName="deployer", PolicyName="some", PolicyDocument=document)

    def test_that_the_service_role_lacks(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        stage = Stage.set_up(local_cloud, client, 1)
        before = Before.of(stage)
        rights = ["autoscaling:Describe*", "ec2:Describe*", "autoscaling:DeleteAutoScalingGroup"]
        self.grant(client, rights)
        with self.enforced(local_cloud, client) as shop:
            info = shop.finish(shop.deploy())

        assert (info["status"], info["errorInformation"]["code"]) == ("Failed", "IAM_ROLE_PERMISSIONS")
        assert "autoscaling:CreateAutoScalingGroup" in info["errorInformation"]["message"]
        before.assert_is_so_again()

    def test_to_make_and_to_remove_the_new_group(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        """The managed policy's, and those that launch templates need besides: documented, "Create a service
        role for CodeDeploy"."""
        stage = Stage.set_up(local_cloud, client, 1)
        before = Before.of(stage)
        client("iam").attach_role_policy(
            RoleName="deployer", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole"
        )
        self.grant(client, ["ec2:RunInstances", "ec2:CreateTags", "iam:PassRole"])
        with self.enforced(local_cloud, client) as shop:
            deployment = shop.begin()
            wait_for(lambda: shop.target_ids(deployment, ServerInstanceLabel=["Green"]))
            shop.codedeploy.stop_deployment(deploymentId=deployment)
            assert shop.finish(deployment)["status"] == "Stopped"

        before.assert_is_so_again()
