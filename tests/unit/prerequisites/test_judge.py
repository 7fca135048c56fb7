# ruff: noqa: E501 - a case is a line
"""What is said of what was seen; `fine` is an account where nothing is missing."""

import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.pipeline.prerequisites.account import unknown_region
from plugins.module_utils.pipeline.prerequisites.judge import judge
from plugins.module_utils.pipeline.prerequisites.wanted import Unseen, Wanted

TAGS = {"ManagedBy": "aws-codedeploy-pipeline", "Application": "app"}
OURS = {"Tags": [{"Key": key, "Value": value} for key, value in TAGS.items()]}
WANTED = Wanted(
    region="us-east-1",
    alarms=[],
    application="app",
    commit="",
    connection_bucket="",
    deployment_config="CodeDeployDefault.OneAtATime",
    domain_record="www.example.com",
    domain_zone="example.com",
    fleet={},
    github_api_url="https://api.github.com",
    github_create_repository=False,
    github_environment="Prod",
    github_repository="o/r",
    github_reviewers=[],
    github_token="",
    github_token_name="",
    # HTTP alone is a note.
    https="files",
    https_acme_directory="",
    https_acme_eab_key_id="",
    https_ca_file="",
    https_certificate_file="c.pem",
    https_key_file="k.pem",
    iam_permissions_boundary="",
    image_parameter="/aws/service/image",
    instance_count=1,
    instance_image="",
    instance_name="web",
    instance_replace=False,
    instance_root_device="/dev/xvda",
    instance_type="t3a.nano",
    instance_volume_size=8,
    notification_topic="",
    owned_tags=TAGS,
    revision_bucket="",
    revision_source="github",
    roles={"iam_ec2_role": "ec2", "iam_codedeploy_role": "deploy", "iam_github_role": "github"},
    security_group="web",
    ssh_key_name="web",
    ssh_public_key_file="key.pub",
    vpc_id="",
    vpc_subnet_id="",
)
INSTANCE = {
    "InstanceId": "i-1",
    "InstanceType": "t3a.nano",
    "State": {"Name": "running"},
    "Architecture": "x86_64",
    "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2},
    **OURS,
}
IMAGE = {
    "ImageId": "ami-1",
    "Architecture": "x86_64",
    "State": "available",
    "RootDeviceType": "ebs",
    "RootDeviceName": "/dev/xvda",
    "BlockDeviceMappings": [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8}},
        {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
    ],
}


def key_of(kind: str, bits: int) -> str:
    """A new public key, made by ssh-keygen."""
    with tempfile.TemporaryDirectory() as folder:
        size = ["-b", str(bits)] if bits else []
        subprocess.run(
            ["ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-C", "me", "-f", f"{folder}/key"], check=True
        )
        return (Path(folder) / "key.pub").read_text()


KEYS = {
    "ed25519": key_of("ed25519", 0),
    "rsa": key_of("rsa", 2048),
    "short rsa": key_of("rsa", 1024),
    "ecdsa": key_of("ecdsa", 256),
}


def fine() -> dict[str, Any]:
    return {
        "identity": {"Arn": "arn:aws:sts::123456789012:assumed-role/operator/me", "Account": "123456789012"},
        "environment": None,
        "commit": {"status": 200, "sha": "0" * 40},
        "delegation": ["ns-1.awsdns.com"],
        "key_file": KEYS["ed25519"],
        "agent": "aws-codedeploy-us-east-1",
        "zone": {"NameServers": ["ns-1.awsdns.com"], "records": []},
        "image": IMAGE,
        "instances": [INSTANCE],
        "region": {"OptInStatus": "opt-in-not-required"},
        "instance_type": {
            "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
            "VCpuInfo": {"DefaultVCpus": 2},
        },
        "addresses": [OURS],
        "security_group": OURS,
        "key_pair": OURS | {"PublicKey": KEYS["ed25519"]},
        "subnet": {
            "SubnetId": "subnet-1",
            "VpcId": "vpc-1",
            "AvailabilityZone": "us-east-1a",
            "AvailableIpAddressCount": 4000,
        },
        "offers": ["us-east-1a", "us-east-1b"],
        "deployment_config": {"computePlatform": "Server"},
        "address_quota": 5.0,
        "instance_quota": 5.0,
        "roles": {"iam_ec2_role": OURS, "iam_codedeploy_role": None, "iam_github_role": OURS},
        "instance_profile": OURS,
        "application": {"linkedToGitHub": True},
        "application_tags": OURS["Tags"],
    }


