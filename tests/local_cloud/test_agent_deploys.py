"""The agent's program against the control plane: an on-premises host, in a process of its own."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.server import LocalCloud
from tests.local_cloud.on_premises import Agent, OnPremises


@pytest.fixture
def pipeline(client: Callable[..., Any]) -> OnPremises:
    return OnPremises(client)


@pytest.fixture
def agent(tmp_path: Path, local_cloud: LocalCloud, pipeline: OnPremises) -> Iterator[Agent]:
    agent = Agent(tmp_path, local_cloud.endpoint_url, pipeline.user)
    yield agent
    agent.kill()


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
    tmp_path: Path, pipeline: OnPremises, agent: Agent
) -> None:
    web = tmp_path / "web"
    deployment = pipeline.deploy(site(web, f"grep -q page {web}/index.html && echo $BUNDLE_KEY"))
    assert pipeline.finished(deployment) == "Succeeded"
    assert (web / "index.html").read_text() == "<title>page</title>"
    assert {event["status"] for event in pipeline.events(deployment).values()} == {"Succeeded"}
    said = (agent.root / "deployment-logs/codedeploy-agent-deployments.log").read_text()
    assert f"[{deployment}][stdout]site.zip" in said
    assert "Client 200" in agent.log.read_text()


def test_a_failing_hook_is_shown_with_what_it_said(
    tmp_path: Path, pipeline: OnPremises, agent: Agent
) -> None:
    deployment = pipeline.deploy(site(tmp_path / "web", "echo the page is wrong; exit 3"))
    assert pipeline.finished(deployment) == "Failed"
    diagnostics = pipeline.events(deployment)["ValidateService"]["diagnostics"]
    assert diagnostics["errorCode"] == "ScriptFailed"
    assert diagnostics["scriptName"] == "validate.sh"
    assert "[stdout]the page is wrong" in diagnostics["logTail"]
    assert agent.process.poll() is None


def test_an_agent_that_is_killed_in_a_hook_fails_it_when_it_comes_back(
    tmp_path: Path, pipeline: OnPremises, agent: Agent
) -> None:
    started = tmp_path / "started"
    deployment = pipeline.deploy(site(tmp_path / "web", f"touch {started}; exec sleep 30"))
    for _ in range(300):
        if started.exists():
            break
        time.sleep(0.1)
    agent.kill()
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
