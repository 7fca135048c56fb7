"""Stacks of CloudFormation are made as their template says, or fail plainly."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.hosts import instances
from local_cloud.server import LocalCloud

Client = Callable[..., Any]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com", "codedeploy.amazonaws.com"]}}
        | {"Action": "sts:AssumeRole"}
    ],
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
CODEDEPLOY = {
    "Role": ROLE,
    "Application": {
        "Type": "AWS::CodeDeploy::Application",
        "Properties": {"ApplicationName": "shop", "ComputePlatform": "Server"},
    },
    "Config": {
        "Type": "AWS::CodeDeploy::DeploymentConfig",
        "Properties": {
            "DeploymentConfigName": "half",
            "MinimumHealthyHosts": {"Type": "FLEET_PERCENT", "Value": "50"},
        },
    },
    "Group": {
        "Type": "AWS::CodeDeploy::DeploymentGroup",
        "Properties": {
            "ApplicationName": {"Ref": "Application"},
            "DeploymentGroupName": "web",
            "DeploymentConfigName": {"Ref": "Config"},
            "ServiceRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "Ec2TagSet": {
                "Ec2TagSetList": [
                    {"Ec2TagGroup": [{"Key": "Role", "Value": "web", "Type": "KEY_AND_VALUE"}]},
                    {"Ec2TagGroup": [{"Key": "Stage", "Value": "test", "Type": "KEY_AND_VALUE"}]},
                ]
            },
            "AutoRollbackConfiguration": {"Enabled": "true", "Events": ["DEPLOYMENT_FAILURE"]},
        },
    },
}


def create(client: Client, resources: dict[str, Any]) -> str:
    """Make a stack, and tell how that ended."""
    stacks = client("cloudformation")
    stacks.create_stack(
        StackName="site", TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_IAM"]
    )
    status: str = stacks.describe_stacks(StackName="site")["Stacks"][0]["StackStatus"]
    return status


def test_codedeploys_resources_are_made_and_end_with_the_stack(client: Client) -> None:
    codedeploy = client("codedeploy")

    assert create(client, CODEDEPLOY) == "CREATE_COMPLETE"

    group = codedeploy.get_deployment_group(applicationName="shop", deploymentGroupName="web")[
        "deploymentGroupInfo"
    ]
    assert group["deploymentConfigName"] == "half"
    assert group["autoRollbackConfiguration"] == {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
    assert [[each["Key"] for each in tags] for tags in group["ec2TagSet"]["ec2TagSetList"]] == [
        ["Role"],
        ["Stage"],
    ]
    config = codedeploy.get_deployment_config(deploymentConfigName="half")["deploymentConfigInfo"]
    assert config["minimumHealthyHosts"] == {"type": "FLEET_PERCENT", "value": 50}

    client("cloudformation").delete_stack(StackName="site")

    assert codedeploy.list_applications()["applications"] == []
    assert "half" not in codedeploy.list_deployment_configs()["deploymentConfigsList"]


def test_a_deployment_group_follows_its_template(client: Client) -> None:
    create(client, CODEDEPLOY)
    group = CODEDEPLOY["Group"]
    changed = {**group, "Properties": {**group["Properties"], "OutdatedInstancesStrategy": "IGNORE"}}  # type: ignore[dict-item]

    client("cloudformation").update_stack(
        StackName="site", TemplateBody=json.dumps({"Resources": {**CODEDEPLOY, "Group": changed}})
    )

    found = client("codedeploy").get_deployment_group(applicationName="shop", deploymentGroupName="web")
    assert found["deploymentGroupInfo"]["outdatedInstancesStrategy"] == "IGNORE"


def test_names_that_a_template_leaves_out_are_made_up(client: Client) -> None:
    create(client, {"Application": {"Type": "AWS::CodeDeploy::Application"}})

    [name] = client("codedeploy").list_applications()["applications"]
    [found] = client("cloudformation").describe_stack_resources(StackName="site")["StackResources"]
    assert name.startswith("site-Application")
    assert found["PhysicalResourceId"] == name


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"ServiceRoleArn": "arn:aws:iam::123456789012:role/nobody"}, "nobody"),
        ({"DeploymentConfigName": "CodeDeployDefault.Never"}, "CodeDeployDefault.Never"),
        ({"Colour": "red"}, "unsupported property Colour"),
    ],
)
def test_what_can_not_be_made_takes_the_rest_of_its_stack_with_it(
    client: Client, wrong: dict[str, str], reason: str
) -> None:
    group = CODEDEPLOY["Group"]
    broken = {**group, "Properties": {**group["Properties"], **wrong}}  # type: ignore[dict-item]

    assert create(client, {**CODEDEPLOY, "Group": broken}) == "ROLLBACK_COMPLETE"

    events = client("cloudformation").describe_stack_events(StackName="site")["StackEvents"]
    assert any(reason in each.get("ResourceStatusReason", "") for each in events)
    assert client("codedeploy").list_applications()["applications"] == []
    assert client("iam").list_roles()["Roles"] == []


def test_a_change_set_that_fails_is_told_by_its_stack(client: Client) -> None:
    stacks = client("cloudformation")
    group = CODEDEPLOY["Group"]
    broken = {**group, "Properties": {**group["Properties"], "DeploymentConfigName": "nobodys"}}  # type: ignore[dict-item]
    template = json.dumps({"Resources": {**CODEDEPLOY, "Group": broken}})
    stacks.create_change_set(
        StackName="site", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=template
    )

    stacks.execute_change_set(StackName="site", ChangeSetName="first")

    assert stacks.describe_stacks(StackName="site")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    assert client("codedeploy").list_applications()["applications"] == []


def test_a_resource_type_that_there_is_not_is_refused(client: Client) -> None:
    resources = {
        "Metadata": {"Type": "AWS::CDK::Metadata"},
        "App": {"Type": "AWS::CodeDeploy::Application"},
        "Nothing": {"Type": "AWS::Nothing::AtAll"},
    }
    for call in ("create_stack", "create_change_set"):
        more = {"ChangeSetName": "one", "ChangeSetType": "CREATE"} if call == "create_change_set" else {}
        with pytest.raises(ClientError) as refused:
            getattr(client("cloudformation"), call)(
                StackName="site", TemplateBody=json.dumps({"Resources": resources}), **more
            )
        assert refused.value.response["Error"]["Message"] == (
            "Template format error: Unrecognized resource types: [AWS::Nothing::AtAll]"
        )
    assert client("codedeploy").list_applications()["applications"] == []


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{", "YAML not well-formed."),
        ("a: [", "YAML not well-formed."),
        ("text", "unsupported structure."),
        ('{"Resources": []}', "unsupported structure."),
        ('{"Resources": {}}', "At least one Resources member must be defined."),
        ("Parameters: {}", "At least one Resources member must be defined."),
        ('{"Resources": {"A": 5}}', "Every Resources object must be an object."),
    ],
)
def test_what_is_no_template_is_refused(client: Client, template: str, words: str) -> None:
    with pytest.raises(ClientError) as refused:
        client("cloudformation").create_stack(StackName="site", TemplateBody=template)
    assert refused.value.response["Error"] == {
        "Type": "Sender",
        "Code": "ValidationError",
        "Message": f"Template format error: {words}",
    }


def test_an_instance_of_a_stack_is_a_host_as_long_as_the_stack_is(
    client: Client, local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = client("ssm").get_parameter(
        Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    )["Parameter"]["Value"]
    group = client("ec2").create_security_group(GroupName="web", Description="Web")["GroupId"]
    looks: list[set[str]] = []
    monkeypatch.setattr(
        local_cloud,
        "_hosts",
        type("Hosts", (), {"notify": lambda _: looks.append(set(instances.wanted()))})(),
    )
    resources = {
        "Role": ROLE,
        "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Role"}]}},
        "Host": {
            "Type": "AWS::EC2::Instance",
            "Properties": {
                "ImageId": image,
                "InstanceType": "t3a.nano",
                "IamInstanceProfile": {"Ref": "Profile"},
                "SecurityGroupIds": [group],
                "Tags": [{"Key": "Role", "Value": "web"}],
            },
        },
    }

    assert create(client, resources) == "CREATE_COMPLETE"

    [instance] = client("ec2").describe_instances()["Reservations"][0]["Instances"]
    assert [each["GroupId"] for each in instance["SecurityGroups"]] == [group]
    assert instance["IamInstanceProfile"]
    assert {"Key": "Role", "Value": "web"} in instance["Tags"]
    client("cloudformation").delete_stack(StackName="site")
    assert looks == [{instance["InstanceId"]}, set()]
