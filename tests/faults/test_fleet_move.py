"""From one host to a fleet of four and back, a command each, while visitors ask a hundred times a second.

By HTTP, and by HTTPS: a host's certificate is an authority's that asks DNS, the load balancer's is ACM's.
"""

import json
import sys
import time
from dataclasses import replace

import pytest

from tests.faults.pipeline_runs import BINDING, CHECKOUT, Pipeline
from tests.faults.test_changed_settings_under_requests import change, visited

RATE = 100
"""Requests a second of all visitors, each on a connection of its own."""
PEOPLE = 20
AUTHORITIES = CHECKOUT / ".local_cloud" / "acme" / "authorities.pem"
KEY_ID, _, HMAC_KEY = BINDING.partition(":")
BY_DNS = json.dumps(
    {
        "pipeline_https": "acme",
        "pipeline_https_acme_challenge": "dns-01",
        "pipeline_https_acme_eab_key_id": KEY_ID,
        "pipeline_https_acme_eab_hmac_key": HMAC_KEY,
    }
)
FLEET = ("pipeline_fleet=true", "pipeline_fleet_desired_size=4", "pipeline_instance_name=shop.web.009")


@pytest.fixture(scope="module")
def validity() -> int:
    return 24 * 3600


def served_by(pipeline: Pipeline) -> list[str]:
    """The addresses of the load balancer."""
    found = pipeline.client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    return [
        each["Association"]["PublicIp"]
        for each in found
        if each["Description"].startswith("ELB app/shop-web-009/")
    ]


def in_service(pipeline: Pipeline) -> int:
    """How many hosts the load balancer sends requests to."""
    elb = pipeline.client("elbv2")
    [group] = elb.describe_target_groups(Names=["shop-web-009"])["TargetGroups"]
    found = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    return [each["TargetHealth"]["State"] for each in found].count("healthy")


@pytest.mark.parametrize(
    "setting", [pytest.param("", id="by HTTP"), pytest.param(f"--extra-vars={BY_DNS}", id="by HTTPS")]
)
def test_no_request_fails_from_one_host_to_a_fleet_and_back(pipeline: Pipeline, setting: str) -> None:
    if setting:
        pipeline = replace(pipeline, options=(setting,))
        change(pipeline)
    began, ec2 = time.monotonic(), pipeline.client("ec2")
    [host] = [each["PublicIp"] for each in ec2.describe_addresses()["Addresses"]]
    with visited(PEOPLE, PEOPLE / RATE, AUTHORITIES if setting else None) as visitors:
        change(pipeline, *FLEET)
        assert in_service(pipeline) == 4
        balancer = served_by(pipeline)
        shown = pipeline.playbook("show-status.yml", *(part for each in FLEET for part in ("-e", each)))
        assert shown.returncode == 0, shown.stdout + shown.stderr
        for words in (
            "4 of 4 in service",
            "4 of 4 healthy",
            "leads to the load balancer",
            " addresses show the site",
            "a run would change nothing",
        ):
            assert words in shown.stdout
        # Nobody is led to the host any more, and it is gone with all that was its own.
        assert ec2.describe_addresses()["Addresses"] == []
        held = json.loads(pipeline.holdings())
        assert "ec2.cheaper.001" not in held["key pairs"]
        assert len(held["security groups"]) == 3
        change(pipeline)
    seconds = time.monotonic() - began
    requests = sum(each.requests for each in visitors)
    sys.stdout.write(f"{requests} requests in {seconds:.0f} s\n")

    assert [failure for each in visitors for failure in each.failures] == []
    assert requests > 0.8 * RATE * seconds
    [other] = [each["PublicIp"] for each in ec2.describe_addresses()["Addresses"]]
    # Visitors have seen the host, each node of the load balancer, and the host that came in the end.
    assert set().union(*(each.met for each in visitors)) == {host, *balancer, other}


def test_nothing_of_the_fleet_is_left(pipeline: Pipeline, empty_account: str) -> None:
    held, before = json.loads(pipeline.holdings()), json.loads(empty_account)
    for kind in ("images", "snapshots", "launch templates", "load balancers", "target groups"):
        assert held[kind] == before[kind], kind
    for kind in ("Auto Scaling groups", "alarms", "certificates"):
        assert held[kind] == before[kind], kind
    assert len(held["instances"]) == len(held["interfaces"]) == 1
    assert "shop" not in json.dumps(held)
    destroyed = pipeline.playbook("destroy.yml", "-e", "confirm=test.codeDeploy.001")
    assert destroyed.returncode == 0, destroyed.stdout
    assert pipeline.holdings() == empty_account