def findings(wanted: dict[str, Any], seen: dict[str, Any]) -> Any:
    return judge(replace(WANTED, **wanted), fine() | seen)


def test_an_account_that_has_everything_gives_no_word() -> None:
    nothing = findings({}, {})
    assert (nothing.problems, nothing.notes) == ([], [])


def test_revisions_from_s3_need_no_link_to_github() -> None:
    unlinked = {"application": {"linkedToGitHub": False}}
    assert findings({"revision_source": "s3"}, unlinked).problems == []


def test_a_bucket_of_the_companys_is_missed_only_where_it_was_looked_for() -> None:
    wanted = {"revision_source": "s3", "revision_bucket": "theirs"}
    assert findings(wanted, {"bucket": {"region": "us-east-1"}}).problems == []
    assert findings(wanted, {"bucket": {"region": ""}}).problems == []
    [problem] = findings(wanted, {"bucket": None}).problems
    assert problem.startswith("pipeline_revision_bucket is 'theirs': there is no such bucket")


@pytest.mark.parametrize("status", [404, 409])
def test_a_repository_that_will_be_created_is_not_missed(status: int) -> None:
    wanted = {"github_create_repository": True, "github_token": "ghp_1"}
    assert findings(wanted, {"commit": {"status": status, "sha": None}}).problems == []


BOUNDARY = "arn:aws:iam::123456789012:policy/b"
PROBLEMS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {},
        {"identity": Unseen("it has expired")},
        "AWS does not say whose credentials these are: it has expired",
    ),
    ({}, {"region": None}, "pipeline_region is 'us-east-1': AWS has no such region in this partition"),
    (
        {},
        {"region": {"OptInStatus": "not-opted-in"}},
        "not enabled in this account: enable it with aws account",
    ),
    ({}, {"zone": None}, "the account 123456789012 needs the public hosted zone"),
    ({}, {"zone": {"records": [{"Type": "CNAME"}]}}, "is a CNAME record, beside which no A record can be"),
    (
        {},
        {
            "zone": {"records": [{"Type": "A", "AliasTarget": {}}]},
            "application": None,
            "application_tags": None,
        },
        "points to an AWS resource, and nothing of this pipeline is there yet",
    ),
    ({}, {"commit": {"status": 404, "sha": None}}, "answered 404 for commit HEAD of o/r"),
    (
        {"github_create_repository": True},
        {"commit": {"status": 404, "sha": None}},
        "o/r is to be created (pipeline_github_create_repository), and there is no token",
    ),
    (
        {},
        {"reviewers": ["carol"]},
        "pipeline_github_reviewers has 'carol', whom GitHub does not know: correct it.",
    ),
    (
        {},
        {"reviewers": ["o/ops"]},
        "pipeline_github_reviewers has 'o/ops', whom GitHub does not know: correct it, or give the token",
    ),
    (
        {},
        {"environment": "other"},
        "pipeline_github_environment is 'Prod', an environment of o/r that deploys to other, not to app",
    ),
    ({}, {"commit": Unseen("timed out")}, "does not answer: timed out for commit HEAD of o/r"),
    ({}, {"application": {"linkedToGitHub": False}}, "is not linked to GitHub, which no API can do"),
    (
        {"github_token_name": "a"},
        {"application": {"linkedToGitHub": True, "gitHubAccountName": "b"}, "github_links": ["a", "b"]},
        "is linked to GitHub as b, not as a (pipeline_github_token_name)",
    ),
    ({"github_token_name": "a"}, {"github_links": ["b"]}, "no link to GitHub that is called a"),
    ({}, {"key_file": Unseen("no such file")}, "key.pub is not a file that can be read"),
    ({}, {"key_file": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "name the public half, key.pub.pub"),
    ({}, {"key_pair": OURS | {"PublicKey": KEYS["rsa"]}}, "that holds another key than key.pub"),
    ({}, {"key_file": "hello"}, "key.pub is not a public SSH key (pipeline_ssh_public_key_file)"),
    ({}, {"agent": ""}, "The CodeDeploy agent is not to be had in us-east-1 (pipeline_region)"),
    ({}, {"instance_type": None}, "pipeline_instance_type is 't3a.nano': us-east-1 has no such type"),
    (
        {"instance_image": "ami-9"},
        {"image": None},
        "pipeline_instance_image is 'ami-9': us-east-1 has no such",
    ),
    ({}, {"image": None}, "/aws/service/image cannot be read in us-east-1: name an image in"),
    (
        {"instance_type": "t4g.nano"},
        {"image": {"ImageId": "ami-1", "Architecture": "arm64"}},
        "'t4g.nano', which runs x86_64, and the image ami-1 (pipeline_instance_image) is for arm64",
    ),
    (
        {"instance_count": 6},
        {"instance_quota": None},
        "5 more Elastic IPs beside the 1 of this account are more than its quota of 5",
    ),
    ({"instance_count": 3}, {}, "4 more vCPUs beside the 2 in use are more than the quota of 5"),
    (
        {},
        {"security_group": {"Tags": []}},
        "The security group web (pipeline_security_group) is there and not",
    ),
    (
        {},
        {"roles": {"iam_github_role": {}}},
        "The role github (pipeline_iam_github_role) is there and not this",
    ),
    ({}, {"application_tags": []}, "The CodeDeploy application app (pipeline_application) is there and not"),
    ({}, {"subnet": None}, "The account has no default VPC in us-east-1"),
    (
        {"vpc_subnet_id": "subnet-9"},
        {"subnet": None},
        "pipeline_vpc_subnet_id is 'subnet-9': us-east-1 has no",
    ),
    (
        {"vpc_id": "vpc-9", "vpc_subnet_id": "subnet-1"},
        {},
        "'subnet-1', a subnet of vpc-1, and pipeline_vpc_id is",
    ),
    ({"iam_permissions_boundary": "builders"}, {}, "'builders', which is no ARN of a policy"),
    ({"iam_permissions_boundary": BOUNDARY}, {"boundary": None}, f"'{BOUNDARY}': there is no such policy"),
    (
        {"iam_permissions_boundary": BOUNDARY.replace("aws", "aws-cn")},
        {},
        "an ARN of the partition aws-cn: this account is in aws",
    ),
]


