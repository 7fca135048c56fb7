"""What the status page shows of a fleet."""

from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.pipeline.status import render, summary, view
from tests.unit.pipeline_status.facts import HOSTS, NOW, facts

TEMPLATE = Path(__file__).parents[3] / "playbooks" / "templates" / "status.html.j2"
BALANCER = "shop-1234.eu-west-1.elb.amazonaws.com"


def member(name: str, state: str = "InService", version: str = "2", **more: str) -> dict[str, Any]:
    template = {"launch_template_name": "shop", "version": version}
    return {
        "instance_id": name,
        "instance_type": "t3a.nano",
        "lifecycle_state": state,
        "health_status": "Healthy",
        "launch_template": template,
    } | more


def target(name: str, state: str = "healthy", **more: str) -> dict[str, Any]:
    return {"target": {"id": name, "port": 80}, "target_health": {"state": state} | more}


def fleet(**changes: Any) -> dict[str, Any]:
    group = {
        "auto_scaling_group_name": "shop",
        "desired_capacity": 2,
        "min_size": 2,
        "max_size": 4,
        "instances": [member(name) for name in HOSTS],
    }
    return {
        "groups": [group],
        "balancers": [{"dns_name": BALANCER}],
        "targets": [target(name) for name in HOSTS],
        "refreshes": [],
        "alias": f"dualstack.{BALANCER}.",
        "newest": 2,
        "certificate": {"status": "ISSUED"},
    } | changes


def known(**changes: Any) -> dict[str, Any]:
    """A fleet in which all is well, but for these."""
    page = {"item": "198.51.100.9", "visit": {"status": 200, "unanswered": "", "problem": ""}}
    told = facts() | {"pages": [page], "hosts": [], "record": [], "addresses": [], "drift": {}}
    return told | {"fleet": fleet(**changes)}


def boxes(told: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {node["kind"]: (node["state"], node["words"]) for node in view(told, NOW)["nodes"]}


def test_all_is_well_though_nobody_looks_into_hosts() -> None:
    seen = view(known(), NOW)
    assert seen["verdict"]["words"] == "All is well; drift was not looked for"
    assert [node["kind"] for node in seen["nodes"][3:]] == [
        "Auto Scaling",
        "Load balancer",
        "Route 53",
        "Visitors",
    ]
    lines = "\n".join(summary(seen))
    assert f"host        {HOSTS[0]}  Auto Scaling InService, load balancer healthy" in lines
    page = render(TEMPLATE.read_text(), seen)
    assert '<th scope="col">Load balancer</th>' in page
    assert "CodeDeploy agent" not in page


@pytest.mark.parametrize(
    ("changes", "box", "said"),
    [
        ({"groups": []}, "Auto Scaling", ("bad", "no Auto Scaling group")),
        ({"balancers": []}, "Load balancer", ("bad", "no load balancer")),
        ({"targets": []}, "Load balancer", ("bad", "0 of 0 healthy")),
        (
            {"targets": [target(HOSTS[0]), target(HOSTS[1], "draining")]},
            "Load balancer",
            ("busy", "1 of 2 healthy"),
        ),
        (
            {"refreshes": [{"status": "InProgress", "percentage_complete": 50}]},
            "Auto Scaling",
            ("busy", "2 of 2 in service, instance refresh InProgress at 50 %"),
        ),
        ({"refreshes": [{"status": "Failed"}]}, "Auto Scaling", ("good", "2 of 2 in service")),
        ({"alias": ""}, "Route 53", ("bad", "no A record")),
        ({"alias": "other.example.com"}, "Route 53", ("bad", "leads to other.example.com")),
    ],
)
def test_what_is_not_well_is_in_its_box(changes: dict[str, Any], box: str, said: tuple[str, str]) -> None:
    assert boxes(known(**changes))[box] == said


def test_a_record_of_a_single_host_is_named() -> None:
    assert boxes(known(alias="") | {"record": ["192.0.2.7"]})["Route 53"] == ("bad", "leads to 192.0.2.7")


def test_a_fleet_that_is_short_of_a_host_is_busy_and_one_without_any_is_broken() -> None:
    one = fleet()["groups"][0] | {"instances": [member(HOSTS[0]), member(HOSTS[1], "Pending:Wait")]}
    assert boxes(known(groups=[one]))["Auto Scaling"] == ("busy", "1 of 2 in service")
    none = one | {"instances": []}
    assert boxes(known(groups=[none]))["Auto Scaling"] == ("bad", "0 of 2 in service")


def test_each_host_says_what_is_wrong_with_it() -> None:
    ill = target(HOSTS[1], "unhealthy", description="Health checks failed with these codes: [404]")
    seen = view(known(targets=[target(HOSTS[0]), ill]), NOW)
    assert seen["verdict"]["words"].startswith(
        f"Broken: load balancer of {HOSTS[1]}: unhealthy: Health checks"
    )
    gone = fleet()["groups"][0] | {
        "instances": [member(HOSTS[0]), member(HOSTS[1], health_status="Unhealthy")]
    }
    [_, second] = view(known(groups=[gone]), NOW)["hosts"]
    assert second["scaling"] == {"state": "bad", "words": "InService, Unhealthy"}
    [first, _] = view(known(groups=[], targets=[]), NOW)["hosts"]
    assert (first["scaling"]["words"], first["target"]["words"]) == ("in no group", "not registered")


def test_visitors_that_see_no_site_are_told_of() -> None:
    dead = {"item": "198.51.100.9", "visit": {"status": 503, "unanswered": "", "problem": ""}}
    seen = view(known() | {"pages": [dead]}, NOW)
    assert seen["verdict"]["words"].startswith("Broken: Visitors: 0 of 1 addresses show the site")


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        ({}, ("bad", "not there yet")),
        ({"status": "PENDING_VALIDATION"}, ("bad", "PENDING_VALIDATION: its record proves nothing yet")),
        ({"status": "ISSUED"}, ("good", "issued and renewed by ACM")),
    ],
)
def test_the_certificate_is_the_load_balancers(certificate: dict[str, Any], said: tuple[str, str]) -> None:
    shown = view(known(certificate=certificate), NOW)["certificate"]
    assert (shown["state"], shown["words"]) == said


def test_a_newer_image_is_a_line_and_no_drift() -> None:
    group = fleet()["groups"][0] | {"instances": [member(HOSTS[0], version="1"), member(HOSTS[1])]}
    seen = view(known(groups=[group]), NOW)
    [line] = seen["images"]
    assert line.startswith(
        "hosts are of version 1 of the launch template, newest is 2: playbooks/roll-image.yml"
    )
    assert seen["verdict"]["state"] == "good"
    assert view(known(), NOW)["images"] == view(known(newest=0), NOW)["images"] == []
