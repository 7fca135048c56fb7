"""The instance metadata service's answers, over moto's account and without a host."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Literal

import boto3
import pytest

from local_cloud.hosts import instances
from local_cloud.hosts.metadata.service import MetadataService
from local_cloud.server import LocalCloud

KEY = "ssh-ed25519 AAAA test"
TOKEN = "X-aws-ec2-metadata-token"
SECONDS = "X-aws-ec2-metadata-token-ttl-seconds"
Client = Callable[..., Any]


class Host:
    def __init__(self, client: Client, **options: Any) -> None:
        self.ec2 = client("ec2")
        self.iam = client("iam")
        ami = client("ssm").get_parameter(
            Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
        )["Parameter"]["Value"]
        self.instance = self.ec2.run_instances(
            ImageId=ami, MinCount=1, MaxCount=1, InstanceType="t3a.nano", **options
        )["Instances"][0]
        self.id = self.instance["InstanceId"]
        self.service = MetadataService(lambda: instances.find(self.id), public_key=KEY)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> str:
        status, text = self.service.read(f"/latest/{path}", headers or {})
        assert status is HTTPStatus.OK, path
        return text

    def status(self, path: str, headers: Mapping[str, str] | None = None) -> HTTPStatus:
        return self.service.read(path, headers or {})[0]

    def attach(self, service: str) -> None:
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.role, profile = f"role-{self.id}", f"profile-{self.id}"
        self.iam.create_role(RoleName=self.role, AssumeRolePolicyDocument=trust)
        self.iam.create_instance_profile(InstanceProfileName=profile)
        self.iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=self.role)
        self.ec2.associate_iam_instance_profile(InstanceId=self.id, IamInstanceProfile={"Name": profile})


@pytest.fixture(scope="module")
def client(running_cloud: LocalCloud) -> Client:
    """Of an account that is emptied once: moto takes seconds for it, and every host here is another one."""
    running_cloud.reset()
    session = boto3.Session(
        "AKIALOCALCLOUDTESTS0", "a-long-and-random-looking-secret", region_name="us-east-1"
    )
    names: tuple[Literal["ec2"], Literal["iam"], Literal["ssm"]] = ("ec2", "iam", "ssm")
    clients = {name: session.client(name, endpoint_url=running_cloud.endpoint_url) for name in names}
    return clients.__getitem__


@pytest.fixture
def host(client: Client) -> Host:
    return Host(client)


class TestTree:
    def test_the_instance_is_described(self, host: Host) -> None:
        assert host.get("meta-data/instance-id") == host.id
        assert host.get("meta-data/local-ipv4") == host.instance["PrivateIpAddress"]
        assert host.get("meta-data/instance-type") == "t3a.nano"
        assert host.get("meta-data/placement/region") == "us-east-1"
        assert host.get("meta-data/mac") in host.get("meta-data/network/interfaces/macs/")

    def test_folders_are_listed(self, host: Host) -> None:
        listing = host.get("meta-data/").split("\n")
        assert {"instance-id", "placement/", "network/"} <= set(listing)
        assert "iam/" not in listing

    def test_dated_versions_are_the_latest(self, host: Host) -> None:
        assert host.service.read("/2021-07-15/meta-data/instance-id", {})[1] == host.id

    @pytest.mark.parametrize("path", ["/latest/nope", "/latest/meta-data/instance-id/x", "/later/meta-data"])
    def test_what_is_not_there_is_not_found(self, host: Host, path: str) -> None:
        assert host.status(path) is HTTPStatus.NOT_FOUND

    def test_the_key_pair_is_listed_by_name(self, client: Client) -> None:
        client("ec2").create_key_pair(KeyName="mine")
        host = Host(client, KeyName="mine")
        assert host.get("meta-data/public-keys/") == "0=mine"
        assert host.get("meta-data/public-keys/0/openssh-key").strip() == KEY

    def test_user_data_comes_as_it_was_given(self, client: Client) -> None:
        assert Host(client, UserData="#!/bin/sh\necho ü\n").get("user-data") == "#!/bin/sh\necho ü\n"

    def test_without_user_data_there_is_none(self, host: Host) -> None:
        assert host.status("/latest/user-data") is HTTPStatus.NOT_FOUND

    def test_the_identity_document_is_json(self, host: Host) -> None:
        document = json.loads(host.get("dynamic/instance-identity/document"))
        assert (document["instanceId"], document["region"]) == (host.id, "us-east-1")

    def test_tags_only_where_they_are_allowed(self, client: Client) -> None:
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}]
        closed = Host(client, TagSpecifications=tags)
        opened = Host(client, TagSpecifications=tags, MetadataOptions={"InstanceMetadataTags": "enabled"})
        assert closed.status("/latest/meta-data/tags/instance/Name") is HTTPStatus.NOT_FOUND
        assert opened.get("meta-data/tags/instance/Name") == "web"

    def test_an_elastic_ip_is_seen_at_once(self, host: Host) -> None:
        address = host.ec2.allocate_address(Domain="vpc")
        host.ec2.associate_address(InstanceId=host.id, AllocationId=address["AllocationId"])
        assert host.get("meta-data/public-ipv4") == address["PublicIp"]


class TestTokens:
    def test_a_token_opens(self, client: Client) -> None:
        host = Host(client, MetadataOptions={"HttpTokens": "required"})
        status, token = host.service.new_token({SECONDS: "60"})
        assert status is HTTPStatus.OK
        assert host.get("meta-data/instance-id", {TOKEN: token}) == host.id

    def test_without_one_where_it_is_required(self, client: Client) -> None:
        host = Host(client, MetadataOptions={"HttpTokens": "required"})
        assert host.status("/latest/meta-data/instance-id") is HTTPStatus.UNAUTHORIZED

    def test_a_wrong_one_is_refused_everywhere(self, host: Host) -> None:
        assert host.status("/latest/meta-data/", {TOKEN: "wrong"}) is HTTPStatus.UNAUTHORIZED

    @pytest.mark.parametrize("seconds", ["", "0", "21601", "-1", "many"])
    def test_a_lifetime_out_of_range_is_a_bad_request(self, host: Host, seconds: str) -> None:
        assert host.service.new_token({SECONDS: seconds})[0] is HTTPStatus.BAD_REQUEST

    def test_a_proxy_gets_none(self, host: Host) -> None:
        headers = {SECONDS: "60", "X-Forwarded-For": "10.0.0.1"}
        assert host.service.new_token(headers)[0] is HTTPStatus.FORBIDDEN

    def test_a_service_that_is_switched_off_answers_nothing(self, host: Host) -> None:
        host.ec2.modify_instance_metadata_options(InstanceId=host.id, HttpEndpoint="disabled")
        assert host.status("/latest/meta-data/") is HTTPStatus.FORBIDDEN
        assert host.service.new_token({SECONDS: "60"})[0] is HTTPStatus.FORBIDDEN


class TestCredentials:
    def test_without_a_profile_there_are_none(self, host: Host) -> None:
        assert host.status("/latest/meta-data/iam/security-credentials/") is HTTPStatus.NOT_FOUND

    def test_those_of_the_profiles_role(self, host: Host) -> None:
        host.attach("ec2.amazonaws.com")
        assert host.get("meta-data/iam/security-credentials/") == host.role
        assert json.loads(host.get("meta-data/iam/info"))["InstanceProfileArn"].endswith(
            f"/profile-{host.id}"
        )
        credentials = json.loads(host.get(f"meta-data/iam/security-credentials/{host.role}"))
        assert credentials["Code"] == "Success"
        assert credentials == json.loads(host.get(f"meta-data/iam/security-credentials/{host.role}"))

    def test_a_role_that_does_not_trust_ec2_gives_none(self, host: Host) -> None:
        host.attach("codedeploy.amazonaws.com")
        answer = json.loads(host.get(f"meta-data/iam/security-credentials/{host.role}"))
        assert answer["Code"] == "AssumeRoleUnauthorizedAccess"
        assert "AccessKeyId" not in answer

    def test_a_detached_profile_is_gone(self, host: Host) -> None:
        host.attach("ec2.amazonaws.com")
        filters = [{"Name": "instance-id", "Values": [host.id]}]
        found = host.ec2.describe_iam_instance_profile_associations(Filters=filters)
        association = found["IamInstanceProfileAssociations"][0]
        host.ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
        assert host.status("/latest/meta-data/iam/info") is HTTPStatus.NOT_FOUND
