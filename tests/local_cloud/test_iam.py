"""Roles and instance profiles that EC2 and CodeDeploy do not know yet."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.aws import moto
from local_cloud.server import LocalCloud

Client = Callable[..., Any]
IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


@pytest.fixture
def propagate(local_cloud: LocalCloud) -> Iterator[Callable[[float], None]]:
    """Set how long IAM's news take to arrive, in seconds."""

    def set_delay(seconds: float) -> None:
        moto.install(replace(local_cloud.settings, iam_propagation_seconds=seconds), local_cloud.history)

    yield set_delay
    moto.install(local_cloud.settings, local_cloud.history)


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
    iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=trust("codedeploy.amazonaws.com"))

    iam.attach_role_policy(
        RoleName="deployer", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole"
    )

    [attached] = iam.list_attached_role_policies(RoleName="deployer")["AttachedPolicies"]
    assert attached["PolicyName"] == "AWSCodeDeployRole"


def named(**principal: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}


ACCOUNT = "arn:aws:iam::123456789012"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "Syntax errors in policy."),
        ([], "Syntax errors in policy."),
        ({"Version": "2012-10-17", "Statement": []}, "Syntax errors in policy."),
        ({"Effect": "Allow", "Action": "sts:AssumeRole"}, "Missing required field Principal"),
        (named(Service="ec2.amazonaws.com") | {"Resource": "*"}, "Has prohibited field Resource."),
        (named(Service="ec2.amazonaws.com") | {"Action": "s3:GetObject"}, "Trust Policy statement actions"),
        (named(Service="ec2.amazonaws.com") | {"Effect": "allow"}, "The policy failed legacy parsing"),
        (named(), "The passed in policy has a statement with no principals!"),
        (named(AWS=f"{ACCOUNT}:user/nobody"), f'Invalid principal in policy: "AWS":"{ACCOUNT}:user/nobody"'),
        (named(AWS=f"{ACCOUNT}:role/nobody"), f'Invalid principal in policy: "AWS":"{ACCOUNT}:role/nobody"'),
        (named(AWS=[f"{ACCOUNT}:root", f"{ACCOUNT}:role/*"]), 'Invalid principal in policy: "AWS"'),
        (named(AWS="12345"), 'Invalid principal in policy: "AWS":"12345"'),
        (named(Service="ec2"), 'Invalid principal in policy: "SERVICE":"ec2"'),
        (named(Federated="GitHub"), 'Invalid principal in policy: "FEDERATED":"GitHub"'),
    ],
)
@pytest.mark.parametrize("operation", ["create_role", "update_assume_role_policy"])
def test_a_trust_policy_names_somebody_who_exists(
    client: Client, operation: str, document: dict[str, Any], words: str
) -> None:
    iam = client("iam")
    if "Effect" in document:
        document = {"Version": "2012-10-17", "Statement": [document]}
    given = {"RoleName": "web", "AssumeRolePolicyDocument": json.dumps(document)}
    if operation == "update_assume_role_policy":
        iam.create_role(RoleName="web", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
        given = {"RoleName": "web", "PolicyDocument": json.dumps(document)}

    with pytest.raises(ClientError) as refused:
        getattr(iam, operation)(**given)

    assert refused.value.response["Error"]["Code"] == "MalformedPolicyDocument"
    assert words in refused.value.response["Error"]["Message"]


def test_a_trust_policy_may_name_who_exists_and_who_can_not_be_known(client: Client) -> None:
    iam = client("iam")
    iam.create_user(UserName="jane")
    iam.create_role(RoleName="first", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    elsewhere = "arn:aws:iam::999999999999:role/whoever"
    names = [f"{ACCOUNT}:{each}" for each in ("root", "user/jane", "role/first")] + [
        elsewhere,
        "999999999999",
    ]

    iam.create_role(
        RoleName="second",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": named(AWS=names)}),
    )


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("create_role", {"RoleName": "my role"}, "ValidationError"),
        ("create_role", {"RoleName": "r" * 65}, "ValidationError"),
        ("create_role", {"RoleName": "web", "Description": "d" * 1001}, "ValidationError"),
        ("create_role", {"RoleName": "web", "Path": "no-slash"}, "ValidationError"),
        ("create_role", {"RoleName": "web", "MaxSessionDuration": 90_000}, "ValidationError"),
        ("create_instance_profile", {"InstanceProfileName": "my profile"}, "ValidationError"),
    ],
)
def test_names_and_lengths_are_those_of_iams_model(
    client: Client, operation: str, given: dict[str, Any], code: str
) -> None:
    if operation == "create_role":
        given = {"AssumeRolePolicyDocument": trust("ec2.amazonaws.com"), **given}

    with pytest.raises(ClientError) as refused:
        getattr(client("iam"), operation)(**given)

    assert refused.value.response["Error"]["Code"] == code


