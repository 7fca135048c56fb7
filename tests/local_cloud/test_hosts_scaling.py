"""A group of real hosts: one is killed, and the next has the last good revision before it is in service."""

import base64
import json
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local_cloud.hosts import engines
from local_cloud.settings import Settings
from local_cloud.testing.shop import FINAL, TRUST, wait_for
from tests.local_cloud.host_clouds import AMAZON_LINUX, Cloud, started
from tests.local_cloud.instances import TRUST as TRUST_EC2

SECONDS = 200
APPSPEC = """\
version: 0.0
os: linux
files:
  - source: page
    destination: /srv
"""
WITH_AGENT = """\
#!/bin/bash
dnf install --assumeyes --quiet ruby wget
cd /root
wget --quiet https://aws-codedeploy-us-east-1.s3.us-east-1.amazonaws.com/latest/install
chmod +x install
./install auto
"""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with started(tmp_path / "state") as cloud:
        yield cloud


def test_a_killed_host_is_replaced_by_one_that_serves_the_same(cloud: Cloud, tmp_path: Path) -> None:
    make_group(cloud)
    revision = publish(cloud, tmp_path / "shop")
    codedeploy = make_deployment_group(cloud)
    [first] = instances(cloud)
    codedeploy.create_deployment(applicationName="shop", deploymentGroupName="web", revision=revision)
    assert ended(codedeploy, 1)[0] == ("user", "Succeeded")
    assert page(cloud, first) == "hello"

    kill(cloud, first)
    second = wait_for(lambda: replacement(cloud, first), seconds=SECONDS, pause=0.1)

    assert page(cloud, second) == "hello"
    newest = ended(codedeploy, 2)[0]
    assert newest == ("autoscaling", "Succeeded")
    launch, termination, *_ = cloud.client("autoscaling").describe_scaling_activities()["Activities"]
    assert "in response to an EC2 health check" in termination["Cause"]
    latest = codedeploy.list_deployments()["deployments"][0]
    deployed = codedeploy.get_deployment(deploymentId=latest)["deploymentInfo"]["completeTime"]
    assert deployed <= launch["EndTime"]
    [host] = cloud.status()["hosts"]
    assert host["instance_id"] == second


def make_group(cloud: Cloud) -> None:
    iam, ec2 = cloud.client("iam"), cloud.client("ec2")
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=TRUST_EC2)
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    ec2.create_launch_template(
        LaunchTemplateName="web",
        LaunchTemplateData={
            "ImageId": cloud.client("ssm").get_parameter(Name=AMAZON_LINUX)["Parameter"]["Value"],
            "InstanceType": "t3a.nano",
            "KeyName": "test",
            "IamInstanceProfile": {"Name": "web"},
            "UserData": base64.b64encode(WITH_AGENT.encode()).decode(),
        },
    )
    cloud.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="fleet",
        LaunchTemplate={"LaunchTemplateName": "web"},
        MinSize=1,
        MaxSize=2,
        AvailabilityZones=["us-east-1a", "us-east-1b"],
    )


def publish(cloud: Cloud, folder: Path, hooks: str = "") -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    (folder / "appspec.yml").write_text(APPSPEC + hooks)
    (folder / "page").write_text("hello")
    [commit] = set(re.findall(r"\b[0-9a-f]{40}\b", cloud.run("publish", str(folder), "OWNER/shop")))
    location = {"repository": "OWNER/shop", "commitId": commit}
    return {"revisionType": "GitHub", "gitHubLocation": location}


def make_deployment_group(cloud: Cloud, **group: Any) -> Any:
    role = cloud.client("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(TRUST))
    codedeploy = cloud.client("codedeploy")
    codedeploy.create_application(applicationName="shop")
    codedeploy.create_deployment_group(
        applicationName="shop",
        deploymentGroupName="web",
        serviceRoleArn=role["Role"]["Arn"],
        autoScalingGroups=["fleet"],
        **group,
    )
    return codedeploy


def instances(cloud: Cloud, state: str = "InService") -> list[str]:
    [group] = cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return [each["InstanceId"] for each in group["Instances"] if each["LifecycleState"] == state]


def replacement(cloud: Cloud, ended_one: str) -> str | None:
    """The other instance, once it is in service."""
    return next((each for each in instances(cloud) if each != ended_one), None)


def ended(codedeploy: Any, count: int) -> list[tuple[str, str]]:
    """Creator and status of so many deployments, latest first, all of them at their end."""

    def look() -> list[tuple[str, str]]:
        ids = codedeploy.list_deployments()["deployments"]
        infos = [codedeploy.get_deployment(deploymentId=each)["deploymentInfo"] for each in ids]
        return [(info["creator"], info["status"]) for info in infos]

    found = wait_for(
        look, lambda seen: len(seen) == count and all(s in FINAL for _, s in seen), seconds=SECONDS, pause=0.2
    )
    return list(found)


def page(cloud: Cloud, instance: str) -> str:
    found = cloud.client("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
    return cloud.ssh(found[0]["Instances"][0]["PrivateIpAddress"], "cat /srv/page")


def kill(cloud: Cloud, instance: str) -> None:
    """The host's first process, as by pulling the plug."""
    engine = engines.find(replace(Settings(), state_dir=cloud.state_dir))
    os.kill(int(engine.inspect(instance)["State"]["Pid"]), signal.SIGKILL)
