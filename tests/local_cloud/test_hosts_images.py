"""Images of real hosts, and hosts that boot from them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.shop import wait_for
from tests.local_cloud.host_clouds import Cloud, started


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with started(tmp_path / "state") as cloud:
        yield cloud


def test_hosts_boot_from_what_another_one_was(cloud: Cloud) -> None:
    """From one that runs, and from one that is stopped; an image of an image as well."""
    [first] = cloud.launch()
    leave(cloud, first, "one")
    one = image(cloud, first, "one")
    second = launch(cloud, one)
    assert seen(cloud, second) == "one"
    assert identity(cloud, second) != identity(cloud, first)
    leave(cloud, second, "two")
    ec2 = cloud.client("ec2")
    ec2.stop_instances(InstanceIds=[second["InstanceId"]])
    cloud.wait(second["InstanceId"], "off")
    two = image(cloud, second, "two")
    third = launch(cloud, two)
    assert seen(cloud, third) == "one two"
    assert seen(cloud, first) == "one"
    files = cloud.state_dir / "images"
    assert {each.name for each in files.iterdir()} == {one, two}
    ec2.deregister_image(ImageId=one)
    ec2.deregister_image(ImageId=two)
    ec2.terminate_instances(InstanceIds=[second["InstanceId"]])
    wait_for(lambda: {each.name for each in files.iterdir()} == {two})
    assert seen(cloud, third) == "one two"


def leave(cloud: Cloud, instance: Any, word: str) -> None:
    cloud.ssh(instance["PrivateIpAddress"], f"echo {word} | sudo tee -a /srv/words")


def seen(cloud: Cloud, instance: Any) -> str:
    return " ".join(cloud.ssh(instance["PrivateIpAddress"], "cat /srv/words").split())


def identity(cloud: Cloud, instance: Any) -> str:
    """What two machines never share."""
    return cloud.ssh(instance["PrivateIpAddress"], "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub")


def image(cloud: Cloud, instance: Any, name: str) -> str:
    """An image of the instance, once it is there."""
    ec2 = cloud.client("ec2")
    identifier = str(ec2.create_image(InstanceId=instance["InstanceId"], Name=f"image {name}")["ImageId"])

    def state() -> str:
        return str(ec2.describe_images(ImageIds=[identifier])["Images"][0]["State"])

    assert wait_for(state, lambda found: found != "pending", seconds=60) == "available"
    return identifier


def launch(cloud: Cloud, image_id: str) -> Any:
    ec2 = cloud.client("ec2")
    [instance] = ec2.run_instances(
        ImageId=image_id, InstanceType="t3a.nano", MinCount=1, MaxCount=1, KeyName="test"
    )["Instances"]
    cloud.wait(instance["InstanceId"], "ready")
    return instance
