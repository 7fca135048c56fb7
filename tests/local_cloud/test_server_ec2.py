"""What EC2 and SSM do here as on AWS, where moto alone does not."""

import ipaddress
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local_cloud.aws import moto
from local_cloud.aws.moto.ec2 import instances as ec2_instances
from local_cloud.hosts import instances
from local_cloud.server import LocalCloud
from local_cloud.testing.shop import wait_for
from tests.local_cloud.instances import AL2023, TRUST, image, run

Client = Callable[..., Any]


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        (f"{AL2023}x86_64", "x86_64"),
        (f"{AL2023}arm64", "arm64"),
        ("/aws/service/debian/release/12/latest/amd64", "x86_64"),
        ("/aws/service/debian/release/12/latest/arm64", "arm64"),
    ],
)
def test_public_parameters_name_images_that_exist(client: Client, name: str, architecture: str) -> None:
    value = client("ssm").get_parameter(Name=name)["Parameter"]["Value"]

    [found] = client("ec2").describe_images(ImageIds=[value])["Images"]

    assert found["Architecture"] == architecture


def test_addresses_are_never_a_strangers_and_never_twice_the_same(client: Client) -> None:
    allocated = [client("ec2").allocate_address(Domain="vpc")["PublicIp"] for _ in range(3)]
    launched = [instance["PublicIpAddress"] for instance in run(client, MinCount=2, MaxCount=2)]

    assert allocated + launched == [f"198.18.0.{number}" for number in range(1, 6)]


def test_an_elastic_ip_becomes_the_instances_public_address(client: Client) -> None:
    ec2 = client("ec2")
    [instance] = run(client)
    address = ec2.allocate_address(Domain="vpc")

    ec2.associate_address(InstanceId=instance["InstanceId"], AllocationId=address["AllocationId"])

    [[described]] = [r["Instances"] for r in ec2.describe_instances()["Reservations"]]
    assert described["PublicIpAddress"] == address["PublicIp"]


def test_an_instance_that_names_no_subnet_goes_into_a_default_one(client: Client) -> None:
    [first] = run(client)
    [second] = run(client, Placement={"AvailabilityZone": "us-east-1b"})

    subnets = {each["SubnetId"]: each for each in client("ec2").describe_subnets()["Subnets"]}
    for instance, zone in ((first, "us-east-1a"), (second, "us-east-1b")):
        subnet = subnets[instance["SubnetId"]]
        assert subnet["DefaultForAz"]
        assert subnet["AvailabilityZone"] == instance["Placement"]["AvailabilityZone"] == zone
        address = ipaddress.ip_address(instance["PrivateIpAddress"])
        assert address in ipaddress.ip_network(subnet["CidrBlock"])
    assert first["PrivateIpAddress"] != "172.31.0.1"


@pytest.mark.parametrize(
    ("instance_type", "architecture", "supported"),
    [("t3a.nano", "arm64", "x86_64"), ("t4g.nano", "x86_64", "arm64")],
)
def test_an_image_of_the_other_architecture_is_refused(
    client: Client, instance_type: str, architecture: str, supported: str
) -> None:
    with pytest.raises(ClientError) as refused:
        run(client, InstanceType=instance_type, ImageId=image(client, architecture))

    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidParameterValue"
    assert error["Message"].startswith(
        f"The architecture '{supported}' of the specified instance type does not match"
        f" the architecture '{architecture}' of the specified AMI."
    )


def test_an_image_may_be_given_by_parameter(client: Client) -> None:
    [instance] = run(client, ImageId=f"resolve:ssm:{AL2023}arm64", InstanceType="t4g.nano")

    assert instance["ImageId"] == image(client, "arm64")
    assert instance["Architecture"] == "arm64"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ImageId": "ami-00000000000000000"}, "InvalidAMIID.NotFound"),
        ({"InstanceType": "t3z.nano"}, "InvalidParameterValue"),
        ({"KeyName": "nobodys"}, "InvalidKeyPair.NotFound"),
        ({"IamInstanceProfile": {"Name": "nobodys"}}, "InvalidParameterValue"),
    ],
)
def test_what_does_not_exist_is_refused(client: Client, wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        run(client, **wrong)

    assert refused.value.response["Error"]["Code"] == code
    assert client("ec2").describe_instances()["Reservations"] == []


def test_an_instance_profile_needs_a_role(client: Client) -> None:
    iam = client("iam")
    iam.create_instance_profile(InstanceProfileName="web")
    with pytest.raises(ClientError, match="has no associated IAM Roles"):
        run(client, IamInstanceProfile={"Name": "web"})
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=TRUST)
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")

    instances = run(client, IamInstanceProfile={"Name": "web"}, MinCount=1, MaxCount=2)

    associations = client("ec2").describe_iam_instance_profile_associations()[
        "IamInstanceProfileAssociations"
    ]
    assert {each["InstanceId"] for each in associations} == {each["InstanceId"] for each in instances}
    assert len(instances) == 2


