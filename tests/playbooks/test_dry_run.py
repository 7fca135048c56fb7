"""`--check --diff` on an empty account: all that would be made is said, and nothing is made."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.clouds import LocalCloud
from tests.playbooks.said import MOST_BANNERS, banners

CHECKOUT = Path(__file__).parents[2]
NEWER = "ami-12c6146b"
"""An image that no setting leads to."""


@pytest.fixture
def plan_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where plans are written meanwhile."""
    monkeypatch.setenv("PIPELINE_PLAN_FOLDER", str(tmp_path))
    return tmp_path


def test_a_dry_run_of_everything_writes_nothing_and_ends_with_a_plan(
    ansible_playbook: Callable[..., Any],
    cloud: LocalCloud,
    addresses: dict[str, Any],
    plan_folder: Path,
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
        "cidr_ip: 198.19.255.254/32",
    ):
        assert said in result.stdout
    assert not [line for line in result.stdout.splitlines() if line.startswith(("skipping: [", "included: "))]
    shown = banners(result.stdout)
    assert len(shown) <= MOST_BANNERS
    # Nobody has to be told twice who runs, nor to read what the run notes for itself.
    assert not [name for name in shown if re.search("arguments|identity|lock|facts", name)]
    plan = json.loads((plan_folder / "plan.json").read_text())
    assert (plan["change"], plan["delete"]) == (1, 0)  # the record, to addresses that are to come
    assert plan["create"] == len([each for each in plan["resources"] if each["action"] == "create"]) == 13
    assert (
        "Plan for production, test.codeDeploy.001 in us-east-1: 13 to create, 1 to change, 0 to delete\n"
        "  + OIDC provider" in result.stdout
    )
    assert any(each.endswith("tcp 80 from 0.0.0.0/0") for each in plan["widening"])
    assert "+ deployment group test.deploymentGroup.001" in (plan_folder / "plan.md").read_text().splitlines()


@pytest.mark.long
def test_a_dry_run_of_a_fleet_plans_all_of_it(
    ansible_playbook: Callable[..., Any],
    cloud: LocalCloud,
    addresses: dict[str, Any],
    plan_folder: Path,
) -> None:
    settings = addresses | {
        "pipeline_fleet": True,
        "pipeline_instance_name": "shop.web",
        "pipeline_https": "acme",
    }
    # There is no authority here, which a fleet does not ask.
    result = ansible_playbook("site.yml", "--check", "--diff", "--skip-tags=prerequisites", **settings)
    assert result.returncode == 0, result.stdout + result.stderr
    assert cloud.log.entries(mutating=True) == []
    planned = (plan_folder / "plan.md").read_text()
    for line in (
        r"\+ image shop-web-[0-9a-f]{12} of ami-\w+",
        r"\+ certificate of www\.local-cloud\.example",
        r"\+ load balancer shop-web$",
        r"\+ target group shop-web$",
        r"\+ launch template shop-web$",
        r"\+ Auto Scaling group shop-web of 2 x t3a\.nano in us-east-1a, us-east-1b",
        r"\+ alarm shop-web-errors$",
        r"\+ alarm shop-web-unhealthy-hosts$",
        r"\+ deployment to test\.deploymentGroup\.001",
        r"! point www\.local-cloud\.example to the new load balancer",
    ):
        assert re.search(f"^{line}", planned, re.MULTILINE), (line, planned)
    assert "EC2 instance" not in planned


def drift_status(*options: str, **settings: Any) -> int:
    """What scripts/plan.sh ends with."""
    inventory = CHECKOUT / "inventory" / "local" / "hosts.yml"
    given = json.dumps({"pipeline_github_token": ""} | settings)
    return subprocess.run(
        [CHECKOUT / "scripts" / "plan.sh", "-i", inventory, "-e", given, *options],
        env=dict(os.environ),
        capture_output=True,
        check=False,
    ).returncode


@pytest.mark.long
@pytest.mark.usefixtures("cloud", "plan_folder")
def test_the_exit_status_says_whether_there_is_something_to_do(addresses: dict[str, Any]) -> None:
    # Only what the tag selects is planned, and of that nothing is there.
    assert drift_status("--tags=codedeploy", **addresses) == 2
    assert drift_status("--tags=no-such-tag", **addresses) == 0
    assert drift_status("--tags=codedeploy", **addresses, pipeline_instance_count="many") == 1


@pytest.mark.long
def test_a_newer_image_is_to_be_decided_and_no_change(
    ansible_playbook: Callable[..., Any],
    cloud: LocalCloud,
    addresses: dict[str, Any],
    plan_folder: Path,
) -> None:
    made = ansible_playbook("provision-ec2.yml", "playbooks/provision-iam.yml", **addresses)
    assert made.returncode == 0, made.stdout + made.stderr
    cloud.log.clear()

    assert drift_status("--tags=ec2", **addresses) == 0
    assert json.loads((plan_folder / "plan.json").read_text())["notices"] == []
    assert drift_status("--tags=ec2", **addresses, pipeline_instance_image=NEWER) == 0

    assert cloud.log.entries(mutating=True) == []
    plan = json.loads((plan_folder / "plan.json").read_text())
    assert plan["resources"] == []
    [notice] = plan["notices"]
    assert re.fullmatch(
        rf"instances run image ami-\w+, newest is {NEWER}: -e pipeline_instance_replace=true", notice
    )
    assert f"- {notice}" in (plan_folder / "plan.md").read_text().splitlines()


@pytest.mark.long
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


@pytest.mark.long
def test_a_dry_run_of_the_removal_of_nothing_changes_nothing(
    ansible_playbook: Callable[..., Any], cloud: LocalCloud, addresses: dict[str, Any]
) -> None:
    result = ansible_playbook("destroy.yml", "--check", **addresses)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "changed=0" in result.stdout
    assert cloud.log.entries(mutating=True) == []
