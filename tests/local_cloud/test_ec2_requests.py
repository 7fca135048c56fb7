"""What EC2 refuses of a request, what a client token and a launch template mean to it."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from local_cloud.server import LocalCloud
from tests.local_cloud.instances import TRUST, image, run

Client = Callable[..., Any]


def refusal(call: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(*arguments, **options)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def subnet(client: Client) -> dict[str, Any]:
    """The first of the default VPC: 172.31.0.0/20."""
    found = client("ec2").describe_subnets()["Subnets"]
    first: dict[str, Any] = min(found, key=lambda each: each["AvailabilityZone"])
    return first


def launched(client: Client) -> list[dict[str, Any]]:
    return [
        instance
        for reservation in client("ec2").describe_instances()["Reservations"]
        for instance in reservation["Instances"]
    ]


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OPENSSH = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
PUBLIC = KEY.public_key().public_bytes(*OPENSSH)


@pytest.mark.parametrize(
    "material",
    [
        KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        ),
        KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        b"\xef\xbb\xbf" + PUBLIC,
        b'command="true" ' + PUBLIC,
        PUBLIC[:40],
        b"ssh-rsa \xff",
        b"no key at all",
        b"",
        ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*OPENSSH),
    ],
    ids=["private", "PKCS8", "SPKI", "BOM", "options", "cut", "binary", "text", "empty", "ECDSA"],
)
def test_only_public_keys_of_openssh_are_imported(client: Client, material: bytes) -> None:
    assert refusal(client("ec2").import_key_pair, KeyName="deployer", PublicKeyMaterial=material) == (
        "InvalidKey.Format",
        "Key is not in valid OpenSSH public key format",
    )


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("10.0.0.1", "InvalidParameterValue", "does not fall within the subnet's address range"),
        ("172.31.200.9", "InvalidParameterValue", "does not fall within the subnet's address range"),
        *(
            (f"172.31.{end}", "InvalidParameterValue", "is in subnet's reserved address range")
            for end in ("0.0", "0.1", "0.2", "0.3", "15.255")
        ),
        ("172.31.0.50", "InvalidIPAddress.InUse", "Address 172.31.0.50 is in use."),
        ("fifty", "InvalidParameterValue", "Invalid IPv4 address"),
    ],
)
def test_a_private_address_is_a_free_one_of_its_subnet(
    client: Client, address: str, code: str, words: str
) -> None:
    subnet_id = subnet(client)["SubnetId"]
    [first] = run(client, SubnetId=subnet_id, PrivateIpAddress="172.31.0.50")
    interface = {"DeviceIndex": 0, "SubnetId": subnet_id, "PrivateIpAddress": address}

    for given in ({"SubnetId": subnet_id, "PrivateIpAddress": address}, {"NetworkInterfaces": [interface]}):
        found, message = refusal(run, client, **given)
        assert (found, words in message) == (code, True), message

    assert [each["InstanceId"] for each in launched(client)] == [first["InstanceId"]]


def test_an_address_is_free_again_after_its_instance(client: Client) -> None:
    subnet_id = subnet(client)["SubnetId"]
    [first] = run(client, SubnetId=subnet_id, PrivateIpAddress="172.31.0.50")
    client("ec2").terminate_instances(InstanceIds=[first["InstanceId"]])

    [second] = run(client, SubnetId=subnet_id, PrivateIpAddress="172.31.0.50")

    assert second["PrivateIpAddress"] == "172.31.0.50"


def test_an_address_of_another_region_is_in_use_too(client: Client) -> None:
    """All regions' hosts are on one network here."""
    there = client("ec2", "eu-west-1").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    address = there["Instances"][0]["PrivateIpAddress"]

    assert refusal(run, client, SubnetId=subnet(client)["SubnetId"], PrivateIpAddress=address)[0] == (
        "InvalidIPAddress.InUse"
    )


