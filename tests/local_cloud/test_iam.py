"""Roles and instance profiles that EC2 and CodeDeploy do not know yet."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.aws import moto_changes
from local_cloud.server import LocalCloud

Client = Callable[..., Any]
IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


@pytest.fixture
def propagate(local_cloud: LocalCloud) -> Iterator[Callable[[float], None]]:
    """Set how long IAM's news take to arrive, in seconds."""

    def set_delay(seconds: float) -> None:
        moto_changes.install(replace(local_cloud.settings, iam_propagation_seconds=seconds))

    yield set_delay
    moto_changes.install(local_cloud.settings)


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_new_instance_profile_is_refused_until_it_has_arrived(
    client: Client, propagate: Callable[[float], None]
) -> None:
    iam = client("iam")
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")

    def run() -> Any:
        return client("ec2").run_instances(
            ImageId=IMAGE,
            InstanceType="t3a.nano",
            MinCount=1,
            MaxCount=1,
            IamInstanceProfile={"Name": "web"},
        )

    propagate(3600)
    with pytest.raises(ClientError) as refused:
        run()
    assert refused.value.response["Error"] == {
        "Code": "InvalidParameterValue",
        "Message": "Value (web) for parameter iamInstanceProfile.name is invalid."
        " Invalid IAM Instance Profile name",
    }
    propagate(0)
    assert run()["Instances"]


def test_a_new_service_role_is_refused_until_it_has_arrived(
    client: Client, propagate: Callable[[float], None]
) -> None:
    role = client("iam").create_role(
        RoleName="deploy", AssumeRolePolicyDocument=trust("codedeploy.amazonaws.com")
    )["Role"]
    codedeploy = client("codedeploy")
    codedeploy.create_application(applicationName="shop", computePlatform="Server")

    def create() -> Any:
        return codedeploy.create_deployment_group(
            applicationName="shop", deploymentGroupName="web", serviceRoleArn=role["Arn"]
        )

    propagate(3600)
    with pytest.raises(ClientError) as refused:
        create()
    assert refused.value.response["Error"]["Code"] == "InvalidRoleException"
    propagate(0)
    assert create()["deploymentGroupId"]


def test_the_managed_policies_of_aws_are_there(client: Client) -> None:
    iam = client("iam")
    iam.create_role(RoleName="deployer", AssumeRolePolicyDocument="{}")

    iam.attach_role_policy(
        RoleName="deployer", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole"
    )

    [attached] = iam.list_attached_role_policies(RoleName="deployer")["AttachedPolicies"]
    assert attached["PolicyName"] == "AWSCodeDeployRole"
