"""Images that are made of instances, as EC2 tells of them."""

from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.testing.shop import refused
from tests.local_cloud.instances import run

MakeClient = Callable[..., Any]
TAGS = [{"Key": "Team", "Value": "shop"}]


def make(client: MakeClient, name: str = "golden", **more: Any) -> tuple[str, str]:
    """An instance, and an image of it."""
    [instance] = run(client)
    answer = client("ec2").create_image(InstanceId=instance["InstanceId"], Name=name, **more)
    return instance["InstanceId"], answer["ImageId"]


def describe(client: MakeClient, image: str, region: str = "us-east-1") -> dict[str, Any]:
    [found] = client("ec2", region).describe_images(ImageIds=[image])["Images"]
    return dict(found)


class TestImage:
    def test_is_as_its_instance(self, client: MakeClient) -> None:
        instance, image = make(client, Description="with the shop")
        found = describe(client, image)
        [original] = client("ec2").describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]

        assert (found["State"], found["OwnerId"], found["Public"]) == ("available", "123456789012", False)
        assert (found["Name"], found["Description"]) == ("golden", "with the shop")
        assert found["SourceInstanceId"] == instance
        for member in ("Architecture", "RootDeviceName", "RootDeviceType", "Hypervisor"):
            assert found[member] == original[member]
        mine = client("ec2").describe_images(Owners=["self"])["Images"]
        assert [each["ImageId"] for each in mine] == [image]

    def test_is_launched_from(self, client: MakeClient) -> None:
        _, image = make(client)
        [instance] = run(client, ImageId=image)

        assert instance["ImageId"] == image

    def test_has_tags_of_its_own_and_of_its_snapshot(self, client: MakeClient) -> None:
        specifications = [{"ResourceType": kind, "Tags": TAGS} for kind in ("image", "snapshot")]
        _, image = make(client, TagSpecifications=specifications)
        found = describe(client, image)
        snapshot = found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]

        assert found["Tags"] == TAGS
        [described] = client("ec2").describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
        assert described["Tags"] == TAGS

    @pytest.mark.parametrize("encrypted", [True, False])
    def test_has_a_snapshot_that_is_encrypted_as_the_disk_is(
        self, client: MakeClient, encrypted: bool
    ) -> None:
        ec2 = client("ec2")
        disk = {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": encrypted, "VolumeSize": 9}}
        [instance] = run(client, BlockDeviceMappings=[disk])
        image = ec2.create_image(InstanceId=instance["InstanceId"], Name="golden")["ImageId"]
        snapshot = describe(client, image)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
        [described] = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
        assert described["Encrypted"] is encrypted

    def test_has_a_name_to_itself(self, client: MakeClient) -> None:
        instance, image = make(client)
        with refused("InvalidAMIName.Duplicate", match=image):
            client("ec2").create_image(InstanceId=instance, Name="golden")

    @pytest.mark.parametrize("name", ["a" * 129, "gold*"])
    def test_with_a_bad_name_is_refused(self, client: MakeClient, name: str) -> None:
        with refused("InvalidAMIName.Malformed"):
            make(client, name)

    def test_of_an_instance_that_has_ended_is_refused(self, client: MakeClient) -> None:
        [instance] = run(client)
        client("ec2").terminate_instances(InstanceIds=[instance["InstanceId"]])
        with refused("IncorrectState"):
            client("ec2").create_image(InstanceId=instance["InstanceId"], Name="golden")

    def test_is_launched_from_no_longer_once_it_is_deregistered(self, client: MakeClient) -> None:
        _, image = make(client)
        client("ec2").deregister_image(ImageId=image)
        with refused("InvalidAMIID.NotFound"):
            run(client, ImageId=image)


class TestCopy:
    @pytest.mark.parametrize(("with_tags", "expected"), [(True, TAGS), (False, [])])
    def test_to_another_region(
        self, client: MakeClient, with_tags: bool, expected: list[dict[str, str]]
    ) -> None:
        _, image = make(client, TagSpecifications=[{"ResourceType": "image", "Tags": TAGS}])
        ec2 = client("ec2", "eu-west-1")
        answer = ec2.copy_image(
            SourceImageId=image, SourceRegion="us-east-1", Name="silver", CopyImageTags=with_tags
        )
        found = describe(client, answer["ImageId"], "eu-west-1")

        assert found.get("Tags", []) == expected
        assert (found["Name"], found["State"]) == ("silver", "available")
        assert found["RootDeviceName"] == describe(client, image)["RootDeviceName"]

    def test_of_what_is_not_there_is_refused(self, client: MakeClient) -> None:
        with refused("InvalidAMIID.NotFound"):
            client("ec2").copy_image(
                SourceImageId="ami-0123456789abcdef0", SourceRegion="us-east-1", Name="silver"
            )
