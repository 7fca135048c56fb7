"""An account ready to deploy, and waiting for deployments to end."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

GITHUB: dict[str, Any] = {
    "revisionType": "GitHub",
    "gitHubLocation": {"repository": "OWNER/shop", "commitId": "0123456789abcdef0123456789abcdef01234567"},
}
S3: dict[str, Any] = {
    "revisionType": "S3",
    "s3Location": {"bucket": "bundles", "key": "shop.zip", "bundleType": "zip"},
}
TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "codedeploy.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
IMAGE = "ami-12c6146b"
"""One that moto has from the start."""
FINAL = {"Succeeded", "Failed", "Stopped"}

MakeClient = Callable[..., Any]


def make_role(client: MakeClient, name: str = "deployer", trust: dict[str, Any] | None = None) -> str:
    document = json.dumps(trust or TRUST)
    iam = client("iam")
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return f"arn:aws:iam::123456789012:role/{name}"


def run_instances(
    client: MakeClient, count: int = 1, region: str = "us-east-1", zone: str = "", **tags: str
) -> list[str]:
    """Instances with the given tags, in an Availability Zone where one is given; their ids."""
    ec2 = client("ec2", region)
    specifications = [
        {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    ]
    reservation = ec2.run_instances(
        ImageId=IMAGE,
        MinCount=count,
        MaxCount=count,
        **({"TagSpecifications": specifications} if tags else {}),
        **({"Placement": {"AvailabilityZone": zone}} if zone else {}),
    )
    return [instance["InstanceId"] for instance in reservation["Instances"]]


def running_instances(ec2: Any) -> set[str]:
    """The ids of all that run."""
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    found = ec2.describe_instances(Filters=running)["Reservations"]
    return {each["InstanceId"] for reservation in found for each in reservation["Instances"]}


@dataclass(frozen=True)
class Shop:
    """The application `shop` with the deployment group `web`: instances tagged Name=web."""

    codedeploy: Any
    instances: list[str]

    @classmethod
    def open(
        cls, client: MakeClient, instances: int = 1, *, region: str = "us-east-1", **group: Any
    ) -> "Shop":
        codedeploy = client("codedeploy", region)
        codedeploy.create_application(applicationName="shop")
        settings = {
            "serviceRoleArn": make_role(client),
            "deploymentConfigName": "CodeDeployDefault.AllAtOnce",
            "ec2TagFilters": [{"Key": "Name", "Value": "web", "Type": "KEY_AND_VALUE"}],
        }
        codedeploy.create_deployment_group(
            applicationName="shop", deploymentGroupName="web", **(settings | group)
        )
        return cls(codedeploy, run_instances(client, instances, region, Name="web") if instances else [])

    def group(self) -> dict[str, Any]:
        answer = self.codedeploy.get_deployment_group(applicationName="shop", deploymentGroupName="web")
        return dict(answer["deploymentGroupInfo"])

    def deploy(self, revision: dict[str, Any] | None = GITHUB, **options: Any) -> str:
        given = {"revision": revision} if revision else {}
        answer = self.codedeploy.create_deployment(
            applicationName="shop", deploymentGroupName="web", **given, **options
        )
        return str(answer["deploymentId"])

    def begin(self, revision: dict[str, Any] | None = GITHUB, **options: Any) -> str:
        """A deployment that goes to its targets by now: before, they cannot be asked for."""
        deployment = self.deploy(revision, **options)
        wait_for(lambda: self.info(deployment)["status"] == "InProgress")
        return deployment

    def info(self, deployment: str) -> dict[str, Any]:
        return dict(self.codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"])

    def finish(self, deployment: str) -> dict[str, Any]:
        """The deployment's info once it has ended."""
        return dict(wait_for(lambda: self.info(deployment), lambda info: info["status"] in FINAL))

    def target(self, deployment: str, instance: str) -> dict[str, Any]:
        answer = self.codedeploy.get_deployment_target(deploymentId=deployment, targetId=instance)
        return dict(answer["deploymentTarget"]["instanceTarget"])

    def target_ids(self, deployment: str, **filters: list[str]) -> list[str]:
        pages = self.codedeploy.get_paginator("list_deployment_targets")
        asked = pages.paginate(deploymentId=deployment, targetFilters=filters)
        return [target for page in asked for target in page["targetIds"]]

    def targets(self, deployment: str) -> list[dict[str, Any]]:
        """All targets, as the API tells of them 25 at a time."""
        ids = self.target_ids(deployment)
        batches = [
            self.codedeploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=ids[i : i + 25])
            for i in range(0, len(ids), 25)
        ]
        return [target["instanceTarget"] for batch in batches for target in batch["deploymentTargets"]]

    def events(self, deployment: str, instance: str) -> dict[str, dict[str, Any]]:
        """A target's lifecycle events by name."""
        events = self.target(deployment, instance)["lifecycleEvents"]
        return {event["lifecycleEventName"]: event for event in events}


@contextmanager
def refused(code: str, match: str | None = None) -> Iterator[None]:
    """The call in the block is refused with this error code."""
    with pytest.raises(ClientError, match=match) as error:
        yield
    assert error.value.response["Error"]["Code"] == code


def wait_for(
    look: Callable[[], Any],
    good: Callable[[Any], bool] = bool,
    seconds: float = 120,
    pause: float = 0.01,
) -> Any:
    """What `look` returns once it is `good`; AssertionError when it surely never will be."""
    deadline = time.monotonic() + seconds
    while not good(seen := look()):
        assert time.monotonic() < deadline, f"still {seen}"
        time.sleep(pause)
    return seen
