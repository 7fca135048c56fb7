"""Who deployed what is in the deployment itself, and its log in a file that is found by its id."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# The simulated agents that test the local cloud itself.
from local_cloud.testing.agents import agents_on, failing_at
from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.shop import Shop

LOGS = Path(__file__).parents[2] / "build" / "deployments"
Play = Callable[..., tuple[int, str]]
CALLER = re.compile(r"by (arn:aws:\S+)$")
ON_FAILURE = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
PLACE: dict[str, Any] = {
    "pipeline_application": "shop",
    "pipeline_deployment_group": "web",
    # Its instances are in no inventory, and no page is looked at.
    "pipeline_hosts": "localhost",
    "pipeline_addresses": [],
}


@pytest.fixture
def shop(client: Callable[[str], Any]) -> Iterator[Shop]:
    opened = Shop.open(
        lambda service, _region="us-east-1": client(service), autoRollbackConfiguration=ON_FAILURE
    )
    yield opened
    for deployment in opened.codedeploy.list_deployments()["deployments"]:
        (LOGS / f"{deployment}.json").unlink(missing_ok=True)


def kept(deployment: str) -> Any:
    file = LOGS / f"{deployment}.json"
    assert file.stat().st_mode & 0o777 == 0o600
    return json.loads(file.read_text())


@pytest.fixture
def play(ansible_playbook: Callable[..., Any], addresses: dict[str, Any]) -> Play:
    """`play("deploy-site.yml", drift=False)`: the exit status, and what was shown."""

    def run(playbook: str, **settings: Any) -> tuple[int, str]:
        result = ansible_playbook(playbook, **addresses, **(PLACE | settings))
        return result.returncode, result.stdout

    return run


def newest(shop: Shop) -> str:
    return str(shop.codedeploy.list_deployments()["deployments"][0])


def deploy_and_fail(play: Play, shop: Shop, cloud: LocalCloud) -> tuple[str, str]:
    """A good deployment and a failed one, each kept; returns the good one and the automatic rollback."""
    with agents_on(cloud.endpoint_url, shop.instances):
        status, said = play("deploy-site.yml")
        assert status == 0, said
    good = newest(shop)
    commit = kept(good)["revision"]["github_location"]["commit_id"]
    described = kept(good)["description"]
    assert described.startswith(f"OWNER/codedeploy.nginx.001@{commit} by arn:aws:")
    assert f"build/deployments/{good}.json" in said
    assert CALLER.search(described)

    broken = failing_at("AfterInstall", script_name="scripts/after-install.sh", log="[stderr]no such user\n")
    with agents_on(cloud.endpoint_url, shop.instances, broken):
        status, said = play("deploy-site.yml", pipeline_deployment_force=True)
    assert status != 0
    rollback, failed = shop.codedeploy.list_deployments()["deployments"][:2]
    # The cause, and where the rest is.
    logs = f"The log is in build/deployments/{failed}.json and build/deployments/{rollback}.json"
    assert logs in " ".join(said.split())
    assert "deployment_style" not in said
    [target] = kept(failed)["targets"]
    events = {event["lifecycle_event_name"]: event for event in target["lifecycle_events"]}
    assert target["target_id"] == shop.instances[0]
    assert events["AfterInstall"]["diagnostics"]["log_tail"] == "[stderr]no such user\n"
    assert events["Install"]["start_time"] <= events["Install"]["end_time"]
    assert kept(rollback)["rollback_info"]["rollback_triggering_deployment_id"] == failed
    return good, str(rollback)


@pytest.mark.long
def test_a_deployment_is_kept_and_a_failed_one_with_its_automatic_rollback(
    play: Play, shop: Shop, cloud: LocalCloud
) -> None:
    deploy_and_fail(play, shop, cloud)


@pytest.mark.long
def test_a_rollback_is_kept_and_an_older_deployment_where_it_is_asked_for(
    play: Play, shop: Shop, cloud: LocalCloud
) -> None:
    with agents_on(cloud.endpoint_url, shop.instances):
        shop.finish(older := shop.deploy())
    good, rollback = deploy_and_fail(play, shop, cloud)
    assert good != older

    with agents_on(cloud.endpoint_url, shop.instances):
        status, said = play("roll-back-site.yml")
        assert status == 0, said
    assert kept(newest(shop))["description"].startswith(f"Rollback of {rollback} by arn:aws:")

    assert not (LOGS / f"{older}.json").exists()
    status, said = play("show-status.yml", pipeline_hosts="nobody", drift=False, deployment=older)
    assert status == 0, said
    assert kept(older)["status"] == "Succeeded"
    assert good not in said
