"""Two hosts are updated one after another: somebody always answers; who does not come back is the last."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.faults.pipeline_runs import Pipeline
from tests.faults.visitors import Visitors

RESTART_WANTED = "touch /run/reboot-required"
CUT_OFF = ("ConnectionResetError", "RemoteDisconnected")
BOOTED = "systemctl show --property=UserspaceTimestampMonotonic"


@pytest.fixture(scope="module")
def two_hosts(pipeline: Pipeline) -> Iterator[Pipeline]:
    """The pipeline with two; it is given back with one."""
    more = pipeline.playbook("site.yml", "-e", "pipeline_instance_count=2")
    assert more.returncode == 0, more.stdout
    yield pipeline
    for playbook in (("destroy.yml", "-e", "confirm=test.codeDeploy.001"), ("site.yml",)):
        played = pipeline.playbook(*playbook)
        assert played.returncode == 0, played.stdout


def test_while_one_restarts_the_other_answers(two_hosts: Pipeline) -> None:
    two_hosts.on_hosts(RESTART_WANTED)
    booted = two_hosts.on_hosts(BOOTED)
    addresses = [each["PublicIp"] for each in two_hosts.client("ec2").describe_addresses()["Addresses"]]
    strict = Visitors(
        addresses, "http://www.local-cloud.example/", ("",), re.compile("CodeDeploy"), rate=25, people=6
    )
    browsers = replace(strict, goes_on=True, visits=[])

    with strict, browsers:
        played = two_hosts.playbook("update-hosts.yml")
    sys.stdout.write(f"two hosts, to the address of one: {strict.told()}\n")
    sys.stdout.write(f"two hosts, as browsers do: {browsers.told()}\n")

    assert played.returncode == 0, played.stdout
    assert not set(booted) & set(two_hosts.on_hosts(BOOTED))
    assert [visit for visit in strict.visits if visit.failed]
    # Whom a host has let in as it goes down is cut off: each of them once at each restart, and nobody else.
    lost = [visit.statuses for visit in browsers.visits if visit.failed]
    assert len(lost) <= browsers.people * len(addresses)
    assert all(status.startswith(CUT_OFF) for [status] in lost)


def test_after_one_that_does_not_come_back_no_other_is_touched(two_hosts: Pipeline) -> None:
    two_hosts.on_hosts(f"{RESTART_WANTED}; systemctl mask --quiet sshd")
    instances = [each["InstanceId"] for each in two_hosts.client("ec2").describe_addresses()["Addresses"]]
    booted = dict(zip(sorted(instances), two_hosts.on_hosts(BOOTED), strict=True))

    played = two_hosts.playbook("update-hosts.yml", "-e", "pipeline_hosts_timeout=20")

    assert played.returncode != 0
    *_, told = re.findall(r"^fatal: .*", played.stdout, re.MULTILINE)
    sys.stdout.write(f"{told}\n")
    [gone] = re.findall(r"(i-\w+) has not come back within pipeline_hosts_timeout \(20 seconds\)", told)
    assert f"aws ec2 get-console-output --instance-id {gone}" in told
    [left] = set(instances) - {gone}
    assert two_hosts.on_hosts(BOOTED, left) == [booted[left]]
    assert two_hosts.on_hosts("systemctl is-active codedeploy-agent nginx", left) == ["active\nactive"]
