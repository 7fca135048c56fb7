"""What EventBridge and SNS hear of deployments and their instances."""

import json
from collections.abc import Callable
from typing import Any

from local_cloud.server import LocalCloud
from local_cloud.testing.agents import agents_on, failing_at
from local_cloud.testing.shop import Shop, wait_for
from tests.local_cloud.colours import Stage, settings

MakeClient = Callable[..., Any]
READY = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60}
DEPLOYMENTS = "CodeDeploy Deployment State-change Notification"
INSTANCES = "CodeDeploy Instance State-change Notification"


class Heard:
    """A queue that a rule for CodeDeploy's events leads to."""

    def __init__(self, client: MakeClient, **pattern: list[str]) -> None:
        self._sqs = client("sqs")
        self._url = self._sqs.create_queue(QueueName="heard")["QueueUrl"]
        self.arn = "arn:aws:sqs:us-east-1:123456789012:heard"
        self._messages: list[dict[str, Any]] = []
        events = client("events")
        events.put_rule(Name="changes", EventPattern=json.dumps({"source": ["aws.codedeploy"], **pattern}))
        events.put_targets(Rule="changes", Targets=[{"Id": "queue", "Arn": self.arn}])

    def all(self, count: int) -> list[dict[str, Any]]:
        """So many messages, in their order."""

        def look() -> int:
            answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
            for each in answer.get("Messages", []):
                self._messages.append(json.loads(each["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=each["ReceiptHandle"])
            return len(self._messages)

        wait_for(look, lambda found: found >= count)
        return self._messages


class TestEvents:
    def test_have_the_documented_form(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        heard = Heard(client)
        shop = Shop.open(client, 1)
        [instance] = shop.instances
        with agents_on(local_cloud.endpoint_url, [instance]):
            deployment = shop.deploy()
            shop.finish(deployment)
        messages = heard.all(4)

        states = [(each["detail-type"], each["detail"]["state"]) for each in messages]
        assert states == [
            (DEPLOYMENTS, "START"),
            (INSTANCES, "START"),
            (INSTANCES, "SUCCESS"),
            (DEPLOYMENTS, "SUCCESS"),
        ]
        start = "arn:aws:codedeploy:us-east-1:123456789012"
        detail = {
            "region": "us-east-1",
            "application": "shop",
            "deploymentGroup": "web",
            "deploymentId": deployment,
            "instanceGroupId": shop.group()["deploymentGroupId"],
        }
        first, second = messages[:2]
        assert first["detail"] == detail | {"state": "START"}
        assert first["resources"] == [f"{start}:application:shop", f"{start}:deploymentgroup:shop/web"]
        assert second["detail"] == detail | {"state": "START", "instanceId": instance}
        assert second["resources"] == [
            f"arn:aws:ec2:us-east-1:123456789012:instance/{instance}",
            f"{start}:deploymentgroup:shop/web",
            f"{start}:application:shop",
        ]
        assert (first["version"], first["source"], first["account"]) == (
            "0",
            "aws.codedeploy",
            "123456789012",
        )

    def test_are_told_to_topics_by_rules_that_match(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        heard = Heard(client, detail={"state": ["FAILURE"]})  # type: ignore[arg-type]
        topic = client("sns").create_topic(Name="failures")["TopicArn"]
        client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn)
        client("events").put_targets(Rule="changes", Targets=[{"Id": "queue", "Arn": topic}])
        shop = Shop.open(client, 1)
        with agents_on(local_cloud.endpoint_url, shop.instances, failing_at("Install")):
            shop.finish(shop.deploy())

        told = [json.loads(each["Message"])["detail"]["state"] for each in heard.all(2)]
        assert told == ["FAILURE", "FAILURE"]

    def test_of_blue_green_deployments_say_when_they_are_ready(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        heard = Heard(client)
        topic = client("sns").create_topic(Name="ready")["TopicArn"]
        trigger = {
            "triggerName": "ready",
            "triggerTargetArn": topic,
            "triggerEvents": ["DeploymentReady", "InstanceReady"],
        }
        client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn)
        stage = Stage.set_up(
            local_cloud,
            client,
            1,
            triggerConfigurations=[trigger],
            blueGreenDeploymentConfiguration=settings(ready=READY),
        )
        with stage.agents():
            deployment = stage.shop.deploy()
            wait_for(lambda: stage.is_waiting(deployment, "Ready"))
            messages = heard.all(7)
            stage.shop.codedeploy.stop_deployment(deploymentId=deployment)
            stage.shop.finish(deployment)

        states = [each["detail"]["state"] for each in messages if "detail" in each]
        assert states == ["START", "START", "READY", "READY"]
        told = [json.loads(each["Message"]) for each in messages if "Message" in each]
        assert [each.get("status", each.get("instanceStatus")) for each in told] == [None, "READY", "READY"]
