"""What befalls a host during a deployment and between two: it ends, its cause is told, the next one succeeds.

CodeDeploy waits an hour for an agent; this local cloud is told to wait `AGENT_SECONDS`.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from local_cloud.testing.hosts import first_process
from local_cloud.testing.shop import wait_for
from tests.faults.pipeline_runs import ANSIBLE, ANSIBLE_PLAYBOOK, CHECKOUT, Pipeline
from tests.faults.test_pipeline_faults import HELD

AGENT_SECONDS = 20
ENDS_WITHIN = 150
POLLS_WITHIN = 120
"""Seconds. A deployment and its rollback wait for the agent in vain; an agent that failed several times waits
up to 90 before it tries again."""
SETTINGS: dict[str, Any] = {
    "pipeline_application": "shop.outages",
    "pipeline_deployment_group": "shop.outages.hosts",
    "pipeline_instance_name": "ec2.outages.007",
    "pipeline_instance_count": 2,
    "pipeline_https": "none",
}
SILENT = "CodeDeploy agent was not able to receive the lifecycle event"
UNREPORTED = "The deployment timed out while waiting for a status callback from the instance"
GONE = "The instance was stopped or terminated during the deployment"
RESTARTED = "Failing in-progress lifecycle event after an agent restart"
NOBODY = "172.31.255.254"
"""An address of the VPC that no host has: what is sent there is dropped."""
LATE = "gives up on an agent that does not report after an hour"


@dataclass(frozen=True)
class Shop:
    """A pipeline with two hosts, of which `host` is the one that something befalls."""

    pipeline: Pipeline
    host: str

    def on_host(self, command: str) -> str:
        return "".join(self.pipeline.on_hosts(command, self.host))

    @contextmanager
    def without_dns(self) -> Iterator[None]:
        """Its resolver does not answer."""
        self.on_host(f"cp /etc/resolv.conf /run/resolvers; echo 'nameserver {NOBODY}' >/etc/resolv.conf")
        try:
            yield
        finally:
            self.on_host("cat /run/resolvers >/etc/resolv.conf")

    @contextmanager
    def without_metadata(self) -> Iterator[None]:
        """What it sends to the metadata service goes to nobody. Its root may not do that."""
        inside = ["nsenter", f"--target={first_process(self.host)}", "--net", "ip", "neigh"]
        way = ["169.254.169.254", "dev", "eth0"]
        subprocess.run([*inside, "replace", *way, "lladdr", "02:00:00:00:00:01"], check=True)
        try:
            yield
        finally:
            subprocess.run([*inside, "delete", *way], check=True)

    @contextmanager
    def deploying(self, *options: str) -> Iterator["Deployment"]:
        """A deployment whose BeforeInstall runs on the host, until the end of the block."""
        self.pipeline.publish("before-install.sh", HELD)
        command = [ANSIBLE_PLAYBOOK, "playbooks/deploy-site.yml", *self.pipeline.options, *options]
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=self.pipeline.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deployment = Deployment(process)
        try:
            self.on_host("for _ in $(seq 600); do [ ! -e /run/held ] || exit 0; sleep 0.1; done; exit 1")
            yield deployment
        finally:
            process.kill()
            process.wait()

    def let_go(self) -> None:
        self.on_host("touch /run/go")

    def deploy(self) -> str:
        """What a deployment says that succeeds, of what was not there yet."""
        self.pipeline.publish()
        played = self.pipeline.playbook("deploy-site.yml", "-e", "pipeline_deployment_force=true")
        assert played.returncode == 0, played.stdout
        return played.stdout

    def refused(self) -> str:
        """What a deployment says that fails, in time."""
        began = time.monotonic()
        played = self.pipeline.playbook("deploy-site.yml", "-e", "pipeline_deployment_force=true")
        assert played.returncode == 2, played.stdout
        assert time.monotonic() - began < ENDS_WITHIN
        return plain(played.stdout)

    def named(self) -> tuple[str, str]:
        """What show-status.yml says of the host, and what repair-hosts.yml finds there."""
        shown = self.pipeline.playbook("show-status.yml", "-e", "drift=false")
        assert shown.returncode == 0, shown.stdout
        [line] = re.findall(rf"^ +host +{self.host} .*$", shown.stdout, re.MULTILINE)
        sys.stdout.write(f"{line.strip()}\n")
        found = self.pipeline.playbook("repair-hosts.yml", "--check").stdout
        sys.stdout.writelines(
            f"{each.strip()}\n" for each in re.findall(rf"^ +{self.host} .*$", found, re.MULTILINE)
        )
        return line, found

    def wait_for_polls(self) -> None:
        """Until the agent has found that all is well again."""
        looked = [self.host, *self.pipeline.options, "--become", "--module-name=codedeploy_agent_info"]
        told = self.pipeline.run(ANSIBLE, *looked, f"--args=package_type=rpm wait={POLLS_WITHIN}").stdout
        assert re.search(r"\bpolling: true$", told, re.MULTILINE), told

    def wait_for_boot(self) -> None:
        """Until the host has booted, and answers."""

        def ready() -> bool:
            hosts = self.pipeline.status()["hosts"]
            return [each["state"] for each in hosts if each["instance_id"] == self.host] == ["ready"]

        wait_for(ready, seconds=60)
        self.wait_for_polls()


@dataclass(frozen=True)
class Deployment:
    process: subprocess.Popen[str]

    def said(self) -> str:
        """At its end, which is a failure, in time."""
        output, _ = self.process.communicate(timeout=ENDS_WITHIN)
        assert self.process.returncode == 2, output
        return plain(output)


def plain(said: str) -> str:
    """Why it failed, in one line, which is shown too."""
    _, _, reason = said.partition("fatal: ")
    line = " ".join(reason.partition("\nTASK ")[0].split())
    sys.stdout.write(f"{line[:1000]}\n")
    return line


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    pipeline = Pipeline(tmp_path_factory.mktemp("outages"), options=(f"--extra-vars={json.dumps(SETTINGS)}",))
    started = pipeline.cloud("start", f"--agent-timeout={AGENT_SECONDS}")
    assert started.returncode == 0, started.stderr
    try:
        pipeline.publish()
        provisioned = pipeline.playbook("site.yml")
        assert provisioned.returncode == 0, provisioned.stdout
        # In this order they are deployed to.
        first, _ = pipeline.status()["hosts"]
        yield Shop(pipeline, first["instance_id"])
    finally:
        pipeline.cloud("stop")


@pytest.fixture(autouse=True)
def nothing_held(shop: Shop) -> None:
    shop.pipeline.on_hosts("rm -f /run/held /run/go")


def test_a_resolver_that_does_not_answer(shop: Shop) -> None:
    with shop.without_dns():
        assert SILENT in shop.refused()
        status, faults = shop.named()
    assert re.search(r"Cannot reach InstanceService.*name resolution", status), status
    assert "nginx active, enabled, listening" in status
    assert re.search(rf"{shop.host} +dns_broken", faults), faults

    shop.wait_for_polls()
    shop.deploy()


def test_a_resolver_that_goes_during_a_deployment(shop: Shop) -> None:
    """The agent's report is lost, and CodeDeploy waits for it."""
    with shop.deploying("-e", "pipeline_deployment_timeout=8") as deployment, shop.without_dns():
        shop.let_go()
        late = deployment.said()
        # The same commit: that deployment is waited for.
        joined = shop.pipeline.playbook("deploy-site.yml")
    assert "is still InProgress after 8 s (wait_timeout); it goes on without us" in late
    assert f"{shop.host} (BeforeInstall)" in late
    assert LATE in late
    assert UNREPORTED in plain(joined.stdout)

    shop.wait_for_polls()
    shop.deploy()