def test_the_words_of_a_name_that_is_too_long_and_of_one_with_a_blank(client: Client) -> None:
    for name, words in {
        "r"
        * 65: f"1 validation error detected: Value '{'r' * 65}' at 'roleName' failed to satisfy constraint:"
        " Member must have length less than or equal to 64",
        "my role": "The specified value for roleName is invalid. It must contain only alphanumeric"
        " characters and/or the following: +=,.@_-",
    }.items():
        with pytest.raises(ClientError) as refused:
            client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
        assert refused.value.response["Error"]["Message"] == words


def test_a_policy_of_an_identity_names_no_principal(client: Client) -> None:
    iam = client("iam")
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Principal": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    with pytest.raises(ClientError, match="should not specify a principal"):
        iam.put_role_policy(RoleName="web", PolicyName="read", PolicyDocument=document)
    with pytest.raises(ClientError, match="should not specify a principal"):
        iam.create_policy(PolicyName="read", PolicyDocument=document)


def test_policies_have_room_for_so_many_characters(client: Client) -> None:
    iam = client("iam")
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    read = {"Effect": "Allow", "Action": "s3:GetObject"}

    def policy(count: int) -> str:
        resources = [f"arn:aws:s3:::{'b' * 50}-{number:04}" for number in range(count)]
        # White space does not count.
        statement = {**read, "Resource": resources}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=16)

    iam.create_policy(PolicyName="large", PolicyDocument=policy(80))
    iam.put_role_policy(RoleName="web", PolicyName="first", PolicyDocument=policy(80))
    with pytest.raises(ClientError, match="Cannot exceed quota for PolicySize: 6144"):
        iam.create_policy(PolicyName="larger", PolicyDocument=policy(100))
    with pytest.raises(ClientError, match="Maximum policy size of 10240 bytes exceeded for role web"):
        iam.put_role_policy(RoleName="web", PolicyName="second", PolicyDocument=policy(80))
    iam.put_role_policy(RoleName="web", PolicyName="first", PolicyDocument=policy(90))


class TestOidcProviders:
    ISSUER = "token.actions.githubusercontent.com"

    def create(self, client: Client, url: str) -> Any:
        return client("iam").create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"])

    @pytest.mark.parametrize("url", [f"https://{ISSUER}", f"https://{ISSUER}/", f"https://{ISSUER.title()}"])
    def test_an_issuer_has_one_however_it_is_written(self, client: Client, url: str) -> None:
        assert (
            self.create(client, url)["OpenIDConnectProviderArn"] == f"{ACCOUNT}:oidc-provider/{self.ISSUER}"
        )

        for again in (f"https://{self.ISSUER}", f"https://{self.ISSUER}/", f"https://{self.ISSUER.upper()}"):
            with pytest.raises(ClientError) as refused:
                self.create(client, again)
            assert refused.value.response["Error"] | {"Type": "", "message": ""} == {
                "Code": "EntityAlreadyExists",
                "Message": f"Provider with url https://{self.ISSUER} already exists.",
                "Type": "",
                "message": "",
            }

    @pytest.mark.parametrize(
        "url", [f"http://{ISSUER}", ISSUER, f"https://{ISSUER}?x=1", f"https://{ISSUER}:8443", "https://"]
    )
    def test_what_is_no_issuers_address_is_refused(self, client: Client, url: str) -> None:
        with pytest.raises(ClientError, match="Invalid Open ID Connect Provider URL"):
            self.create(client, url)


def test_a_role_leaves_an_instance_profile_once(client: Client) -> None:
    """A second call, as after a lost answer, is told that it is gone."""
    iam = client("iam")
    iam.create_role(RoleName="host", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    iam.create_instance_profile(InstanceProfileName="host")
    names = {"InstanceProfileName": "host", "RoleName": "host"}
    iam.add_role_to_instance_profile(**names)
    iam.remove_role_from_instance_profile(**names)

    with pytest.raises(iam.exceptions.NoSuchEntityException, match="Role host is not in"):
        iam.remove_role_from_instance_profile(**names)

    assert iam.get_instance_profile(InstanceProfileName="host")["InstanceProfile"]["Roles"] == []