def test_an_address_is_for_one_instance(client: Client) -> None:
    assert refusal(run, client, PrivateIpAddress="172.31.0.50", MinCount=2, MaxCount=2)[0] == (
        "InvalidParameterCombination"
    )


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ImageId": "ami-one"}, "InvalidAMIID.Malformed"),
        ({"ImageId": "image"}, "InvalidAMIID.Malformed"),
        ({"SecurityGroupIds": ["web"]}, "InvalidGroupId.Malformed"),
        ({"SecurityGroupIds": ["sg-00000000000000000"]}, "InvalidGroup.NotFound"),
        ({"SecurityGroups": ["nobodys"]}, "InvalidGroup.NotFound"),
        ({"SubnetId": "subnet-00000000000000000"}, "InvalidSubnetID.NotFound"),
        ({"MinCount": 2, "MaxCount": 1}, "InvalidParameterValue"),
        ({"MinCount": 0, "MaxCount": 0}, "InvalidParameterValue"),
        ({"MinCount": 1, "MaxCount": 100_000}, "InsufficientFreeAddressesInSubnet"),
        ({"UserData": "x" * 16385}, "InvalidParameterValue"),
    ],
)
def test_a_launch_that_can_not_be_is_refused(client: Client, wrong: dict[str, Any], code: str) -> None:
    assert refusal(run, client, **wrong)[0] == code
    assert launched(client) == []


def test_the_type_of_an_instance_changes_while_it_is_stopped(client: Client) -> None:
    ec2 = client("ec2")
    [instance] = run(client, InstanceType="t3a.nano")
    change = {"InstanceId": instance["InstanceId"], "InstanceType": {"Value": "t3a.micro"}}
    assert refusal(ec2.modify_instance_attribute, **change)[0] == "IncorrectInstanceState"

    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    ec2.modify_instance_attribute(**change)

    [reservation] = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"]
    assert reservation["Instances"][0]["InstanceType"] == "t3a.micro"


def test_an_address_is_for_an_instance_that_has_not_ended(client: Client) -> None:
    ec2 = client("ec2")
    [instance] = run(client)
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    given = {
        "AllocationId": ec2.allocate_address(Domain="vpc")["AllocationId"],
        "InstanceId": instance["InstanceId"],
    }
    assert refusal(ec2.associate_address, **given)[0] == "InvalidInstanceID"


def tagged(*tags: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags]}]


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([("aws:mine", "yes")], "InvalidParameterValue"),
        ([("Role", "web"), ("Role", "database")], "InvalidParameterValue"),
        ([("k" * 129, "")], "InvalidParameterValue"),
        ([("Role", "v" * 257)], "InvalidParameterValue"),
        ([(f"Key{number}", "") for number in range(51)], "TagLimitExceeded"),
    ],
)
def test_tags_have_their_limits(client: Client, tags: list[tuple[str, str]], code: str) -> None:
    ec2 = client("ec2")
    assert refusal(run, client, TagSpecifications=tagged(*tags))[0] == code
    [instance] = run(client)
    pairs = tagged(*tags)[0]["Tags"]
    assert refusal(ec2.create_tags, Resources=[instance["InstanceId"]], Tags=pairs)[0] == code


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"GroupName": "sg-web", "Description": "Web"}, "may not be in the format sg-*"),
        ({"GroupName": "web", "Description": "Öffentlich"}, "Valid descriptions are strings"),
        ({"GroupName": "web", "Description": "d" * 256}, "Valid descriptions are strings"),
    ],
)
def test_a_security_groups_name_and_description_are_plain(
    client: Client, given: dict[str, str], words: str
) -> None:
    code, message = refusal(client("ec2").create_security_group, **given)

    assert code == "InvalidParameterValue"
    assert words in message


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({}, "InvalidPermission.Duplicate"),
        ({"FromPort": 90}, "InvalidParameterValue"),
        ({"ToPort": 70_000}, "InvalidParameterValue"),
        ({"FromPort": -1, "ToPort": -1}, "InvalidParameterValue"),
        ({"IpProtocol": "http"}, "InvalidPermission.Malformed"),
        ({"IpRanges": [{"CidrIp": "10.0.0.0/33"}]}, "InvalidParameterValue"),
        ({"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "Büro"}]}, "InvalidParameterValue"),
    ],
)
def test_a_rule_is_a_new_one_that_can_be(client: Client, rule: dict[str, Any], code: str) -> None:
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="web", Description="Web")["GroupId"]
    first = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[first])

    assert (
        refusal(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[first | rule])[0] == code
    )