def test_metadata_that_goes_during_a_deployment_and_stays_away(shop: Shop) -> None:
    """An agent has its credentials for hours; one that starts without them asks for nothing."""
    with shop.without_metadata():
        shop.deploy()
        shop.on_host("systemctl restart codedeploy-agent")
        assert SILENT in shop.refused()
        status, faults = shop.named()
    assert "The instance metadata does not tell who this host is (" in status
    assert "agent The CodeDeploy agent does not poll: " in status
    assert "nginx active, enabled, listening" in status
    assert re.search(rf"{shop.host} +agent_credentials_missing", faults), faults

    shop.wait_for_polls()
    shop.deploy()


def test_an_instance_that_is_stopped_during_a_deployment(shop: Shop) -> None:
    ec2 = shop.pipeline.client("ec2")
    with shop.deploying() as deployment:
        ec2.stop_instances(InstanceIds=[shop.host])
        said = deployment.said()
    assert f"{shop.host}: BeforeInstall failed" in said
    assert GONE in said
    status, _ = shop.named()
    assert "agent stopped by EC2, nginx stopped by EC2" in status

    ec2.start_instances(InstanceIds=[shop.host])
    shop.wait_for_boot()
    shop.deploy()


def test_an_instance_that_is_rebooted_during_a_deployment(shop: Shop) -> None:
    with shop.deploying() as deployment:
        shop.pipeline.client("ec2").reboot_instances(InstanceIds=[shop.host])
        said = deployment.said()
    assert f"{shop.host}: BeforeInstall failed" in said
    # Who is ended first, the script or its agent, is systemd's affair.
    assert "it was killed. Was the instance rebooted or stopped" in said or RESTARTED in said

    shop.wait_for_boot()
    shop.deploy()


KILL_NGINX = """
pkill -KILL --exact nginx
for _ in $(seq 50); do
  sleep 0.2
  ! curl --silent --fail --output /dev/null localhost || exit 0
done
exit 1
"""


def test_nginx_that_is_killed_is_there_again(shop: Shop) -> None:
    """Between two deployments, and during one; systemd starts it, and notes that."""
    starts = "systemctl show --property=NRestarts --value nginx"
    assert shop.on_host(starts) == "0"
    shop.on_host(KILL_NGINX)
    assert shop.on_host(starts) == "1"
    assert "Main process exited, code=killed, status=9/KILL" in shop.on_host(
        "journalctl --unit=nginx --lines=20"
    )
    status, faults = shop.named()
    assert "nginx active, enabled, listening" in status
    assert re.search(rf"{shop.host} +- +well", faults), faults

    with shop.deploying() as deployment:
        shop.on_host(KILL_NGINX)
        # Of both hosts: the other one's turn comes.
        shop.pipeline.on_hosts("touch /run/go")
        output, _ = deployment.process.communicate(timeout=ENDS_WITHIN)
    assert deployment.process.returncode == 0, output
