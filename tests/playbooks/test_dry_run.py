"""`--check --diff` on an empty account: all that would be made is said, and nothing is made."""

import re
from collections.abc import Callable
from typing import Any

from local_cloud.server import LocalCloud
from tests.playbooks.said import MOST_BANNERS, banners


def test_a_dry_run_of_everything_writes_nothing(
    ansible_playbook: Callable[..., Any], cloud: LocalCloud, addresses: dict[str, Any]
) -> None:
    result = ansible_playbook("site.yml", "--check", "--diff", **addresses)

    assert result.returncode == 0, result.stdout + result.stderr
    assert cloud.log.entries(mutating=True) == []
    for said in (
        "AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000:",
        "Sid: DeployToOneGroup",
        "would launch 1 x t3a.nano ec2.cheaper.001",
        "would point www.local-cloud.example",
        "test.deploymentGroup.001",
        "cidr_ip: 172.31.0.1/32",
    ):
        assert said in result.stdout
    assert not [line for line in result.stdout.splitlines() if line.startswith(("skipping: [", "included: "))]
    shown = banners(result.stdout)
    assert len(shown) <= MOST_BANNERS
    # Nobody has to be told twice who runs, nor to read what the run notes for itself.
    assert not [name for name in shown if re.search("arguments|identity|lock|facts", name)]


def test_a_dry_run_of_the_way_through_s3_tells_of_the_bucket(
    ansible_playbook: Callable[..., Any], cloud: LocalCloud, addresses: dict[str, Any]
) -> None:
    result = ansible_playbook(
        "deploy-site.yml",
        "--check",
        "playbooks/configure-codedeploy.yml",
        pipeline_revision_source="s3",
        **addresses,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert cloud.log.entries(mutating=True) == []
    assert "would create the bucket test-codedeploy-001-123456789012-us-east-1" in result.stdout
    assert "and deploy it from there" in " ".join(result.stdout.split())


def test_a_dry_run_of_the_removal_of_nothing_changes_nothing(
    ansible_playbook: Callable[..., Any], cloud: LocalCloud, addresses: dict[str, Any]
) -> None:
    result = ansible_playbook("destroy.yml", "--check", **addresses)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "changed=0" in result.stdout
    assert cloud.log.entries(mutating=True) == []
