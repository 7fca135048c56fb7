"""CodeDeploy in Auto Scaling groups: its hooks, and what these bring to instances."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from local_cloud.server import LocalCloud
from local_cloud.testing.agents import Work, agents_on, ec2_agent, failing_at, succeed
from local_cloud.testing.scaling import Fleet, let_pass
from local_cloud.testing.shop import GITHUB, S3, Shop, refused, wait_for

MakeClient = Callable[..., Any]
HOOK = "CodeDeploy-managed-automatic-launch-deployment-hook-web-"
TERMINATION = "CodeDeploy-managed-automatic-termination-deployment-hook-web-"
LAUNCH_EVENTS = [
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
]


@dataclass(frozen=True)
class Place:
    """A deployment group of one Auto Scaling group."""

    cloud: LocalCloud
    fleet: Fleet
    shop: Shop

    @classmethod
    def open(cls, cloud: LocalCloud, client: MakeClient, size: int = 1, **group: Any) -> "Place":
        fleet = Fleet.launch(client, size)
        shop = Shop.open(client, instances=0, ec2TagFilters=[], autoScalingGroups=["fleet"], **group)
        return cls(cloud, fleet, shop)

    def deploy(self, revision: dict[str, Any] = GITHUB) -> str:
        """A deployment that succeeds on all that is in service."""
        with agents_on(self.cloud.endpoint_url, self.fleet.ids()):
            deployment = self.shop.deploy(revision)
            assert self.shop.finish(deployment)["status"] == "Succeeded"
        return deployment

    def hooks(self) -> list[dict[str, Any]]:
        found = self.fleet.scaling.describe_lifecycle_hooks(AutoScalingGroupName="fleet")
        return list(found["LifecycleHooks"])

    def suspended(self) -> set[str]:
        return {each["ProcessName"] for each in self.fleet.describe()["SuspendedProcesses"]}

    def newest(self, before: str) -> str:
        """The deployment that came after another one."""

        def newer() -> list[str]:
            deployments = self.shop.codedeploy.list_deployments()["deployments"]
            return list(deployments[: deployments.index(before)])

        return str(wait_for(newer)[0])

    def launched(self) -> str:
        """The instance that waits for its hook."""
        waiting = wait_for(lambda: self.fleet.ids("Pending:Wait"))
        return str(waiting[0])

    @contextmanager
    def agent(self, instance: str, work: Work = succeed) -> Iterator[Any]:
        with ec2_agent(self.cloud.endpoint_url, instance, work) as agent:
            yield agent


class TestHook:
    def test_is_on_the_group_as_recorded(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        place = Place.open(local_cloud, client)
        [hook] = place.hooks()
        name = hook.pop("LifecycleHookName")

        assert name.startswith(HOOK)
        assert len(name) == len(HOOK) + 36
        [listed] = place.shop.group()["autoScalingGroups"]
        assert listed == {"name": "fleet", "hook": name}
        assert hook == {
            "AutoScalingGroupName": "fleet",
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
            "NotificationTargetARN": (
                "arn:aws:sqs:us-east-1:062506839004:"
                "razorbill-us-east-1-prod-default-autoscaling-lifecycle-hook"
            ),
            "NotificationMetadata": place.shop.group()["deploymentGroupId"],
            "HeartbeatTimeout": 600,
            "GlobalTimeout": 60000,
            "DefaultResult": "ABANDON",
        }

    def test_goes_with_the_group(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        place = Place.open(local_cloud, client)
        current = {"applicationName": "shop", "currentDeploymentGroupName": "web"}
        place.shop.codedeploy.update_deployment_group(**current, autoScalingGroups=[])
        assert place.hooks() == []
        place.shop.codedeploy.update_deployment_group(
            **current, autoScalingGroups=["fleet"], terminationHookEnabled=True
        )
        launch, termination = place.hooks()
        assert launch["LifecycleHookName"].startswith(HOOK)
        assert termination["LifecycleHookName"].startswith(TERMINATION)
        [listed] = place.shop.group()["autoScalingGroups"]
        assert listed["terminationHook"] == termination["LifecycleHookName"]
        place.shop.codedeploy.update_deployment_group(**current, terminationHookEnabled=False)
        assert place.hooks() == [launch]
        place.shop.codedeploy.delete_deployment_group(applicationName="shop", deploymentGroupName="web")
        assert place.hooks() == []

    def test_goes_with_the_application(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        place = Place.open(local_cloud, client)
        place.shop.codedeploy.delete_application(applicationName="shop")

        assert place.hooks() == []


class TestLaunch:
    def test_without_a_revision_goes_on_at_once(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        place = Place.open(local_cloud, client, 0)
        place.fleet.resize(1)

        place.fleet.wait(lambda states: list(states.values()) == ["InService"])
        assert place.shop.codedeploy.list_deployments()["deployments"] == []

    def test_gets_the_last_good_revision_before_it_is_in_service(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        place = Place.open(local_cloud, client)
        first = place.deploy()
        place.fleet.resize(2)
        instance = place.launched()
        deployment = place.newest(first)
        wait_for(lambda: place.shop.info(deployment)["status"] == "InProgress")
        assert place.fleet.states()[instance] == "Pending:Wait"
        with place.agent(instance) as agent:
            info = place.shop.finish(deployment)
            place.fleet.wait(lambda states: states[instance] == "InService")

        assert agent.commands == LAUNCH_EVENTS
        assert (info["status"], info["creator"]) == ("Succeeded", "autoscaling")
        assert info["revision"] == GITHUB
        assert place.shop.target_ids(deployment) == [instance]
        assert place.shop.group()["lastSuccessfulDeployment"]["deploymentId"] == first

    def test_of_a_failing_revision_is_abandoned_and_tried_again(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        place = Place.open(
            local_cloud,
            client,
            autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
        )
        first = place.deploy()
        place.fleet.resize(2)
        instance = place.launched()
        with place.agent(instance, failing_at("ApplicationStart")):
            deployment = place.newest(first)
            assert place.shop.finish(deployment)["status"] == "Failed"
            place.fleet.wait(lambda states: instance not in states)

        cancelled = next(a for a in place.fleet.activities() if a["StatusCode"] == "Cancelled")
        assert "Lifecycle Action Completed with ABANDON Result" in cancelled["StatusMessage"]
        let_pass(2)
        again = place.launched()
        with place.agent(again):
            place.fleet.wait(lambda states: states.get(again) == "InService")
        creators = [
            place.shop.info(each)["creator"]
            for each in place.shop.codedeploy.list_deployments()["deployments"]
        ]
        assert creators == ["autoscaling", "autoscaling", "user"]

    def test_is_abandoned_when_nobody_deploys(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        """An agent that is silent: CodeDeploy's heartbeats end where its deployment does."""
        place = Place.open(local_cloud, client)
        first = place.deploy()
        place.fleet.resize(2)
        instance = place.launched()
        deployment = place.newest(first)
        place.shop.codedeploy.stop_deployment(deploymentId=deployment)

        place.fleet.wait(lambda states: instance not in states)

    def test_of_several_are_deployed_to_one_by_one(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        place = Place.open(local_cloud, client)
        place.deploy()
        place.fleet.resize(3)
        launched = wait_for(lambda: place.fleet.ids("Pending:Wait"), lambda found: len(found) == 2)
        with agents_on(local_cloud.endpoint_url, launched):
            place.fleet.wait(lambda states: list(states.values()) == ["InService"] * 3)

        deployments = place.shop.codedeploy.list_deployments()["deployments"]
        assert len(deployments) == 3

    def test_during_a_deployment_gets_the_old_revision_and_then_the_new_one(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        place = Place.open(local_cloud, client)
        first = place.deploy()
        [old] = place.fleet.ids()
        second = place.shop.begin(S3)
        place.fleet.resize(2)
        late = place.launched()
        with place.agent(late) as agent:
            launch = place.newest(second)
            assert place.shop.finish(launch)["revision"] == GITHUB
            place.fleet.wait(lambda states: states[late] == "InService")
            with place.agent(old):
                assert place.shop.finish(second)["status"] == "Succeeded"
            update = place.newest(launch)
            info = place.shop.finish(update)

        assert (info["status"], info["creator"], info["revision"]) == (
            "Succeeded",
            "CodeDeployAutoUpdate",
            S3,
        )
        assert place.shop.target_ids(update) == [late]
        assert agent.commands == LAUNCH_EVENTS * 2
        assert place.shop.group()["targetRevision"] == S3
        assert first

    def test_that_ends_after_a_newer_deployment_is_updated_too(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        place = Place.open(local_cloud, client)
        place.deploy()
        [old] = place.fleet.ids()
        second = place.shop.begin(S3)
        place.fleet.resize(2)
        late = place.launched()
        launch = place.newest(second)
        with place.agent(old):
            assert place.shop.finish(second)["status"] == "Succeeded"
        with place.agent(late):
            place.shop.finish(launch)
            update = place.newest(launch)
            info = place.shop.finish(update)

        assert (info["creator"], info["revision"]) == ("CodeDeployAutoUpdate", S3)
        assert place.shop.target_ids(update) == [late]


class TestProcesses:
    def test_stand_still_during_a_deployment(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        processes = ["Terminate", "AZRebalance"]
        place = Place.open(
            local_cloud, client, ec2DeploymentOptions={"autoScalingGroupProcessesToSuspend": processes}
        )
        [instance] = place.fleet.ids()
        name = {"AutoScalingGroupName": "fleet"}
        place.fleet.scaling.suspend_processes(**name, ScalingProcesses=["AZRebalance"])
        deployment = place.shop.begin()
        assert place.suspended() == {"Terminate", "AZRebalance"}
        place.fleet.resize(0)
        assert place.fleet.ids() == [instance]
        with place.agent(instance):
            assert place.shop.finish(deployment)["status"] == "Succeeded"

        place.fleet.wait(lambda states: not states)
        assert place.suspended() == {"AZRebalance"}


class TestTermination:
    def test_deploys_what_comes_before_the_end(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        place = Place.open(local_cloud, client, terminationHookEnabled=True)
        first = place.deploy()
        [instance] = place.fleet.ids()
        with place.agent(instance) as agent:
            place.fleet.resize(0)
            deployment = place.newest(first)
            assert place.shop.info(deployment)["creator"] == "autoscalingTermination"
            place.fleet.wait(lambda states: not states)

        assert agent.commands == ["BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop"]

    def test_ends_whatever_comes_of_it(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        place = Place.open(local_cloud, client, terminationHookEnabled=True)
        place.deploy()
        [instance] = place.fleet.ids()
        with place.agent(instance, failing_at("ApplicationStop")):
            place.fleet.resize(0)
            place.fleet.wait(lambda states: not states)

    def test_of_what_has_ended_already_takes_no_time(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        place = Place.open(local_cloud, client, terminationHookEnabled=True)
        first = place.deploy()
        [instance] = place.fleet.ids()
        place.fleet.ec2.terminate_instances(InstanceIds=[instance])

        replacement = place.launched()
        place.fleet.wait(lambda states: list(states) == [replacement])
        assert place.shop.info(place.newest(first))["creator"] == "autoscaling"


def history(client: MakeClient, name: str) -> list[dict[str, Any]]:
    """CloudTrail's records of CodeDeploy's calls about an Auto Scaling group, the latest first."""
    about = [{"AttributeKey": "ResourceName", "AttributeValue": name}]
    events = client("cloudtrail").lookup_events(LookupAttributes=about)["Events"]
    records = [json.loads(event["CloudTrailEvent"]) for event in events]
    return [each for each in records if each["sourceIPAddress"] == "codedeploy.amazonaws.com"]


class TestHistory:
    def test_has_what_the_service_role_did(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        """Hooks, answers to them, and processes that stood still."""
        options = {"autoScalingGroupProcessesToSuspend": ["AZRebalance"]}
        place = Place.open(local_cloud, client, ec2DeploymentOptions=options)
        [hook] = place.hooks()
        place.deploy()
        place.fleet.resize(2)
        with place.agent(place.launched()):
            place.fleet.wait(lambda states: list(states.values()) == ["InService"] * 2)
        place.shop.codedeploy.delete_deployment_group(applicationName="shop", deploymentGroupName="web")
        done = history(client, "fleet")

        assert [each["eventName"] for each in done] == [
            "DeleteLifecycleHook",
            "CompleteLifecycleAction",
            "ResumeProcesses",
            "SuspendProcesses",
            "PutLifecycleHook",
        ]
        put = done[-1]
        assert put["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "deployer"
        assert put["requestParameters"]["lifecycleHookName"] == hook["LifecycleHookName"]
        assert done[1]["requestParameters"]["lifecycleActionResult"] == "CONTINUE"
        assert done[2]["requestParameters"]["scalingProcesses"] == ["AZRebalance"]


class TestRights:
    @pytest.fixture
    def enforced(self, local_cloud: LocalCloud) -> Iterator[LocalCloud]:
        yield local_cloud
        local_cloud.gate.enforcing = False

    def test_to_put_hooks_are_the_service_roles(self, enforced: LocalCloud, client: MakeClient) -> None:
        enforced.gate.enforcing = True
        root = enforced.settings.root_access_key

        def as_root(service: str, region: str = "us-east-1") -> Any:
            keys = {"aws_access_key_id": root, "aws_secret_access_key": enforced.settings.root_secret_key}
            return client(service, region, **keys)

        Fleet.launch(as_root, 0)
        group: dict[str, Any] = {"ec2TagFilters": [], "autoScalingGroups": ["fleet"]}
        with refused("InvalidRoleException", match="autoscaling:PutLifecycleHook"):
            Shop.open(as_root, instances=0, **group)
        as_root("iam").put_role_policy(
            RoleName="deployer",
            PolicyName="hooks",
            PolicyDocument=(
                '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"autoscaling:*",'
                '"Resource":"*"}]}'
            ),
        )
        as_root("codedeploy").create_deployment_group(
            applicationName="shop",
            deploymentGroupName="web",
            serviceRoleArn="arn:aws:iam::123456789012:role/deployer",
            autoScalingGroups=["fleet"],
        )
        as_root("iam").delete_role_policy(RoleName="deployer", PolicyName="hooks")
        as_root("codedeploy").delete_deployment_group(applicationName="shop", deploymentGroupName="web")
        stays = as_root("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName="fleet")
        [refusal, _] = history(as_root, "fleet")

        assert len(stays["LifecycleHooks"]) == 1
        assert (refusal["eventName"], refusal["errorCode"]) == ("DeleteLifecycleHook", "AccessDenied")
        assert "autoscaling:DeleteLifecycleHook" in refusal["errorMessage"]
