"""What the terminal shows of a deployment while it runs."""

from types import ModuleType
from typing import Any

import pytest

from tests.plugins import load

PLUGIN = "action_plugins/codedeploy_deployment.py"


@pytest.fixture(scope="module")
def plugin() -> ModuleType:
    return load(PLUGIN)


def event(target: str, name: str = "Install", status: str = "Succeeded", total: int = 1, **more: Any) -> Any:
    return {
        "kind": "event",
        "target": target,
        "event": name,
        "position": 3,
        "status": status,
        "seconds": 1.25,
        "script": "",
        "message": "",
        "total": total,
    } | more


def end(target: str, status: str = "Succeeded", **counts: int) -> Any:
    none = {"succeeded": 0, "failed": 0, "skipped": 0, "left": 0, "total": 1}
    return {"kind": "target", "target": target, "status": status} | none | counts


def shown(plugin: ModuleType, *news: Any) -> list[str]:
    return [line for _, line in plugin.lines(news)]


def test_few_hosts_have_a_line_an_event(plugin: ModuleType) -> None:
    assert shown(plugin, event("i-1"), event("i-2", status="InProgress", seconds=None), end("i-1")) == [
        "  i-1  Install              Succeeded  1.2 s",
        "  i-2  Install              InProgress",
        "  hosts: 0 done, 0 left of 1",
    ]


def test_a_failure_names_script_and_message(plugin: ModuleType) -> None:
    failed = event("i-1", status="Failed", script="scripts/x.sh", message="exit code 1")
    assert list(plugin.lines([failed])) == [(True, "  i-1  Install FAILED in scripts/x.sh: exit code 1")]


def test_what_is_skipped_is_no_news(plugin: ModuleType) -> None:
    assert shown(plugin, event("i-1", status="Skipped")) == []


def test_many_hosts_share_lines(plugin: ModuleType) -> None:
    hosts = [f"i-{number}" for number in range(100)]
    news = [event(name, total=100, seconds=float(number)) for number, name in enumerate(hosts)]
    news += [event(name, "BeforeInstall", total=100, position=2) for name in hosts]
    news += [end("i-1", succeeded=9, failed=1, left=90, total=100)]
    assert shown(plugin, *news) == [
        "  BeforeInstall        Succeeded  on 100 hosts  1.2 s",
        "  Install              Succeeded  on 100 hosts  0.0 to 99.0 s",
        "  hosts: 9 done, 1 failed, 90 left of 100",
    ]


def test_many_hosts_that_fail_alike_share_a_line(plugin: ModuleType) -> None:
    failed = [event(f"i-{n}", status="Failed", total=100, message="exit code 1") for n in range(8)]
    other = event("i-9", status="Failed", total=100, message="exit code 2")
    assert shown(plugin, *failed, other) == [
        "  i-0, i-1, i-2, i-3, i-4 and 3 more  Install FAILED: exit code 1",
        "  i-9  Install FAILED: exit code 2",
    ]


def test_a_deployment_has_a_line_a_status(plugin: ModuleType) -> None:
    news = {
        "kind": "deployment",
        "deployment_id": "d-1",
        "revision": "OWNER/shop@0123",
        "status": "Failed",
        "message": "Too many failed.",
    }
    assert list(plugin.lines([news])) == [(True, "  d-1 of OWNER/shop@0123: Failed: Too many failed.")]


def refreshed(status: str = "InProgress", percentage: int = 50, reason: str = "") -> Any:
    return {
        "kind": "refresh",
        "target": "shop",
        "refresh_id": "08b91cf7",
        "status": status,
        "percentage": percentage,
        "left": 2,
        "reason": reason,
    }


def test_an_instance_refresh_has_a_line_a_step(plugin: ModuleType) -> None:
    failed = {"kind": "activity", "message": "Launching a new EC2 instance: no capacity"}
    alarm = "The alarm shop-errors is in the ALARM state."
    back = refreshed("RollbackInProgress", 25, alarm)
    assert list(plugin.lines([refreshed(), failed, back])) == [
        (False, "  instance refresh of shop: InProgress, 50 %, 2 left"),
        (True, "  Launching a new EC2 instance: no capacity"),
        (
            True,
            f"  instance refresh of shop: RollbackInProgress, 25 %, 2 left: {alarm}",
        ),
    ]


def test_long_silence_of_an_instance_refresh_says_how_far_it_is(plugin: ModuleType) -> None:
    busy = plugin.at_work({}, [refreshed(), {"kind": "activity", "message": "no capacity"}])
    assert plugin.sign_of_life(busy) == "  still at work: instance refresh (50 %) on shop"
    assert plugin.at_work(busy, [refreshed("Successful", 100)]) == {}


def test_long_silence_is_broken_by_what_takes_long(plugin: ModuleType) -> None:
    begun = [event(f"i-{number}", status="InProgress", seconds=None) for number in range(7)]
    busy = plugin.at_work({}, begun)
    assert plugin.sign_of_life(busy) == "  still at work: Install on i-0, i-1, i-2, i-3, i-4 and 2 more"
    ended = [event(f"i-{number}") for number in range(6)]
    busy = plugin.at_work(busy, [*ended, event("i-1", "AfterInstall", status="InProgress", seconds=None)])
    assert plugin.sign_of_life(busy) == "  still at work: Install on i-6, AfterInstall on i-1"
    assert plugin.at_work(busy, [event("i-1", "AfterInstall"), end("i-6")]) == {}
    assert plugin.sign_of_life({}) == "  no host is at work: CodeDeploy or an agent is waited for"
