"""Who is told of deployments: from the setting to what a subscriber receives, and everything gone again."""

import json
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from local_cloud.testing.agents import agents_on, failing_at
from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.shop import GITHUB, make_role, run_instances, wait_for

APPLICATION = "test.codeDeploy.001"
GROUP = {"applicationName": APPLICATION, "deploymentGroupName": "test.deploymentGroup.001"}
TOPIC = "arn:aws:sns:us-east-1:123456789012:pipeline-test_2ecodeDeploy_2e001"
EVENTS = ["DeploymentFailure", "DeploymentRollback", "DeploymentStop", "DeploymentSuccess"]
TIME = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4}")
ENDPOINTS = ["ops@example.com", "https://events.example.com/secret-path"]

Received = list[dict[str, Any]]
Configure = Callable[..., str]


@pytest.fixture
def subscriber() -> Iterator[tuple[str, Received]]:
    """An HTTP endpoint, and what it has received."""
    received: Received = []

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/deployments", received
        server.shutdown()


@pytest.fixture
def configure(
    ansible_playbook: Callable[..., Any], addresses: dict[str, Any], client: Callable[..., Any]
) -> Configure:
    role = make_role(client).rpartition("/")[2]

    def run(*options: str, playbook: str = "configure-codedeploy.yml", **settings: Any) -> str:
        given = addresses | {"pipeline_iam_codedeploy_role": role} | settings
        result = ansible_playbook(playbook, "--diff", *options, **given)
        assert result.returncode == 0, result.stdout + result.stderr
        return str(result.stdout)

    return run


def triggers(client: Callable[..., Any]) -> list[dict[str, Any]]:
    group = client("codedeploy").get_deployment_group(**GROUP)["deploymentGroupInfo"]
    return list(group["triggerConfigurations"])


def topics(client: Callable[..., Any]) -> list[str]:
    return [each["TopicArn"] for each in client("sns").list_topics()["Topics"]]


def test_a_good_and_a_failed_deployment_are_told(
    configure: Configure, cloud: LocalCloud, client: Callable[..., Any], subscriber: tuple[str, Received]
) -> None:
    endpoint, received = subscriber
    configure(pipeline_notifications=[endpoint])
    instances = run_instances(
        client, Name="ec2.cheaper.001", ManagedBy="aws-codedeploy-pipeline", Application=APPLICATION
    )
    codedeploy = client("codedeploy")

    def deploy() -> str:
        return str(codedeploy.create_deployment(**GROUP, revision=GITHUB)["deploymentId"])

    def told(count: int) -> Received:
        wait_for(lambda: len(received) > count)  # the first is that the trigger was set up
        return received[-count:]

    with agents_on(cloud.endpoint_url, instances):
        good = deploy()
        [succeeded] = told(1)
    with agents_on(cloud.endpoint_url, instances, failing_at("AfterInstall")):
        bad = deploy()
        wait_for(lambda: len(codedeploy.list_deployments(**GROUP)["deployments"]) == 3)
        rollback = codedeploy.list_deployments(**GROUP)["deployments"][0]
        # The rollback fails too: the agent does.
        messages = {each["Subject"]: json.loads(each["Message"]) for each in told(4)}

    def subject(status: str, deployment: str) -> str:
        return f"{status}: AWS CodeDeploy {deployment} in us-east-1 to {APPLICATION}"

    assert succeeded["Type"] == "Notification"
    assert succeeded["TopicArn"] == TOPIC
    assert succeeded["Subject"] == subject("SUCCEEDED", good)
    message = json.loads(succeeded["Message"])
    assert list(message)[:9] == [
        *("region", "accountId", "eventTriggerName", "applicationName", "deploymentId"),
        *("deploymentGroupName", "createTime", "completeTime", "status"),
    ]
    assert TIME.fullmatch(message["createTime"])
    assert TIME.fullmatch(message["completeTime"])
    assert message["deploymentOverview"] == (
        '{"Succeeded": 1, "Failed": 0, "Skipped": 0, "InProgress": 0, "Pending": 0}'
    )
    assert "errorInformation" not in message

    failed = messages[subject("FAILED", bad)]
    assert json.loads(failed["errorInformation"])["ErrorCode"] == "HEALTH_CONSTRAINTS"
    assert "rollbackInformation" in failed
    begun = messages[subject("IN_PROGRESS", rollback)]
    assert (begun["status"], begun["completeTime"]) == ("IN_PROGRESS", None)
    assert json.loads(begun["rollbackInformation"])["RollbackTriggeringDeploymentId"] == bad


@pytest.mark.long
def test_the_topic_follows_its_settings(configure: Configure, client: Callable[..., Any]) -> None:
    sns = client("sns")

    def subscribed() -> list[str]:
        found = sns.list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
        return sorted(each["Endpoint"] for each in found)

    assert "changed=0" not in configure("--check", pipeline_notifications=ENDPOINTS)
    assert topics(client) == []

    said = configure(pipeline_notifications=ENDPOINTS)
    assert "secret-path" not in said
    assert subscribed() == sorted(ENDPOINTS)
    assert triggers(client) == [
        {"triggerName": "pipeline", "triggerTargetArn": TOPIC, "triggerEvents": EVENTS}
    ]
    held = sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]
    assert held["KmsMasterKeyId"] == "alias/aws/sns"
    [statement] = json.loads(held["Policy"])["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("sns:Publish", TOPIC)
    principal = {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/deployer"}
    assert statement["Condition"] == {"ArnEquals": principal}
    assert "changed=0" in configure(pipeline_notifications=ENDPOINTS)

    sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="stranger@example.com")
    assert "stranger@example.com" in configure(pipeline_notifications=ENDPOINTS[:1])
    assert subscribed() == ENDPOINTS[:1]

    named = sns.create_topic(Name="news")["TopicArn"]
    configure(pipeline_notification_topic=named, pipeline_notification_events=["DeploymentFailure"])
    assert triggers(client) == [
        {"triggerName": "pipeline", "triggerTargetArn": named, "triggerEvents": ["DeploymentFailure"]}
    ]
    assert topics(client) == [TOPIC, named]
    configure(playbook="remove-unused.yml", pipeline_notification_topic=named)
    assert topics(client) == [named]


@pytest.mark.long
def test_nobody_is_told_any_more(configure: Configure, client: Callable[..., Any]) -> None:
    others = client("sns").create_topic(Name="news")["TopicArn"]
    theirs = {"triggerName": "theirs", "triggerTargetArn": others, "triggerEvents": ["DeploymentStart"]}
    configure(pipeline_notifications=ENDPOINTS)
    group = {"applicationName": APPLICATION, "currentDeploymentGroupName": GROUP["deploymentGroupName"]}
    held = [*triggers(client), theirs]
    client("codedeploy").update_deployment_group(**group, triggerConfigurations=held)

    configure()
    assert len(triggers(client)) == 2
    said = configure("--check", playbook="remove-unused.yml")
    assert "Delete the unused notification topic" in said
    configure(playbook="remove-unused.yml")
    assert topics(client) == [others]
    assert triggers(client) == [theirs]
    assert "changed=0" in configure("--check", playbook="remove-unused.yml")


@pytest.mark.long
def test_the_topic_goes_and_a_named_one_stays(configure: Configure, client: Callable[..., Any]) -> None:
    named = client("sns").create_topic(Name="news")["TopicArn"]
    configure(pipeline_notifications=ENDPOINTS)
    said = configure(playbook="destroy.yml", confirm=APPLICATION, pipeline_github_token="")
    assert TOPIC in said
    assert topics(client) == [named]
