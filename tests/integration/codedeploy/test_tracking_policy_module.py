"""autoscaling_tracking_policy."""

from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.testing.scaling import Fleet
from tests.integration.codedeploy.runner import Client, Module

METRIC = {
    "namespace": "AWS/ApplicationELB",
    "name": "RequestCountPerTarget",
    "statistic": "Sum",
    "dimensions": {
        "LoadBalancer": "app/web/0123456789abcdef",
        "TargetGroup": "targetgroup/web/0123456789abcdef",
    },
}
ASKED: dict[str, Any] = {"group_name": "fleet", "name": "requests", "target_value": 600, "metric": METRIC}
GONE: dict[str, Any] = {"group_name": "fleet", "name": "requests", "state": "absent"}


@pytest.fixture
def policy(module: Callable[[str], Module]) -> Module:
    return module("autoscaling_tracking_policy")


@pytest.fixture
def fleet(client: Client, local_cloud: Any) -> Fleet:
    assert local_cloud
    return Fleet.launch(client, 0)


def found(fleet: Fleet, group: str = "fleet") -> list[dict[str, Any]]:
    return list(fleet.scaling.describe_policies(AutoScalingGroupName=group)["ScalingPolicies"])


def test_a_policy_comes_changes_and_goes(policy: Module, fleet: Fleet) -> None:
    made = policy.four_beats(**ASKED)
    assert made.calls[:2] == ["DescribePolicies", "PutScalingPolicy"]
    [held] = found(fleet)
    assert held["TargetTrackingConfiguration"]["CustomizedMetricSpecification"]["Statistic"] == "Sum"
    changed = policy.four_beats(**ASKED | {"target_value": 70.5, "scale_in": False})
    assert changed.shown == {"target_value": (600.0, 70.5), "scale_in": (True, False)}
    [held] = found(fleet)
    assert held["TargetTrackingConfiguration"]["TargetValue"] == 70.5
    assert held["TargetTrackingConfiguration"]["DisableScaleIn"]
    assert policy.four_beats(**GONE)["scaling_policy"] == {}
    assert found(fleet) == []


@pytest.mark.parametrize(
    "by_hand",
    [
        {"PolicyType": "SimpleScaling", "AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 2},
        {
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingConfiguration": {
                "TargetValue": 600.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            },
        },
    ],
    ids=["of another kind", "of another metric"],
)
def test_what_somebody_else_made_of_it_is_changed_back(
    policy: Module, fleet: Fleet, by_hand: dict[str, Any]
) -> None:
    fleet.scaling.put_scaling_policy(AutoScalingGroupName="fleet", PolicyName="requests", **by_hand)
    assert "metric" in policy.four_beats(**ASKED).shown
    assert found(fleet)[0]["TargetTrackingConfiguration"]["CustomizedMetricSpecification"]["MetricName"]


def test_a_disabled_policy_is_enabled(policy: Module, fleet: Fleet) -> None:
    policy(**ASKED)
    [held] = found(fleet)
    fleet.scaling.put_scaling_policy(
        AutoScalingGroupName="fleet",
        PolicyName="requests",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration=held["TargetTrackingConfiguration"],
        Enabled=False,
    )
    assert policy.four_beats(**ASKED).shown == {"enabled": (False, True)}


def test_the_policy_of_another_group_stays(policy: Module, fleet: Fleet) -> None:
    fleet.scaling.create_auto_scaling_group(
        AutoScalingGroupName="another",
        LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"},
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=["us-east-1a"],
    )
    policy(**ASKED | {"group_name": "another"})
    assert not policy(**GONE)["changed"]
    assert len(found(fleet, "another")) == 1


def test_what_aws_would_refuse_names_the_option(policy: Module, fleet: Fleet) -> None:
    assert "target_value is -1.0" in policy.refuse(**ASKED | {"target_value": -1})["msg"]
    assert "there-is-none" in policy.refuse(**ASKED | {"group_name": "there-is-none"})["msg"]
    assert found(fleet) == []
