"""What the service answered real accounts, and what its documentation shows: each test names its source."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.testing.agents import EC2_ARN, Answer, CommandClient, Result, agents_on
from local_cloud.testing.shop import Shop, make_role, refused, wait_for
from tests.local_cloud.colours import Stage, settings

MakeClient = Callable[..., Any]
REGION = "eu-central-1"
TAGGED = [{"Key": "Name", "Value": "web", "Type": "KEY_AND_VALUE"}]


class TestDeployment:
    def test_whose_only_target_waits(self, client: MakeClient) -> None:
        """Recorded, Server 2026."""
        shop = Shop.open(client, 1)
        info = shop.info(shop.begin())

        assert info["deploymentOverview"] == {
            "Pending": 1,
            "InProgress": 0,
            "Succeeded": 0,
            "Failed": 0,
            "Skipped": 0,
            "Ready": 0,
        }
        assert "startTime" not in info
        assert info["instanceTerminationWaitTimeStarted"] is False
        assert info["fileExistsBehavior"] == "DISALLOW"
        assert info["deploymentStatusMessages"] == []

    def test_that_failed_before_it_had_targets(self, client: MakeClient) -> None:
        """Recorded, Lambda 2021."""
        shop = Shop.open(client, 0)
        info = shop.finish(shop.deploy())

        assert info["status"] == "Failed"
        assert not info.keys() & {"deploymentOverview", "startTime"}
        assert info["rollbackInfo"] == {}

    def test_that_failed_is_the_last_attempt(self, client: MakeClient) -> None:
        """Recorded, Server 2026."""
        shop = Shop.open(client, 0)
        deployment = shop.deploy()
        shop.finish(deployment)
        last = shop.group()["lastAttemptedDeployment"]

        assert last.keys() == {"deploymentId", "status", "endTime", "createTime"}
        assert (last["deploymentId"], last["status"]) == (deployment, "Failed")


def test_a_command_is_named_as_agents_logs_show(local_cloud: Any, client: MakeClient) -> None:
    """Recorded, an agent's log of 2017; the number of the first position is inferred."""
    shop = Shop.open(client, 1, region=REGION)
    [instance] = shop.instances
    deployment = shop.deploy()
    host = EC2_ARN.format(region=REGION, instance=instance)
    agent = CommandClient(local_cloud.endpoint_url, host, region=REGION)
    command = agent.poll()
    agent.close()
    assert command
    execution = f"CodeDeploy/{REGION}/Prod/arn:aws:sds:{REGION}:123456789012:deployment/{deployment}"

    assert command["DeploymentExecutionId"] == execution
    assert json.loads(base64.b64decode(command["HostCommandIdentifier"])) == [
        "com.amazon.apollo.deploycontrol.domain.HostCommandIdentifier",
        {
            "deploymentId": execution,
            "hostId": host,
            "commandName": "ApplicationStop",
            "commandPosition": 1,
            "commandAttempt": 1,
        },
    ]


