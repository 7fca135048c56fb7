"""Lifecycle hooks that fire and wait, and what topics and queues hear."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.testing.scaling import Fleet, let_pass
from local_cloud.testing.shop import refused, wait_for

MakeClient = Callable[..., Any]
QUEUE = "arn:aws:sqs:us-east-1:123456789012:actions"
TOPIC = "arn:aws:sns:us-east-1:123456789012:fleet"


def waiting(fleet: Fleet, transition: str = "Pending") -> str:
    """The one instance in a wait state."""
    [instance] = fleet.ids(f"{transition}:Wait")
    return instance


class TestLaunchHook:
    def test_keeps_an_instance_until_continue(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 0)
        fleet.put_hook("install")
        fleet.resize(1)
        instance = waiting(fleet)
        [activity] = fleet.activities()
        assert (activity["StatusCode"], activity["Progress"]) == ("MidLifecycleAction", 40)
        fleet.complete("install", instance, "CONTINUE")

        assert fleet.states() == {instance: "InService"}
        assert fleet.activities()[0]["StatusCode"] == "Successful"

    def test_abandon_ends_the_instance_and_launches_another(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 0)
        fleet.put_hook("install")
        fleet.resize(1)
        instance = waiting(fleet)
        fleet.complete("install", instance, "ABANDON")

        assert instance not in fleet.states()
        activity = fleet.activities()[0]
        assert activity["StatusCode"] == "Cancelled"
        assert activity["Description"].startswith(
            f"Launching a new EC2 instance: {instance}.  Status Reason: Instance failed to complete user's"
            " Lifecycle Action: Lifecycle Action with token "
        )
        assert activity["Description"].endswith(
            "was abandoned: Lifecycle Action Completed with ABANDON Result"
        )
        let_pass(1)
        fleet.wait(lambda states: list(states.values()) == ["Pending:Wait"])

    @pytest.mark.parametrize(("default", "state"), [("CONTINUE", "InService"), ("ABANDON", "")])
    def test_has_a_default_when_its_time_is_over(self, client: MakeClient, default: str, state: str) -> None:
        fleet = Fleet.launch(client, 0)
        fleet.put_hook("install", HeartbeatTimeout=60, DefaultResult=default)
        fleet.resize(1)
        instance = waiting(fleet)
        let_pass(59)
        assert fleet.states() == {instance: "Pending:Wait"}
        let_pass(1)

        fleet.wait(lambda found: found.get(instance, "") == state)
        if not state:
            assert fleet.activities()[-1]["Description"].endswith("was abandoned: Heartbeat Timeout")

    def test_heartbeats_keep_it_waiting(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 0)
        fleet.put_hook("install", HeartbeatTimeout=60)
        fleet.resize(1)
        instance = waiting(fleet)
        action = {"AutoScalingGroupName": "fleet", "LifecycleHookName": "install", "InstanceId": instance}
        let_pass(50)
        fleet.scaling.record_lifecycle_action_heartbeat(**action)
        let_pass(50)
        assert fleet.states() == {instance: "Pending:Wait"}
        let_pass(10)

        fleet.wait(lambda states: instance not in states)
        with refused("ValidationError", match=f"found with instance ID {instance}"):
            fleet.scaling.record_lifecycle_action_heartbeat(**action)

    def test_waits_for_every_hook(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 0)
        fleet.put_hook("one")
        fleet.put_hook("two")
        fleet.resize(1)
        instance = waiting(fleet)
        fleet.complete("one", instance, "CONTINUE")
        assert fleet.states() == {instance: "Pending:Wait"}
        with refused("ValidationError", match="No active Lifecycle Action found with instance ID"):
            fleet.complete("one", instance, "CONTINUE")
        fleet.complete("two", instance, "CONTINUE")

        assert fleet.states() == {instance: "InService"}

    def test_that_is_deleted_abandons_what_waits(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 0)
        fleet.put_hook("install")
        fleet.resize(1)
        instance = waiting(fleet)
        fleet.scaling.delete_lifecycle_hook(AutoScalingGroupName="fleet", LifecycleHookName="install")

        assert instance not in fleet.states()
        let_pass(1)
        fleet.wait(lambda states: list(states.values()) == ["InService"])

    def test_fires_for_attached_instances_and_after_standby(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        [instance] = fleet.ids()
        given = {"AutoScalingGroupName": "fleet", "InstanceIds": [instance]}
        fleet.scaling.enter_standby(**given, ShouldDecrementDesiredCapacity=True)
        fleet.put_hook("install")
        fleet.scaling.exit_standby(**given)

        assert fleet.states() == {instance: "Pending:Wait"}
        fleet.complete("install", instance, "CONTINUE")
        assert fleet.states() == {instance: "InService"}

    def test_an_instance_that_ends_meanwhile_is_replaced(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 0)
        fleet.put_hook("install")
        fleet.resize(1)
        instance = waiting(fleet)
        fleet.ec2.terminate_instances(InstanceIds=[instance])

        assert fleet.wait(lambda states: instance not in states and len(states) == 1)


class TestTerminationHook:
    @pytest.mark.parametrize("result", ["CONTINUE", "ABANDON"])
    def test_keeps_an_instance_until_it_is_answered(self, client: MakeClient, result: str) -> None:
        fleet = Fleet.launch(client, 1)
        [instance] = fleet.ids()
        fleet.put_hook("drain", "TERMINATING")
        fleet.resize(0)
        assert waiting(fleet, "Terminating") == instance
        [found] = fleet.ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        assert found["Instances"][0]["State"]["Name"] == "running"
        fleet.complete("drain", instance, result)

        assert fleet.states() == {}
        [found] = fleet.ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        assert found["Instances"][0]["State"]["Name"] == "terminated"
        assert fleet.activities()[0]["StatusCode"] == "Successful"

    def test_does_not_keep_the_replacement_waiting(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        [instance] = fleet.ids()
        fleet.put_hook("drain", "TERMINATING")
        fleet.ec2.terminate_instances(InstanceIds=[instance])

        states = fleet.wait(lambda found: len(found) == 2)
        assert sorted(states.values()) == ["InService", "Terminating:Wait"]


class TestMessages:
    def test_of_lifecycle_actions(self, client: MakeClient) -> None:
        queue = client("sqs").create_queue(QueueName="actions")["QueueUrl"]
        fleet = Fleet.launch(client, 0)
        fleet.put_hook("install", NotificationTargetARN=QUEUE, NotificationMetadata="of the shop")
        fleet.resize(1)
        test, message = received(client, queue, 2)

        assert test["Event"] == "autoscaling:TEST_NOTIFICATION"
        assert set(test) == {
            *("AccountId", "RequestId", "AutoScalingGroupARN", "AutoScalingGroupName", "Service"),
            *("Event", "Time"),
        }
        instance = waiting(fleet)
        token = message.pop("LifecycleActionToken")
        assert message.pop("Time").endswith("Z")
        assert message.pop("RequestId")
        assert message == {
            "AccountId": "123456789012",
            "AutoScalingGroupName": "fleet",
            "Service": "AWS Auto Scaling",
            "LifecycleHookName": "install",
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
            "EC2InstanceId": instance,
            "NotificationMetadata": "of the shop",
            "Origin": "EC2",
            "Destination": "AutoScalingGroup",
        }
        fleet.scaling.complete_lifecycle_action(
            AutoScalingGroupName="fleet",
            LifecycleHookName="install",
            LifecycleActionToken=token,
            LifecycleActionResult="CONTINUE",
        )
        assert fleet.states() == {instance: "InService"}

    def test_of_launches_and_terminations(self, client: MakeClient) -> None:
        client("sns").create_topic(Name="fleet")
        queue = client("sqs").create_queue(QueueName="actions")["QueueUrl"]
        client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)
        fleet = Fleet.launch(client, 0)
        kinds = ["autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_TERMINATE"]
        configuration = {"AutoScalingGroupName": "fleet", "TopicARN": TOPIC}
        fleet.scaling.put_notification_configuration(**configuration, NotificationTypes=kinds)
        found = fleet.scaling.describe_notification_configurations()["NotificationConfigurations"]
        assert [each["NotificationType"] for each in found] == kinds
        fleet.resize(1)
        [instance] = fleet.ids()
        fleet.resize(0)

        subjects = [each["Subject"] for each in received(client, queue, 3)]
        assert subjects == [
            'Auto Scaling: test notification for group "fleet"',
            'Auto Scaling: launch for group "fleet"',
            'Auto Scaling: termination for group "fleet"',
        ]
        fleet.scaling.delete_notification_configuration(**configuration)
        assert fleet.scaling.describe_notification_configurations()["NotificationConfigurations"] == []
        assert instance

    def test_of_a_launch_have_the_recorded_members(self, client: MakeClient) -> None:
        client("sns").create_topic(Name="fleet")
        queue = client("sqs").create_queue(QueueName="actions")["QueueUrl"]
        client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)
        fleet = Fleet.launch(client, 0)
        fleet.scaling.put_notification_configuration(
            AutoScalingGroupName="fleet",
            TopicARN=TOPIC,
            NotificationTypes=["autoscaling:EC2_INSTANCE_LAUNCH"],
        )
        fleet.resize(1)
        message = json.loads(received(client, queue, 2)[1]["Message"])

        assert set(message) == {
            *("Progress", "AccountId", "Description", "RequestId", "EndTime", "AutoScalingGroupARN"),
            *("ActivityId", "StartTime", "Service", "Time", "EC2InstanceId", "StatusCode", "StatusMessage"),
            *("Details", "AutoScalingGroupName", "Cause", "Event"),
        }
        assert (message["StatusCode"], message["Progress"]) == ("InProgress", 50)
        assert set(message["Details"]) == {"Subnet ID", "Availability Zone"}


def received(client: MakeClient, queue: str, count: int) -> list[dict[str, Any]]:
    """The bodies of so many messages."""
    found: list[dict[str, Any]] = []

    def look() -> list[dict[str, Any]]:
        messages = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        found.extend(json.loads(each["Body"]) for each in messages.get("Messages", []))
        return found

    return list(wait_for(look, lambda seen: len(seen) >= count))
