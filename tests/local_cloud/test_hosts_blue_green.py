"""Real hosts replace real hosts: each colour's agents run their hooks, in AWS's order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.shop import FINAL, wait_for
from tests.local_cloud.colours import ALLOWING, BLOCKING, INSTALLATION, make_target_group, settings
from tests.local_cloud.host_clouds import Cloud, started
from tests.local_cloud.test_hosts_scaling import SECONDS, make_deployment_group, make_group, publish

HOOK = """\
#!/bin/sh
echo $LIFECYCLE_EVENT >> /var/log/events
if [ "$LIFECYCLE_EVENT" = ApplicationStart ]; then
  systemd-run --quiet --collect --unit=shop --working-directory=/srv python3 -m http.server 80
elif [ "$LIFECYCLE_EVENT" = ApplicationStop ]; then
  systemctl stop shop
fi
"""
HOOKS = [each for each in (*BLOCKING, *INSTALLATION, *ALLOWING) if each not in {"DownloadBundle", "Install"}]
LATER = {"action": "TERMINATE", "terminationWaitTimeInMinutes": 60}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with started(tmp_path / "state") as cloud:
        yield cloud


@pytest.mark.long
def test_a_deployment_goes_to_new_hosts_and_ends_the_old_ones(cloud: Cloud, tmp_path: Path) -> None:
    make_group(cloud)
    revision = publish(cloud, tmp_path / "shop", hooks(tmp_path / "shop"))
    codedeploy = make_deployment_group(
        cloud,
        loadBalancerInfo={"targetGroupInfoList": [{"name": "web"}]},
        deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        blueGreenDeploymentConfiguration=settings(ending=LATER),
    )
    target_group = quick_target_group(cloud)
    cloud.client("autoscaling").attach_load_balancer_target_groups(
        AutoScalingGroupName="fleet", TargetGroupARNs=[target_group]
    )
    first = deploy(codedeploy, revision)
    skip_wait(codedeploy, first)
    [blue] = with_traffic(cloud, target_group)
    assert events(cloud, blue) == [each for each in (*INSTALLATION, *ALLOWING) if each in HOOKS[3:]]
    second = deploy(codedeploy, revision)
    [green] = with_traffic(cloud, target_group)
    assert green != blue
    assert events(cloud, blue)[-2:] == BLOCKING
    assert events(cloud, green) == [each for each in (*INSTALLATION, *ALLOWING) if each in HOOKS[3:]]
    skip_wait(codedeploy, second)
    wait_for(lambda: [host["instance_id"] for host in cloud.status()["hosts"]] == [green])


def quick_target_group(cloud: Cloud) -> str:
    """What it finds of a target's health, and its draining, take seconds."""
    target_group, elbv2 = make_target_group(cloud.client), cloud.client("elbv2")
    elbv2.modify_target_group(
        TargetGroupArn=target_group,
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
    )
    elbv2.modify_target_group_attributes(
        TargetGroupArn=target_group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "2"}],
    )
    return target_group


def hooks(folder: Path) -> str:
    """The appspec's part about them; each script notes that it ran."""
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts/note.sh").write_text(HOOK)
    return "hooks:\n" + "".join(f"  {each}:\n    - location: scripts/note.sh\n" for each in HOOKS)


def deploy(codedeploy: Any, revision: dict[str, Any]) -> str:
    """A deployment that has led the traffic to its new hosts, and waits to end the old ones."""
    answer = codedeploy.create_deployment(
        applicationName="shop",
        deploymentGroupName="web",
        revision=revision,
        ignoreApplicationStopFailures=True,
    )
    deployment = str(answer["deploymentId"])

    def look() -> dict[str, Any]:
        return dict(codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"])

    info = wait_for(
        look,
        lambda seen: seen["instanceTerminationWaitTimeStarted"] or seen["status"] in FINAL,
        seconds=SECONDS,
        pause=0.2,
    )
    assert info["status"] == "InProgress", info
    return deployment


def skip_wait(codedeploy: Any, deployment: str) -> None:
    codedeploy.continue_deployment(deploymentId=deployment, deploymentWaitType="TERMINATION_WAIT")
    wait_for(
        lambda: codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]["status"],
        lambda status: status == "Succeeded",
        seconds=SECONDS,
        pause=0.2,
    )


def with_traffic(cloud: Cloud, target_group: str) -> list[str]:
    answer = cloud.client("elbv2").describe_target_health(TargetGroupArn=target_group)
    return [each["Target"]["Id"] for each in answer["TargetHealthDescriptions"]]


def events(cloud: Cloud, instance: str) -> list[str]:
    found = cloud.client("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
    address = found[0]["Instances"][0]["PrivateIpAddress"]
    return cloud.ssh(address, "cat /var/log/events").split()
