"""Hosts of both families are updated under visitors: nginx, a reboot, a deployment meanwhile, a failure."""

import base64
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.pipeline_runs import ANSIBLE_PLAYBOOK, CHECKOUT, REPOSITORY, Pipeline
from tests.faults.visitors import Visitors

OFFERS = Path(__file__).parent / "offers"
FAMILIES = {
    "amazon": (),
    "debian": ("-e", "pipeline_instance_image=ami-0deb120000000a001", "-e", "ansible_user=admin"),
}
RELEASE = "2023.10.20260105"
BROKEN = {
    "amazon": "sed -i 's,^baseurl=.*,baseurl=file:///srv/nowhere,' /etc/yum.repos.d/offer.repo",
    "debian": "echo 'deb [trusted=yes] file:/srv/nowhere ./' >/etc/apt/sources.list.d/offer.list",
}


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def fleet(started: Pipeline, family: str) -> Iterator[Pipeline]:
    """A pipeline whose host is of a family."""
    it = replace(started, options=(*started.options, *FAMILIES[family]))
    played = it.playbook("site.yml")
    assert played.returncode == 0, played.stdout + played.stderr
    yield it
    played = it.playbook("destroy.yml", "-e", "confirm=test.codeDeploy.001")
    assert played.returncode == 0, played.stdout


def offer(fleet: Pipeline, family: str, what: str) -> None:
    # Ansible would take the script's own quotes and braces for its own.
    script = base64.b64encode((OFFERS / f"{family}.sh").read_bytes()).decode()
    fleet.on_hosts(f"echo {script} | base64 --decode | bash -s {what}")


def update(fleet: Pipeline, *options: str) -> str:
    """What an update says that succeeds."""
    played = fleet.playbook("update-hosts.yml", *options)
    assert played.returncode == 0, played.stdout + played.stderr
    return played.stdout


def changed(said: str) -> list[int]:
    """How many changes each host had."""
    return [int(each) for each in re.findall(r"^i-\S+ .*changed=(\d+)", said, re.MULTILINE)]


def come(fleet: Pipeline) -> Visitors:
    addresses = fleet.client("ec2").describe_addresses()["Addresses"]
    return Visitors([f"http://{each['PublicIp']}/" for each in addresses], ("",), re.compile("CodeDeploy"))


def test_there_is_nothing_to_update(fleet: Pipeline) -> None:
    assert changed(update(fleet, "--check", "--diff")) == [0]
    assert changed(update(fleet)) == [0]


def test_nginx_is_updated_and_no_request_is_lost(fleet: Pipeline, family: str) -> None:
    offer(fleet, family, "nginx")
    planned = update(fleet, "--check")
    assert re.search(r"nginx \S+ -> \S*99\.0-1", planned), planned
    before = fleet.on_hosts("cat /run/nginx.pid")
    assert not fleet.on_hosts("ls -l /proc/$(cat /run/nginx.pid)/exe | grep -F deleted || true")

    visitors = come(fleet)
    with visitors:
        said = update(fleet)
    sys.stdout.write(f"{family}, nginx's update: {visitors.told()}\n")

    assert changed(said) != [0]
    assert not [visit for visit in visitors.visits if visit.failed]
    assert fleet.on_hosts("cat /run/nginx.pid") != before
    assert not fleet.on_hosts("grep -F '(deleted)' /proc/$(cat /run/nginx.pid)/maps | grep /usr || true")
    assert fleet.on_hosts("systemctl is-active nginx codedeploy-agent") == ["active\nactive"]
    assert changed(update(fleet)) == [0]


def test_a_deployment_begins_while_the_host_reboots(fleet: Pipeline, family: str) -> None:
    offer(fleet, family, "reboot")
    options = ("-e", f"pipeline_hosts_release={RELEASE}") if family == "amazon" else ()
    planned = update(fleet, "--check")
    if family == "amazon":
        # A newer release is a decision: without it nothing changes.
        assert f"pipeline_hosts_release={RELEASE}" in planned
        assert changed(planned) == [0]
    else:
        assert "reboot-required" in planned
    booted = fleet.on_hosts("systemctl show --property=UserspaceTimestampMonotonic")

    visitors = come(fleet)
    with visitors:
        running = subprocess.Popen(
            [ANSIBLE_PLAYBOOK, "playbooks/update-hosts.yml", *fleet.options, *options],
            cwd=CHECKOUT,
            env=fleet.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        while running.poll() is None and fleet.on_hosts("systemctl is-active codedeploy-agent || true") != [
            "inactive"
        ]:
            time.sleep(0.2)
        deployment = deploy(fleet)
        said = running.communicate()[0]
    sys.stdout.write(f"{family}, a reboot: {visitors.told()}\n")

    assert running.returncode == 0, said
    assert "rebooted" in said
    assert fleet.on_hosts("systemctl show --property=UserspaceTimestampMonotonic") != booted
    ended = fleet.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"]
    assert ended["status"] == "Succeeded"
    assert changed(update(fleet, *options)) == [0]


def deploy(fleet: Pipeline) -> str:
    """Begin a deployment of what is live."""
    codedeploy = fleet.client("codedeploy")
    names = {"applicationName": "test.codeDeploy.001", "deploymentGroupName": "test.deploymentGroup.001"}
    newest = codedeploy.list_deployments(**names)["deployments"][0]
    revision = codedeploy.get_deployment(deploymentId=newest)["deploymentInfo"]["revision"]
    assert revision["gitHubLocation"]["repository"] == REPOSITORY
    created = codedeploy.create_deployment(**names, revision=revision, fileExistsBehavior="OVERWRITE")
    return str(created["deploymentId"])


def test_a_repository_that_does_not_answer_is_named_and_the_agent_goes_on(
    fleet: Pipeline, family: str
) -> None:
    fleet.on_hosts(BROKEN[family])
    played = fleet.playbook("update-hosts.yml")
    assert played.returncode != 0
    assert "Repair the repository" in played.stdout
    assert fleet.on_hosts("systemctl is-active codedeploy-agent") == ["active"]
