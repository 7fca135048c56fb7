"""cloudwatch_metric_statistics_info."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_cloud.testing.scaling import Fleet
from tests.integration.codedeploy.runner import Client, Module

MINUTE = timedelta(minutes=1)
ASKED: dict[str, Any] = {
    "namespace": "shop/checkout",
    "metric_name": "Waiting",
    "dimensions": {"Till": "east"},
    "statistic": "Maximum",
}


@pytest.fixture
def statistics(module: Callable[[str], Module]) -> Module:
    return module("cloudwatch_metric_statistics_info")


def before_now(minutes: int) -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0) - minutes * MINUTE


def put(client: Client, minutes: int, *values: float, till: str = "east") -> None:
    client("cloudwatch").put_metric_data(
        Namespace="shop/checkout",
        MetricData=[
            {
                "MetricName": "Waiting",
                "Dimensions": [{"Name": "Till", "Value": till}],
                "Timestamp": before_now(minutes),
                "Value": value,
            }
            for value in values
        ],
    )


def test_the_periods_that_ended_since(statistics: Module, client: Client) -> None:
    put(client, 5, 9)
    put(client, 3, 4, 2)
    put(client, 2, 1)
    put(client, 2, 7, till="west")
    within = before_now(3) + timedelta(seconds=30)
    told = statistics(**ASKED, since=within.isoformat())
    assert [(each["timestamp"], each["value"]) for each in told["datapoints"]] == [
        (before_now(3).isoformat(), 4.0),
        (before_now(2).isoformat(), 1.0),
    ]
    # Without a time zone it is UTC.
    assert [
        each["value"]
        for each in statistics(**ASKED, since=f"{before_now(2):%Y-%m-%dT%H:%M:%S}", period=60)["datapoints"]
    ] == [1.0]
    assert statistics.check(**ASKED, since=within.isoformat())["datapoints"] == told["datapoints"]
    assert statistics(**ASKED | {"metric_name": "None"}, since=within.isoformat())["datapoints"] == []
    ahead = (datetime.now(UTC) + 4 * MINUTE).isoformat()
    assert statistics(**ASKED, since=ahead)["datapoints"] == []
    assert told.writes == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"since": "yesterday"}, "since is 'yesterday': a time is wanted, such as"),
        ({"since": "2999-01-01T00:00:00+00:00"}, "which is yet to come"),
        ({"since": "2020-01-01T00:00:00"}, "more than 1440 periods of 60 seconds"),
        ({"since": "2020-01-01T00:00:00", "period": 90}, "period is 90: allowed are multiples of 60"),
        ({"since": "2020-01-01T00:00:00", "period": 0}, "period is 0: allowed are multiples of 60"),
    ],
)
def test_what_can_not_be_answered(statistics: Module, options: dict[str, Any], words: str) -> None:
    refused = statistics.refuse(**ASKED | options)
    assert words in refused["msg"]


def test_without_hosts_what_is_registered_is_counted_as_healthy(
    statistics: Module, client: Client, local_cloud: Any
) -> None:
    assert local_cloud
    Fleet.launch(client, 2)
    [first, second] = [
        each["InstanceId"]
        for reservation in client("ec2").describe_instances()["Reservations"]
        for each in reservation["Instances"]
    ]
    subnets = [
        each["SubnetId"] for each in client("ec2").describe_subnets()["Subnets"] if each["DefaultForAz"]
    ]
    elb = client("elbv2")
    [balancer] = elb.create_load_balancer(Name="shop", Subnets=subnets[:2])["LoadBalancers"]
    [group] = elb.create_target_group(Name="shop", Protocol="HTTP", Port=80, VpcId=balancer["VpcId"])[
        "TargetGroups"
    ]
    forward = [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=forward
    )
    asked: dict[str, Any] = {
        "namespace": "AWS/ApplicationELB",
        "dimensions": {
            "LoadBalancer": balancer["LoadBalancerArn"].partition(":loadbalancer/")[2],
            "TargetGroup": group["TargetGroupArn"].rpartition(":")[2],
        },
        "statistic": "Maximum",
        "since": before_now(1).isoformat(),
    }

    def counted() -> list[list[float]]:
        names = ("HealthyHostCount", "UnHealthyHostCount")
        told = [statistics(**asked, metric_name=name)["datapoints"] for name in names]
        return [[each["value"] for each in datapoints] for datapoints in told]

    # As on AWS there is no count as long as nothing is registered.
    assert counted() == [[], []]
    targets = [{"Id": first}, {"Id": second}]
    elb.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=targets)
    assert counted() == [[2.0], [0.0]]
