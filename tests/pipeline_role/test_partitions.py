"""Which partition a region is in."""

import re
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from tests.plugins import load

RULES = Path(__file__).parents[2] / "roles" / "pipeline_check" / "vars" / "main.yml"
REGIONS = {
    region: name
    for name in boto3.Session().get_available_partitions()
    for region in boto3.Session().get_available_regions("ec2", name)
}


@pytest.fixture(scope="module")
def partition() -> Any:
    return load("roles/pipeline/filter_plugins/partitions.py").FilterModule().filters()["aws_partition"]


def test_every_region_that_botocore_knows_is_in_its_partition_and_may_be_named(partition: Any) -> None:
    assert {"aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso"} <= set(REGIONS.values())
    assert {region: partition(region) for region in REGIONS} == REGIONS
    rules = yaml.safe_load(RULES.read_text())["__pipeline_check_rules"]
    assert [region for region in REGIONS if not re.search(rules["pipeline_region"]["pattern"], region)] == []


def test_a_region_of_tomorrow_is_in_the_partition_that_its_name_says(partition: Any) -> None:
    assert (partition("eu-south-9"), partition("eusc-de-west-3")) == ("aws", "aws-eusc")
    assert partition("nowhere-1") == "aws"
