"""A fleet of real hosts is made, gets another image and goes, by who has its policies and nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local_cloud.testing.shop import wait_for
from tests import inventories
from tests.faults.pipeline_runs import ACCESS_KEY, CHECKOUT, Pipeline
from tests.iam import policies

OPERATOR = (
    "operator",
    "operator_balancer",
    "operator_deploy",
    "operator_fleet",
    "operator_iam",
    "operator_image",
)
DESTROYER = ("destroy", "destroy_fleet")
SETTINGS: dict[str, Any] = {
    "pipeline_https": "none",
    "pipeline_fleet": True,
    "pipeline_instance_name": "shop.web.005",
    "pipeline_fleet_desired_size": 3,
    "pipeline_fleet_deregistration_delay": 5,
    "pipeline_fleet_refresh_warmup": 10,
}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Policies are enforced, and there is nothing but the site's repository."""
    it = Pipeline(tmp_path_factory.mktemp("rights"), options=(f"--extra-vars={json.dumps(SETTINGS)}",))
    started = it.cloud("start", "--enforce-iam")
    assert started.returncode == 0, started.stderr
    try:
        it.publish()
        yield it
    finally:
        it.cloud("stop")


def inventory_of(account: Pipeline, user: str, documents: list[str]) -> Path:
    """That of a new user who has these policies and no other."""
    iam = account.client("iam")
    iam.create_user(UserName=user)
    for number, document in enumerate(documents):
        made = iam.create_policy(PolicyName=f"{user}-{number}", PolicyDocument=document)
        iam.attach_user_policy(UserName=user, PolicyArn=made["Policy"]["Arn"])
    key = iam.create_access_key(UserName=user)["AccessKey"]
    settings = SimpleNamespace(root_access_key=ACCESS_KEY, state_dir=CHECKOUT / ".local_cloud")
    cloud: Any = SimpleNamespace(
        endpoint_url="http://127.0.0.1:4580", github_url="http://127.0.0.1:4581", settings=settings
    )
    keys = (key["AccessKeyId"], key["SecretAccessKey"])
    # As deep as inventory/local: the sockets of SSH are in the checkout, whose names are short.
    return inventories.inventory(CHECKOUT / "build" / f"inventory-{user}", cloud, *keys)


def images(account: Pipeline) -> list[str]:
    """Those of the fleet's hosts."""
    of_fleet = [
        {"Name": "tag:Fleet", "Values": ["shop-web-005"]},
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
    ]
    found = account.client("ec2").describe_instances(Filters=of_fleet)["Reservations"]
    return [each["ImageId"] for reservation in found for each in reservation["Instances"]]


def test_its_operator_makes_it_and_rolls_an_image_and_its_destroyer_leaves_nothing(
    account: Pipeline, tmp_path: Path
) -> None:
    policies.write(**SETTINGS, policy_folder=str(tmp_path))

    def written(names: tuple[str, ...]) -> list[str]:
        return [(tmp_path / f"{each}.json").read_text() for each in names]

    operator = inventory_of(account, "operator", written(OPERATOR))
    destroyer = inventory_of(account, "destroyer", written(DESTROYER))
    before = account.holdings()

    def play(inventory: Path, name: str, *options: str) -> None:
        played = account.playbook(name, f"--inventory={inventory}", *options)
        assert played.returncode == 0, played.stdout + played.stderr

    play(operator, "site.yml")
    first = images(account)
    assert len(first) == 3
    # Another setting of the hosts is another image.
    for playbook in ("bake-image.yml", "roll-image.yml"):
        play(operator, playbook, "-e", "nginx_cache_seconds=1200", "-e", "pipeline_image_keep=1")
    # A host that left its target group in the end has some seconds to go.
    wait_for(lambda: len(images(account)) == len(first), seconds=60)
    rolled = images(account)
    assert len(set(rolled)) == 1
    assert not set(rolled) & set(first)
    # The one that nothing launches from any more.
    play(operator, "bake-image.yml", "-e", "nginx_cache_seconds=1200", "-e", "pipeline_image_keep=1")
    left = account.client("ec2").describe_images(Owners=["self"])["Images"]
    assert {each["ImageId"] for each in left} == set(rolled)
    play(operator, "show-status.yml", "-e", "nginx_cache_seconds=1200")
    play(destroyer, "destroy.yml", "-e", "confirm=test.codeDeploy.001")
    assert account.holdings() == before