@pytest.mark.parametrize(("wanted", "seen", "said"), PROBLEMS, ids=[said[:40] for _, _, said in PROBLEMS])
def test_a_problem_is_named_with_the_way_out(wanted: dict[str, Any], seen: dict[str, Any], said: str) -> None:
    found = findings(wanted, seen)
    assert any(said in problem for problem in found.problems), found
    assert len(found.problems) == 1


NOTES: list[tuple[dict[str, Any], str]] = [
    (
        {"delegation": []},
        "example.com (pipeline_domain_zone) is not delegated: set these name servers at the registrar: ns-1",
    ),
    (
        {"delegation": ["ns.other.net"]},
        "is delegated to ns.other.net: set these name servers at the registrar: ns-1",
    ),
    (
        {"application": None, "application_tags": None},
        "the new application will have to be linked to GitHub once",
    ),
    ({"roles": Unseen("AccessDenied")}, "the roles could not be looked at: AccessDenied"),
    ({"agent": Unseen("timed out")}, "the agent's package could not be looked at: timed out"),
    ({"instance_quota": None}, "the quota of vCPUs could not be read"),
]


@pytest.mark.parametrize(("seen", "said"), NOTES)
def test_what_is_only_good_to_know_stops_nothing(seen: dict[str, Any], said: str) -> None:
    found = findings({}, seen)
    assert found.problems == []
    assert any(said in note for note in found.notes), found


def test_a_record_that_was_changed_by_hand_is_drift_and_no_problem() -> None:
    elsewhere = {"Type": "A", "ResourceRecords": [{"Value": "192.0.2.1"}]}
    assert findings({}, {"zone": {"records": [elsewhere]}}).problems == []


def test_the_alias_of_a_fleet_which_has_no_address_is_no_problem() -> None:
    alias = {"Type": "A", "AliasTarget": {"DNSName": "web-1.us-east-1.elb.amazonaws.com."}}
    assert findings({}, {"zone": {"records": [alias]}, "addresses": []}).problems == []


def test_other_instances_that_are_stopped_use_no_quota() -> None:
    stopped = {**INSTANCE, "State": {"Name": "stopped"}}
    assert findings({"instance_count": 3}, {"instances": [stopped]}).problems == []


def test_a_region_that_botocore_does_not_know_is_named_with_the_nearest() -> None:
    known = ["us-east-1", "us-east-2", "eu-west-1"]
    assert unknown_region("us-east-2", known) == ""
    assert (
        "'us-east-9', which botocore does not know: name one of its regions, such as us-east-"
        in unknown_region("us-east-9", known)
    )


