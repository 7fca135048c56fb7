"""What breaks in the middle of a deployment ends as a failure that says where, and the next one works.

The pipeline is on a local cloud of this checkout and driven as a user drives it.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.pipeline_runs import ANSIBLE_PLAYBOOK, CHECKOUT, Pipeline

APPLICATION, GROUP = "test.codeDeploy.001", "test.deploymentGroup.001"

Deploy = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def deploy(pipeline: Pipeline) -> Iterator[Deploy]:
    """Start deploy-site.yml in the background; it is waited for in the end."""
    running: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [ANSIBLE_PLAYBOOK, "playbooks/deploy-site.yml"],
            cwd=CHECKOUT,
            env=pipeline.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()


# Held until the test lets it go; bounded, so that a broken test leaves no hook behind.
HELD = """#!/bin/bash
touch /run/held
for _ in $(seq 600); do
  [ ! -e /run/go ] || exit 0
  sleep 0.1
done
exit 1
"""


@pytest.fixture(autouse=True)
def nothing_held(pipeline: Pipeline) -> None:
    pipeline.on_hosts("rm -f /run/held /run/go")


def hold_in_before_install(pipeline: Pipeline, deploy: Deploy) -> subprocess.Popen[str]:
    """A deployment whose BeforeInstall runs now."""
    pipeline.publish("before-install.sh", HELD)
    process = deploy()
    pipeline.on_hosts("for _ in $(seq 600); do [ ! -e /run/held ] || exit 0; sleep 0.1; done; exit 1")
    return process


def last_deployment(pipeline: Pipeline) -> dict[str, Any]:
    """The newest that somebody made; what fails is rolled back by another."""
    client = pipeline.client("codedeploy")
    ids = client.list_deployments(applicationName=APPLICATION, deploymentGroupName=GROUP)["deployments"]
    infos = [client.get_deployment(deploymentId=each)["deploymentInfo"] for each in ids]
    made = [info for info in infos if info["creator"] == "user"]
    newest: dict[str, Any] = max(made, key=lambda info: info["createTime"])
    return newest


def test_an_agent_that_is_killed_in_a_hook_fails_the_deployment_and_comes_back(
    pipeline: Pipeline, deploy: Deploy
) -> None:
    process = hold_in_before_install(pipeline, deploy)

    pipeline.on_hosts("systemctl kill --signal=SIGKILL codedeploy-agent")

    output, _ = process.communicate(timeout=300)
    assert process.returncode == 2, output
    assert "BeforeInstall" in output
    assert "after an agent restart" in output
    assert last_deployment(pipeline)["status"] == "Failed"

    pipeline.publish()
    again = pipeline.playbook("deploy-site.yml")
    assert again.returncode == 0, again.stdout


def test_a_deployment_that_is_stopped_says_so(pipeline: Pipeline, deploy: Deploy) -> None:
    process = hold_in_before_install(pipeline, deploy)

    pipeline.client("codedeploy").stop_deployment(deploymentId=last_deployment(pipeline)["deploymentId"])
    pipeline.on_hosts("touch /run/go")

    output, _ = process.communicate(timeout=300)
    assert process.returncode == 2, output
    assert last_deployment(pipeline)["status"] == "Stopped"
    assert "Stopped" in output or "stopped" in output


def test_nginx_that_does_not_start_is_named_with_its_log(pipeline: Pipeline) -> None:
    pipeline.publish("application-stop.sh", "#!/bin/bash\n# Another revision.\n")
    pipeline.on_hosts("echo 'no such directive;' >>/etc/nginx/nginx.conf")
    broken = pipeline.playbook("deploy-site.yml", "-e", "pipeline_deployment_timeout=300")
    pipeline.on_hosts("sed -i '$d' /etc/nginx/nginx.conf")
    assert broken.returncode == 2, broken.stdout
    assert "unknown directive" in broken.stdout

    pipeline.publish()
    mended = pipeline.playbook("deploy-site.yml")
    assert mended.returncode == 0, mended.stdout


def test_a_killed_local_cloud_is_cleaned_up_and_the_pipeline_built_again(pipeline: Pipeline) -> None:
    os.kill(pipeline.status()["pid"], signal.SIGKILL)

    broken = pipeline.playbook("deploy-site.yml")
    assert broken.returncode != 0
    assert "Traceback" not in broken.stdout + broken.stderr

    started = pipeline.cloud("start")
    assert started.returncode == 0, started.stderr
    assert "removing what it left" in started.stderr
    assert pipeline.status()["hosts"] == []

    pipeline.publish()
    provisioned = pipeline.playbook("site.yml")
    assert provisioned.returncode == 0, provisioned.stdout
