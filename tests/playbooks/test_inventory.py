"""Which hosts the inventory of AWS finds, how it groups them, and how they are reached."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from local_cloud.testing.clouds import LocalCloud
from tests.inventories import KEYS, inventory

CHECKOUT = Path(__file__).parents[2]
IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
OURS = {
    "ManagedBy": "aws-codedeploy-pipeline",
    "Application": "test.codeDeploy.001",
    "DeploymentGroup": "test.deploymentGroup.001",
}

Ansible = Callable[..., str]


@pytest.fixture
def launch(client: Callable[[str], Any]) -> Callable[[dict[str, str]], str]:
    """`launch({"ManagedBy": "..."})`: the id of a running instance with these tags."""
    ec2 = client("ec2")
    image = client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]

    def run(tags: dict[str, str]) -> str:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        answer = ec2.run_instances(
            ImageId=image,
            InstanceType="t3a.nano",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": listed}],
        )
        return str(answer["Instances"][0]["InstanceId"])

    return run


@pytest.fixture
def ansible(cloud: LocalCloud) -> Ansible:
    """`ansible("ansible-inventory", "--list")`: what a user's session on AWS would see."""
    session = {
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_ACCESS_KEY_ID": "AKIALOCALCLOUDTESTS0",
        "AWS_SECRET_ACCESS_KEY": "a-long-and-random-looking-secret",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

    def run(program: str, *arguments: str) -> str:
        return subprocess.run(
            [Path(sys.executable).parent / program, "--inventory=inventory/aws", *arguments],
            cwd=CHECKOUT,
            env=kept | session,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    return run


def test_running_instances_of_the_pipeline_are_found_and_grouped(
    launch: Callable[[dict[str, str]], str], client: Callable[[str], Any], ansible: Ansible
) -> None:
    ours = launch(OURS)
    earlier = launch({name: value for name, value in OURS.items() if name != "DeploymentGroup"})
    other = launch(OURS | {"Application": "other", "DeploymentGroup": "other"})
    launch({"Name": "a stranger's"})
    stopped = launch(OURS)
    client("ec2").stop_instances(InstanceIds=[stopped])

    groups = json.loads(ansible("ansible-inventory", "--list"))

    def hosts(group: str) -> set[str]:
        return set(groups[group]["hosts"])

    assert hosts("codedeploy") == {ours, earlier, other}
    assert hosts("application_test_codeDeploy_001") == {ours, earlier}
    assert hosts("deployment_group_test_deploymentGroup_001") == {ours}
    assert hosts("deployment_group_unknown") == {earlier}
    assert hosts("deployment_group_other") == {other}


def how(ansible: Ansible, *options: str) -> list[str]:
    """How a host is reached: words of a line that Ansible prints about its own settings."""
    words = "by {{ ansible_connection }} {{ ansible_ssh_common_args }} {{ ansible_aws_ssm_bucket_name }}"
    return ansible(
        "ansible", "codedeploy", "-m", "ansible.builtin.debug", "-a", f"msg='{words}'", *options
    ).split()


def test_ssh_is_the_default_and_a_host_is_known_by_its_id(
    launch: Callable[[dict[str, str]], str], ansible: Ansible
) -> None:
    instance = launch(OURS)
    words = how(ansible)
    assert "ssh" in words
    assert f"HostKeyAlias={instance}" in words
    assert "StrictHostKeyChecking=no" not in words
    known = next(word for word in words if "UserKnownHostsFile" in word).split('"')[1]
    assert Path(known).resolve().is_relative_to(CHECKOUT)


def test_one_setting_leads_through_systems_manager(
    launch: Callable[[dict[str, str]], str], ansible: Ansible
) -> None:
    launch(OURS)
    words = how(
        ansible, "--extra-vars=pipeline_connection=ssm", "--extra-vars=pipeline_connection_bucket=a-bucket"
    )
    assert {"amazon.aws.aws_ssm", "a-bucket"} <= {word.strip("'") for word in words}


@pytest.mark.long
def test_systems_manager_brings_its_policy_and_ssh_takes_it_away(
    ansible_playbook: Callable[..., Any], addresses: dict[str, Any], iam: Any
) -> None:
    role = "AWSCodeDeployService-EC2AccessCodeDeployRole-20241024T000000"
    found = []
    for connection in ("ssm", "ssh"):
        settings = {"pipeline_connection": connection, "pipeline_connection_bucket": "a-bucket"}
        result = ansible_playbook("provision-iam.yml", **addresses, **settings)
        assert result.returncode == 0, result.stdout
        policies = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        found.append([policy["PolicyName"] for policy in policies])
    assert found == [["AmazonSSMManagedInstanceCore"], []]


@pytest.mark.parametrize("inventory", ["aws", "local"])
def test_a_host_of_another_source_has_the_settings_of_the_folder(inventory: str, tmp_path: Path) -> None:
    """A host's `inventory_dir` is where that host is named, be it far from the settings."""
    hosts = {"codedeploy": {"hosts": {"far.example.com": {"ansible_host": "192.0.2.7"}}}}
    (tmp_path / "hosts.yml").write_text(json.dumps(hosts))
    names = ["pipeline_region", "pipeline_ssh_public_key_file", "ansible_control_path_dir"]
    if inventory == "local":
        names += ["pipeline_github_token", "pipeline_aws_environment"]
    done = subprocess.run(
        [
            Path(sys.executable).parent / "ansible",
            "far.example.com",
            f"--inventory=inventory/{inventory}/hosts.yml",
            f"--inventory={tmp_path}/hosts.yml",
            "--module-name=ansible.builtin.debug",
            f"--args=msg={{{{ [{', '.join(names)}] | join(' ') }}}}",
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "us-east-1" in done.stdout
    assert str(tmp_path) not in done.stdout


def test_a_copy_leads_to_ports_that_begin_as_the_local_clouds(cloud: LocalCloud, tmp_path: Path) -> None:
    other: Any = SimpleNamespace(
        endpoint_url="http://127.0.0.1:45810", github_url="http://127.0.0.1:45801", settings=cloud.settings
    )
    there = inventory(tmp_path / "copy", other, *KEYS)
    assert yaml.safe_load((there / "aws_ec2.yml").read_text())["endpoint_url"] == other.endpoint_url
    assert f"{other.github_url}/" in (there / "group_vars" / "all" / "github.yml").read_text()
