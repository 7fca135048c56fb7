"""Two pipelines in one account, each with an inventory of its own: neither touches what is the other's."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.clouds import LocalCloud
from tests.inventories import KEYS, Side, copied, inventory
from tests.playbooks.test_two_operators import COLLEAGUE

CHECKOUT = Path(__file__).parents[2]
SHIPPED_STAGING = CHECKOUT / "inventory" / "local-staging"
IMAGE = "ami-12c6146b"
PRODUCTION = "test.codeDeploy.001"
"""What the settings are by default."""
OF_HOSTS = ("configure-hosts.yml", "repair-hosts.yml", "update-hosts.yml", "show-status.yml")
QUICK: dict[str, Any] = {"pipeline_hosts_timeout": 1}


@pytest.fixture
def side(cloud: LocalCloud, tmp_path: Path) -> Callable[..., Side]:
    """`side("staging", pipeline_application="staging")`: settings are group variables of its inventory."""
    return lambda name, **settings: Side(inventory(tmp_path / name, cloud, *KEYS, **(QUICK | settings)))


@pytest.fixture
def launch(client: Callable[..., Any]) -> Callable[..., str]:
    """`launch("staging")`: the id of a running instance of this application."""

    def run(application: str, region: str = "us-east-1") -> str:
        tags = {"ManagedBy": "aws-codedeploy-pipeline", "Application": application}
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        ec2 = client("ec2", region)
        image = ec2.describe_images()["Images"][0]["ImageId"]
        made = ec2.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": listed}],
        )
        return str(made["Instances"][0]["InstanceId"])

    return run


def said(result: subprocess.CompletedProcess[str]) -> str:
    return " ".join(result.stdout.split())


def running(ec2: Any) -> list[str]:
    """The ids of a region's instances."""
    return [
        each["InstanceId"] for held in ec2.describe_instances()["Reservations"] for each in held["Instances"]
    ]


def met(result: subprocess.CompletedProcess[str]) -> set[str]:
    """The hosts on which tasks ran, or were tried."""
    return set(re.findall(r"^[a-z]+: \[(i-[0-9a-f]+)\]", result.stdout, re.MULTILINE))


@pytest.mark.parametrize(
    ("playbook", "way"),
    [
        (OF_HOSTS[0], "group variables"),
        # One shows the way.
        *(
            pytest.param(playbook, way, marks=pytest.mark.long)
            for way in ("group variables", "extra variables")
            for playbook in OF_HOSTS
            if (playbook, way) != (OF_HOSTS[0], "group variables")
        ),
    ],
)
def test_hosts_are_those_of_the_application_that_is_set(
    side: Callable[..., Side], launch: Callable[..., str], playbook: str, way: str
) -> None:
    launch(PRODUCTION)
    ours = launch("staging")
    settings: dict[str, Any] = {"pipeline_application": "staging"}
    in_group, extra = (settings, {}) if way == "group variables" else ({}, settings)

    result = side("staging", **in_group).play(playbook, "-e", "drift=false", **extra)

    assert met(result) == {ours}, result.stdout + result.stderr


@pytest.mark.long
def test_a_name_made_of_other_settings_is_followed_and_limits_and_dry_runs_go_on(
    side: Callable[..., Side], launch: Callable[..., str]
) -> None:
    launch(PRODUCTION)
    first, second = launch("staging-ec2.cheaper.001"), launch("staging-ec2.cheaper.001")
    # The default of the setting that it is made of is known to plays alone.
    staging = side("staging", pipeline_application="staging-{{ pipeline_instance_name }}")

    assert met(staging.play("repair-hosts.yml", "--check")) == {first, second}
    assert met(staging.play("repair-hosts.yml", "--tags=nginx")) == {first, second}
    assert met(staging.play("repair-hosts.yml", f"--limit=localhost,{second}")) == {second}

    alone = staging.play("repair-hosts.yml", f"--limit={second}")
    assert alone.returncode != 0
    assert (
        f"without localhost, which finds the pipeline's hosts: name it too, --limit localhost,{second}"
        in said(alone)
    )


