"""What the status page shows of what was found, without a browser."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.pipeline.status import render, summary, view
from plugins.module_utils.pipeline.status.states import WORST_FIRST
from tests.unit.pipeline_status.facts import BAD, GOOD, HOSTILE, HOSTS, NOW, OPERATOR, RUN, facts, staging

TEMPLATE = Path(__file__).parents[3] / "playbooks" / "templates" / "status.html.j2"


def shown(**changes: Any) -> dict[str, Any]:
    return view(facts() | changes, NOW)


def states(**changes: Any) -> dict[str, tuple[str, str]]:
    return {node["kind"]: (node["state"], node["words"]) for node in shown(**changes)["nodes"]}


def well() -> dict[str, Any]:
    """The same with a host that is well again, and without drift."""
    told = facts()
    ips = [item["public_ip"] for item in told["addresses"]]
    return told | {
        "agents": [told["agents"][0]] * 2,
        "certificates": [told["certificates"][0]] * 2,
        "pages": [told["pages"][0] | {"item": ip} for ip in ips],
        "drift": {"began": True, "changes": [], "problems": [], "resources": []},
    }


def test_all_is_well() -> None:
    seen = view(well(), NOW)
    assert {node["state"] for node in seen["nodes"]} == {"good"}
    assert seen["verdict"] == {"state": "good", "words": "All is well", "problems": []}
    words = view(well() | {"drift": {}}, NOW)["verdict"]["words"]
    assert words == "All is well; drift was not looked for"


def test_a_box_is_no_better_than_what_is_in_it() -> None:
    assert states()["EC2"] == ("bad", "2 of 2 running, 1 broken")
    assert states()["Visitors"] == ("bad", "1 of 2 show the site, 1 with a bad certificate")
    assert states()["Elastic IP"] == ("good", "all in use")


def test_the_verdict_names_the_worst_first_and_everything_once() -> None:
    verdict = shown()["verdict"]
    assert verdict["state"] == "bad"
    assert verdict["words"] == f"Broken: agent of {HOSTS[1]}: The service is stopped, and 3 more"
    assert [(item["where"], item["state"]) for item in verdict["problems"]] == [
        (f"agent of {HOSTS[1]}", "bad"),
        (f"certificate of {HOSTS[1]}", "bad"),
        (f"page of {HOSTS[1]}", "bad"),
        ("drift", "busy"),
    ]


@pytest.mark.parametrize(
    ("changes", "state", "words"),
    [
        ({"head": "f" * 40}, "busy", "Needs a look: GitHub: ffffffffffff is not live"),
        ({"head": ""}, "none", "Not all is known: GitHub: GitHub did not say"),
        ({"record": ["203.0.113.9"]}, "bad", "Broken: Route 53: points to 203.0.113.9"),
        ({"provider": False, "role": False}, "bad", "Broken: OIDC: no provider, no role"),
        (
            {"alarms": [{"alarm_name": "site-status-check", "state_value": "ALARM"}]},
            "bad",
            "Broken: alarms: site-status-check: in alarm",
        ),
        ({"alarms": None}, "none", "Not all is known: alarms: site-status-check: CloudWatch did not say"),
        (
            {"drift": {"began": False, "changes": [], "problems": ["no key"], "resources": []}},
            "bad",
            "Broken: drift: the dry run did not begin: no key",
        ),
    ],
)
def test_the_verdict_is_as_bad_as_the_worst_thing(changes: dict[str, Any], state: str, words: str) -> None:
    verdict = view(well() | changes, NOW)["verdict"]
    assert (verdict["state"], verdict["words"]) == (state, words)
    marks = [*view(well() | changes, NOW)["nodes"], view(well() | changes, NOW)["drift"]]
    assert all(WORST_FIRST.index(state) <= WORST_FIRST.index(mark["state"]) for mark in marks)


def test_the_verdict_says_what_is_wrong_and_the_list_below_what_to_do() -> None:
    words = "It does not poll: https://example.com is not reached. Look at its profile."
    agents = [facts()["agents"][0] | {"polling": False, "problem": words}] * 2
    verdict = view(well() | {"agents": agents}, NOW)["verdict"]
    assert verdict["words"] == (
        f"Broken: agent of {HOSTS[0]}: It does not poll: https://example.com is not reached, and 1 more"
    )
    assert verdict["problems"][0]["words"] == words


def test_what_is_live_is_the_groups_last_good_deployment() -> None:
    live = shown()["live"]
    assert (live["commit"], live["ago"], live["who"]) == (
        GOOD[:12],
        "5 min ago",
        "Operator/jane.doe@example.com",
    )
    assert live["page"].startswith(
        "https://us-east-1.console.aws.amazon.com/codesuite/codedeploy/deployments/d-C3"
    )
    # With -e deployment=ID another one is shown: what is live stays.
    other = shown(deployments=[facts()["deployments"][2]])["live"]
    assert (other["commit"], other["who"], other["deployment"]) == (GOOD[:12], "", "d-C3D4E5F6G")
    assert shown(groups=[])["live"]["commit"] == ""


def test_only_awss_own_endpoints_have_a_console() -> None:
    settings = facts()["settings"]
    elsewhere = shown(settings=settings | {"endpoint": "http://127.0.0.1:4580"})
    assert (elsewhere["live"]["page"], elsewhere["hosts"][0]["link"]) == ("", "")
    china = shown(settings=settings | {"region": "cn-north-1"})
    assert china["hosts"][0]["link"].startswith("https://cn-north-1.console.amazonaws.cn/ec2/home?region=cn-")


def test_environments_stand_side_by_side_where_there_are_several() -> None:
    assert shown()["environments"] == []
    own, other = view(facts(), NOW, [staging(), {**staging(), "environment": "production"}])["environments"]
    assert (own["environment"], own["ago"], own["live"]["commit"]) == ("production", "now", GOOD[:12])
    assert (other["environment"], other["ago"], other["same"]) == ("staging", "15 min ago", False)


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        ({"monthly": "17.35", "date": "2026-11-22", "problem": ""}, "17.35 USD a month"),
        ({"monthly": "", "date": "", "problem": "no price of t3a.nano"}, "not known"),
    ],
)
def test_a_month_costs_what_the_estimate_says(cost: dict[str, str], words: str) -> None:
    assert shown(cost=cost)["cost"]["words"] == words


def test_drift_shows_both_sides() -> None:
    [resource] = shown()["drift"]["resources"]
    assert (resource["sign"], resource["name"]) == ("~", "security group ec2.cheaper.001")
    [side] = resource["sides"]
    assert (side["of"], side["old"], side["new"]) == (
        "ip_permissions",
        '[{"from_port": 80}]',
        '[{"from_port": 80}, {"from_port": 443}]',
    )


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("GitHub", {"head": ""}, ("none", "GitHub did not say")),
        ("GitHub", {"head": "f" * 40}, ("busy", "ffffffffffff is not live")),
        ("OIDC", {"provider": False, "role": False}, ("bad", "no provider, no role")),
        ("CodeDeploy", {"groups": []}, ("bad", "no deployment group")),
        ("CodeDeploy", {"deployments": []}, ("none", "nothing deployed yet")),
        ("EC2", {"instances": []}, ("bad", "0 of 2 running")),
        ("EC2", {"instances": facts()["instances"][:1]}, ("busy", "1 of 2 running")),
        ("Elastic IP", {"addresses": [{"public_ip": "198.51.100.4"}]}, ("busy", "paid for, not used")),
        ("Route 53", {"record": []}, ("bad", "no A record")),
        ("Route 53", {"record": ["203.0.113.9"]}, ("bad", "points to 203.0.113.9")),
    ],
)
def test_what_is_amiss_is_said(kind: str, changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert states(**changes)[kind] == expected


def test_a_host_says_how_it_is_and_one_that_cannot_be_reached_is_shown_too() -> None:
    well, ill = shown()["hosts"]
    assert [
        well[name]["state"]
        for name in (
            "ec2",
            "agent",
            "nginx",
            "page",
        )
    ] == ["good"] * 4
    assert (ill["agent"]["words"], ill["page"]["words"], ill["worst"]) == (
        "The service is stopped.",
        "no answer",
        "bad",
    )
    unreachable = shown(agents=[{}, {"unreachable": True}], nginxes=[{}, {"unreachable": True}])["hosts"][1]
    assert unreachable["agent"] == unreachable["nginx"] == {"state": "bad", "words": "not reachable"}
    assert shown(hosts=[])["hosts"][0]["agent"]["words"] == "not in this inventory"


def test_a_host_that_is_stopped_is_not_said_to_be_another_inventorys() -> None:
    given = facts()["instances"]
    stopped = [{**given[0], "state": {"name": "stopped"}}, given[1]]
    host = shown(instances=stopped, hosts=[])["hosts"][0]
    assert host["agent"] == host["nginx"] == {"state": "none", "words": "stopped by EC2"}


def test_events_lie_where_and_as_long_as_they_happened() -> None:
    first, second = shown()["deployments"][0]["targets"]
    length = 0.6 + 7.5 + 0.4 + 7.5
    for bars, start in ((first["bars"], 0.6), (second["bars"], 8.5)):
        assert [bar["number"] for bar in bars] == [1, 2, 3, 4, 5, 6, 7]
        assert bars[0]["place"] == pytest.approx(100 * start / length, abs=0.02)
        assert bars[1]["width"] == pytest.approx(100 * 1.8 / length, abs=0.02)
        assert bars[1]["took"] == "1.8 s"
    assert shown()["deployments"][0]["took"] == "16 s"
    assert [tick["label"] for tick in shown()["deployments"][0]["ticks"]] == ["0 s", "5 s", "10 s", "15 s"]


def test_a_deployment_under_way_reaches_until_now() -> None:
    running = facts()["deployments"][0]
    del running["complete_time"]
    running |= {"status": "InProgress", "create_time": (NOW - timedelta(seconds=10)).isoformat()}
    event = {"lifecycle_event_name": "Install", "status": "InProgress"}
    start = {"start_time": (NOW - timedelta(seconds=5)).isoformat()}
    running["targets"] = [
        {"target_id": HOSTS[0], "status": "InProgress", "lifecycle_events": [event | start]}
    ]
    [seen] = shown(deployments=[running])["deployments"]
    [bar] = seen["targets"][0]["bars"]
    assert (seen["state"], seen["took"]) == ("busy", "under way")
    assert (bar["place"], bar["width"], bar["state"]) == (50, 50, "busy")


def test_hosts_that_failed_in_the_same_way_are_named_together_and_what_was_skipped_has_no_bar() -> None:
    failed = shown()["deployments"][1]
    [failure] = failed["failures"]
    assert failure["targets"] == HOSTS
    assert (failure["event"], failure["script"]) == ("AfterInstall", "scripts/after-install.sh")
    assert "invalid user" in failure["log"]
    assert [bar["place"] is None for bar in failed["targets"][0]["bars"]] == [False] * 5 + [True] * 2


def test_a_deployment_says_what_it_brought_and_who_started_it() -> None:
    good, bad, plain = shown()["deployments"]
    page = f"https://github.com/OWNER/codedeploy.nginx.001/commit/{GOOD}"
    assert good["change"] == {"subject": "Greet", "author": "A Developer", "url": page}
    assert (good["who"], good["run"], good["description"]) == (OPERATOR, "", "Rollback of d-B2C3D4E5F")
    assert (bad["who"], bad["run"], bad["description"]) == ("jane", RUN, "")
    # An address of another kind is not followed.
    assert bad["change"]["url"] == ""
    assert (plain["who"], plain["run"]) == ("user", "")
    lines = summary(shown())
    assert f"            Greet, by A Developer, deployed by {OPERATOR}" in lines
    assert any(line.endswith(f"deployed by jane, {RUN}") for line in lines)
    html = render(TEMPLATE.read_text(), shown())
    assert f'<a class="id" href="{RUN}"' in html
    assert f'<a class="id" href="{page}"' in html


@pytest.mark.parametrize(
    ("changes", "who"),
    [
        ({"description": "anything"}, "user"),
        ({"description": "by me"}, "me"),
        ({"description": f"{BAD[:12]} by jane in javascript:alert(1)"}, "user"),
        (
            {
                "creator": "codeDeployRollback",
                "description": "This is a rollback deployment triggered automatically",
                "rollback_info": {"rollback_triggering_deployment_id": "d-1"},
            },
            "CodeDeploy, to roll back d-1",
        ),
    ],
)
def test_who_started_a_deployment_is_in_its_description(changes: dict[str, Any], who: str) -> None:
    [seen] = shown(deployments=[facts()["deployments"][2] | changes])["deployments"]
    assert (seen["who"], seen["run"]) == (who, "")


def test_a_commit_that_came_through_s3_is_known_too() -> None:
    revision = {"s3_location": {"bucket": "b", "key": f"app/{GOOD}.tgz"}}
    through_s3 = facts()["deployments"][2] | {"revision": revision}
    assert shown(deployments=[through_s3])["deployments"][0]["change"]["subject"] == "Greet"
    groups = [facts()["groups"][0] | {"target_revision": revision}]
    assert states(groups=groups)["GitHub"] == ("good", f"{GOOD[:12]} is live")


def test_drift_is_what_the_dry_run_found() -> None:
    assert shown()["drift"]["changes"] == ["Provision the instances: Open the ports (localhost)"]
    assert shown(drift={})["drift"]["words"] == "not looked for"
    quiet = {"began": True, "changes": [], "problems": []}
    assert shown(drift=quiet)["drift"]["state"] == "good"
    silent = shown(drift={"began": False, "changes": [], "problems": ["no such file"]})["drift"]
    assert (silent["state"], "no such file" in silent["words"]) == ("bad", True)
    broken = shown(drift={"began": True, "changes": ["that"], "problems": ["this"]})["drift"]
    assert (broken["state"], broken["changes"]) == ("bad", ["this", "that"])


def test_the_summary_names_every_part() -> None:
    lines = "\n".join(summary(shown()))
    for word in (
        "GitHub",
        "OIDC",
        "CodeDeploy",
        "EC2",
        "Elastic IP",
        "Route 53",
        *HOSTS,
        "d-B2C3D4E5F",
        "drift",
    ):
        assert word in lines
    assert f"{', '.join(HOSTS)}: AfterInstall scripts/after-install.sh" in lines


def test_what_strangers_wrote_is_escaped() -> None:
    strange = facts()["settings"] | {"application": "<b>shop</b>", "record": '"><script>'}
    page = render(TEMPLATE.read_text(), shown(settings=strange))
    assert HOSTILE not in page
    assert "&lt;script&gt;document.title" in page
    assert "<script" not in page
    assert "<b>shop" not in page


def test_an_empty_account_has_a_page_too() -> None:
    nothing: dict[str, Any] = {
        name: [] for name in ("groups", "deployments", "instances", "addresses", "record", "hosts", "pages")
    }
    page = render(TEMPLATE.read_text(), shown(**nothing, head="", provider=False, role=False, drift={}))
    assert "Nothing was deployed yet." in page
    assert "No instance is there." in page
