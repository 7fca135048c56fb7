"""The command service as the real agent uses it, request by request, faults included."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.aws import codedeploy
from local_cloud.aws.codedeploy import options
from local_cloud.aws.codedeploy.agents import operations
from local_cloud.aws.codedeploy.runs import alarms
from local_cloud.server import LocalCloud
from local_cloud.testing.agents import EC2_ARN, AgentError, Answer, CommandClient, Result, agents_on
from local_cloud.testing.shop import GITHUB, S3, Shop, wait_for

MakeClient = Callable[..., Any]
Connect = Callable[..., CommandClient]

AFTER_RESTART = Result(
    error_code=7, message="Failed: Failing in-progress lifecycle event after an agent restart."
)
WITHOUT_FACTS = Result(error_code=5, message="Failed: ")


@pytest.fixture
def connect(local_cloud: LocalCloud) -> Iterator[Connect]:
    """`connect(instance)`: the command service as that instance's agent sees it."""
    opened = []

    def open_client(instance: str, **where: Any) -> CommandClient:
        identifier = instance if instance.startswith("arn:") else ec2(instance)
        opened.append(CommandClient(local_cloud.endpoint_url, identifier, **where))
        return opened[-1]

    yield open_client
    for each in opened:
        each.close()


def ec2(instance: str) -> str:
    return EC2_ARN.format(region="us-east-1", instance=instance)


def next_command(agent: CommandClient) -> Answer:
    command = agent.poll()
    assert command
    return command


def opened(answer: Answer, directory: Path) -> Answer:
    """The specification in a GetDeploymentSpecification answer, checked as openssl checks it."""
    envelope = answer["DeploymentSpecification"]["GenericEnvelope"]
    assert envelope["Format"] == "PKCS7/JSON"
    signed = directory / "specification.p7"
    signed.write_text(envelope["Payload"])
    verified = subprocess.run(
        ["openssl", "smime", "-verify", "-noverify", "-inform", "PEM", "-in", str(signed)],
        capture_output=True,
        check=True,
    )
    return dict(json.loads(verified.stdout))


