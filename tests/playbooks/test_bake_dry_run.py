"""A dry run of bake-image.yml: which image it is, what makes it another one; and what runs have left."""

import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from local_cloud.testing.clouds import ACCESS_KEY, SECRET_KEY, LocalCloud

Play = Callable[..., Any]


@pytest.fixture
def named(ansible_playbook: Play, addresses: dict[str, Any]) -> Callable[..., str]:
    """The name of the image that a dry run with these settings would bake."""

    def name(**settings: Any) -> str:
        result = ansible_playbook("bake-image.yml", "--check", "--diff", **(addresses | settings))
        assert result.returncode == 0, result.stdout + result.stderr
        [found] = re.findall(r"would create the image (\S+) of ami-", result.stdout)
        return str(found)

    return name


@pytest.mark.long
def test_it_writes_nothing_and_names_the_content(named: Callable[..., str], cloud: LocalCloud) -> None:
    name = named()
    assert re.fullmatch("ec2-cheaper-001-[0-9a-f]{12}", name)
    assert cloud.log.entries(mutating=True) == []
    others: list[dict[str, Any]] = [
        {"pipeline_instance_volume_size": 9},
        {"pipeline_hosts_release": "2023.9.20260105"},
        {"codedeploy_agent_version": "1.8.1-1"},
    ]
    assert len({name, *(named(**other) for other in others)}) == 4
    # Neither what is made of it nor how many.
    assert named(pipeline_fleet_max_size=9, pipeline_image_keep=1) == name


@pytest.mark.long
def test_what_broke_off_is_found_by_no_inventory_and_would_end(
    ansible_playbook: Play, addresses: dict[str, Any], cloud: LocalCloud
) -> None:
    ec2 = boto3.client(
        "ec2",
        "us-east-1",
        endpoint_url=cloud.endpoint_url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    tags = {"ManagedBy": "aws-codedeploy-pipeline-builder", "Application": "test.codeDeploy.001"}
    [left] = ec2.run_instances(
        ImageId=image,
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}
        ],
    )["Instances"]
    shown = ansible_playbook("destroy.yml", "--check", **addresses)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    # In the plan, and not among the site's instances.
    assert "instances, with their volumes: []" in shown.stdout
    assert f"- EC2 instance {left['InstanceId']}" in shown.stdout
    destroyed = ansible_playbook("destroy.yml", "--extra-vars=confirm=test.codeDeploy.001", **addresses)
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    [ended] = ec2.describe_instances(InstanceIds=[left["InstanceId"]])["Reservations"][0]["Instances"]
    assert ended["State"]["Name"] in {"shutting-down", "terminated"}
