"""The in-process cloud answers real clients."""

from collections.abc import Callable
from typing import Any

from local_cloud.server import LocalCloud

Client = Callable[..., Any]


def test_a_new_account_has_the_default_vpc_and_the_hosted_zone(client: Client) -> None:
    vpcs = client("ec2").describe_vpcs()["Vpcs"]
    zones = client("route53").list_hosted_zones()["HostedZones"]

    assert [vpc["CidrBlock"] for vpc in vpcs] == ["172.31.0.0/16"]
    assert [zone["Name"] for zone in zones] == ["local-cloud.example."]


def test_reset_makes_the_account_as_new(client: Client, local_cloud: LocalCloud) -> None:
    client("s3").create_bucket(Bucket="a-bucket-of-the-test")

    local_cloud.reset()

    names = [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]
    assert "a-bucket-of-the-test" not in names
