"""Hosts of both families are updated under visitors: nginx, a reboot, a deployment meanwhile, a failure."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from local_cloud.testing.hosts import first_process
from tests.faults.pipeline_runs import ANSIBLE_PLAYBOOK, CHECKOUT, REPOSITORY, Pipeline
from tests.faults.visitors import Visitors

OFFERS = Path(__file__).parent / "offers"
FAMILIES = {
    "amazon": (),
    "debian": ("-e", "pipeline_instance_image=ami-0deb120000000a001", "-e", "ansible_user=admin"),
}
RELEASE = "2023.10.20260105"
LOCKS = {
    "amazon": "import dnf.lock as d; lock = d.build_metadata_lock('/var/cache/dnf', True); lock.__enter__()",
    "debian": "import fcntl as f; lock = open('/var/lib/dpkg/lock-frontend', 'w'); f.lockf(lock, f.LOCK_EX)",
}
HOLD = """
systemd-run --quiet --unit=other python3 -c "{}; open('/run/held', 'w'); import time; time.sleep(600)"
until test -e /run/held; do sleep 0.1; done
"""
SMALL = """
mkdir -p /mnt
mount -t tmpfs -o size=200m none /mnt
cp --archive --one-file-system /var/. /mnt
mount --bind /mnt /var
umount /mnt
"""
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
    fleet.script_on_hosts((OFFERS / f"{family}.sh").read_text(), what)


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
    return Visitors(
        [each["PublicIp"] for each in addresses],
        "http://www.local-cloud.example/",
        ("",),
        re.compile("CodeDeploy"),
    )


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


def refused(fleet: Pipeline, *options: str) -> str:
    """What an update says that fails, with the agent at work afterwards."""
    played = fleet.playbook("update-hosts.yml", "-e", "pipeline_hosts_timeout=10", *options)
    assert played.returncode != 0, played.stdout
    # What a module says of a failure may come before the line that names the way out.
    *_, told = re.findall(r"^fatal: \[i-\S+\]: \S+ => (.*)$", played.stdout, re.MULTILINE)
    sys.stdout.write(f"{told}\n")
    assert fleet.on_hosts("systemctl is-active codedeploy-agent") == ["active"]
    return str(told)


def test_a_lock_that_another_holds_is_named(fleet: Pipeline, family: str) -> None:
    fleet.script_on_hosts(HOLD.format(LOCKS[family]))
    try:
        assert "another package manager may hold the lock" in refused(fleet)
    finally:
        fleet.on_hosts("systemctl stop other")
    assert changed(update(fleet)) == [0]


@contextmanager
def little_room(fleet: Pipeline) -> Iterator[None]:
    """A small disk below /var, which a host may not mount by itself."""
    [found] = fleet.client("ec2").describe_addresses()["Addresses"]
    inside = ["nsenter", f"--target={first_process(found['InstanceId'])}", "--mount", "--pid", "--"]
    subprocess.run([*inside, "sh", "-ec", SMALL], check=True)
    try:
        yield
    finally:
        subprocess.run([*inside, "umount", "--lazy", "/var"], check=True, cwd="/")


def test_too_little_room_and_a_package_that_fails_are_named(fleet: Pipeline, family: str) -> None:
    offer(fleet, family, "fragile")
    with little_room(fleet):
        assert re.search(r"/var has \d+ MiB free, and an update wants 300: make room", refused(fleet))

    told = refused(fleet)
    assert re.search(r"broke off: .*fragile.*Repair or remove the package on the host", told)
    if family == "debian":
        # Which is half installed now, as after a reset of the host.
        assert "run dpkg --configure -a and apt-get --fix-broken install" in refused(fleet)
    fleet.on_hosts("rpm --erase fragile || dpkg --purge fragile")
    assert changed(update(fleet)) == [0]


def test_a_repository_that_does_not_answer_is_named_and_the_agent_goes_on(
    fleet: Pipeline, family: str
) -> None:
    fleet.on_hosts(BROKEN[family])
    played = fleet.playbook("update-hosts.yml")
    assert played.returncode != 0
    assert "Repair the repository" in played.stdout
    assert fleet.on_hosts("systemctl is-active codedeploy-agent") == ["active"]