class TestClientTokens:
    def test_the_same_request_gives_the_same_instances(self, client: Client) -> None:
        first = run(client, ClientToken="one", MinCount=2, MaxCount=2)
        again = run(client, ClientToken="one", MinCount=2, MaxCount=2)
        other = run(client, ClientToken="two", MinCount=2, MaxCount=2)

        ids = [{each["InstanceId"] for each in instances} for instances in (first, again, other)]
        assert ids[0] == ids[1]
        assert not ids[0] & ids[2]
        assert len(launched(client)) == 4

    def test_another_request_with_the_token_is_refused(self, client: Client) -> None:
        run(client, ClientToken="one")

        code, message = refusal(run, client, ClientToken="one", InstanceType="t3a.micro")

        assert code == "IdempotentParameterMismatch"
        assert message.startswith("Arguments on this idempotent request are inconsistent")

    def test_a_request_that_was_refused_may_be_mended(self, client: Client) -> None:
        refusal(run, client, ClientToken="one", KeyName="nobodys")

        assert run(client, ClientToken="one")

    def test_a_dry_run_uses_no_token(self, client: Client) -> None:
        with pytest.raises(ClientError, match="DryRunOperation"):
            run(client, ClientToken="one", DryRun=True)

        assert run(client, ClientToken="one")

    def test_the_token_of_a_terminated_instance_is_used_up(self, client: Client) -> None:
        [instance] = run(client, ClientToken="one")
        client("ec2").terminate_instances(InstanceIds=[instance["InstanceId"]])

        assert refusal(run, client, ClientToken="one")[0] == "IdempotentInstanceTerminated"

    def test_an_instance_that_has_ended_is_ended_again(self, client: Client) -> None:
        """Its interface went with it, which is no error of the second call."""
        subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        interface = {"DeviceIndex": 0, "SubnetId": subnet, "DeleteOnTermination": True}
        [instance] = run(client, NetworkInterfaces=[interface])
        ids = [instance["InstanceId"]]
        first, again = (client("ec2").terminate_instances(InstanceIds=ids) for _ in range(2))

        assert first["TerminatingInstances"][0]["PreviousState"]["Name"] == "running"
        assert again["TerminatingInstances"][0]["PreviousState"]["Name"] == "terminated"

    def test_regions_and_accounts_have_their_own(self, client: Client, local_cloud: LocalCloud) -> None:
        given = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, "ClientToken": "one"}
        here = client("ec2").run_instances(**given)["Instances"][0]["InstanceId"]
        there = client("ec2", "eu-west-1").run_instances(**given)["Instances"][0]["InstanceId"]
        local_cloud.reset()
        later = client("ec2").run_instances(**given)["Instances"][0]["InstanceId"]

        assert len({here, there, later}) == 3

    @pytest.mark.parametrize(
        ("operation", "given", "path"),
        [
            ("create_volume", {"AvailabilityZone": "us-east-1a", "Size": 1}, ["VolumeId"]),
            (
                "create_launch_template",
                {"LaunchTemplateName": "web", "LaunchTemplateData": {"InstanceType": "t3.nano"}},
                ["LaunchTemplate", "LaunchTemplateId"],
            ),
            ("create_network_interface", {"SubnetId": ...}, ["NetworkInterface", "NetworkInterfaceId"]),
            (
                "create_nat_gateway",
                {"SubnetId": ..., "ConnectivityType": "private"},
                ["NatGateway", "NatGatewayId"],
            ),
            ("create_route_table", {"VpcId": ...}, ["RouteTable", "RouteTableId"]),
        ],
    )
    def test_all_operations_that_have_one_remember_it(
        self, client: Client, operation: str, given: dict[str, Any], path: list[str]
    ) -> None:
        where = subnet(client)
        given = {name: where[name] if value is ... else value for name, value in given.items()}
        made = []
        for _ in range(2):
            answer = getattr(client("ec2"), operation)(**given, ClientToken="one")
            for name in path:
                answer = answer[name]
            made.append(answer)

        assert made[0] == made[1]


def own_tags(instance: dict[str, Any]) -> dict[str, str]:
    """Without those that tell the template."""
    return {each["Key"]: each["Value"] for each in instance["Tags"] if not each["Key"].startswith("aws:")}


