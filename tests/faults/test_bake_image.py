"""An image is baked of a real host, once for each content; what is launched from it needs nobody."""

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from local_cloud.testing.hosts import first_process
from local_cloud.testing.shop import wait_for
from tests.faults.pipeline_runs import Pipeline

OWNED = [{"Name": "tag:ManagedBy", "Values": ["aws-codedeploy-pipeline"]}]
BUILDERS = [{"Name": "tag:ManagedBy", "Values": ["aws-codedeploy-pipeline-builder"]}]
ALIVE = {"Name": "instance-state-name", "Values": ["pending", "running"]}


@pytest.fixture(scope="module")
def baked(started: Pipeline, empty_account: str) -> Iterator[Pipeline]:
    """An account with its roles and one image; in the end all is as it was."""
    for playbook in ("provision-iam.yml", "bake-image.yml"):
        played = started.playbook(playbook)
        assert played.returncode == 0, played.stdout + played.stderr
    yield started
    played = started.playbook("destroy.yml", "-e", "confirm=test.codeDeploy.001")
    assert played.returncode == 0, played.stdout
    assert started.holdings() == empty_account
    assert images(started) == snapshots(started) == []


def images(pipeline: Pipeline) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pipeline.client("ec2").describe_images(Owners=["self"])["Images"]
    return found


def snapshots(pipeline: Pipeline) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pipeline.client("ec2").describe_snapshots(Filters=OWNED)["Snapshots"]
    return found


def builders(pipeline: Pipeline) -> list[dict[str, Any]]:
    answer = pipeline.client("ec2").describe_instances(Filters=[*BUILDERS, ALIVE])
    return [each for reservation in answer["Reservations"] for each in reservation["Instances"]]


def test_it_is_private_encrypted_and_tagged_and_its_builder_is_gone(baked: Pipeline) -> None:
    [image] = images(baked)
    [snapshot] = snapshots(baked)
    assert (image["State"], image["Public"], snapshot["Encrypted"]) == ("available", False, True)
    tags = {each["Key"]: each["Value"] for each in image["Tags"]}
    assert image["Name"] == f"ec2-cheaper-001-{tags['Version']}"
    assert tags["Application"] == "test.codeDeploy.001"
    assert builders(baked) == []
    assert baked.client("ec2").describe_security_groups(Filters=BUILDERS)["SecurityGroups"] == []


def test_the_same_content_is_not_baked_again(baked: Pipeline) -> None:
    [image] = images(baked)
    again = baked.playbook("bake-image.yml")
    assert again.returncode == 0, again.stdout
    assert "changed=0" in again.stdout
    assert image["ImageId"] in again.stdout
    assert images(baked) == [image]


def test_a_host_of_it_has_all_but_a_release_and_nobody_s_keys(baked: Pipeline) -> None:
    [image] = images(baked)
    ec2 = baked.client("ec2")
    profile = baked.client("iam").list_instance_profiles()["InstanceProfiles"][0]["Arn"]
    [instance] = ec2.run_instances(
        ImageId=image["ImageId"],
        InstanceType="t3a.nano",
        MinCount=1,
        MaxCount=1,
        IamInstanceProfile={"Arn": profile},
    )["Instances"]
    identifier = instance["InstanceId"]
    try:
        ec2.get_waiter("instance_running").wait(InstanceIds=[identifier])
        services = "systemctl is-active nginx codedeploy-agent"
        wait_for(lambda: inside(identifier, services).split() == ["active"] * 2, seconds=60)
        status = inside(
            identifier, "curl --silent --output /dev/null --write-out %{http_code} http://localhost/"
        )
        assert status in {"403", "404"}
        assert inside(identifier, "ls -A /opt/codedeploy-agent/deployment-root; true").split() in (
            [],
            ["deployment-logs"],
        )
        assert inside(identifier, "cat /home/*/.ssh/authorized_keys") == ""
        assert re.fullmatch("[0-9a-f]{32}", inside(identifier, "cat /etc/machine-id").strip())
    finally:
        ec2.terminate_instances(InstanceIds=[identifier])


def inside(instance: str, command: str) -> str:
    """What a command says on the host."""
    process = first_process(instance)
    enter = ["nsenter", f"--target={process}", "--mount", "--net", "--pid", "--uts", "--"]
    found = subprocess.run([*enter, "sh", "-c", command], check=False, capture_output=True, text=True)
    return found.stdout.strip()


def test_what_fails_on_the_builder_is_said_and_leaves_no_host(baked: Pipeline) -> None:
    before = images(baked)
    failed = baked.playbook("bake-image.yml", "-e", "codedeploy_agent_version=9.9.9-9")
    assert failed.returncode != 0
    assert "No image was made" in failed.stdout
    assert "9.9.9-9" in failed.stdout
    assert builders(baked) == []
    assert images(baked) == before


def test_old_ones_go_with_their_snapshots_but_for_the_one_that_is_launched_from(baked: Pipeline) -> None:
    [first] = images(baked)
    template = baked.client("ec2").create_launch_template(
        LaunchTemplateName="shop", LaunchTemplateData={"ImageId": first["ImageId"]}
    )["LaunchTemplate"]["LaunchTemplateId"]
    newer = ("-e", "pipeline_image_keep=1", "-e", "swap_size_mb=300")
    assert baked.playbook("bake-image.yml", *newer).returncode == 0
    assert len(images(baked)) == len(snapshots(baked)) == 2
    baked.client("ec2").delete_launch_template(LaunchTemplateId=template)
    assert baked.playbook("bake-image.yml", *newer).returncode == 0
    [left] = images(baked)
    assert left["ImageId"] != first["ImageId"]
    assert len(snapshots(baked)) == 1
