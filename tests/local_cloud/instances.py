"""Instances of the image that most tests take."""

import json
from collections.abc import Callable
from typing import Any

Client = Callable[..., Any]
AL2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def image(client: Client, architecture: str) -> str:
    value: str = client("ssm").get_parameter(Name=f"{AL2023}{architecture}")["Parameter"]["Value"]
    return value


def run(client: Client, **more: Any) -> list[dict[str, Any]]:
    given = {
        "ImageId": image(client, "x86_64"),
        "InstanceType": "t3a.nano",
        "MinCount": 1,
        "MaxCount": 1,
    } | more
    instances: list[dict[str, Any]] = client("ec2").run_instances(**given)["Instances"]
    return instances


def two_subnets(client: Client) -> list[str]:
    """The default ones of two zones: load balancers want more than one."""
    found = client("ec2").describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])[
        "Subnets"
    ]
    return [each["SubnetId"] for each in sorted(found, key=lambda subnet: subnet["AvailabilityZone"])[:2]]
