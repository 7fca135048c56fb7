"""Deployments that run, seen through the API and through simulated agents."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.aws.codedeploy import options
from local_cloud.server import LocalCloud
from local_cloud.testing.agents import agents_on, failing_at
from local_cloud.testing.shop import GITHUB, S3, Shop, make_role, refused, run_instances, wait_for

IN_PLACE = [
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
]

MakeClient = Callable[..., Any]


class TestSuccess:
    def test_runs_all_events_in_order_on_the_instance(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances) as (agent,):
            info = shop.finish(shop.deploy())

        assert info["status"] == "Succeeded"
        assert agent.commands == IN_PLACE
        assert info["deploymentOverview"] == {
            "Pending": 0,
            "InProgress": 0,
            "Succeeded": 1,
            "Failed": 0,
            "Skipped": 0,
            "Ready": 0,
        }

    def test_tells_of_every_event(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment = shop.deploy()
            shop.finish(deployment)

        target = shop.target(deployment, shop.instances[0])
        assert target["status"] == "Succeeded"
        assert target["targetArn"].endswith(f":instance/{shop.instances[0]}")
        assert [event["lifecycleEventName"] for event in target["lifecycleEvents"]] == IN_PLACE
        for event in target["lifecycleEvents"]:
            assert event["status"] == "Succeeded"
            assert event["diagnostics"]["errorCode"] == "Success"
            assert event["startTime"] <= event["endTime"]

    def test_the_group_remembers_its_last_good_revision(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment = shop.deploy()
            shop.finish(deployment)

        group = shop.group()
        assert group["targetRevision"] == GITHUB
        assert group["lastSuccessfulDeployment"]["deploymentId"] == deployment
        assert group["lastAttemptedDeployment"]["status"] == "Succeeded"
        assert shop.info(shop.deploy(S3))["previousRevision"] == GITHUB

    def test_in_another_region(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        make_role(client)
        shop = Shop.open(client, region="eu-central-1")
        with agents_on(local_cloud.endpoint_url, shop.instances, region="eu-central-1"):
            assert shop.finish(shop.deploy())["status"] == "Succeeded"

        assert client("codedeploy").list_applications()["applications"] == []


class TestFailure:
    def test_shows_what_the_script_said(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client)
        report = {
            "script_name": "scripts/validate-service.sh",
            "message": "Script at specified location: scripts/validate-service.sh failed with exit code 1",
            "log": "LifecycleEvent - ValidateService\n[stderr]nothing listens\n",
        }
        with agents_on(local_cloud.endpoint_url, shop.instances, failing_at("ValidateService", **report)):
            deployment = shop.deploy()
            info = shop.finish(deployment)

        event = shop.events(deployment, shop.instances[0])["ValidateService"]
        assert info["errorInformation"]["code"] == "HEALTH_CONSTRAINTS"
        assert event["status"] == "Failed"
        assert event["diagnostics"] == {
            "errorCode": "ScriptFailed",
            "scriptName": report["script_name"],
            "message": report["message"],
            "logTail": report["log"],
        }

    def test_skips_the_events_after_it(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances, failing_at("Install")):
            deployment = shop.deploy()
            shop.finish(deployment)

        events = shop.events(deployment, shop.instances[0])
        expected = ["Succeeded"] * 3 + ["Failed"] + ["Skipped"] * 3
        assert [event["status"] for event in events.values()] == expected
        assert shop.target(deployment, shop.instances[0])["status"] == "Failed"

    def test_of_application_stop_can_be_ignored(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances, failing_at("ApplicationStop")):
            deployment = shop.deploy(ignoreApplicationStopFailures=True)
            info = shop.finish(deployment)

        assert info["status"] == "Succeeded"
        assert shop.events(deployment, shop.instances[0])["ApplicationStop"]["status"] == "Failed"

    def test_without_instances(self, client: MakeClient) -> None:
        shop = Shop.open(client, instances=0)
        deployment = shop.deploy()

        created = shop.codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]

        assert created["status"] == "Created"
        assert shop.finish(deployment)["errorInformation"]["code"] == "NO_INSTANCES"

    def test_of_an_instance_whose_agent_is_not_there(
        self, client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(options, "agent_timeout", 0.1)
        shop = Shop.open(client)

        deployment = shop.deploy()
        info = shop.finish(deployment)

        event = shop.events(deployment, shop.instances[0])["ApplicationStop"]
        assert info["errorInformation"]["code"] == "HEALTH_CONSTRAINTS"
        assert event["diagnostics"]["errorCode"] == "UnknownError"
        assert "CodeDeploy agent was not able to receive" in event["diagnostics"]["message"]

    def test_of_an_instance_that_is_terminated(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances, lambda _: None):
            deployment = shop.begin()
            wait_for(lambda: shop.events(deployment, shop.instances[0])["ApplicationStop"].get("startTime"))
            client("ec2").terminate_instances(InstanceIds=shop.instances)
            info = shop.finish(deployment)

        event = shop.events(deployment, shop.instances[0])["ApplicationStop"]
        assert info["status"] == "Failed"
        assert "terminated" in event["diagnostics"]["message"]

    def test_of_a_deployment_that_takes_too_long(
        self, client: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(options, "deployment_timeout", 0.1)
        shop = Shop.open(client)

        assert shop.finish(shop.deploy())["errorInformation"]["code"] == "TIMEOUT"


class TestRefusal:
    def test_while_another_deployment_runs(self, client: MakeClient) -> None:
        shop = Shop.open(client)
        running = shop.deploy()

        with pytest.raises(ClientError, match=f"already has an active Deployment '{running}'") as error:
            shop.deploy()
        assert error.value.response["Error"]["Code"] == "DeploymentLimitExceededException"

    def test_when_the_role_is_gone(self, client: MakeClient) -> None:
        shop = Shop.open(client)
        client("iam").delete_role(RoleName="deployer")

        with refused("InvalidRoleException"):
            shop.deploy()

    def test_when_github_is_not_linked(self, client: MakeClient) -> None:
        shop = Shop.open(client)
        names = shop.codedeploy.list_git_hub_account_token_names()["tokenNameList"]
        assert names == ["local-cloud-github"]
        shop.codedeploy.delete_git_hub_account_token(tokenName=names[0])

        with refused("InvalidGitHubAccountTokenException"):
            shop.deploy()
        shop.deploy(S3)

    def test_of_a_revision_without_a_bundle_type(self, client: MakeClient) -> None:
        shop = Shop.open(client)

        with refused("InvalidRevisionException", match="bundleType"):
            shop.deploy({"revisionType": "S3", "s3Location": {"bucket": "bundles", "key": "shop.zip"}})

    @pytest.mark.parametrize("commit", ["main", "0123456", "g" * 40])
    def test_of_what_is_no_whole_commit(self, client: MakeClient, commit: str) -> None:
        location = {"repository": "OWNER/shop", "commitId": commit}

        with refused("InvalidRevisionException", match=commit):
            Shop.open(client).deploy({"revisionType": "GitHub", "gitHubLocation": location})


class TestRestart:
    def test_runs_the_last_good_revision_without_downloading_it(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances) as (agent,):
            shop.finish(shop.deploy())
            agent.commands.clear()
            info = shop.finish(shop.deploy(None, deploymentMode="RESTART"))

        assert info["status"] == "Succeeded"
        assert info["deploymentMode"] == "RESTART"
        assert info["revision"] == GITHUB
        assert agent.commands == ["ApplicationStop", "ApplicationStart", "ValidateService"]

    def test_needs_a_last_good_revision(self, client: MakeClient) -> None:
        with refused("RevisionRequiredException"):
            Shop.open(client).deploy(None, deploymentMode="RESTART")

    def test_takes_no_revision(self, client: MakeClient) -> None:
        with refused("InvalidInputException"):
            Shop.open(client).deploy(GITHUB, deploymentMode="RESTART")


class TestSelection:
    def test_a_tag_set_is_an_and_of_ors(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        either = [
            {"Key": "Role", "Value": "web", "Type": "KEY_AND_VALUE"},
            {"Key": "Role", "Value": "edge", "Type": "KEY_AND_VALUE"},
        ]
        both = [either, [{"Key": "Live", "Type": "KEY_ONLY"}]]
        shop = Shop.open(client, instances=0, ec2TagFilters=[], ec2TagSet={"ec2TagSetList": both})
        wanted = run_instances(client, Role="web", Live="") + run_instances(client, Role="edge", Live="1")
        run_instances(client, Role="web")
        run_instances(client, Live="1")
        with agents_on(local_cloud.endpoint_url, wanted):
            deployment = shop.deploy()
            info = shop.finish(deployment)

        assert info["status"] == "Succeeded"
        assert set(shop.target_ids(deployment)) == set(wanted)

    def test_stopped_instances_are_left_out(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client, instances=2)
        stopped, running = shop.instances
        client("ec2").stop_instances(InstanceIds=[stopped])
        with agents_on(local_cloud.endpoint_url, [running]):
            deployment = shop.deploy()
            shop.finish(deployment)

        assert shop.target_ids(deployment) == [running]

    def test_only_outdated_instances(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client)
        newer = shop.instances.copy()
        with agents_on(local_cloud.endpoint_url, shop.instances):
            shop.finish(shop.deploy())
            newer = run_instances(client, Name="web")
            with agents_on(local_cloud.endpoint_url, newer):
                deployment = shop.deploy(updateOutdatedInstancesOnly=True)
                shop.finish(deployment)

        assert shop.target_ids(deployment) == newer

    def test_targets_can_be_listed_by_status(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        shop = Shop.open(client, instances=2)
        bad, good = shop.instances
        with (
            agents_on(local_cloud.endpoint_url, [bad], failing_at("Install")),
            agents_on(local_cloud.endpoint_url, [good]),
        ):
            deployment = shop.deploy()
            info = shop.finish(deployment)

        assert info["status"] == "Succeeded"
        assert shop.target_ids(deployment, TargetStatus=["Failed"]) == [bad]
        with refused("InvalidTargetFilterNameException"):
            shop.target_ids(deployment, Colour=["red"])


class TestTriggers:
    def test_tell_a_topic(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        topic = client("sns").create_topic(Name="deployments")["TopicArn"]
        queue = client("sqs").create_queue(QueueName="deployments")["QueueUrl"]
        client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:deployments"
        )
        events = ["DeploymentStart", "DeploymentSuccess", "InstanceSuccess"]
        trigger = {"triggerName": "all", "triggerTargetArn": topic, "triggerEvents": events}
        shop = Shop.open(client, triggerConfigurations=[trigger])
        with agents_on(local_cloud.endpoint_url, shop.instances):
            shop.finish(shop.deploy())

        def received() -> list[str]:
            found = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
            subjects.extend(json.loads(message["Body"])["Subject"] for message in found.get("Messages", []))
            return subjects

        subjects: list[str] = []
        wait_for(received, lambda seen: len(seen) > len(events))
        assert [s.split()[0] for s in subjects] == [
            "Trigger",
            "CREATED:",
            "InstanceSuccess",
            "SUCCEEDED:",
        ]

    def test_need_a_topic(self, client: MakeClient) -> None:
        trigger = {
            "triggerName": "all",
            "triggerTargetArn": "arn:aws:sns:us-east-1:123456789012:nobody",
            "triggerEvents": ["DeploymentStart"],
        }
        with refused("InvalidTriggerConfigException"):
            Shop.open(client, triggerConfigurations=[trigger])
