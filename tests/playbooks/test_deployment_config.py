"""A deployment configuration of the pipeline's own is made, followed and removed."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.playbooks.said import changes_of_tasks

PLACE = {"pipeline_application": "shop", "pipeline_deployment_group": "web"}
ZONAL = {
    "pipeline_deployment_healthy_hosts": "75%",
    "pipeline_deployment_zonal": True,
    "pipeline_deployment_zone_healthy_hosts": "1",
    "pipeline_deployment_zone_watch": 60,
}


@pytest.mark.long
def test_it_is_made_followed_and_removed(
    ansible_playbook: Callable[..., Any], addresses: dict[str, Any], client: Callable[[str], Any]
) -> None:
    codedeploy = client("codedeploy")

    def run(playbook: str, *options: str, **settings: Any) -> set[str]:
        result = ansible_playbook(playbook, *options, **addresses | PLACE | settings)
        assert result.returncode == 0, result.stdout + result.stderr
        return set(changes_of_tasks(result.stdout))

    def own() -> list[str]:
        listed = codedeploy.list_deployment_configs()["deploymentConfigsList"]
        return [each for each in listed if not each.startswith("CodeDeployDefault.")]

    def used() -> str:
        found = codedeploy.get_deployment_group(applicationName="shop", deploymentGroupName="web")
        return str(found["deploymentGroupInfo"]["deploymentConfigName"])

    run("provision-iam.yml")
    assert "Create the deployment configuration" in run("configure-codedeploy.yml", "--check", **ZONAL)
    assert own() == []
    run("configure-codedeploy.yml", **ZONAL)
    assert own() == [used()] == ["shop.healthy-75pct-zonal-60s-1"]
    made = codedeploy.get_deployment_config(deploymentConfigName=used())["deploymentConfigInfo"]
    assert made["minimumHealthyHosts"] == {"type": "FLEET_PERCENT", "value": 75}
    assert made["zonalConfig"] == {
        "firstZoneMonitorDurationInSeconds": 60,
        "monitorDurationInSeconds": 60,
        "minimumHealthyHostsPerZone": {"type": "HOST_COUNT", "value": 1},
    }
    for options in ((), ("--check", "--diff")):
        assert run("configure-codedeploy.yml", *options, **ZONAL) == set()

    changes = run("configure-codedeploy.yml", pipeline_deployment_healthy_hosts="1")
    assert changes == {
        "Create the deployment configuration",
        "Create the deployment group",
        "Delete the former deployment configuration",
    }
    assert own() == [used()] == ["shop.healthy-1"]
    run("configure-codedeploy.yml")
    assert (own(), used()) == ([], "CodeDeployDefault.OneAtATime")

    run("configure-codedeploy.yml", **ZONAL)
    run("destroy.yml", confirm="shop", **ZONAL)
    assert own() == []