def test_an_instance_tells_of_the_profile_that_took_the_place_of_another(client: Client) -> None:
    iam, ec2 = client("iam"), client("ec2")
    profiles = {}
    for name in ("first", "second"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        profiles[name] = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    [instance] = run(client, IamInstanceProfile={"Name": "first"})
    of_it = [{"Name": "instance-id", "Values": [instance["InstanceId"]]}]

    def described() -> tuple[dict[str, str], str]:
        [reservation] = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"]
        [association] = ec2.describe_iam_instance_profile_associations(Filters=of_it)[
            "IamInstanceProfileAssociations"
        ]
        assert (
            association["IamInstanceProfile"]["Arn"]
            == reservation["Instances"][0]["IamInstanceProfile"]["Arn"]
        )
        return reservation["Instances"][0]["IamInstanceProfile"], association["AssociationId"]

    def shown(name: str) -> dict[str, str]:
        return {"Arn": profiles[name]["Arn"], "Id": profiles[name]["InstanceProfileId"]}

    before, association = described()
    assert before == shown("first")
    ec2.replace_iam_instance_profile_association(
        AssociationId=association, IamInstanceProfile={"Name": "second"}
    )
    after, other = described()
    assert after == shown("second")
    assert other != association


def test_an_ed25519_key_can_be_imported(client: Client) -> None:
    public = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)

    client("ec2").import_key_pair(KeyName="deployer", PublicKeyMaterial=public)

    [key] = client("ec2").describe_key_pairs(IncludePublicKey=True)["KeyPairs"]
    assert key["KeyType"] == "ed25519"
    assert key["PublicKey"].split()[:2] == public.decode().split()[:2]
    [instance] = run(client, KeyName="deployer")
    assert instance["KeyName"] == "deployer"


def test_the_tags_of_an_elastic_ip_are_found_by_its_type(client: Client) -> None:
    ec2 = client("ec2")
    given = [{"Key": "Owner", "Value": "team"}]
    address = ec2.allocate_address(
        Domain="vpc", TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": given}]
    )

    [tag] = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["elastic-ip"]}])["Tags"]

    assert (tag["ResourceId"], tag["Key"], tag["Value"]) == (address["AllocationId"], "Owner", "team")


def test_describing_a_rule_anew_says_that_it_succeeded(client: Client) -> None:
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="web", Description="Web")["GroupId"]
    rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "All of it"}]}

    answer = ec2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=[rule])

    assert answer["Return"] is True
    [found] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert found["IpPermissionsEgress"][0]["IpRanges"][0]["Description"] == "All of it"


def test_an_elastic_ip_stays_through_a_stop_and_outlives_its_instance(client: Client) -> None:
    ec2 = client("ec2")
    [instance] = run(client)
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(InstanceId=instance["InstanceId"], AllocationId=address["AllocationId"])

    for change in (ec2.stop_instances, ec2.start_instances):
        change(InstanceIds=[instance["InstanceId"]])
        [[described]] = [r["Instances"] for r in ec2.describe_instances()["Reservations"]]
        assert described["PublicIpAddress"] == address["PublicIp"]

    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    [found] = ec2.describe_addresses()["Addresses"]
    assert found["PublicIp"] == address["PublicIp"]
    assert not {"AssociationId", "InstanceId", "NetworkInterfaceId"} & {k for k, v in found.items() if v}


def test_an_instance_that_is_started_again_is_launched_then(client: Client) -> None:
    ec2 = client("ec2")
    [instance] = run(client)
    ids = {"InstanceIds": [instance["InstanceId"]]}

    def launched() -> datetime:
        [reservation] = ec2.describe_instances(**ids)["Reservations"]
        time: datetime = reservation["Instances"][0]["LaunchTime"]
        return time

    first = launched()
    ec2.start_instances(**ids)
    assert launched() == first
    ec2.stop_instances(**ids)
    assert launched() == first
    # EC2 tells seconds.
    wait_for(lambda: datetime.now(UTC) >= first + timedelta(seconds=1))
    ec2.start_instances(**ids)
    assert launched() > first


