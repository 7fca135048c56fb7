"""What is said of what was seen; `fine` is an account where nothing is missing."""

from dataclasses import replace
from typing import Any

import pytest
from ansible.module_utils.prerequisites.judge import judge, unknown_region
from ansible.module_utils.prerequisites.wanted import Unseen, Wanted

TAGS = {"ManagedBy": "aws-codedeploy-pipeline", "Application": "app"}
OURS = {"Tags": [{"Key": key, "Value": value} for key, value in TAGS.items()]}
WANTED = Wanted(
    region="us-east-1",
    application="app",
    commit="",
    domain_record="www.example.com",
    domain_zone="example.com",
    github_api_url="https://api.github.com",
    github_create_repository=False,
    github_repository="o/r",
    github_token="",
    github_token_name="",
    iam_permissions_boundary="",
    image_parameter="/aws/service/image",
    instance_count=1,
    instance_image="",
    instance_name="web",
    instance_type="t3a.nano",
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
    "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2},
    **OURS,
}


def fine() -> dict[str, Any]:
    return {
        "identity": {"Arn": "arn:aws:sts::123456789012:assumed-role/operator/me", "Account": "123456789012"},
        "commit": {"status": 200, "sha": "0" * 40},
        "delegation": ["ns-1.awsdns.com"],
        "key_file": "ssh-ed25519 AAAA me",
        "agent": "aws-codedeploy-us-east-1",
        "zone": {"NameServers": ["ns-1.awsdns.com"], "records": []},
        "image": {"ImageId": "ami-1", "Architecture": "x86_64"},
        "instances": [INSTANCE],
        "region": {"OptInStatus": "opt-in-not-required"},
        "instance_type": {
            "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
            "VCpuInfo": {"DefaultVCpus": 2},
        },
        "addresses": [OURS],
        "security_group": OURS,
        "key_pair": OURS | {"PublicKey": "ssh-ed25519 AAAA web"},
        "subnet": {"VpcId": "vpc-1"},
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
    assert findings(wanted, {"bucket": "theirs"}).problems == []
    [problem] = findings(wanted, {"bucket": ""}).problems
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
        {"zone": {"records": [{"Type": "A", "AliasTarget": {}}]}, "addresses": []},
        "points to an AWS resource, and nothing of this pipeline is there yet",
    ),
    ({}, {"commit": {"status": 404, "sha": None}}, "answered 404 for commit HEAD of o/r"),
    (
        {"github_create_repository": True},
        {"commit": {"status": 404, "sha": None}},
        "o/r is to be created (pipeline_github_create_repository), and there is no token",
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
    ({}, {"key_pair": OURS | {"PublicKey": "ssh-ed25519 BBBB x"}}, "that holds another key than key.pub"),
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
    (
        {},
        {"instances": [{**INSTANCE, "Tags": [{"Key": "Name", "Value": "web"}]}]},
        "i-1 carry the tag Name=web (pipeline_instance_name) and are not this pipeline's",
    ),
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
    ({"delegation": []}, "example.com (pipeline_domain_zone) is delegated to nobody"),
    ({"delegation": ["ns.other.net"]}, "is delegated to ns.other.net: visitors find the record only when"),
    (
        {"application": None, "application_tags": None},
        "the new application will have to be linked to GitHub once",
    ),
    ({"roles": Unseen("AccessDenied")}, "the roles could not be looked at: AccessDenied"),
    ({"agent": Unseen("timed out")}, "the agent's package could not be looked at: timed out"),
    ({"instance_quota": None}, "the quota of vCPUs could not be learnt"),
]


@pytest.mark.parametrize(("seen", "said"), NOTES)
def test_what_is_only_good_to_know_stops_nothing(seen: dict[str, Any], said: str) -> None:
    found = findings({}, seen)
    assert found.problems == []
    assert any(said in note for note in found.notes), found


def test_a_record_that_was_changed_by_hand_is_drift_and_no_problem() -> None:
    elsewhere = {"Type": "A", "ResourceRecords": [{"Value": "192.0.2.1"}]}
    assert findings({}, {"zone": {"records": [elsewhere]}}).problems == []


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
