"""show-status.yml on an empty account, and on one with a failed deployment."""

import re
from collections.abc import Callable
from typing import Any

import pytest

# The simulated agents that test the local cloud itself.
from local_cloud.testing.agents import agents_on, failing_at
from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.shop import Shop


def test_of_an_empty_account_and_of_a_failed_deployment(
    ansible_playbook: Callable[..., Any],
    cloud: LocalCloud,
    addresses: dict[str, Any],
    client: Callable[[str], Any],
) -> None:
    place = {"pipeline_application": "shop", "pipeline_deployment_group": "web"}

    empty = ansible_playbook("show-status.yml", "--check", **addresses, **place)
    assert empty.returncode == 0, empty.stdout
    for said in (
        "no deployment group",
        "0 of 1 running",
        "no address",
        "no A record",
        "no provider, no role",
    ):
        assert said in empty.stdout

    shop = Shop.open(lambda service, _region="us-east-1": client(service))
    broken = failing_at("AfterInstall", script_name="scripts/after-install.sh", log="[stderr]no such user\n")
    with agents_on(cloud.endpoint_url, shop.instances, broken):
        failed = shop.deploy()
        shop.finish(failed)
    ring(client, "shop errors")
    cloud.log.clear()

    status = ansible_playbook("show-status.yml", "--check", **addresses, **place)
    assert status.returncode == 0, status.stdout
    assert f"{failed} Failed" in status.stdout
    assert f"{shop.instances[0]}: AfterInstall scripts/after-install.sh" in status.stdout
    assert "alarms      shop errors: in alarm" in status.stdout
    assert re.search(r"cost +\d+\.\d\d USD a month", status.stdout)
    # The verdict is the run's last word.
    assert re.search(r"\nstatus +Broken: ", status.stdout[status.stdout.index("PLAY RECAP") :])
    assert "changed=0" in status.stdout
    assert cloud.log.entries(mutating=True) == []


def ring(client: Callable[[str], Any], name: str) -> None:
    """An alarm that is in alarm, and stops deployments of the group."""
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        MetricName="errors",
        Namespace="shop",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    client("codedeploy").update_deployment_group(
        applicationName="shop",
        currentDeploymentGroupName="web",
        alarmConfiguration={"enabled": True, "alarms": [{"name": name}]},
    )


@pytest.mark.long
def test_drift_is_looked_for_with_the_same_settings(
    ansible_playbook: Callable[..., Any], cloud: LocalCloud, addresses: dict[str, Any]
) -> None:
    cloud.log.clear()
    status = ansible_playbook("show-status.yml", **addresses, pipeline_instance_name="another")
    assert status.returncode == 0, status.stdout
    assert "a run would change" in status.stdout, status.stdout
    assert "Create the security group (localhost)" in status.stdout
    assert addresses["pipeline_github_token"] not in status.stdout
    assert cloud.log.entries(mutating=True) == []

    refused = ansible_playbook("show-status.yml", **addresses, pipeline_deployment_config="NotThere")
    assert refused.returncode == 0, refused.stdout
    assert "the dry run broke off" in refused.stdout
    assert "NotThere" in refused.stdout
