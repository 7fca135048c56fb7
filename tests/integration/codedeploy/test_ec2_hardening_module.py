"""ec2_instance_hardening: what was loosened by hand is named and made fast again, what others did stays."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.codedeploy.runner import Client, Module

FILTERS = {"tag:Name": "web", "instance-state-name": ["pending", "running"]}
ASKED: dict[str, Any] = {
    "filters": FILTERS,
    "metadata_options": {"http_tokens": "required", "http_put_response_hop_limit": 1},
    "termination_protection": True,
    "tags": {"Owner": "team", "CostCenter": 42},
}


@pytest.fixture
def hardening(module: Callable[[str], Module]) -> Module:
    return module("ec2_instance_hardening")


@pytest.fixture
def instance(client: Client) -> dict[str, Any]:
    """A running instance with all doors open, and a tag of somebody else."""
    ec2 = client("ec2")
    image = ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"][0]
    tags = [{"Key": "Name", "Value": "web"}, {"Key": "Backup", "Value": "daily"}]
    launched = ec2.run_instances(
        ImageId=image["ImageId"],
        InstanceType="t3a.nano",
        MinCount=1,
        MaxCount=1,
        MetadataOptions={"HttpTokens": "optional", "HttpPutResponseHopLimit": 3, "HttpEndpoint": "enabled"},
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    return dict(launched["Instances"][0])


def test_all_that_is_loose_is_named_and_made_fast_once(
    hardening: Module, instance: dict[str, Any], client: Client
) -> None:
    result = hardening.four_beats(**ASKED)

    identifier = instance["InstanceId"]
    before, after = result["diff"]["before"][identifier], result["diff"]["after"][identifier]
    assert before["metadata_options"]["http_tokens"] == "optional"
    assert after["metadata_options"] == {
        "http_endpoint": "enabled",
        "http_tokens": "required",
        "http_put_response_hop_limit": 1,
    }
    assert (before["termination_protection"], after["termination_protection"]) == (False, True)
    assert after["tags"] == {"Name": "web", "Backup": "daily", "Owner": "team", "CostCenter": "42"}
    [volume] = [name for name in result["diff"]["after"] if name.startswith("vol-")]
    assert result["diff"]["after"][volume]["tags"]["Owner"] == "team"
    assert set(result.writes) == {"ModifyInstanceMetadataOptions", "ModifyInstanceAttribute", "CreateTags"}
    with pytest.raises(client("ec2").exceptions.ClientError, match="OperationNotPermitted"):
        client("ec2").terminate_instances(InstanceIds=[identifier])


def test_protection_goes_both_ways(hardening: Module, instance: dict[str, Any], client: Client) -> None:
    hardening(filters=FILTERS, termination_protection=True)

    result = hardening.four_beats(filters=FILTERS, termination_protection=False)

    assert result["diff"]["after"] == {instance["InstanceId"]: {"termination_protection": False}}
    client("ec2").terminate_instances(InstanceIds=[instance["InstanceId"]])


def test_a_volume_that_is_not_encrypted_is_warned_of(hardening: Module, instance: dict[str, Any]) -> None:
    assert instance["State"]["Name"] in {"pending", "running"}
    result = hardening(filters=FILTERS)
    assert "is not encrypted, and cannot be made so: replace its instance" in str(result["warnings"])


def test_where_nothing_matches_nothing_is_done(hardening: Module) -> None:
    result = hardening.four_beats(**ASKED)
    assert (result["changed"], result["instances"], result.calls) == (False, {}, ["DescribeInstances"])