def test_an_instance_that_loses_its_elastic_ip_has_another_address(client: Client) -> None:
    ec2 = client("ec2")
    [instance] = run(client)
    address = ec2.allocate_address(Domain="vpc")
    given = ec2.associate_address(InstanceId=instance["InstanceId"], AllocationId=address["AllocationId"])

    ec2.disassociate_address(AssociationId=given["AssociationId"])

    [[described]] = [r["Instances"] for r in ec2.describe_instances()["Reservations"]]
    assert described["PublicIpAddress"] not in {address["PublicIp"], ""}


def test_no_two_regions_give_the_same_private_address(client: Client) -> None:
    here, there = (
        client("ec2", region).run_instances(ImageId="ami-12c6146b", MinCount=2, MaxCount=2)["Instances"]
        for region in ("us-east-1", "eu-west-1")
    )
    addresses = [instance["PrivateIpAddress"] for instance in (*here, *there)]
    assert len(set(addresses)) == 4


def test_status_checks_are_what_the_host_says(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ec2 = client("ec2")
    run(client)
    for health, check in (("initializing", "initializing"), ("ok", "passed"), ("impaired", "failed")):
        monkeypatch.setattr(ec2_instances, "_health", lambda _, health=health: health)
        [status] = ec2.describe_instance_status()["InstanceStatuses"]
        assert status["InstanceStatus"]["Status"] == status["SystemStatus"]["Status"] == health
        assert status["InstanceStatus"]["Details"][0]["Status"] == check


def test_a_pending_instance_runs_when_its_host_has_started(client: Client, local_cloud: LocalCloud) -> None:
    moto.install(replace(local_cloud.settings, hosts=True, pending_instances=True), local_cloud.history)
    [instance] = run(client)
    assert instance["State"] == {"Code": 0, "Name": "pending"}
    assert instances.wanted()[instance["InstanceId"]].state == "running"

    instances.host_has_started(instance["InstanceId"])

    [status] = client("ec2").describe_instance_status()["InstanceStatuses"]
    assert status["InstanceState"] == {"Code": 16, "Name": "running"}
    moto.install(local_cloud.settings, local_cloud.history)


class TestOidcProviderClients:
    def test_come_and_go_and_may_be_said_twice(self, client: Client) -> None:
        iam = client("iam")
        arn = iam.create_open_id_connect_provider(
            Url="https://token.actions.githubusercontent.com", ClientIDList=["first"]
        )["OpenIDConnectProviderArn"]

        for _ in range(2):
            iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="second")
        found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        assert found["ClientIDList"] == ["first", "second"]

        for _ in range(2):
            iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="first")
        found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        assert found["ClientIDList"] == ["second"]

    def test_of_no_provider_are_refused(self, client: Client) -> None:
        with pytest.raises(ClientError) as refused:
            client("iam").add_client_id_to_open_id_connect_provider(
                OpenIDConnectProviderArn="arn:aws:iam::123456789012:oidc-provider/nowhere.example",
                ClientID="one",
            )
        assert refused.value.response["Error"]["Code"] == "NoSuchEntity"


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_what_is_in_use_is_neither_released_nor_deleted(client: Client) -> None:
    ec2 = client("ec2")
    [instance] = run(client)
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instance["InstanceId"])
    group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    ec2.modify_instance_attribute(InstanceId=instance["InstanceId"], Groups=[group])

    released = refusal(ec2.release_address, AllocationId=address["AllocationId"])
    deleted = refusal(ec2.delete_security_group, GroupId=group)

    assert released == ("InvalidIPAddress.InUse", f"Address {address['PublicIp']} is in use.")
    assert deleted == ("DependencyViolation", f"resource {group} has a dependent object")
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    ec2.release_address(AllocationId=address["AllocationId"])
    ec2.delete_security_group(GroupId=group)
    assert ec2.describe_addresses()["Addresses"] == []


def test_a_group_of_an_interface_and_a_vpcs_own_group_stay(client: Client) -> None:
    ec2 = client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]
    [default] = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]

    assert refusal(ec2.delete_security_group, GroupId=group)[0] == "DependencyViolation"
    assert refusal(ec2.delete_security_group, GroupId=default["GroupId"])[0] == "CannotDelete"
    ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    ec2.delete_security_group(GroupId=group)


def test_an_instance_that_has_ended_is_neither_started_nor_stopped(client: Client) -> None:
    ec2 = client("ec2")
    [instance] = run(client)
    ended = {"InstanceIds": [instance["InstanceId"]]}
    ec2.terminate_instances(**ended)

    assert refusal(ec2.start_instances, **ended)[0] == "IncorrectInstanceState"
    assert refusal(ec2.stop_instances, **ended)[0] == "IncorrectInstanceState"
    [reservation] = ec2.describe_instances(**ended)["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] == "terminated"
