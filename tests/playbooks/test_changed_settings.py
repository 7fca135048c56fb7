"""A setting that changes afterwards is followed: a dry run names what ends, the run leaves nothing.

The order is read from the request log: a record changes before an address is released or an instance ends.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from moto.core.exceptions import ServiceException
from moto.ec2.models import EC2Backend

from local_cloud.testing.clouds import LocalCloud

ACCOUNT = Path(__file__).with_name("account.py")
APPLICATION, RECORD = "test.codeDeploy.001", "www.local-cloud.example"
OTHER_RECORD = "shop.local-cloud.example"
PLAYS = ("provision-iam", "provision-ec2", "configure-codedeploy", "configure-github", "provision-dns")
ENDS = {"TerminateInstances", "ReleaseAddress"}

Run = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Change:
    """Settings before and after; the kinds of which none is the same afterwards, and words of the dry run."""

    after: dict[str, Any]
    before: dict[str, Any] = field(default_factory=dict)
    replaced: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


CHANGES = {
    "names": Change(
        {
            "pipeline_domain_record": OTHER_RECORD,
            "pipeline_instance_name": "ec2.other.002",
            "pipeline_iam_timestamp": "20250101T000000",
            "pipeline_deployment_group": "other.group.002",
        },
        replaced=("key pairs", "security groups", "roles", "instance profiles", "local-cloud.example."),
        named=(RECORD, "test.deploymentGroup.001"),
    ),
    "fewer instances": Change(
        {"pipeline_instance_count": 1},
        {"pipeline_instance_count": 3},
        named=("pipeline_instance_count is 1",),
    ),
    "the instance type": Change(
        {"pipeline_instance_type": "t3a.micro"},
        replaced=("instances", "volumes", "addresses"),
        named=("instance_type is t3a.nano, and t3a.micro is wanted",),
    ),
}


@pytest.fixture
def run(
    ansible_playbook: Callable[..., Any], cloud: LocalCloud, addresses: dict[str, Any], tmp_path: Path
) -> Callable[..., str]:
    """Runs the plays of site.yml that need no host, and the end of them; what they said."""
    there = Path(__file__).parents[2] / "inventory" / "local" / "aws_ec2.yml"
    inventory = tmp_path / "aws_ec2.yml"
    inventory.write_text(there.read_text().replace("http://127.0.0.1:4580", cloud.endpoint_url))

    def play(name: str = "remove-unused.yml", *options: str, **settings: Any) -> str:
        first = [f"playbooks/{each}.yml" for each in PLAYS] if name == "remove-unused.yml" else []
        quick = {"pipeline_domain_ttl": 1}
        result = ansible_playbook(
            name, f"--inventory={inventory}", *options, *first, **addresses | quick | settings
        )
        assert result.returncode == 0, result.stdout + result.stderr
        said: str = result.stdout
        return said

    return play


@pytest.fixture
def held(addresses: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    def look() -> dict[str, Any]:
        environment = addresses["pipeline_aws_environment"] | {"PATH": "/usr/bin"}
        shown = subprocess.run([sys.executable, ACCOUNT], env=environment, capture_output=True, check=True)
        found: dict[str, Any] = json.loads(shown.stdout)
        return found

    return look


def counts(account: dict[str, Any]) -> dict[str, int]:
    return {kind: len(members) for kind, members in account.items()}


def order(cloud: LocalCloud) -> list[str]:
    return [entry.action for entry in cloud.log.entries(mutating=True)]


@pytest.mark.long
@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_setting_is_named_followed_and_leaves_nothing_behind(
    run: Callable[..., str],
    held: Callable[[], dict[str, Any]],
    cloud: LocalCloud,
    client: Callable[[str], Any],
    what: str,
) -> None:
    change = CHANGES[what]
    empty = held()
    run(**change.before)
    before = held()
    cloud.log.clear()

    dry = run("remove-unused.yml", "--check", "--diff", **change.after)

    assert order(cloud) == []
    assert [each for each in change.named if each not in " ".join(dry.split())] == []

    run(**change.after)

    after = held()
    done = order(cloud)
    gone = {kind: {*before[kind]} - {*after[kind]} for kind in before}
    for kind, members in gone.items():
        if kind in ("instances", "addresses", "roles", "key pairs", "instance profiles", "security groups"):
            assert [member for member in members if member not in dry] == [], kind
    groups = client("codedeploy").list_deployment_groups(applicationName=APPLICATION)["deploymentGroups"]
    assert groups == [change.after.get("pipeline_deployment_group", "test.deploymentGroup.001")]
    for kind in change.replaced:
        assert gone[kind], kind
        assert len(after[kind]) == len(before[kind]), kind
    if "pipeline_instance_count" in change.before:
        assert (len(after["instances"]), len(after["addresses"])) == (1, 1)
        described = client("ec2").describe_instances(InstanceIds=before["instances"])["Reservations"]
        times = {each["InstanceId"]: each["LaunchTime"] for one in described for each in one["Instances"]}
        assert times[after["instances"][0]] == min(times.values())
    else:
        assert counts(after) == counts(before)
    if ENDS & {*done}:
        changed = max(place for place, action in enumerate(done) if action == "ChangeResourceRecordSets")
        assert min(place for place, action in enumerate(done) if action in ENDS) > changed
    if "RunInstances" in done:
        assert done.index("RunInstances") < done.index("TerminateInstances")
    assert "StopInstances" not in done

    # It is the settings' own state now: nothing more changes, and all of it goes.
    cloud.log.clear()
    run(**change.after)
    assert {*order(cloud)} <= {"PutParameter", "DeleteParameter"}
    run("destroy.yml", confirm=APPLICATION, **change.after)
    assert held() == empty


@pytest.mark.long
def test_a_name_that_somebody_gave_the_site_keeps_its_address(
    run: Callable[..., str], client: Callable[[str], Any]
) -> None:
    """Two at first, and a record of somebody's that leads to the second; then one."""
    run(pipeline_instance_count=2)
    ec2, route53 = client("ec2"), client("route53")
    instances = [each for one in ec2.describe_instances()["Reservations"] for each in one["Instances"]]
    newest = max(instances, key=lambda each: (each["LaunchTime"], each["InstanceId"]))["PublicIpAddress"]
    [zone] = route53.list_hosted_zones()["HostedZones"]
    record = {"Name": "local-cloud.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": newest}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch=batch)

    said = run(pipeline_instance_count=1)

    assert f"{newest}, to which local-cloud.example leads" in " ".join(said.split())
    assert newest in {each["PublicIp"] for each in ec2.describe_addresses()["Addresses"]}
    removed = run("destroy.yml", confirm=APPLICATION)
    assert f"{newest}, to which local-cloud.example leads" in " ".join(removed.split())
    assert [each["PublicIp"] for each in ec2.describe_addresses()["Addresses"]] == [newest]


@pytest.mark.long
def test_an_address_whose_allocation_was_not_heard_of_is_released(
    run: Callable[..., str], client: Callable[[str], Any], cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first AllocateAddress takes effect, and is answered with a fault; botocore asks again."""
    allocate, answers = EC2Backend.allocate_address, []

    def lose_the_first_answer(*arguments: Any, **named: Any) -> Any:
        answers.append(allocate(*arguments, **named))
        if len(answers) == 1:
            raise ServiceUnavailable
        return answers[-1]

    monkeypatch.setattr(EC2Backend, "allocate_address", lose_the_first_answer)

    run()

    assert len(answers) == 2
    [address] = client("ec2").describe_addresses()["Addresses"]
    assert address["InstanceId"]
    assert "ReleaseAddress" in order(cloud)


class ServiceUnavailable(ServiceException):
    """What is tried again."""

    code = "Unavailable"
    status = 503