# What a run would be refused for by AWS or GitHub, halfway.


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_keys_that_ec2_takes_give_no_word(kind: str) -> None:
    pair = {"key_pair": OURS | {"PublicKey": KEYS[kind]}}
    assert findings({}, pair | {"key_file": KEYS[kind]}).problems == []
    assert findings({}, pair | {"key_file": f"\n{KEYS[kind]}\n"}).problems == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (KEYS["ecdsa"], "holds an ECDSA key, and EC2 takes RSA and ED25519"),
        (KEYS["short rsa"], "holds an RSA key of 1024 bits, and 2048 to 4096 are allowed"),
        ("ssh-dss AAAAB3NzaC1kc3M= me", "holds a DSA key, and EC2 takes RSA and ED25519"),
        ("sk-ssh-ed25519@openssh.com AAAA me", "holds a security token's key, and EC2 takes RSA and ED25519"),
        ("\ufeff" + KEYS["ed25519"], "begins with a byte order mark"),
        (KEYS["ed25519"] + KEYS["rsa"], "holds 2 lines, and a key is one"),
        (KEYS["ed25519"][:40], "holds a key that is damaged"),
        (KEYS["ed25519"].replace("ssh-ed25519", "ssh-rsa"), "holds a key that is damaged"),
        ("ssh-ed25519", "is not a public SSH key"),
        ("ssh-rsa AAAA", "holds a key that is damaged"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n", "is not a public SSH key"),
        ("", "is not a public SSH key"),
    ],
    ids=map(str, range(12)),
)
def test_keys_that_ec2_refuses_are_named(content: str, words: str) -> None:
    [problem] = findings({}, {"key_file": content}).problems
    assert problem.startswith(f"key.pub {words} (pipeline_ssh_public_key_file): make a key pair with")