@pytest.mark.parametrize(
    "playbook",
    [
        "deploy-site.yml",
        *(
            pytest.param(playbook, marks=pytest.mark.long)
            for playbook in ("configure-hosts.yml", "repair-hosts.yml", "update-hosts.yml")
        ),
    ],
)
def test_without_a_host_of_its_own_a_pipeline_stops_at_once(
    cloud: LocalCloud, side: Callable[..., Side], launch: Callable[..., str], playbook: str
) -> None:
    launch(PRODUCTION)
    cloud.log.clear()

    result = side("staging", pipeline_application="staging").play(playbook)

    assert result.returncode != 0
    assert (
        "no running instance of staging (pipeline_application) in us-east-1 (pipeline_region): run"
        in said(result)
    )
    assert cloud.log.entries(mutating=True) == []


@pytest.mark.long
def test_applications_that_groups_cannot_tell_apart_are_refused(
    side: Callable[..., Side], launch: Callable[..., str]
) -> None:
    launch("shop.a")
    theirs = launch("shop-a")

    result = side("shop", pipeline_application="shop.a").play("configure-hosts.yml")

    assert f"takes in {theirs} of the application shop-a, and pipeline_application is 'shop.a'" in said(
        result
    )
    assert met(result) == set()


@pytest.mark.long
def test_the_region_is_the_one_of_the_inventorys_plugin(
    side: Callable[..., Side], launch: Callable[..., str], client: Callable[..., Any]
) -> None:
    old, new = launch("staging"), launch("staging", "eu-west-1")
    staging = side("staging", pipeline_application="staging")
    assert met(staging.play("configure-hosts.yml")) == {old}
    plugin = staging.folder / "aws_ec2.yml"
    plugin.write_text(plugin.read_text().replace("us-east-1", "eu-west-1"))

    assert met(staging.play("configure-hosts.yml")) == {new}
    launched = staging.play("provision-ec2.yml", "playbooks/provision-iam.yml")
    assert launched.returncode == 0, launched.stdout
    assert len(running(client("ec2", "eu-west-1"))) == 2
    assert running(client("ec2")) == [old]


@pytest.mark.parametrize(
    ("playbook", "way"),
    [
        ("site.yml", "group variables"),
        ("destroy.yml", "extra variables"),
        pytest.param("site.yml", "extra variables", marks=pytest.mark.long),
        pytest.param("destroy.yml", "group variables", marks=pytest.mark.long),
    ],
)
def test_a_region_that_is_set_beside_the_plugins_is_refused(
    side: Callable[..., Side], cloud: LocalCloud, way: str, playbook: str
) -> None:
    settings = {"pipeline_region": "eu-west-1"}
    in_group, extra = (settings, {}) if way == "group variables" else ({}, settings)
    staging = side("staging", **in_group)
    cloud.log.clear()

    result = staging.play(playbook, confirm=PRODUCTION, **extra)

    assert result.returncode != 0
    assert (
        "pipeline_region is 'eu-west-1', and the inventory's aws_ec2.yml looks for hosts in 'us-east-1'"
        in said(result)
    )
    assert cloud.log.entries(mutating=True) == []


STAGING: dict[str, Any] = {
    "pipeline_application": "staging",
    "pipeline_deployment_group": "staging",
    "pipeline_domain_record": "staging.local-cloud.example",
    "pipeline_github_environment": "Staging",
    "pipeline_iam_timestamp": "20250101T000000",
    "pipeline_instance_name": "staging",
    "pipeline_revision_source": "s3",
    "pipeline_tag_environment": "Staging",
}
PARTS = (
    *("provision-iam", "provision-ec2", "provision-dns"),
    *("configure-codedeploy", "configure-promotion", "configure-github"),
)


