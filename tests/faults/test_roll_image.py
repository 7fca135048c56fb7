"""An image rolls through a fleet of real hosts under 100 requests a second; one that is no good does not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.balanced_fleet import BalancedFleet
from tests.local_cloud.host_clouds import Cloud, started

CHECKOUT = Path(__file__).resolve().parents[2]
SIZE = 3
SPEED = 10
WARMUP = 400
"""Seconds of Auto Scaling's clock: in a tenth of them CloudWatch finds a host that is not well."""
ALARM = "unhealthy-hosts"
CLEAN = "sudo systemctl stop codedeploy-agent; sudo rm -rf /opt/codedeploy-agent/{deployment-root,state}/*"
"""Of an image, as bake-image.yml leaves it: the host starts anew after the one before was made."""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[BalancedFleet]:
    with started(tmp_path / "state", "--autoscaling-speed", str(SPEED)) as cloud:
        made = BalancedFleet(
            cloud,
            tmp_path,
            rate=100,
            variants={"newer": CLEAN, "broken": f"{CLEAN}; sudo systemctl disable --now nginx"},
        )
        made.set_up(SIZE)
        cloud.client("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName="fleet", LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"}
        )
        watch(made)
        yield made


def watch(fleet: BalancedFleet) -> None:
    """As provision-fleet.yml has it: one unhealthy host is one too many."""
    target_group = fleet.target_group.rpartition(":")[2]
    balancer = fleet.cloud.client("elbv2").describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    fleet.cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=ALARM,
        Namespace="AWS/ApplicationELB",
        MetricName="UnHealthyHostCount",
        Dimensions=[
            {"Name": "LoadBalancer", "Value": balancer.partition(":loadbalancer/")[2]},
            {"Name": "TargetGroup", "Value": target_group},
        ],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )


def version(fleet: BalancedFleet, image: str) -> int:
    """The number of a new version of the launch template, of another image."""
    made = fleet.cloud.client("ec2").create_launch_template_version(
        LaunchTemplateName="web", SourceVersion="1", LaunchTemplateData={"ImageId": fleet.images[image]}
    )
    return int(made["LaunchTemplateVersion"]["VersionNumber"])


def roll(cloud: Cloud, number: int) -> subprocess.CompletedProcess[str]:
    """What the module does and says."""
    arguments: dict[str, Any] = {
        "name": "fleet",
        "launch_template_name": "web",
        "launch_template_version": number,
        "instance_warmup": WARMUP,
        "alarms": [ALARM],
        "wait_timeout": 600,
        "region": "us-east-1",
        "access_key": "AKIALOCALCLOUDTESTS0",
        "secret_key": "a-long-and-random-looking-secret",
        "endpoint_url": cloud.status()["endpoint"],
    }
    command = [str(Path(sys.executable).with_name("ansible")), "localhost", "-i", "localhost,"]
    return subprocess.run(
        [*command, "-m", "autoscaling_group_refresh", "-a", json.dumps(arguments)],
        cwd=CHECKOUT,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def images(fleet: BalancedFleet) -> set[str]:
    """Those of the hosts that get requests."""
    found = fleet.cloud.client("ec2").describe_instances(InstanceIds=fleet.healthy())["Reservations"]
    return {each["ImageId"] for reservation in found for each in reservation["Instances"]}


def test_no_request_is_lost(fleet: BalancedFleet) -> None:
    with fleet.visited():
        with fleet.phase("deploy"):
            assert fleet.deploy("one") == "Succeeded"
        with fleet.phase("roll an image"):
            rolled = roll(fleet.cloud, version(fleet, "newer"))
        assert rolled.returncode == 0, rolled.stdout + rolled.stderr
        fleet.wait_for_healthy(SIZE)
        assert images(fleet) == {fleet.images["newer"]}
        with fleet.phase("roll an image without nginx"):
            failed = roll(fleet.cloud, version(fleet, "broken"))
            fleet.wait_for_healthy(SIZE)
    sys.stdout.write("".join(f"{phase.row()}\n" for phase in fleet.phases) + rolled.stdout + failed.stdout)
    assert failed.returncode != 0
    assert f"is RollbackSuccessful: The alarm {ALARM} is in the ALARM state" in failed.stdout + failed.stderr
    assert images(fleet) == {fleet.images["newer"]}
    assert all(len(phase.visits) > 50 * phase.seconds for phase in fleet.phases), fleet.phases
    assert {phase.name: phase.failed for phase in fleet.phases if phase.failed} == {}