ARM = {"ProcessorInfo": {"SupportedArchitectures": ["arm64"]}, "VCpuInfo": {"DefaultVCpus": 2}}
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "configuration": (
        {"deployment_config": "Mine"},
        {"deployment_config": None},
        "pipeline_deployment_config is 'Mine': CodeDeploy has no such deployment configuration in us-east-1",
    ),
    "configuration of Lambda": (
        {"deployment_config": "Mine"},
        {"deployment_config": {"computePlatform": "Lambda"}},
        "pipeline_deployment_config is 'Mine', a deployment configuration of Lambda",
    ),
    "alarms": (
        {"alarms": ["errors", "gone", "lost"]},
        {"alarms": ["errors"]},
        "pipeline_alarms has 'gone, lost': CloudWatch has no such alarm in us-east-1",
    ),
    "topic": (
        {"notification_topic": "arn:aws:sns:us-east-1:123456789012:gone"},
        {"notification_topic": None},
        "pipeline_notification_topic is 'arn:aws:sns:us-east-1:123456789012:gone': SNS has no such topic. Name one that is there",
    ),
    "topic of another region": (
        {"notification_topic": "arn:aws:sns:eu-west-1:123456789012:news"},
        {},
        "which is no topic of us-east-1 (pipeline_region), and CodeDeploy publishes there alone: name one of that region by its ARN",
    ),
    "application of Lambda": (
        {},
        {"application": {"linkedToGitHub": True, "computePlatform": "Lambda"}},
        "pipeline_application is 'app', an application of Lambda",
    ),
    "root device": (
        {},
        {"image": {**IMAGE, "RootDeviceName": "/dev/sda1"}},
        "pipeline_instance_root_device is '/dev/xvda', and the root device of ami-1 is /dev/sda1",
    ),
    "volume": (
        {},
        {"image": {**IMAGE, "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30}}]}},
        "pipeline_instance_volume_size is '8', and the root volume of ami-1 has 30 GiB",
    ),
    "instance store": ({}, {"image": {**IMAGE, "RootDeviceType": "instance-store"}}, "no root volume in EBS"),
    "pending image": ({}, {"image": {**IMAGE, "State": "pending"}}, "(pipeline_instance_image) is pending"),
    "Windows": ({}, {"image": {**IMAGE, "Platform": "windows"}}, "is of Windows"),
    "zone without the type": (
        {},
        {"offers": ["us-east-1c", "us-east-1b"]},
        (
            "'t3a.nano', which us-east-1a does not offer, where the subnet subnet-1 (pipeline_vpc_subnet_id) is: "
            "name a subnet in us-east-1b, us-east-1c"
        ),
    ),
    "full subnet": (
        {"instance_count": 3},
        {"instance_quota": 100.0, "subnet": {"SubnetId": "subnet-1", "VpcId": "vpc-1", "AvailabilityZone": "us-east-1a", "AvailableIpAddressCount": 1}},
        "pipeline_instance_count is '3': the subnet subnet-1 (pipeline_vpc_subnet_id) has 1 free addresses for 2 more",
    ),
    "private zone": ({}, {"zone": {"private": True}}, "pipeline_domain_zone is 'example.com', in Route 53 a private"),
    "bucket elsewhere": (
        {"revision_bucket": "theirs", "revision_source": "s3"},
        {"bucket": {"region": "eu-west-1"}},
        "pipeline_revision_bucket is 'theirs', a bucket in eu-west-1: name one in us-east-1 (pipeline_region), or none",
    ),
    "bucket of the connection": (
        {"connection_bucket": "theirs"},
        {"connection_bucket": None},
        "pipeline_connection_bucket is 'theirs': there is no such bucket. Name one that is there.",
    ),
    "archived repository": ({}, {"repository": {"archived": True, "scopes": None}}, "o/r (pipeline_github_repository) is arch"),
    "scopes": ({}, {"repository": {"scopes": ["read:org"]}}, "its scopes are read:org. It needs the scope repo"),
    "reader": ({}, {"repository": {"scopes": None, "permissions": {"push": False}}}, "it may only read there"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_refused_halfway_is_said_alone(case: str) -> None:
    wanted, seen, words = REFUSED[case]
    [problem] = findings(wanted, seen).problems
    assert words in problem


def test_instances_of_another_type_need_room_beside_those_that_end() -> None:
    held = OURS | {"InstanceId": INSTANCE["InstanceId"]}
    small = {"instance_type": ARM, "image": {**IMAGE, "Architecture": "arm64"}, "addresses": [held]}
    assert findings({"instance_type": "t4g.nano"}, small).problems == []
    [problem] = findings({"instance_type": "t4g.nano"}, small | {"address_quota": 1.0}).problems
    assert "1 more Elastic IPs beside the 1 of this account" in problem
    [problem] = findings({"instance_type": "t4g.nano"}, small | {"instance_quota": 3.0}).problems
    assert "2 more vCPUs beside the 2 in use" in problem


def test_a_token_that_may_write_gives_no_word() -> None:
    for found in ({"scopes": ["repo", "workflow"]}, {"scopes": None, "permissions": {"push": True}}, None):
        assert findings({}, {"repository": found}).problems == []


ACME = replace(WANTED, https="acme", https_acme_directory="https://ca.example/dir")
VALID, EXPIRED = (
    {"address": "192.0.2.7", "problem": problem} for problem in ("", "is not valid: certificate has expired")
)


class TestHttps:
    def said(self, wanted: Wanted, **seen: Any) -> tuple[list[str], list[str]]:
        found = judge(wanted, fine() | seen)
        return found.problems, [note for note in found.notes if "https" in note or "certificate" in note]

    def test_http_alone_is_named(self) -> None:
        problems, [note] = self.said(replace(WANTED, https="none"))
        assert problems == []
        assert "pipeline_https is 'none'" in note

    def test_an_authority_that_does_not_answer_stops_the_first_run(self) -> None:
        silent = {"problem": "it does not answer: refused"}
        [problem], _ = self.said(ACME, acme_directory=silent, served_certificates=[EXPIRED])
        assert problem.startswith(
            "pipeline_https_acme_directory is 'https://ca.example/dir': it does not answer"
        )
        problems, notes = self.said(ACME, acme_directory=silent, served_certificates=[VALID])
        assert problems == []
        assert "it does not answer: refused" in notes[0]

    def test_a_binding_that_is_asked_for_is_named(self) -> None:
        asking = {"newOrder": "", "meta": {"externalAccountRequired": True}}
        [problem], _ = self.said(ACME, acme_directory=asking, served_certificates=[])
        assert "ACME_EAB_HMAC_KEY" in problem
        bound = replace(ACME, https_acme_eab_key_id="id")
        assert self.said(bound, acme_directory=asking, served_certificates=[]) == ([], [])

    def test_a_certificate_that_browsers_refuse_is_named_and_stops_nothing(self) -> None:
        answer = {"newOrder": ""}
        problems, [note] = self.said(ACME, acme_directory=answer, served_certificates=[EXPIRED, VALID])
        assert problems == []
        assert "the certificate that 192.0.2.7 serves is not valid: certificate has expired" in note

    def test_files_that_do_not_fit_stop_a_run(self) -> None:
        [problem], _ = self.said(WANTED, https_files=[("key_file", "k.pem", "it is not the certificate's")])
        assert problem == "pipeline_https_key_file is 'k.pem': it is not the certificate's."
