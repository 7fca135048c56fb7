"""codedeploy_deployment follows a zonal deployment to a thousand instances, with simulated agents."""

import time
from collections import Counter
from typing import Any

import pytest

from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.shop import Shop, run_instances
from tests.integration.codedeploy.runner import Client, Module
from tests.local_cloud.crowd import crowd, most_at_once

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ZONES = {"us-east-1a": 334, "us-east-1b": 333, "us-east-1c": 333}
KEEPS = 70
"""Percent of every zone."""
CALLS_A_SECOND = 10
"""Of the module's, a look by which a region's other users of the API are not held up."""


def asked(client: Client) -> Counter[str]:
    """Calls of CodeDeploy's API so far; thousands of the agents' own are not among them."""
    about = [{"AttributeKey": "EventSource", "AttributeValue": "codedeploy.amazonaws.com"}]
    pages = client("cloudtrail").get_paginator("lookup_events").paginate(LookupAttributes=about)
    return Counter(event["EventName"] for page in pages for event in page["Events"])


@pytest.mark.long
def test_a_zonal_deployment_is_followed_in_bounds(
    module: Any, client: Client, local_cloud: LocalCloud
) -> None:
    shop = Shop.open(client, instances=0)
    zones = {zone: run_instances(client, count, zone=zone, Name="web") for zone, count in ZONES.items()}
    config: Module = module("codedeploy_deployment_config")
    config(
        name="zonal",
        minimum_healthy_hosts={"type": "FLEET_PERCENT", "value": 0},
        zonal_config={"minimum_healthy_hosts_per_zone": {"type": "FLEET_PERCENT", "value": KEEPS}},
    )
    deployment: Module = module("codedeploy_deployment")
    wanted: dict[str, Any] = {
        "application_name": "shop",
        "deployment_group_name": "web",
        "github_location": {"repository": "OWNER/shop", "commit_id": COMMIT},
        "deployment_config_name": "zonal",
        "wait_timeout": 500,
    }
    everyone = [each for instances in zones.values() for each in instances]
    before = asked(client)
    begun = time.monotonic()
    with crowd(local_cloud.endpoint_url, everyone):
        result = deployment(**wanted)
    seconds = time.monotonic() - begun
    calls = asked(client) - before
    again = deployment(**wanted)

    assert result["deployment"]["status"] == "Succeeded"
    assert len(result["targets"]) == sum(ZONES.values())
    # 40 calls bring all targets; those that have ended are asked for once.
    assert calls.total() <= CALLS_A_SECOND * seconds + 120, calls
    assert calls["CreateDeployment"] == 1
    assert calls["BatchGetDeploymentTargets"] >= len(everyone) / 25, calls
    assert not again["changed"]
    assert len(again.calls) <= 10, Counter(again.calls)
    targets = {each["targetId"]: each for each in shop.targets(result["deployment"]["deployment_id"])}
    for count, instances in zip(ZONES.values(), zones.values(), strict=True):
        assert most_at_once(targets[each] for each in instances) <= count - -(-count * KEEPS // 100)