class TestLaunchTemplates:
    @pytest.fixture
    def template(self, client: Client) -> dict[str, Any]:
        iam = client("iam")
        iam.create_role(RoleName="web", AssumeRolePolicyDocument=TRUST)
        iam.create_instance_profile(InstanceProfileName="web")
        iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
        data = {
            "ImageId": image(client, "x86_64"),
            "InstanceType": "t3a.nano",
            "IamInstanceProfile": {"Name": "web"},
            "UserData": base64.b64encode(b"#!/bin/sh").decode(),
            "TagSpecifications": tagged(("Role", "web"), ("Stage", "test")),
        }
        client("ec2").create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
        return {"LaunchTemplateName": "web"}

    def test_says_what_a_request_leaves_out(self, client: Client, template: dict[str, Any]) -> None:
        instances = client("ec2").run_instances(LaunchTemplate=template, MinCount=2, MaxCount=2)["Instances"]

        for instance in instances:
            assert instance["InstanceType"] == "t3a.nano"
            assert instance["ImageId"] == image(client, "x86_64")
            assert own_tags(instance) == {"Role": "web", "Stage": "test"}
        associations = client("ec2").describe_iam_instance_profile_associations()[
            "IamInstanceProfileAssociations"
        ]
        assert {each["InstanceId"] for each in associations} == {each["InstanceId"] for each in instances}
        attribute = client("ec2").describe_instance_attribute(
            InstanceId=instances[0]["InstanceId"], Attribute="userData"
        )
        assert base64.b64decode(attribute["UserData"]["Value"]) == b"#!/bin/sh"

    def test_gives_way_to_the_request(self, client: Client, template: dict[str, Any]) -> None:
        [instance] = client("ec2").run_instances(
            LaunchTemplate=template,
            InstanceType="t3a.micro",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=tagged(("Stage", "live"), ("Owner", "team")),
        )["Instances"]

        assert instance["InstanceType"] == "t3a.micro"
        assert own_tags(instance) == {"Role": "web", "Stage": "live", "Owner": "team"}

    @pytest.mark.parametrize("source", ["1", "$Latest", "$Default"])
    def test_has_in_another_version_what_its_source_has_but_for_what_is_given(
        self, client: Client, template: dict[str, Any], source: str
    ) -> None:
        ec2 = client("ec2")
        before = ec2.describe_launch_template_versions(**template)["LaunchTemplateVersions"][0]
        made = ec2.create_launch_template_version(
            **template, SourceVersion=source, LaunchTemplateData={"InstanceType": "t3a.micro"}
        )["LaunchTemplateVersion"]

        assert made["VersionNumber"] == 2
        assert made["LaunchTemplateData"] == before["LaunchTemplateData"] | {"InstanceType": "t3a.micro"}
        without = ec2.create_launch_template_version(
            **template, LaunchTemplateData={"InstanceType": "t3a.micro"}
        )["LaunchTemplateVersion"]
        assert without["LaunchTemplateData"] == {"InstanceType": "t3a.micro"}

    def test_loses_versions_but_for_the_default_one(self, client: Client) -> None:
        ec2 = client("ec2")
        name = {"LaunchTemplateName": "shop"}
        ec2.create_launch_template(**name, LaunchTemplateData={"InstanceType": "t3a.nano"})
        for kind in ("t3a.micro", "t3a.small"):
            ec2.create_launch_template_version(**name, LaunchTemplateData={"InstanceType": kind})
        answer = ec2.delete_launch_template_versions(**name, Versions=["1", "2", "9"])

        [deleted] = answer["SuccessfullyDeletedLaunchTemplateVersions"]
        assert (deleted["LaunchTemplateName"], deleted["VersionNumber"]) == ("shop", 2)
        kept = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
        assert [each["VersionNumber"] for each in kept] == [1, 9]
        assert kept[1]["ResponseError"]["Code"] == "launchTemplateVersionDoesNotExist"
        # No number is given twice, and each still leads to its own.
        ec2.delete_launch_template_versions(**name, Versions=["3"])
        made = ec2.create_launch_template_version(**name, LaunchTemplateData={"InstanceType": "t3a.medium"})
        assert made["LaunchTemplateVersion"]["VersionNumber"] == 4
        held = ec2.describe_launch_template_versions(**name)["LaunchTemplateVersions"]
        assert [each["VersionNumber"] for each in held] == [1, 4]
        [fourth] = ec2.describe_launch_template_versions(**name, Versions=["4"])["LaunchTemplateVersions"]
        assert fourth["LaunchTemplateData"]["InstanceType"] == "t3a.medium"
        code, _ = refusal(ec2.describe_launch_template_versions, **name, Versions=["2"])
        assert code == "InvalidLaunchTemplateId.VersionNotFound"

    def test_is_checked_as_the_request_is(self, client: Client) -> None:
        ec2 = client("ec2")
        ec2.create_launch_template(
            LaunchTemplateName="bad",
            LaunchTemplateData={
                "ImageId": image(client, "x86_64"),
                "InstanceType": "t3a.nano",
                "IamInstanceProfile": {"Name": "nobodys"},
            },
        )

        assert (
            refusal(ec2.run_instances, LaunchTemplate={"LaunchTemplateName": "bad"}, MinCount=1, MaxCount=1)[
                0
            ]
            == "InvalidParameterValue"
        )
        assert launched(client) == []
