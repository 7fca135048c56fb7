"""check-prerequisites.yml says all that is missing in one run, and what to do about it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.servicequotas.models import ServiceQuotasBackend

from local_cloud.testing.clouds import LocalCloud, codedeploy_options

COMMIT = "0123456789abcdef0123456789abcdef01234567"
EC2 = "AWSCodeDeployService-EC2AccessCodeDeployRole-20241024T000000"
ZONE = "local-cloud.example"


def take_all_names(client: Callable[[str], Any]) -> None:
    """Somebody else has every name that the pipeline wants."""
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": [trust]}
    client("iam").create_role(RoleName=EC2, AssumeRolePolicyDocument=json.dumps(policy))
    client("codedeploy").create_application(applicationName="test.codeDeploy.001")
    ec2 = client("ec2")
    ec2.create_security_group(GroupName="ec2.cheaper.001", Description="theirs")
    ec2.create_key_pair(KeyName="ec2.cheaper.001")


def point_the_record(client: Callable[[str], Any], address: str) -> None:
    route53 = client("route53")
    zone = route53.list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"][0]["Id"]
    record = {"Name": f"www.{ZONE}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": address}]}
    change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)


def test_all_that_is_missing_is_said_at_once(
    ansible_playbook: Callable[..., Any],
    cloud: LocalCloud,
    addresses: dict[str, Any],
    client: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(codedeploy_options, "github_connection", None)
    monkeypatch.setattr(ServiceQuotasBackend, "get_service_quota", lambda *_, **__: {"Value": 5.0})
    take_all_names(client)
    point_the_record(client, "192.0.2.1")
    cloud.log.clear()

    result = ansible_playbook(
        "check-prerequisites.yml",
        **addresses
        | {
            "pipeline_commit": COMMIT,
            "pipeline_github_token_name": "company",
            "pipeline_iam_permissions_boundary": "arn:aws:iam::999999999999:policy/boundary",
            "pipeline_instance_count": 6,
            "pipeline_ssh_public_key_file": "nowhere.pub",
            "pipeline_vpc_id": "vpc-0123456789abcdef0",
            "pipeline_vpc_subnet_id": "subnet-0123456789abcdef0",
        },
    )

    assert result.returncode != 0
    said = " ".join(result.stdout.split())
    for missing in (
        f"answered 422 for commit {COMMIT} of OWNER/codedeploy.nginx.001",
        "test.codeDeploy.001 (pipeline_application) is not linked to GitHub, which no API can do: open https://us-east-1.",
        "no link to GitHub that is called company (pipeline_github_token_name); it has none",
        "nowhere.pub is not a file",
        "The CodeDeploy application test.codeDeploy.001 (pipeline_application) is there and not this",
        "The key pair ec2.cheaper.001 (pipeline_ssh_key_name) is there and not this pipeline's",
        f"The role {EC2} (pipeline_iam_ec2_role) is there and not this pipeline's",
        "www.local-cloud.example (pipeline_domain_record) points to 192.0.2.1, and nothing of this",
        "a policy of the account 999999999999: a boundary has to be of this account, 123456789012, or of AWS",
        "6 more Elastic IPs beside the 0 of this account are more than its quota of 5",
        "12 more vCPUs beside the 0 in use are more than the quota of 5",
        "pipeline_vpc_subnet_id is 'subnet-0123456789abcdef0': us-east-1 has no such subnet",
    ):
        assert missing in said
    assert "Traceback" not in result.stdout + result.stderr
    assert cloud.log.entries(mutating=True) == []


@pytest.mark.long
def test_the_companys_bucket_for_revisions_has_to_be_there(
    ansible_playbook: Callable[..., Any], addresses: dict[str, Any], client: Callable[[str], Any]
) -> None:
    through_s3 = {"pipeline_revision_source": "s3", "pipeline_revision_bucket": "the-companys-own"}

    missing = ansible_playbook("check-prerequisites.yml", **addresses, **through_s3)
    assert missing.returncode != 0
    said = " ".join(missing.stdout.split())
    assert "pipeline_revision_bucket is 'the-companys-own': there is no such bucket" in said

    client("s3").create_bucket(Bucket="the-companys-own")
    there = ansible_playbook("check-prerequisites.yml", **addresses, **through_s3)
    assert there.returncode == 0, there.stdout


def test_what_is_there_is_summed_up(
    ansible_playbook: Callable[..., Any], cloud: LocalCloud, addresses: dict[str, Any]
) -> None:
    result = ansible_playbook("check-prerequisites.yml", "--check", **addresses)

    assert result.returncode == 0, result.stdout + result.stderr
    said = " ".join(result.stdout.split())
    assert "in us-east-1: nothing is missing" in said
    # moto knows no quotas of EC2, and what could not be looked at is said.
    assert "the quota of Elastic IPs and the quota of vCPUs could not be read" in said
    assert cloud.log.entries(mutating=True) == []


def test_a_fleet_needs_no_authority_and_is_not_launched_where_its_type_is_not_offered(
    ansible_playbook: Callable[..., Any], cloud: LocalCloud, addresses: dict[str, Any]
) -> None:
    """Its certificate is AWS Certificate Manager's."""
    nowhere = {"pipeline_https": "acme", "pipeline_https_acme_directory": "https://127.0.0.1:9/dir"}
    result = ansible_playbook("check-prerequisites.yml", **addresses | nowhere, pipeline_fleet=True)

    assert result.returncode == 0, result.stdout + result.stderr
    said = " ".join(result.stdout.split())
    assert "in us-east-1: nothing is missing" in said
    assert "127.0.0.1:9" not in said
    assert cloud.log.entries(mutating=True) == []


@pytest.mark.long
def test_a_dry_run_names_the_instance_that_ends_for_one_of_another_architecture(
    ansible_playbook: Callable[..., Any],
    cloud: LocalCloud,
    addresses: dict[str, Any],
    client: Callable[[str], Any],
) -> None:
    ec2 = client("ec2")
    image = ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"][0]
    ours = {
        "Name": "ec2.cheaper.001",
        "ManagedBy": "aws-codedeploy-pipeline",
        "Application": "test.codeDeploy.001",
        "DeploymentGroup": "test.deploymentGroup.001",
    }
    tags = [{"Key": key, "Value": value} for key, value in ours.items()]
    launched = ec2.run_instances(
        ImageId=image["ImageId"],
        InstanceType="t3a.nano",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )["Instances"][0]["InstanceId"]
    cloud.log.clear()

    result = ansible_playbook("site.yml", "--check", **addresses, pipeline_instance_type="t4g.nano")

    assert result.returncode == 0, result.stdout
    said = " ".join(result.stdout.split())
    assert f"{launched}: instance_type is t3a.nano, and t4g.nano is wanted" in said
    assert "would launch 1 x t4g.nano" in said
    assert cloud.log.entries(mutating=True) == []
