"""destroy.yml: what was made goes, also after a run that broke off, and what is others' stays."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from werkzeug import Request, Response

from local_cloud.testing.clouds import Call, LocalCloud
from local_cloud.testing.github import GitHubError
from local_cloud.testing.policies import Problem, Refusal

ACCOUNT = Path(__file__).with_name("account.py")
APPLICATION, RECORD = "test.codeDeploy.001", "www.local-cloud.example"
REPOSITORY = "OWNER/codedeploy.nginx.001"
BUCKET = "test-codedeploy-001-123456789012-us-east-1"
IMAGE = "ami-12c6146b"
"""One that no setting leads to."""
CREATED = {"pipeline_github_create_repository": True}
THROUGH_S3 = {"pipeline_revision_source": "s3"}


@dataclass(frozen=True)
class Break:
    """An action of AWS or a path of GitHub that is refused, what is said then, and what site.yml is told."""

    refused: str = ""
    said: str = ""
    options: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


# Where each play that makes something breaks off: the last, or the worst to be without.
BREAKS = {
    "create-repository": Break("git-receive-pack", "the next run pushes", settings=CREATED),
    "provision-iam": Break("PutRolePolicy", "PutRolePolicy"),
    "provision-ec2": Break("AssociateAddress", "AssociateAddress"),
    "provision-dns": Break(
        "ChangeResourceRecordSets", "ChangeResourceRecordSets", ("--skip-tags=hosts,deploy",)
    ),
    "configure-codedeploy": Break("CreateDeploymentGroup", "CreateDeploymentGroup", settings=THROUGH_S3),
    "configure-github": Break("environments/Prod/variables", "environments/Prod/variables"),
    # Nobody answers at the addresses of this cloud's instances.
    "configure-hosts": Break(said="timed out waiting for ping"),
    "deploy-site": Break("CreateDeployment", "CreateDeployment", ("--skip-tags=hosts",), THROUGH_S3),
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
            name, f"--inventory={inventory}", *options, **addresses | quick | settings
        )
        return result

    return run


@dataclass(frozen=True)
class Account:
    """The account of AWS, and the repository."""

    addresses: dict[str, Any]

    def held(self) -> dict[str, Any]:
        """What the account holds, and which environments the repository has."""
        environment = self.addresses["pipeline_aws_environment"] | {"PATH": "/usr/bin"}
        shown = subprocess.run([sys.executable, ACCOUNT], env=environment, capture_output=True, check=True)
        there = self._github("GET", "/environments").json().get("environments", [])
        held: dict[str, Any] = json.loads(shown.stdout)
        return held | {"environments": [each["name"] for each in there]}

    def remove_repository(self) -> None:
        assert self._github("DELETE").status_code == 204

    def _github(self, method: str, path: str = "") -> requests.Response:
        address = f"{self.addresses['pipeline_github_api_url']}/repos/{REPOSITORY}{path}"
        headers = {"Authorization": f"Bearer {self.addresses['pipeline_github_token']}"}
        return requests.request(method, address, headers=headers, timeout=30)


@pytest.fixture
def account(addresses: dict[str, Any]) -> Account:
    return Account(addresses)


def refuse(monkeypatch: pytest.MonkeyPatch, cloud: LocalCloud, action: str) -> None:
    """From now on nobody may do this on AWS."""
    refusal = Refusal(problem=Problem.DENIED, sentence=f"not authorized to perform: {action}")

    def judge(call: Call, _environ: Any) -> Refusal | None:
        return refusal if call.action == action else None

    monkeypatch.setattr(cloud.gate, "enforcing", True)
    monkeypatch.setattr(cloud.gate, "_refusal", judge)


def refuse_on_github(monkeypatch: pytest.MonkeyPatch, cloud: LocalCloud, path: str) -> None:
    """From now on nobody may write there on GitHub."""
    respond = cloud._github_app.respond

    def judge(request: Request) -> Response:
        if path and path in request.path and request.method != "GET":
            raise GitHubError(403, f"Nobody may write to {path}")
        return respond(request)

    monkeypatch.setattr(cloud._github_app, "respond", judge)


@pytest.mark.long
@pytest.mark.parametrize("play", BREAKS)
def test_nothing_is_left_of_a_run_that_broke_off(
    playbook: Run,
    cloud: LocalCloud,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    play: str,
) -> None:
    at = BREAKS[play]
    if at.settings is CREATED:
        account.remove_repository()
    before = account.held()
    with monkeypatch.context() as patch:
        refuse(patch, cloud, at.refused)
        refuse_on_github(patch, cloud, at.refused)
        broken = playbook("site.yml", *at.options, **at.settings)
    assert broken.returncode != 0, broken.stdout
    assert at.said in " ".join(broken.stdout.split())
    assert account.held() != before

    # What went through S3 goes also where nothing says so any more.
    destroyed = playbook("destroy.yml", confirm=APPLICATION)
    assert destroyed.returncode == 0, destroyed.stdout
    assert account.held() == before


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


@pytest.mark.long
def test_what_is_somebody_elses_is_neither_taken_nor_removed(
    playbook: Run, client: Callable[[str], Any], cloud: LocalCloud
) -> None:
    owned = {"ManagedBy": "aws-codedeploy-pipeline", "Application": APPLICATION, "Name": "ec2.cheaper.001"}
    tags = [{"Key": key, "Value": value} for key, value in owned.items()]
    client("ec2").run_instances(
        ImageId=IMAGE,
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

    unconfirmed = playbook("destroy.yml")
    assert unconfirmed.returncode != 0
    assert f"-e confirm={APPLICATION}" in unconfirmed.stdout
    assert cloud.log.entries(mutating=True) == []

    destroyed = playbook("destroy.yml", confirm=APPLICATION, pipeline_github_token="")
    assert destroyed.returncode == 0, destroyed.stdout
    assert "leads to 192.0.2.44" in destroyed.stdout
    assert "there is no GITHUB_TOKEN" in destroyed.stdout
    assert values(client) == ["192.0.2.44"]
    # It carries the name and not the tags.
    assert client("codedeploy").list_applications()["applications"] == [APPLICATION]
    [reservation] = client("ec2").describe_instances()["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] == "terminated"


@pytest.mark.long
def test_what_a_smaller_pipeline_does_not_need_goes_and_what_is_protected_stays(
    playbook: Run, client: Callable[[str], Any], cloud: LocalCloud
) -> None:
    ec2 = client("ec2")
    first = ("playbooks/provision-iam.yml", "playbooks/provision-ec2.yml")
    protected = {"pipeline_termination_protection": True}
    made = playbook("provision-dns.yml", *first, pipeline_instance_count=2, **protected)
    assert made.returncode == 0, made.stdout
    assert len(ec2.describe_addresses()["Addresses"]) == 2
    assert len(values(client)) == 2
    cloud.log.clear()

    refused = playbook("provision-ec2.yml", pipeline_instance_count=1, **protected)
    assert refused.returncode != 0
    assert "Set -e pipeline_termination_protection=false for this run" in " ".join(refused.stdout.split())
    assert {entry.action for entry in cloud.log.entries(mutating=True)} == {"PutParameter"}
    one, _ = (address["InstanceId"] for address in ec2.describe_addresses()["Addresses"])
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        ec2.terminate_instances(InstanceIds=[one])

    last = ("playbooks/provision-ec2.yml", "playbooks/provision-dns.yml")
    smaller = playbook("remove-unused.yml", *last, pipeline_instance_count=1)
    assert smaller.returncode == 0, smaller.stdout
    [address] = ec2.describe_addresses()["Addresses"]
    assert values(client) == [address["PublicIp"]]

    ec2.modify_instance_attribute(InstanceId=address["InstanceId"], DisableApiTermination={"Value": True})
    anew = {"pipeline_instance_replace": True, "pipeline_instance_image": IMAGE}
    replaced = playbook("remove-unused.yml", *last, **anew)
    assert replaced.returncode == 0, replaced.stdout
    [other] = ec2.describe_addresses()["Addresses"]
    [reservation] = ec2.describe_instances(InstanceIds=[other["InstanceId"]])["Reservations"]
    assert reservation["Instances"][0]["ImageId"] == IMAGE
    assert other["InstanceId"] != address["InstanceId"]
    assert values(client) == [other["PublicIp"]]


@pytest.mark.long
def test_check_mode_names_all_that_goes_and_a_removal_that_broke_off_is_ended(
    playbook: Run, client: Callable[[str], Any], cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2 = client("ec2")
    kinds = ("provision-iam", "provision-ec2", "provision-dns", "configure-codedeploy")
    first = [f"playbooks/{kind}.yml" for kind in kinds]
    made = playbook("configure-github.yml", *first, pipeline_termination_protection=True, **THROUGH_S3)
    assert made.returncode == 0, made.stdout
    [address] = ec2.describe_addresses()["Addresses"]
    cloud.log.clear()

    dry = playbook("destroy.yml", "--check")
    assert dry.returncode == 0, dry.stdout
    assert cloud.log.entries(mutating=True) == []
    [group] = ec2.describe_security_groups(GroupNames=["ec2.cheaper.001"])["SecurityGroups"]
    roles = [role["RoleName"] for role in client("iam").list_roles()["Roles"]]
    ids = (address["InstanceId"], address["PublicIp"], group["GroupId"])
    for named in (*ids, *roles, "ec2.cheaper.001", RECORD, APPLICATION, BUCKET, "IAMROLE_GITHUB_ARN"):
        assert f" {named}" in dry.stdout

    with monkeypatch.context() as patch:
        refuse(patch, cloud, "ReleaseAddress")
        broken = playbook("destroy.yml", confirm=APPLICATION)
    assert "ReleaseAddress" in broken.stdout

    destroyed = playbook("destroy.yml", confirm=APPLICATION)
    assert destroyed.returncode == 0, destroyed.stdout
    assert values(client) == []
    assert ec2.describe_addresses()["Addresses"] == []
