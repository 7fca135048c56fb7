"""What is said of a fleet's subnets and quotas."""

from dataclasses import replace
from typing import Any

import pytest

from plugins.module_utils.pipeline.prerequisites.judge import judge
from plugins.module_utils.pipeline.prerequisites.wanted import Unseen
from tests.unit.prerequisites.test_judge import INSTANCE, WANTED, fine

FLEET = {"name": "shop", "max_size": 4, "blue_green": False, "hosts_subnets": [], "balancer_subnets": []}
OURS = {"Tags": [{"Key": "Application", "Value": "app"}, {"Key": "Fleet", "Value": "shop"}]}


def subnet(zone: str, free: int = 4000, vpc: str = "vpc-1") -> dict[str, Any]:
    return {
        "SubnetId": f"subnet-{zone}",
        "VpcId": vpc,
        "AvailabilityZone": f"us-east-1{zone}",
        "AvailableIpAddressCount": free,
    }


def seen(**changes: Any) -> dict[str, Any]:
    """Two zones, no fleet, and room for one more of all."""
    found = fine() | {
        "instances": [],
        "instance_quota": 10.0,
        "fleet_subnets": {part: [subnet("a"), subnet("b")] for part in ("hosts", "balancer")},
        "balancers": ["other"],
        "target_groups": ["other"],
        "scaling_groups": ["other"],
        "balancer_quota": 2.0,
        "target_group_quota": 2.0,
        "scaling_group_quota": 2.0,
    }
    del found["subnet"]
    return found | changes


def problems(fleet: dict[str, Any], **changes: Any) -> list[str]:
    wanted = replace(WANTED, instance_count=0, fleet=FLEET | fleet)
    return list(judge(wanted, seen(**changes)).problems)


def test_an_account_with_room_gives_no_word() -> None:
    assert problems({}) == []
    # All of it is the fleet's own already.
    there = {name: ["shop", "other"] for name in ("balancers", "target_groups", "scaling_groups")}
    own = [INSTANCE | OURS | {"InstanceId": f"i-{number}"} for number in range(4)]
    assert problems({}, instances=own, **there) == []


def test_of_default_subnets_those_of_two_zones_alone_are_looked_at() -> None:
    offers = ["us-east-1b", "us-east-1c", "us-east-1d"]
    crowded = [subnet("a", 1), subnet("b"), subnet("c"), subnet("d", 1)]
    assert problems({}, offers=offers, fleet_subnets={"hosts": crowded, "balancer": crowded}) == []
    # The load balancer goes where named hosts are.
    named = {"hosts": [subnet("a"), subnet("d")], "balancer": crowded}
    offers.append("us-east-1a")
    full = problems({"hosts_subnets": ["subnet-a", "subnet-d"]}, offers=offers, fleet_subnets=named)
    assert [each.partition(" (")[0] for each in full] == ["The subnet subnet-a", "The subnet subnet-d"]


@pytest.mark.parametrize(
    ("fleet", "changes", "said"),
    [
        (
            {},
            {"fleet_subnets": {"hosts": [subnet("a")], "balancer": [subnet("a"), subnet("b")]}},
            "pipeline_fleet_subnets is [], subnets of us-east-1a of us-east-1: a fleet needs two zones",
        ),
        (
            {"balancer_subnets": ["subnet-a"]},
            {"fleet_subnets": {"hosts": [subnet("a"), subnet("b")], "balancer": [subnet("a")]}},
            "pipeline_fleet_balancer_subnets is ['subnet-a'], subnets of us-east-1a",
        ),
        (
            {},
            {
                "fleet_subnets": {
                    "hosts": [subnet("a"), subnet("b")],
                    "balancer": [subnet("a", vpc="vpc-2"), subnet("b", vpc="vpc-2")],
                }
            },
            "are subnets of vpc-1, vpc-2: name subnets of one VPC",
        ),
        (
            {"hosts_subnets": ["subnet-9"]},
            {"fleet_subnets": None},
            "pipeline_fleet_subnets ['subnet-9'] and pipeline_fleet_balancer_subnets []: us-east-1 has",
        ),
        (
            {},
            {
                "fleet_subnets": {
                    "hosts": [subnet("a", 2), subnet("b", 2)],
                    "balancer": [subnet("a"), subnet("b")],
                }
            },
            "have 4 free addresses, and 5 more hosts may be there",
        ),
        (
            {},
            {
                "fleet_subnets": {
                    "hosts": [subnet("a"), subnet("b")],
                    "balancer": [subnet("a", 7), subnet("b")],
                }
            },
            "The subnet subnet-a (pipeline_fleet_balancer_subnets) has 7 free addresses",
        ),
        (
            {"hosts_subnets": ["subnet-a", "subnet-b"]},
            {"offers": ["us-east-1a"]},
            "'t3a.nano', which us-east-1b does not offer",
        ),
        ({}, {"offers": ["us-east-1a"]}, "pipeline_fleet_subnets is [], subnets of us-east-1a of us-east-1"),
        ({}, {"balancer_quota": 1.0}, "1 more Application Load Balancers beside the 1 of this account"),
        ({}, {"target_group_quota": 1.0}, "quota L-B22855CB of service elasticloadbalancing"),
        ({}, {"scaling_group_quota": 1.0}, "quota L-CDE20ADC of service autoscaling"),
        (
            {"blue_green": True},
            {"instance_quota": None},
            "2 more Auto Scaling groups beside the 1 of this account are more than its quota of 2",
        ),
        (
            {},
            {"instance_quota": 9.0},
            "up to 10 vCPUs beside the 0 of other instances are more than the quota",
        ),
        ({}, {"instances": [INSTANCE]}, "up to 10 vCPUs beside the 2 of other instances"),
    ],
)
def test_what_is_missing_is_said_with_the_way_out(
    fleet: dict[str, Any], changes: dict[str, Any], said: str
) -> None:
    [problem] = problems(fleet, **changes)
    assert said in problem


def test_what_could_not_be_looked_at_is_a_note() -> None:
    blind = {name: Unseen("denied") for name in ("fleet_subnets", "balancers", "scaling_group_quota")}
    found = judge(replace(WANTED, instance_count=0, fleet=FLEET), seen(**blind))
    assert found.problems == []
    assert any("the fleet's subnets could not be looked at: denied" in note for note in found.notes)
