"""CloudTrail's event history: who called what, about what, with what outcome."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config

from local_cloud.server import LocalCloud
from local_cloud.testing.scaling import Fleet
from local_cloud.testing.shop import refused
from tests.local_cloud.colours import Stage, make_target_group
from tests.local_cloud.instances import run

MakeClient = Callable[..., Any]


def look(client: MakeClient, region: str = "us-east-1", **attribute: str) -> list[dict[str, Any]]:
    """The events with one attribute."""
    [(key, value)] = attribute.items()
    answer = client("cloudtrail", region).lookup_events(
        LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}]
    )
    return list(answer["Events"])


def record(event: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(event["CloudTrailEvent"]))


class TestRecord:
    def test_says_who_did_what_with_what_outcome(self, client: MakeClient) -> None:
        client("iam").create_user(UserName="anna")
        key = client("iam").create_access_key(UserName="anna")["AccessKey"]
        keys = {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }
        created = client("ec2", "eu-west-1", **keys).create_security_group(GroupName="web", Description="w")
        [event] = look(client, "eu-west-1", Username="anna")
        found = record(event)

        assert (event["EventName"], event["EventSource"]) == ("CreateSecurityGroup", "ec2.amazonaws.com")
        assert event["ReadOnly"] == "false"
        assert {"ResourceType": "AWS::EC2::SecurityGroup", "ResourceName": created["GroupId"]} in event[
            "Resources"
        ]
        assert found["userIdentity"]["type"] == "IAMUser"
        assert found["userIdentity"]["arn"] == "arn:aws:iam::123456789012:user/anna"
        assert found["requestParameters"]["groupName"] == "web"
        assert found["responseElements"]["groupId"] == created["GroupId"]
        assert (found["awsRegion"], found["sourceIPAddress"]) == ("eu-west-1", "127.0.0.1")
        assert (found["eventType"], found["eventCategory"], found["eventID"]) == (
            "AwsApiCall",
            "Management",
            event["EventId"],
        )
        assert look(client, Username="anna") == []

    def test_of_a_read_has_no_answer(self, client: MakeClient) -> None:
        client("ec2").describe_vpcs()
        [event] = look(client, EventName="DescribeVpcs")

        assert event["ReadOnly"] == "true"
        assert record(event)["responseElements"] is None

    def test_says_why_a_call_was_refused(self, client: MakeClient) -> None:
        with refused("InvalidAMIID.NotFound"):
            run(client, ImageId="ami-0123456789abcdef0")
        [event] = look(client, EventName="RunInstances")

        assert record(event)["errorCode"] == "InvalidAMIID.NotFound"
        assert "ami-0123456789abcdef0" in record(event)["errorMessage"]

    def test_has_no_secret(self, client: MakeClient) -> None:
        """What the model of a service calls sensitive."""
        client("iam").create_user(UserName="anna")
        secret = client("iam").create_access_key(UserName="anna")["AccessKey"]["SecretAccessKey"]
        client("iam").create_login_profile(UserName="anna", Password="correct horse battery")
        client("ssm").put_parameter(Name="/key", Value="very secret", Type="SecureString")
        material = client("ec2").create_key_pair(KeyName="k")["KeyMaterial"]
        run(client, UserData="#!/bin/sh secret")
        told = json.dumps(client("cloudtrail").lookup_events()["Events"], default=str)

        for each in (secret, "correct horse battery", "very secret", material[40:80], "sh secret"):
            assert each not in told

    def test_is_not_made_of_what_moves_data(self, client: MakeClient) -> None:
        url = client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
        client("sqs").send_message(QueueUrl=url, MessageBody="hello")
        client("s3").create_bucket(Bucket="bundles")
        client("s3").put_object(Bucket="bundles", Key="shop.zip", Body=b"zip")

        names = {each["EventName"] for each in client("cloudtrail").lookup_events()["Events"]}
        assert names == {"CreateQueue", "CreateBucket"}


class TestLookup:
    def test_by_the_name_of_a_resource(self, client: MakeClient) -> None:
        [instance] = run(client)
        run(client)
        client("ec2").stop_instances(InstanceIds=[instance["InstanceId"]])
        client("ec2").terminate_instances(InstanceIds=[instance["InstanceId"]])
        events = look(client, ResourceName=instance["InstanceId"])

        assert [each["EventName"] for each in events] == [
            "TerminateInstances",
            "StopInstances",
            "RunInstances",
        ]

    def test_finds_what_codedeploy_does_with_its_role(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        stage = Stage.set_up(local_cloud, client, 1)
        with stage.agents():
            deployment = stage.deploy()["deploymentId"]
        copied = f"CodeDeploy_web_{deployment}"
        events = look(client, ResourceName=copied)

        assert [each["EventName"] for each in events if each["ReadOnly"] == "false"] == [
            "PutLifecycleHook",
            "ResumeProcesses",
            "SuspendProcesses",
            "UpdateAutoScalingGroup",
            "CreateAutoScalingGroup",
        ]
        created = record(events[-1])
        assert created["userIdentity"]["invokedBy"] == "codedeploy.amazonaws.com"
        assert created["sourceIPAddress"] == "codedeploy.amazonaws.com"
        assert created["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "deployer"
        assert created["requestParameters"]["healthCheckType"] == "EC2"

    def test_finds_what_auto_scaling_launches_and_ends(self, client: MakeClient) -> None:
        target_group = make_target_group(client)
        fleet = Fleet.launch(client, 1, TargetGroupARNs=[target_group])
        [instance] = fleet.ids()
        fleet.resize(0)
        fleet.wait(lambda states: not states)
        called = [record(event) for event in look(client, Username="AutoScaling")]

        assert [each["eventName"] for each in called] == [
            "TerminateInstances",
            "DeregisterTargets",
            "RegisterTargets",
            "RunInstances",
        ]
        launched = called[-1]
        assert launched["userIdentity"]["invokedBy"] == "autoscaling.amazonaws.com"
        assert launched["responseElements"]["instancesSet"]["items"] == [{"instanceId": instance}]
        assert [each["eventName"] for each in map(record, look(client, ResourceName=instance))] == [
            each["eventName"] for each in called
        ]

    def test_comes_in_pages_between_two_moments(self, client: MakeClient) -> None:
        begun = datetime.now(UTC)
        for number in range(5):
            client("sns").create_topic(Name=f"topic-{number}")
        pages = (
            client("cloudtrail")
            .get_paginator("lookup_events")
            .paginate(
                LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateTopic"}],
                StartTime=begun - timedelta(seconds=1),
                EndTime=datetime.now(UTC) + timedelta(seconds=1),
                PaginationConfig={"PageSize": 2},
            )
        )
        names = [record(event)["requestParameters"]["name"] for page in pages for event in page["Events"]]

        assert names == [f"topic-{number}" for number in (4, 3, 2, 1, 0)]
        long_ago = begun - timedelta(days=1)
        answer = client("cloudtrail").lookup_events(StartTime=long_ago, EndTime=long_ago)
        assert answer["Events"] == []

    @pytest.mark.parametrize(
        ("code", "given"),
        [
            ("InvalidMaxResultsException", {"MaxResults": 50 + 1}),
            ("InvalidNextTokenException", {"NextToken": "none"}),
            (
                "InvalidTimeRangeException",
                {"StartTime": datetime(2026, 2, 1, tzinfo=UTC), "EndTime": datetime(2026, 1, 1, tzinfo=UTC)},
            ),
            (
                "InvalidLookupAttributesException",
                {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "A"}] * 2},
            ),
        ],
    )
    def test_that_makes_no_sense_is_refused(
        self, client: MakeClient, code: str, given: dict[str, Any]
    ) -> None:
        with refused(code):
            # botocore would refuse some of them itself.
            client("cloudtrail", config=Config(parameter_validation=False)).lookup_events(**given)