def made(result: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def unchanged(side: Side) -> None:
    """A dry run of all that makes something finds nothing to do."""
    dry = made(side.play(f"{PARTS[-1]}.yml", "--check", *PARTS_BEFORE))
    assert re.search(r"^localhost .* changed=0 ", dry.stdout, re.MULTILINE), dry.stdout


PARTS_BEFORE = tuple(f"playbooks/{part}.yml" for part in PARTS[:-1])


@dataclass(frozen=True)
class Account:
    """The account of AWS, and GitHub's environments with all that is in them."""

    cloud: LocalCloud

    def held(self) -> dict[str, Any]:
        where = {
            "AWS_ENDPOINT_URL": self.cloud.endpoint_url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "PATH": "/usr/bin",
        }
        keys = {"AWS_ACCESS_KEY_ID": KEYS[0], "AWS_SECRET_ACCESS_KEY": KEYS[1]}
        script = Path(__file__).with_name("account.py")
        shown = subprocess.run([sys.executable, script], env=where | keys, capture_output=True, check=True)
        held: dict[str, Any] = json.loads(shown.stdout)
        vault = self.cloud._github_app.store.find("OWNER", "codedeploy.nginx.001").vault
        variables = {name: each.value for name, each in vault.variables.items()}
        return held | {"environments": self.environments(), "repository": variables}

    def environments(self) -> dict[str, Any]:
        repository = self.cloud._github_app.store.find("OWNER", "codedeploy.nginx.001")
        return {
            name: {
                "variables": {key: each.value for key, each in environment.vault.variables.items()},
                "secrets": {key: each.value for key, each in environment.vault.secrets.items()},
            }
            for name, environment in repository.environments.items()
        }


@pytest.fixture
def account(cloud: LocalCloud) -> Account:
    return Account(cloud)


@pytest.mark.long
def test_side_by_side_each_makes_keeps_and_removes_its_own(
    side: Callable[..., Side], account: Account, cloud: LocalCloud, tmp_path: Path
) -> None:
    # With the inventories as they are shipped; staging's revisions go another way, for it has a bucket then.
    through_s3 = {"pipeline_revision_source": "s3"}
    folder = copied(SHIPPED_STAGING, tmp_path / "local-staging", cloud, *KEYS, **QUICK | through_s3)
    production, staging = side("production"), Side(folder)
    empty = account.held()
    made(production.play("configure-github.yml", *PARTS_BEFORE))
    alone = account.held()

    # In a mixed order, each part of the one after the other's.
    for part in PARTS:
        made(staging.play(f"{part}.yml"))
        made(production.play(f"{part}.yml"))
    both = account.held()
    unchanged(production)
    unchanged(staging)
    assert both["environments"]["prod"] == alone["environments"]["prod"]
    assert both["repository"] == {"STAGING_ENVIRONMENT": "Staging"}
    kept = {kind: set(there) - set(both[kind]) for kind, there in alone.items()}
    assert {kind: gone for kind, gone in kept.items() if gone} == {}
    hosts = {name: met(each.play("repair-hosts.yml")) for name, each in (("p", production), ("s", staging))}
    assert len(hosts["p"]) == len(hosts["s"]) == 1
    assert not hosts["p"] & hosts["s"]
    status = made(staging.play("show-status.yml", "-e", "drift=false"))
    assert not any(host in status.stdout for host in hosts["p"])
    assert "trusted, no stored keys" in status.stdout

    told = made(staging.play("destroy.yml", "--check"))
    assert "which AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000 uses" in said(told)
    assert "Plan for staging, test.codeDeploy.001-staging in us-east-1: 0 to create" in told.stdout
    assert account.held() == both
    refused = staging.play("destroy.yml", confirm=PRODUCTION)
    assert f"Confirm with -e confirm={PRODUCTION}-staging" in said(refused)
    made(staging.play("destroy.yml", confirm=f"{PRODUCTION}-staging"))
    assert account.held() == alone
    unchanged(production)

    made(production.play("destroy.yml", confirm=PRODUCTION))
    assert account.held() == empty


@pytest.mark.long
def test_whoever_works_on_staging_is_in_nobodys_way_on_production(
    side: Callable[..., Side], cloud: LocalCloud, client: Callable[..., Any], tmp_path: Path
) -> None:
    staging = Side(copied(SHIPPED_STAGING, tmp_path / "local-staging", cloud, *KEYS))
    lock = {"Name": f"/pipeline/{PRODUCTION}-staging/run", "Type": "String"}
    client("ssm").put_parameter(**lock, Value=json.dumps(COLLEAGUE))

    assert "operators/anna, on build-7" in said(staging.play("destroy.yml", confirm=f"{PRODUCTION}-staging"))
    made(side("production").play("destroy.yml", confirm=PRODUCTION))


@pytest.mark.long
def test_an_environment_of_another_application_is_neither_written_nor_emptied(
    side: Callable[..., Side], account: Account
) -> None:
    made(side("production").play("configure-github.yml"))
    before = account.environments()
    staging = side("staging", **STAGING | {"pipeline_github_environment": "Prod"})

    prerequisites = staging.play("check-prerequisites.yml")
    assert prerequisites.returncode != 0
    assert (
        "pipeline_github_environment is 'Prod', an environment of OWNER/codedeploy.nginx.001 "
        f"that deploys to {PRODUCTION}" in said(prerequisites)
    )
    for options in ((), ("--check",)):
        refused = staging.play("configure-github.yml", *options)
        assert refused.returncode != 0
        assert f"CODEDEPLOY_APPLICATION_NAME is '{PRODUCTION}', not 'staging'" in said(refused).replace(
            "''", "'"
        )
    destroyed = made(staging.play("destroy.yml", confirm="staging"))
    assert (
        f"the environment Prod of OWNER/codedeploy.nginx.001, which is of the application {PRODUCTION}"
        in said(destroyed)
    )
    assert account.environments() == before


@pytest.mark.long
def test_names_that_another_pipeline_has_are_refused_and_hosts_of_the_same_name_left_alone(
    side: Callable[..., Side], account: Account, cloud: LocalCloud, client: Callable[..., Any]
) -> None:
    # All but the application is as by default.
    production, staging = side("production"), side("staging", pipeline_application="staging")
    made(production.play("configure-codedeploy.yml", *PARTS_BEFORE[:2]))
    before = account.held()
    cloud.log.clear()

    for playbook, name in (
        (
            "provision-iam.yml",
            "pipeline_iam_ec2_role is 'AWSCodeDeployService-EC2AccessCodeDeployRole-20241024T000000'",
        ),
        ("provision-ec2.yml", "pipeline_ssh_key_name is 'ec2.cheaper.001'"),
    ):
        for options in ((), ("--check",)):
            refused = staging.play(playbook, *options)
            assert refused.returncode != 0
            assert name in said(refused).replace("''", "'")
    assert account.held() == before
    assert cloud.log.entries(mutating=True) == []

    # A name of the instances alone is nobody's: the group takes those of its application.
    made(staging.play("configure-codedeploy.yml"))
    codedeploy = client("codedeploy")
    group = codedeploy.get_deployment_group(
        applicationName="staging", deploymentGroupName="test.deploymentGroup.001"
    )["deploymentGroupInfo"]
    wanted = {(each["Key"], each["Value"]) for [each] in group["ec2TagSet"]["ec2TagSetList"]}
    assert wanted == {
        ("ManagedBy", "aws-codedeploy-pipeline"),
        ("Application", "staging"),
        ("Name", "ec2.cheaper.001"),
    }


@pytest.mark.long
def test_a_bucket_that_two_names_lead_to_stays_with_the_first(
    side: Callable[..., Side], client: Callable[..., Any]
) -> None:
    through_s3 = {"pipeline_revision_source": "s3"}
    first = side("first", pipeline_application="shop.a", **through_s3)
    second = side("second", pipeline_application="shop-a", **through_s3)
    made(first.play("configure-codedeploy.yml", "playbooks/provision-iam.yml"))

    refused = second.play("configure-codedeploy.yml")

    assert refused.returncode != 0
    assert "bucket 'shop-a-123456789012-us-east-1'" in said(refused).replace("''", "'")
    tags = client("s3").get_bucket_tagging(Bucket="shop-a-123456789012-us-east-1")["TagSet"]
    assert {"Key": "Application", "Value": "shop.a"} in tags
