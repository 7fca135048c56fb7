"""destroy.yml: what was made goes, also after a run that broke off, and what is others' stays."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_cloud.aws.authorization.answers import Problem, Refusal
from local_cloud.request_log import Call
from local_cloud.server import LocalCloud

ACCOUNT = Path(__file__).with_name("account.py")
APPLICATION, RECORD, ZONE = "test.codeDeploy.001", "www.local-cloud.example", "local-cloud.example"
# One action of each play that makes something, the last or the worst to be without.
BREAKS = {
    "iam": "PutRolePolicy",
    "ec2": "AssociateAddress",
    "dns": "ChangeResourceRecordSets",
    "codedeploy": "CreateDeploymentGroup",
    "hosts": "",  # nobody answers at the addresses of this cloud's instances
}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def playbook(
    ansible_playbook: Callable[..., Any], cloud: LocalCloud, addresses: dict[str, Any], tmp_path: Path
) -> Run:
    """Runs a playbook with the instances of `cloud` as its inventory."""
    there = Path(__file__).parents[2] / "inventory" / "local" / "aws_ec2.yml"
    inventory = tmp_path / "aws_ec2.yml"
    inventory.write_text(there.read_text().replace("http://127.0.0.1:4580", cloud.endpoint_url))

    def run(name: str, *options: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        quick = {"pipeline_hosts_timeout": 1}
        result: subprocess.CompletedProcess[str] = ansible_playbook(
            name, f"--inventory={inventory}", *options, **addresses, **quick, **settings
        )
        return result

    return run


@pytest.fixture
def account(addresses: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """What the account holds."""

    def look() -> dict[str, Any]:
        environment = addresses["pipeline_aws_environment"] | {"PATH": "/usr/bin"}
        shown = subprocess.run([sys.executable, ACCOUNT], env=environment, capture_output=True, check=True)
        held: dict[str, Any] = json.loads(shown.stdout)
        return held

    return look


def refuse(monkeypatch: pytest.MonkeyPatch, cloud: LocalCloud, action: str) -> None:
    """From now on nobody may do this."""
    refusal = Refusal(problem=Problem.DENIED, sentence=f"not authorized to perform: {action}")

    def judge(call: Call, _environ: Any) -> Refusal | None:
        return refusal if call.action == action else None

    monkeypatch.setattr(cloud.gate, "enforcing", True)
    monkeypatch.setattr(cloud.gate, "_refusal", judge)


@pytest.mark.long
@pytest.mark.parametrize("play", BREAKS)
def test_nothing_is_left_of_a_run_that_broke_off(
    playbook: Run,
    cloud: LocalCloud,
    account: Callable[[], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    play: str,
) -> None:
    before = account()
    with monkeypatch.context() as patch:
        refuse(patch, cloud, BREAKS[play])
        broken = playbook("site.yml")
    assert broken.returncode != 0, broken.stdout
    assert BREAKS[play] in broken.stdout
    assert account() != before

    cloud.log.clear()
    refused = playbook("destroy.yml")
    assert refused.returncode != 0
    assert f"-e confirm={APPLICATION}" in refused.stdout
    assert cloud.log.entries(mutating=True) == []

    destroyed = playbook("destroy.yml", confirm=APPLICATION)
    assert destroyed.returncode == 0, destroyed.stdout
    assert account() == before


def values(client: Callable[[str], Any]) -> list[str]:
    """Where the site's record leads."""
    route53 = client("route53")
    [zone] = route53.list_hosted_zones()["HostedZones"]
    records = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return sorted(
        value["Value"]
        for record in records
        if (record["Name"], record["Type"]) == (f"{RECORD}.", "A")
        for value in record["ResourceRecords"]
    )


def lead_elsewhere(client: Callable[[str], Any], *there: str) -> None:
    """Somebody makes the record before us."""
    route53 = client("route53")
    [zone] = route53.list_hosted_zones()["HostedZones"]
    record = {"Name": RECORD, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": ip} for ip in there]}
    route53.change_resource_record_sets(
        HostedZoneId=zone["Id"],
        ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
    )


def test_what_is_somebody_elses_is_neither_taken_nor_removed(
    playbook: Run, client: Callable[[str], Any], cloud: LocalCloud
) -> None:
    owned = {"ManagedBy": "aws-codedeploy-pipeline", "Application": APPLICATION, "Name": "ec2.cheaper.001"}
    tags = [{"Key": key, "Value": value} for key, value in owned.items()]
    client("ec2").run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    client("codedeploy").create_application(applicationName=APPLICATION)
    lead_elsewhere(client, "192.0.2.44")
    cloud.log.clear()

    refused = playbook("provision-dns.yml")
    assert refused.returncode != 0
    assert "leads to 192.0.2.44, which is not this pipeline's" in " ".join(refused.stdout.split())
    assert cloud.log.entries(mutating=True) == []

    destroyed = playbook("destroy.yml", confirm=APPLICATION)
    assert destroyed.returncode == 0, destroyed.stdout
    assert "leads to 192.0.2.44" in destroyed.stdout
    assert values(client) == ["192.0.2.44"]
    # It carries the name and not the tags.
    assert client("codedeploy").list_applications()["applications"] == [APPLICATION]
    [reservation] = client("ec2").describe_instances()["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] == "terminated"


@pytest.mark.long
def test_what_a_smaller_pipeline_does_not_need_goes_and_check_mode_names_the_rest(
    playbook: Run, client: Callable[[str], Any], cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2 = client("ec2")

    def provision(count: int) -> None:
        for name in ("provision-iam.yml", "provision-ec2.yml", "provision-dns.yml"):
            result = playbook(name, pipeline_instance_count=count)
            assert result.returncode == 0, result.stdout

    provision(2)
    assert len(ec2.describe_addresses()["Addresses"]) == 2
    assert len(values(client)) == 2
    provision(1)
    [address] = ec2.describe_addresses()["Addresses"]
    assert values(client) == [address["PublicIp"]]
    ec2.modify_instance_attribute(InstanceId=address["InstanceId"], DisableApiTermination={"Value": True})
    cloud.log.clear()

    dry = playbook("destroy.yml", "--check")
    assert dry.returncode == 0, dry.stdout
    assert cloud.log.entries(mutating=True) == []
    [group] = ec2.describe_security_groups(GroupNames=["ec2.cheaper.001"])["SecurityGroups"]
    for named in (address["InstanceId"], address["PublicIp"], RECORD, group["GroupId"], "ec2.cheaper.001"):
        assert named in dry.stdout
    for role in client("iam").list_roles()["Roles"]:
        assert role["RoleName"] in dry.stdout

    with monkeypatch.context() as patch:
        refuse(patch, cloud, "ReleaseAddress")
        broken = playbook("destroy.yml", confirm=APPLICATION)
    assert "ReleaseAddress" in broken.stdout

    destroyed = playbook("destroy.yml", confirm=APPLICATION)
    assert destroyed.returncode == 0, destroyed.stdout
    assert values(client) == []
    assert ec2.describe_addresses()["Addresses"] == []