class TestPoll:
    def test_gives_the_command_with_its_names(self, client: MakeClient, connect: Connect) -> None:
        shop = Shop.open(client)
        deployment = shop.deploy()

        command = next_command(connect(shop.instances[0]))

        assert command["CommandName"] == "ApplicationStop"
        assert command["HostIdentifier"] == ec2(shop.instances[0])
        assert command["DeploymentExecutionId"].endswith(f"/{deployment}")
        assert len(command["DeploymentExecutionId"]) <= 129
        assert isinstance(command["Nonce"], int)

    def test_without_work_is_empty(self, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(operations, "LONG_POLL", 0.0)

        assert (
            connect("i-0123456789abcdef0").call(
                "PollHostCommand", {"HostIdentifier": ec2("i-0123456789abcdef0")}
            )
            == {}
        )

    def test_is_held_until_there_is_work(self, client: MakeClient, connect: Connect) -> None:
        shop = Shop.open(client)
        agent = connect(shop.instances[0])
        commands: list[Answer | None] = []
        waiting = threading.Thread(target=lambda: commands.append(agent.poll()))
        waiting.start()
        shop.deploy()
        waiting.join()

        assert commands[0]
        assert commands[0]["CommandName"] == "ApplicationStop"

    def test_is_ended_by_a_newer_one(
        self, client: MakeClient, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An agent that was restarted has left its old connection behind: it must not get the work."""
        shop = Shop.open(client)
        old, new = connect(shop.instances[0]), connect(shop.instances[0])
        answers: list[Answer | None] = []
        waiting = threading.Thread(target=lambda: answers.append(old.poll()))
        waiting.start()
        monkeypatch.setattr(operations, "LONG_POLL", 0.0)
        wait_for(lambda: new.poll() is None and not waiting.is_alive())
        monkeypatch.undo()
        shop.deploy()

        assert answers == [None]
        assert next_command(new)["CommandName"] == "ApplicationStop"

    def test_is_ended_by_a_reset(self, local_cloud: LocalCloud, connect: Connect) -> None:
        answers: list[Answer | None] = []
        agent = connect("i-0123456789abcdef0")
        waiting = threading.Thread(target=lambda: answers.append(agent.poll()))
        waiting.start()

        def ended_by_reset() -> bool:
            local_cloud.reset()
            return not waiting.is_alive()

        wait_for(ended_by_reset)

        assert answers == [None]

    def test_hands_the_next_command_out_after_the_former_is_complete(
        self, client: MakeClient, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = Shop.open(client)
        agent = connect(shop.instances[0])
        shop.deploy()
        first = next_command(agent)
        agent.acknowledge(first)
        monkeypatch.setattr(operations, "LONG_POLL", 0.2)
        assert agent.poll() is None
        monkeypatch.undo()

        agent.complete(first, Result())

        assert next_command(agent)["CommandName"] == "DownloadBundle"

    def test_gives_a_command_again_that_nobody_took_up(
        self, client: MakeClient, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(options, "redelivery_delay", 0.1)
        shop = Shop.open(client)
        agent = connect(shop.instances[0])
        shop.deploy()

        assert next_command(agent) == next_command(agent)

    def test_gives_no_command_again_whose_acknowledgement_is_late(
        self, client: MakeClient, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(options, "redelivery_delay", 0.1)
        monkeypatch.setattr(operations, "LONG_POLL", 0.5)
        shop = Shop.open(client)
        agent = connect(shop.instances[0])
        shop.deploy()
        command = next_command(agent)
        agent.specification(command)

        assert agent.poll() is None

        assert agent.acknowledge(command) == "InProgress"
        agent.complete(command, Result())
        assert next_command(agent)["CommandName"] == "DownloadBundle"

    def test_of_two_deployments_to_one_host_takes_turns(self, client: MakeClient, connect: Connect) -> None:
        shop = Shop.open(client)
        shop.codedeploy.create_deployment_group(
            applicationName="shop",
            deploymentGroupName="also",
            serviceRoleArn=shop.group()["serviceRoleArn"],
            ec2TagFilters=[{"Key": "Name", "Value": "web", "Type": "KEY_AND_VALUE"}],
        )
        agent = connect(shop.instances[0])
        shop.deploy()
        first = next_command(agent)
        agent.acknowledge(first)
        second = shop.codedeploy.create_deployment(
            applicationName="shop", deploymentGroupName="also", revision=S3
        )
        agent.complete(first, Result())

        executions = {next_command_done(agent) for _ in range(2)}
        assert any(execution.endswith(second["deploymentId"]) for execution in executions)


def next_command_done(agent: CommandClient) -> str:
    command = next_command(agent)
    agent.acknowledge(command)
    agent.complete(command, Result())
    return str(command["DeploymentExecutionId"])


class TestSpecification:
    def test_of_a_github_revision(
        self, client: MakeClient, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(options, "github_access_token", "a-token")
        shop = Shop.open(client)
        deployment = shop.deploy(fileExistsBehavior="OVERWRITE")
        agent = connect(shop.instances[0])

        answer = agent.specification(next_command(agent))
        specification = opened(answer, tmp_path)

        assert answer["DeploymentSystem"] == "CodeDeploy"
        assert specification["DeploymentId"] == deployment
        assert specification["DeploymentGroupId"] == shop.group()["deploymentGroupId"]
        assert specification["DeploymentCreator"] == "user"
        assert specification["DeploymentType"] == "IN_PLACE"
        assert specification["AgentActionOverrides"]["AgentOverrides"] == {"FileExistsBehavior": "OVERWRITE"}
        assert specification["GitHubAccessToken"] == "a-token"
        assert specification["Revision"] == {
            "RevisionType": "GitHub",
            "GitHubRevision": {
                "Account": "OWNER",
                "Repository": "shop",
                "CommitId": GITHUB["gitHubLocation"]["commitId"],
                "BundleType": "tar",
            },
        }

    def test_of_an_s3_revision(self, client: MakeClient, connect: Connect, tmp_path: Path) -> None:
        shop = Shop.open(client)
        shop.deploy(S3)
        agent = connect(shop.instances[0])

        specification = opened(agent.specification(next_command(agent)), tmp_path)

        expected = {"Bucket": "bundles", "Key": "shop.zip", "BundleType": "zip"}
        assert specification["Revision"] == {"RevisionType": "S3", "S3Revision": expected}

    def test_of_a_restart_names_the_deployment_whose_files_are_there(
        self, local_cloud: LocalCloud, client: MakeClient, connect: Connect, tmp_path: Path
    ) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            installed = shop.deploy()
            shop.finish(installed)
        shop.deploy(None, deploymentMode="RESTART")
        agent = connect(shop.instances[0])

        assert opened(agent.specification(next_command(agent)), tmp_path)["DeploymentId"] == installed

    def test_of_an_unknown_deployment_is_refused(self, connect: Connect) -> None:
        request = {"DeploymentExecutionId": "123456789012/us-east-1/group/d-UNKNOWN00"}
        with pytest.raises(AgentError, match="ClientException"):
            connect("i-1").call("GetDeploymentSpecification", request | {"HostIdentifier": ec2("i-1")})


class TestCompletion:
    def test_counts_once_and_the_first(self, client: MakeClient, connect: Connect) -> None:
        shop = Shop.open(client)
        deployment = shop.deploy()
        agent = connect(shop.instances[0])
        command = next_command(agent)
        agent.acknowledge(command)

        agent.complete(command, Result(error_code=4, script_name="stop.sh", message="exit code 7"))
        agent.complete(command, WITHOUT_FACTS)
        shop.finish(deployment)

        diagnostics = shop.events(deployment, shop.instances[0])["ApplicationStop"]["diagnostics"]
        assert diagnostics["errorCode"] == "ScriptFailed"
        assert diagnostics["message"] == "exit code 7"

    def test_without_acknowledgement(self, client: MakeClient, connect: Connect) -> None:
        """A broken appspec fails before the agent acknowledges."""
        shop = Shop.open(client)
        deployment = shop.deploy()
        agent = connect(shop.instances[0])

        agent.complete(next_command(agent), Result(error_code=5, message="no appspec"))

        assert shop.finish(deployment)["status"] == "Failed"

    def test_after_an_agent_restart(self, client: MakeClient, connect: Connect) -> None:
        shop = Shop.open(client)
        deployment = shop.deploy()
        killed, respawned = connect(shop.instances[0]), connect(shop.instances[0])
        command = next_command(killed)
        killed.acknowledge(command)

        respawned.complete(command, AFTER_RESTART)
        shop.finish(deployment)

        diagnostics = shop.events(deployment, shop.instances[0])["ApplicationStop"]["diagnostics"]
        assert diagnostics["errorCode"] == "UnknownError"
        assert "after an agent restart" in diagnostics["message"]

    def test_never_comes(self, client: MakeClient, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(options, "event_timeout", 0.1)
        shop = Shop.open(client)
        deployment = shop.deploy()
        agent = connect(shop.instances[0])
        command = next_command(agent)
        agent.acknowledge(command)

        assert shop.finish(deployment)["status"] == "Failed"
        event = shop.events(deployment, shop.instances[0])["ApplicationStop"]
        assert "timed out" in event["diagnostics"]["message"]

        agent.complete(command, Result())
        assert agent.acknowledge(command) == "Failed"
        assert shop.info(deployment)["status"] == "Failed"

    def test_is_known_when_the_deployment_has_ended(
        self, client: MakeClient, local_cloud: LocalCloud, connect: Connect
    ) -> None:
        shop = Shop.open(client, instances=2)
        deployment = shop.deploy(ignoreApplicationStopFailures=True)
        commands = []
        for instance, result in zip(shop.instances, (Result(), Result(error_code=4)), strict=True):
            agent = connect(instance)
            commands.append((agent, next_command(agent)))
            agent.complete(commands[-1][1], result)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            assert shop.finish(deployment)["status"] == "Succeeded"
        told = shop.info(deployment)

        for agent, command in commands:
            agent.complete(command, AFTER_RESTART)
        assert [agent.acknowledge(command) for agent, command in commands] == ["Succeeded", "Failed"]
        assert shop.info(deployment) == told

    def test_of_a_deployment_that_broke_frees_the_host(
        self, client: MakeClient, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An error of the local cloud itself, while the agent is at work."""
        shop = Shop.open(client)
        agent = connect(shop.instances[0])
        first = shop.deploy()
        command = next_command(agent)
        agent.acknowledge(command)
        with monkeypatch.context() as broken:
            broken.setattr(alarms, "stop", lambda *_: 1 / 0)
            codedeploy.wake()
            assert shop.finish(first)["status"] == "Failed"
        agent.complete(command, Result())

        second = shop.deploy()
        assert next_command(agent)["DeploymentExecutionId"].endswith(f"/{second}")

    def test_translates_what_the_agent_reports(self, client: MakeClient, connect: Connect) -> None:
        codes = {
            Result(error_code=1).payload(): "ScriptMissing",
            Result(error_code=2).payload(): "ScriptNotExecutable",
            Result(error_code=3).payload(): "ScriptTimedOut",
            Result(error_code=4).payload(): "ScriptFailed",
            Result(error_code=5).payload(): "UnknownError",
            Result(error_code=6).payload(): "UnknownError",
            '{"error_code": [4]}': "UnknownError",
            "not json": "UnknownError",
            "[]": "UnknownError",
            "null": "UnknownError",
        }
        shop = Shop.open(client, instances=len(codes))
        deployment = shop.deploy()
        for instance, payload in zip(shop.instances, codes, strict=True):
            agent = connect(instance)
            request = {
                "HostCommandIdentifier": next_command(agent)["HostCommandIdentifier"],
                "CommandStatus": "Failed",
                "Diagnostics": {"Format": "JSON", "Payload": payload},
            }
            assert agent.call("PutHostCommandComplete", request) == {}
        shop.finish(deployment)

        seen = [shop.events(deployment, instance)["ApplicationStop"] for instance in shop.instances]
        assert [event["diagnostics"]["errorCode"] for event in seen] == list(codes.values())

    def test_with_another_status_is_refused(self, client: MakeClient, connect: Connect) -> None:
        shop = Shop.open(client)
        shop.deploy()
        agent = connect(shop.instances[0])
        command = next_command(agent)

        request = {"HostCommandIdentifier": command["HostCommandIdentifier"], "CommandStatus": "Pending"}
        with pytest.raises(AgentError, match="ClientException"):
            agent.call("PutHostCommandComplete", request)


class TestRefusal:
    @pytest.mark.parametrize("operation", ["PutHostCommandAcknowledgement", "PutHostCommandComplete"])
    @pytest.mark.parametrize("identifier", ["", "nobody", "123456789012/us-east-1/unknown", "///"])
    def test_of_unknown_commands(self, connect: Connect, operation: str, identifier: str) -> None:
        request = {"HostCommandIdentifier": identifier, "CommandStatus": "Succeeded"}
        with pytest.raises(AgentError, match="ClientException") as error:
            connect("i-1").call(operation, request)
        assert error.value.status == 400

    @pytest.mark.parametrize("identifier", ["", "i-1", "arn:aws:ec2:nowhere-9:123456789012:instance/i-1"])
    def test_of_unknown_hosts(self, connect: Connect, identifier: str) -> None:
        with pytest.raises(AgentError, match="ClientException"):
            connect("i-1").call("PollHostCommand", {"HostIdentifier": identifier})

    def test_of_unknown_operations(self, connect: Connect) -> None:
        with pytest.raises(AgentError, match="UnknownOperationException"):
            connect("i-1").call("MakeCoffee", {})


class TestBothModels:
    def test_the_secure_one_is_the_same(self, client: MakeClient, connect: Connect) -> None:
        shop = Shop.open(client)
        shop.deploy()
        agent = connect(shop.instances[0], service="codedeploy-commands-secure")

        command = next_command(agent)

        assert agent.acknowledge(command) == "InProgress"
        update = {"HostCommandIdentifier": command["HostCommandIdentifier"]}
        assert agent.call("PostHostCommandUpdate", update) == {"CommandStatus": "InProgress"}


class TestOnPremises:
    @pytest.mark.parametrize(
        ("identity", "arn"),
        [
            ("iamUserArn", "arn:aws:iam::123456789012:user/printer"),
            ("iamSessionArn", "arn:aws:sts::123456789012:assumed-role/hosts/printer"),
        ],
    )
    def test_an_instance_is_known_by_its_identity(
        self, client: MakeClient, connect: Connect, identity: str, arn: str
    ) -> None:
        region = "eu-west-1"
        tag = {"Key": "Name", "Value": "printer"}
        shop = Shop.open(
            client, instances=0, region=region, ec2TagFilters=[], onPremisesInstanceTagFilters=[tag]
        )
        shop.codedeploy.register_on_premises_instance(instanceName="printer", **{identity: arn})
        shop.codedeploy.add_tags_to_on_premises_instances(instanceNames=["printer"], tags=[tag])
        deployment = shop.deploy()

        command = next_command(connect(arn, region=region))

        assert command["HostIdentifier"] == arn
        assert shop.target_ids(deployment) == ["printer"]
