"""roll-back-site.yml: to the last good revision or to a named one, and never to nothing."""

from collections.abc import Callable
from typing import Any

import pytest

# The simulated agents that test the local cloud itself.
from local_cloud.testing.agents import agents_on, failing_at
from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.shop import Shop

A, B, C = (digit * 40 for digit in "abc")

RollBack = Callable[..., Any]


@pytest.fixture
def shop(client: Callable[[str], Any]) -> Shop:
    return Shop.open(lambda service, _region="us-east-1": client(service))


@pytest.fixture
def roll_back(ansible_playbook: Callable[..., Any], addresses: dict[str, Any]) -> RollBack:
    # Its instances are in no inventory, and nothing of a page is looked at.
    place = {
        "pipeline_application": "shop",
        "pipeline_deployment_group": "web",
        "pipeline_hosts": "localhost",
    }
    return lambda *options, **settings: ansible_playbook(
        "roll-back-site.yml", *options, **addresses, **place, **settings
    )


def revision(commit: str) -> dict[str, Any]:
    location = {"repository": "OWNER/codedeploy.nginx.001", "commitId": commit}
    return {"revisionType": "GitHub", "gitHubLocation": location}


def in_s3(commit: str) -> dict[str, Any]:
    """As the playbook and the workflow bring it there."""
    location = {"bucket": "revisions", "key": f"shop/{commit}.tgz", "bundleType": "tgz", "eTag": commit[:8]}
    return {"revisionType": "S3", "s3Location": location}


def deployed(shop: Shop, commit: str, place: Callable[[str], dict[str, Any]] = revision) -> str:
    status: str = shop.finish(shop.deploy(place(commit)))["status"]
    return status


def live_revision(shop: Shop) -> dict[str, Any]:
    last = shop.group()["lastAttemptedDeployment"]
    assert last["status"] == "Succeeded"
    newest: dict[str, Any] = shop.info(last["deploymentId"])["revision"]
    return newest


def live(shop: Shop) -> str:
    commit: str = live_revision(shop)["gitHubLocation"]["commitId"]
    return commit


@pytest.mark.long
def test_from_a_failed_deployment_to_the_last_good_one(
    roll_back: RollBack, shop: Shop, cloud: LocalCloud
) -> None:
    with agents_on(cloud.endpoint_url, shop.instances):
        assert deployed(shop, A) == "Succeeded"
    with agents_on(cloud.endpoint_url, shop.instances, failing_at("AfterInstall")):
        assert deployed(shop, B) == "Failed"

    cloud.log.clear()
    dry = roll_back("--check", "--diff")
    assert dry.returncode == 0, dry.stdout
    assert "changed=1" in dry.stdout
    assert [entry.action for entry in cloud.log.entries(mutating=True) if entry.service == "codedeploy"] == []

    with agents_on(cloud.endpoint_url, shop.instances):
        result = roll_back()

    assert result.returncode == 0, result.stdout
    said = result.stdout
    assert "status: Failed" in said
    assert said.index(B) < said.index(A)
    assert f"{shop.instances[0]}  ValidateService" in said
    assert live(shop) == A


def test_to_a_commit_that_was_good_and_to_no_other(
    roll_back: RollBack, shop: Shop, cloud: LocalCloud
) -> None:
    with agents_on(cloud.endpoint_url, shop.instances):
        assert [deployed(shop, commit) for commit in (A, B, C)] == ["Succeeded"] * 3
        result = roll_back(commit=A[:7])
        assert result.returncode == 0, result.stdout
        assert live(shop) == A
        # The way back was gone: not forth again, to the newest that is different.
        assert "changed=0" in roll_back().stdout

    refused = roll_back(commit="d" * 40)
    assert refused.returncode == 2
    assert f"commit is '{'d' * 40}'" in refused.stdout
    assert B in refused.stdout
    assert live(shop) == A


@pytest.mark.long
def test_where_nothing_was_deployed_or_only_one_revision_was_good(
    roll_back: RollBack, shop: Shop, cloud: LocalCloud
) -> None:
    nothing = roll_back()
    assert nothing.returncode == 2
    assert "Nothing was ever deployed to shop/web" in " ".join(nothing.stdout.split())

    with agents_on(cloud.endpoint_url, shop.instances):
        assert deployed(shop, A) == "Succeeded"
    only = roll_back("--check")
    assert only.returncode == 2
    assert "there is nothing to go back to" in " ".join(only.stdout.split())


@pytest.mark.long
def test_through_s3_as_through_github(roll_back: RollBack, shop: Shop, cloud: LocalCloud) -> None:
    through_s3 = {"pipeline_revision_source": "s3"}
    with agents_on(cloud.endpoint_url, shop.instances):
        assert deployed(shop, A) == "Succeeded"
        assert [deployed(shop, commit, in_s3) for commit in (A, B)] == ["Succeeded"] * 2

        result = roll_back(**through_s3)
        assert result.returncode == 0, result.stdout
        assert f"key: shop/{A}.tgz" in result.stdout
        assert live_revision(shop) == in_s3(A)

        named = roll_back(commit=B[:7], **through_s3)
        assert named.returncode == 0, named.stdout
        assert live_revision(shop) == in_s3(B)
        assert "changed=0" in roll_back(commit=B[:7], **through_s3).stdout

        # A came both ways: the one of now is taken.
        assert roll_back(commit=A).returncode == 0
        assert live(shop) == A

    refused = roll_back(commit=C, **through_s3)
    assert refused.returncode == 2
    assert f"such as {B}, {A}" in " ".join(refused.stdout.split())
