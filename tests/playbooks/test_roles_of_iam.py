"""Who may take the roles, and what they grant, in both policy profiles."""

import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import pytest

from local_cloud.testing.clouds import LocalCloud

REPOSITORY = "OWNER/codedeploy.nginx.001"
EC2 = "AWSCodeDeployService-EC2AccessCodeDeployRole-20241024T000000"
CODEDEPLOY = "AWSCodeDeployService-DepolyEC2Role-20241024T000000"
GITHUB = "AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000"
ISSUER = "token.actions.githubusercontent.com"
ARTICLE = {
    EC2: {
        "AmazonEC2FullAccess",
        "AmazonEC2RoleforAWSCodeDeploy",
        "AmazonS3FullAccess",
        "AmazonSSMManagedInstanceCore",
        "AWSCodeDeployFullAccess",
        "AWSCodeDeployRole",
    },
    CODEDEPLOY: {"AWSCodeDeployFullAccess", "AWSCodeDeployRole"},
    GITHUB: {"AmazonS3FullAccess", "AWSCodeDeployFullAccess"},
}

Provision = Callable[..., str]


@pytest.fixture
def provision(ansible_playbook: Callable[..., Any], addresses: dict[str, Any]) -> Provision:
    """Runs provision-iam.yml to its end; what it said."""

    def run(**settings: Any) -> str:
        result = ansible_playbook("provision-iam.yml", **addresses, **settings)
        assert result.returncode == 0, result.stdout + result.stderr
        said: str = result.stdout
        return said

    return run


def attached(iam: Any, role: str) -> set[str]:
    return {each["PolicyName"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}


def trust(iam: Any, role: str) -> dict[str, Any]:
    [statement] = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement.pop("Sid")
    only: dict[str, Any] = statement
    return only


def emit_immutable_subject(cloud: LocalCloud, addresses: dict[str, Any], *, yes: bool) -> str:
    """Make the repository's tokens name owner and repository with or without ids; how they begin then."""
    url = f"{cloud.github_url}/api/v3/repos/{REPOSITORY}/actions/oidc/customization/sub"
    headers = {"Authorization": f"Bearer {addresses['pipeline_github_token']}"}
    body = json.dumps({"use_default": True, "use_immutable_subject": yes}).encode()
    for request in (Request(url, body, headers, method="PUT"), Request(url, headers=headers)):  # noqa: S310 - loopback
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            said = json.load(answer)
    prefix: str = said["sub_claim_prefix"]
    return prefix


def test_each_role_is_taken_by_one_principal_and_grants_what_is_used(
    provision: Provision, iam: Any, cloud: LocalCloud, addresses: dict[str, Any]
) -> None:
    emit_immutable_subject(cloud, addresses, yes=False)

    provision()

    assert trust(iam, EC2)["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert trust(iam, CODEDEPLOY)["Principal"] == {"Service": "codedeploy.amazonaws.com"}
    assert trust(iam, GITHUB) == {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"},
        "Condition": {
            "StringEquals": {
                f"{ISSUER}:aud": "sts.amazonaws.com",
                f"{ISSUER}:sub": f"repo:{REPOSITORY}:environment:Prod",
            }
        },
    }
    assert iam.list_role_policies(RoleName=EC2)["PolicyNames"] == []
    [profile] = iam.list_instance_profiles_for_role(RoleName=EC2)["InstanceProfiles"]
    assert profile["InstanceProfileName"] == EC2
    policy = iam.get_role_policy(RoleName=GITHUB, PolicyName="github")["PolicyDocument"]
    deploy = policy["Statement"][0]
    assert deploy["Resource"] == [
        "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:test.codeDeploy.001/test.deploymentGroup.001"
    ]
    assert all(statement["Sid"] for statement in policy["Statement"])


@pytest.mark.long
def test_the_subject_is_what_the_repository_says(
    provision: Provision, iam: Any, cloud: LocalCloud, addresses: dict[str, Any]
) -> None:
    prefix = emit_immutable_subject(cloud, addresses, yes=True)
    assert "@" in prefix

    provision()

    assert trust(iam, GITHUB)["Condition"]["StringEquals"][f"{ISSUER}:sub"] == f"{prefix}:environment:Prod"


def test_a_subject_that_cannot_be_asked_is_not_guessed(
    ansible_playbook: Callable[..., Any], cloud: LocalCloud, addresses: dict[str, Any]
) -> None:
    result = ansible_playbook("provision-iam.yml", **addresses | {"pipeline_github_token": ""})

    assert result.returncode != 0
    said = " ".join(result.stdout.split())
    assert "give a token that may read the repository's Actions settings in GITHUB_TOKEN" in said
    assert cloud.log.entries(mutating=True) == []


@pytest.mark.long
def test_profiles_can_be_switched_and_what_others_attached_stays(provision: Provision, iam: Any) -> None:
    provision()
    audit = iam.create_policy(
        PolicyName="audit",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
        ),
    )["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=EC2, PolicyArn=audit)

    provision(pipeline_iam_policy_profile="article")

    for role, policies in ARTICLE.items():
        assert attached(iam, role) - {"audit"} == policies
        assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []
    assert "audit" in attached(iam, EC2)

    provision()

    assert [attached(iam, role) for role in ARTICLE] == [{"audit"}, set(), set()]
    assert iam.list_role_policies(RoleName=GITHUB)["PolicyNames"] == ["github"]


@pytest.mark.long
def test_in_china_tokens_are_for_its_own_sts(
    ansible_playbook: Callable[..., Any], client: Callable[..., Any], addresses: dict[str, Any]
) -> None:
    there = {"AWS_REGION": "cn-north-1", "AWS_DEFAULT_REGION": "cn-north-1"}
    environment = {"pipeline_aws_environment": addresses["pipeline_aws_environment"] | there}

    result = ansible_playbook("provision-iam.yml", pipeline_region="cn-north-1", **addresses | environment)

    assert result.returncode == 0, result.stdout + result.stderr
    iam = client("iam", "cn-north-1")
    statement = trust(iam, GITHUB)
    assert statement["Principal"] == {"Federated": f"arn:aws-cn:iam::123456789012:oidc-provider/{ISSUER}"}
    assert statement["Condition"]["StringEquals"][f"{ISSUER}:aud"] == "sts.amazonaws.com.cn"
    [provider] = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    assert found["ClientIDList"] == ["sts.amazonaws.com.cn"]


@pytest.mark.long
def test_a_permissions_boundary_that_is_emptied_is_taken_away(
    provision: Provision, cloud: LocalCloud, iam: Any
) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    bounds = iam.create_policy(PolicyName="bounds", PolicyDocument=json.dumps(document))["Policy"]["Arn"]

    provision(pipeline_iam_permissions_boundary=bounds)
    assert iam.get_role(RoleName=GITHUB)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == bounds

    provision()
    assert [name for name in ARTICLE if "PermissionsBoundary" in iam.get_role(RoleName=name)["Role"]] == []
    cloud.log.clear()
    provision()
    assert cloud.log.entries(mutating=True) == []
