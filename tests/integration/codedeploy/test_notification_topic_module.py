"""sns_notification_topic: encrypted, subscribed as named, and what others made stays."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.core.responses import ActionResult
from moto.sns.responses import SNSResponse

from tests.integration.codedeploy.runner import Client, Module

ARN = "arn:aws:sns:us-east-1:123456789012:deployments"
OWNED = {"Project": "shop"}
POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "sns:Publish",
            "Resource": ARN,
        }
    ],
}
ASKED: dict[str, Any] = {"arn": ARN, "owned_tags": OWNED, "policy": POLICY, "endpoints": ["ops@example.com"]}
GONE: dict[str, Any] = {"arn": ARN, "owned_tags": OWNED, "state": "absent"}


@pytest.fixture
def topic(module: Callable[[str], Module]) -> Module:
    return module("sns_notification_topic")


@pytest.fixture
def sns(client: Client) -> Any:
    return client("sns")


def test_a_topic_comes_changes_and_goes(topic: Module, sns: Any) -> None:
    made = topic.four_beats(**ASKED, tags={"Owner": "ann"})
    assert made.calls[:2] == ["GetTopicAttributes", "CreateTopic"]
    assert made["topic"]["kms_key"] == "alias/aws/sns"
    assert made["topic"]["tags"] == {"Owner": "ann", "Project": "shop"}

    hook = "https://events.example.com/secret"
    other = json.loads(json.dumps(POLICY).replace("root", "role/deployer"))
    changed = topic.four_beats(**ASKED | {"policy": other, "endpoints": [hook], "kms_key": "alias/mine"})
    assert set(changed.shown) == {"kms_key", "policy", "subscriptions", "tags"}
    assert "secret" not in json.dumps({**changed, "invocation": None})
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=ARN)["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("https", hook)
    held = sns.get_topic_attributes(TopicArn=ARN)["Attributes"]
    assert (held["KmsMasterKeyId"], json.loads(held["Policy"])) == ("alias/mine", other)

    topic.four_beats(**GONE)
    assert sns.list_topics()["Topics"] == []


def test_a_topic_of_others_stays(topic: Module, sns: Any) -> None:
    sns.create_topic(Name="deployments", Tags=[{"Key": "Team", "Value": "platform"}])
    refused = topic.refuse(**ASKED)
    assert "somebody else's, for it has not the tags Project=shop: give it these" in refused["msg"]
    assert not topic(**GONE)["changed"]
    assert len(sns.list_topics()["Topics"]) == 1


def test_an_unconfirmed_subscription_is_left_to_sns(topic: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """moto confirms by itself."""
    topic(**ASKED)
    listed = {"Protocol": "email", "Endpoint": "ops@example.com", "SubscriptionArn": "PendingConfirmation"}
    answer = ActionResult({"Subscriptions": [listed | {"TopicArn": ARN, "Owner": "123456789012"}]})
    monkeypatch.setattr(SNSResponse, "list_subscriptions_by_topic", lambda _: answer)

    again = topic(**ASKED)
    assert (again["changed"], again["topic"]["unconfirmed"]) == (False, ["ops@example.com"])
    without = topic(**ASKED | {"endpoints": []})
    assert (without["changed"], without.writes) == (False, [])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"arn": "deployments"}, "arn: 'deployments' is no topic. Allowed: arn:aws:sns:REGION:ACCOUNT:NAME"),
        ({"endpoints": ["ops"]}, "endpoints: 'ops' is none. Allowed: an e-mail address or https://HOST/PATH"),
    ],
)
def test_what_is_malformed_is_refused(topic: Module, options: dict[str, Any], said: str) -> None:
    refused = topic.refuse(**ASKED | options)
    assert refused["msg"] == said
    assert refused.calls == []