class TestGroup:
    def test_of_tag_filters(self, client: MakeClient) -> None:
        """Recorded, Server 2026."""
        group = Shop.open(client, 0).group()

        expected = {
            "autoScalingGroups": [],
            "onPremisesInstanceTagFilters": [],
            "triggerConfigurations": [],
            "outdatedInstancesStrategy": "UPDATE",
            "terminationHookEnabled": False,
        }
        assert {name: group[name] for name in expected} == expected

    def test_of_tag_sets(self, client: MakeClient) -> None:
        """Documented, the AWS CLI's examples."""
        group = Shop.open(client, 0, ec2TagFilters=[], ec2TagSet={"ec2TagSetList": [TAGGED]}).group()

        assert not group.keys() & {"ec2TagFilters", "onPremisesInstanceTagFilters"}
        assert group["onPremisesTagSet"] == {"onPremisesTagSetList": []}

    def test_without_rollback_names_no_events(self, client: MakeClient) -> None:
        """Documented, the AWS CLI's examples."""
        group = Shop.open(client, 0, autoRollbackConfiguration={"enabled": False}).group()

        assert group["autoRollbackConfiguration"] == {"enabled": False}

    def test_of_blue_green(self, local_cloud: Any, client: MakeClient) -> None:
        """Recorded, Server 2026."""
        given = settings(ending={"action": "TERMINATE", "terminationWaitTimeInMinutes": 5})
        stage = Stage.set_up(local_cloud, client, 0, blueGreenDeploymentConfiguration=given)
        group = stage.shop.group()
        [listed] = group["autoScalingGroups"]

        assert listed["hook"].startswith("CodeDeploy-managed-automatic-launch-deployment-hook-web-")
        assert group["loadBalancerInfo"]["targetGroupInfoList"] == [{"name": "web"}]
        assert group["blueGreenDeploymentConfiguration"] == given

    def test_has_up_to_fifty_alarms(self, client: MakeClient) -> None:
        """Documented, the quotas of CodeDeploy."""
        alarms = {"enabled": True, "alarms": [{"name": f"alarm-{n}"} for n in range(51)]}
        with refused("AlarmsLimitExceededException", match="50"):
            Shop.open(client, 0, alarmConfiguration=alarms)
        alarms["alarms"] = alarms["alarms"][:50]  # type: ignore[index]
        client("codedeploy").create_deployment_group(
            applicationName="shop",
            deploymentGroupName="web",
            serviceRoleArn=make_role(client),
            alarmConfiguration=alarms,
        )

    @pytest.mark.parametrize(
        "style", [{"deploymentType": "IN_PLACE"}, {"deploymentOption": "WITH_TRAFFIC_CONTROL"}]
    )
    def test_with_half_a_style_is_refused(self, client: MakeClient, style: dict[str, str]) -> None:
        """Recorded, no year is known."""
        words = "Deployment type or deployment option cannot be null or empty"
        with refused("InvalidDeploymentStyleException", match=words):
            Shop.open(client, 0, deploymentStyle=style)

    def test_with_an_unknown_option_is_refused(self, client: MakeClient) -> None:
        """Recorded, no year is known."""
        style = {"deploymentType": "IN_PLACE", "deploymentOption": "SOME_TRAFFIC"}
        words = "Deployment option can only be WITH_TRAFFIC_CONTROL or WITHOUT_TRAFFIC_CONTROL"
        with refused("InvalidDeploymentStyleException", match=words):
            Shop.open(client, 0, deploymentStyle=style)

    def test_without_load_balancers_to_control_is_refused(self, client: MakeClient) -> None:
        """Recorded, no year is known."""
        style = {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
        words = (
            "The specification for load balancing in the deployment group is invalid. The deploymentOption"
            " value is set to WITH_TRAFFIC_CONTROL, but either no load balancer was specified in elbInfoList"
            " or no target group was specified in targetGroupInfoList."
        )
        with refused("InvalidLoadBalancerInfoException", match=words):
            Shop.open(client, 0, deploymentStyle=style)

    def test_without_a_name_is_refused(self, client: MakeClient) -> None:
        """Recorded, no year is known."""
        Shop.open(client, 0)
        with refused("DeploymentGroupNameRequiredException", match="Deployment Group name is missing$"):
            client("codedeploy").create_deployment(applicationName="shop")


class TestConfigurations:
    def test_are_seventeen(self, client: MakeClient) -> None:
        """Recorded, no year is known: the one-minute linear one of ECS is in the plural."""
        names = client("codedeploy").list_deployment_configs()["deploymentConfigsList"]

        assert len(names) == 17
        assert "CodeDeployDefault.ECSLinear10PercentEvery1Minutes" in names

    def test_of_one_at_a_time_is_the_first(self, client: MakeClient) -> None:
        """Documented, the AWS CLI's examples."""
        answer = client("codedeploy").get_deployment_config(
            deploymentConfigName="CodeDeployDefault.OneAtATime"
        )

        identifier = answer["deploymentConfigInfo"]["deploymentConfigId"]
        assert identifier == "00000000-0000-0000-0000-000000000001"


class TestNotifications:
    def test_of_a_failed_deployment_and_its_rollback(self, local_cloud: Any, client: MakeClient) -> None:
        """Recorded, 2016 and 2022."""
        topic = client("sns").create_topic(Name="told")["TopicArn"]
        queue = client("sqs").create_queue(QueueName="told")["QueueUrl"]
        arn = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
        kinds = [f"Deployment{each}" for each in ("Start", "Success", "Failure", "Rollback")]
        trigger = {"triggerName": "all", "triggerTargetArn": topic, "triggerEvents": kinds}
        shop = Shop.open(
            client,
            triggerConfigurations=[trigger],
            autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
        )
        good = [True]

        def work(command: Answer) -> Result:
            fails = command["CommandName"] == "ValidateService" and not good[0]
            return Result(error_code=4, message="Script failed") if fails else Result()

        with agents_on(local_cloud.endpoint_url, shop.instances, work):
            first = shop.deploy()
            shop.finish(first)
            good[0] = False
            second = shop.deploy()
            rollback = shop.finish(second)["rollbackInfo"]["rollbackDeploymentId"]
            good[0] = True
            shop.finish(rollback)
        said: list[dict[str, Any]] = []

        def received() -> list[dict[str, Any]]:
            found = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
            said.extend(json.loads(each["Body"]) for each in found.get("Messages", []))
            return said

        wait_for(received, lambda seen: len(seen) >= 8)
        told: dict[str, dict[str, Any]] = {first: {}, second: {}, rollback: {}}
        for each in said[1:]:
            message = json.loads(each["Message"])
            identifier, status = message["deploymentId"], message["status"]
            told[identifier][status] = message
            assert each["Subject"] == f"{status}: AWS CodeDeploy {identifier} in us-east-1 to shop"
        assert [list(each) for each in told.values()] == [
            ["CREATED", "SUCCEEDED"],
            ["CREATED", "FAILED"],
            ["CREATED", "IN_PROGRESS", "SUCCEEDED"],
        ]
        assert list(told[first]["CREATED"])[:9] == [
            *("region", "accountId", "eventTriggerName", "applicationName", "deploymentId"),
            *("deploymentGroupName", "createTime", "completeTime", "status"),
        ]
        assert told[first]["CREATED"]["completeTime"] is None
        failed = told[second]["FAILED"]
        assert re.fullmatch(r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}", failed["completeTime"])
        counts = json.loads(failed["deploymentOverview"])
        assert list(counts) == ["Succeeded", "Failed", "Skipped", "InProgress", "Pending"]
        assert json.loads(failed["errorInformation"]).keys() == {"ErrorCode", "ErrorMessage"}
        assert json.loads(told[rollback]["SUCCEEDED"]["rollbackInformation"]) == {
            "RollbackTriggeringDeploymentId": second,
            "RollbackMessage": f"Deployment {rollback} is triggered to roll back deployment {second}.",
        }
