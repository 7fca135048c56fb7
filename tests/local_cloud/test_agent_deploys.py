"""The agent's program against the control plane: an on-premises host, in a process of its own."""

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_cloud.server import LocalCloud

PACKAGE = Path("local_cloud/agent").resolve()
FINAL = {"Succeeded", "Failed", "Stopped"}


class Agent:
    """The program on a host whose root is a folder."""

    def __init__(self, folder: Path, endpoint: str, user: dict[str, str]) -> None:
        self.root = folder / "deployment-root"
        self.log = folder / "log/codedeploy-agent.log"
        self._file = folder / "agent.yml"
        on_premises = folder / "onpremises.yml"
        on_premises.write_text(yaml.safe_dump({"region": "us-east-1", **user}))
        settings = {
            "root_dir": self.root,
            "log_dir": folder / "log",
            "pid_dir": folder / "pid",
            "on_premises_config_file": on_premises,
            "wait_between_runs": 0.1,
            "deploy_control_endpoint": endpoint,
            "s3_endpoint_override": endpoint,
        }
        self._file.write_text("".join(f":{name}: {value}\n" for name, value in settings.items()))
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        self.process = self.run("start")
        return self.process

    def run(self, command: str) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-m", "codedeploy_agent", "--config-file", str(self._file), command]
        return subprocess.Popen(
            program, env={**os.environ, "PYTHONPATH": str(PACKAGE)}, stdout=subprocess.PIPE
        )

    def status(self) -> str:
        return self.run("status").communicate()[0].decode()


class Pipeline:
    """An application whose deployment group is the on-premises host."""

    def __init__(self, client: Callable[..., Any]) -> None:
        self.codedeploy = client("codedeploy")
        self.s3 = client("s3")
        iam = client("iam")
        trust = (
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
            ' "Principal": {"Service": "codedeploy.amazonaws.com"}}]}'
        )
        role = iam.create_role(RoleName="service", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        user = iam.create_user(UserName="host")["User"]["Arn"]
        key = iam.create_access_key(UserName="host")["AccessKey"]
        self.user = {
            "iam_user_arn": user,
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }
        self.s3.create_bucket(Bucket="bundles")
        self.codedeploy.register_on_premises_instance(instanceName="host", iamUserArn=user)
        self.codedeploy.add_tags_to_on_premises_instances(
            tags=[{"Key": "Name", "Value": "host"}], instanceNames=["host"]
        )
        self.codedeploy.create_application(applicationName="app", computePlatform="Server")
        self.codedeploy.create_deployment_group(
            applicationName="app",
            deploymentGroupName="group",
            serviceRoleArn=role,
            onPremisesInstanceTagFilters=[{"Key": "Name", "Value": "host", "Type": "KEY_AND_VALUE"}],
        )

    def deploy(self, files: dict[str, str]) -> str:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        self.s3.put_object(Bucket="bundles", Key="site.zip", Body=buffer.getvalue())
        location = {"bucket": "bundles", "key": "site.zip", "bundleType": "zip"}
        identifier: str = self.codedeploy.create_deployment(
            applicationName="app",
            deploymentGroupName="group",
            revision={"revisionType": "S3", "s3Location": location},
        )["deploymentId"]
        return identifier

    def finished(self, deployment: str) -> str:
        """The deployment's final status; fails after half a minute."""
        for _ in range(300):
            status: str = self.codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]["status"]
            if status in FINAL:
                return status
            time.sleep(0.1)
        return f"still {status}"

    def events(self, deployment: str) -> dict[str, dict[str, Any]]:
        targets = self.codedeploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
        answer = self.codedeploy.get_deployment_target(deploymentId=deployment, targetId=targets[0])
        events = answer["deploymentTarget"]["instanceTarget"]["lifecycleEvents"]
        return {event["lifecycleEventName"]: event for event in events}


@pytest.fixture
def pipeline(client: Callable[..., Any]) -> Pipeline:
    return Pipeline(client)


@pytest.fixture
def agent(tmp_path: Path, local_cloud: LocalCloud, pipeline: Pipeline) -> Iterator[Agent]:
    agent = Agent(tmp_path, local_cloud.endpoint_url, pipeline.user)
    yield agent
    agent.process.kill()
    agent.process.wait()


def site(target: Path, validate: str) -> dict[str, str]:
    return {
        "appspec.yml": (
            f"version: 0.0\nos: linux\nfiles:\n- {{source: index.html, destination: {target}}}\n"
            "hooks:\n  ValidateService:\n  - {location: validate.sh, timeout: 60}\n"
        ),
        "index.html": "<title>page</title>",
        "validate.sh": f"#!/bin/sh\n{validate}\n",
    }


def test_a_deployment_reaches_the_host_and_its_hooks_run(
    tmp_path: Path, pipeline: Pipeline, agent: Agent
) -> None:
    web = tmp_path / "web"
    deployment = pipeline.deploy(site(web, f"grep -q page {web}/index.html && echo $BUNDLE_KEY"))
    assert pipeline.finished(deployment) == "Succeeded"
    assert (web / "index.html").read_text() == "<title>page</title>"
    assert {event["status"] for event in pipeline.events(deployment).values()} == {"Succeeded"}
    said = (agent.root / "deployment-logs/codedeploy-agent-deployments.log").read_text()
    assert f"[{deployment}][stdout]site.zip" in said
    assert "Client 200" in agent.log.read_text()


def test_a_failing_hook_is_shown_with_what_it_said(tmp_path: Path, pipeline: Pipeline, agent: Agent) -> None:
    deployment = pipeline.deploy(site(tmp_path / "web", "echo the page is wrong; exit 3"))
    assert pipeline.finished(deployment) == "Failed"
    diagnostics = pipeline.events(deployment)["ValidateService"]["diagnostics"]
    assert diagnostics["errorCode"] == "ScriptFailed"
    assert diagnostics["scriptName"] == "validate.sh"
    assert "[stdout]the page is wrong" in diagnostics["logTail"]
    assert agent.process.poll() is None


def test_an_agent_that_is_killed_in_a_hook_fails_it_when_it_comes_back(
    tmp_path: Path, pipeline: Pipeline, agent: Agent
) -> None:
    started = tmp_path / "started"
    deployment = pipeline.deploy(site(tmp_path / "web", f"touch {started}; exec sleep 30"))
    for _ in range(300):
        if started.exists():
            break
        time.sleep(0.1)
    agent.process.kill()
    agent.process.wait()
    agent.start()
    assert pipeline.finished(deployment) == "Failed"
    message = pipeline.events(deployment)["ValidateService"]["diagnostics"]["message"]
    assert message == "Failed: Failing in-progress lifecycle event after an agent restart."


def test_it_says_whether_it_runs_and_leaves_when_asked(agent: Agent) -> None:
    for _ in range(300):
        if "running as PID" in agent.status():
            break
        time.sleep(0.1)
    assert agent.status() == f"The AWS CodeDeploy agent is running as PID {agent.process.pid}\n"
    agent.process.send_signal(signal.SIGTERM)
    assert agent.process.wait(30) == 0
    assert agent.status() == "No AWS CodeDeploy agent running\n"
