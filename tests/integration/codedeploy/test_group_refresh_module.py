"""autoscaling_group_refresh."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.scaling import Fleet, let_pass
from local_cloud.testing.shop import wait_for
from tests.integration.codedeploy.runner import Client, Module

REGION = "eu-west-1"
ZONE = "eu-west-1b"
"""One: in several, Auto Scaling replaces hosts to even them too."""


@pytest.fixture
def fleet(client: Client, local_cloud: Any, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """Two hosts of the first version; the second has another type."""
    assert local_cloud
    monkeypatch.setenv("AWS_REGION", REGION)
    made = Fleet.launch(
        lambda service: client(service, REGION),
        2,
        LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"},
        AvailabilityZones=[ZONE],
    )
    another_version(made)
    return made


def another_version(fleet: Fleet, **data: Any) -> None:
    fleet.ec2.create_launch_template_version(
        LaunchTemplateName="web", SourceVersion="1", LaunchTemplateData={"InstanceType": "t3a.micro"} | data
    )


@pytest.fixture
def refresh(module: Callable[[str], Module]) -> Module:
    """To the second version, and patient for half a minute."""
    runner = module("autoscaling_group_refresh")
    runner.defaults = {
        "name": "fleet",
        "launch_template_name": "web",
        "launch_template_version": 2,
        "wait_timeout": 30,
    }
    return runner


def versions(fleet: Fleet) -> list[str]:
    return sorted(each["LaunchTemplate"]["Version"] for each in fleet.describe()["Instances"])


def status(fleet: Fleet) -> str:
    found = fleet.scaling.describe_instance_refreshes(AutoScalingGroupName="fleet")["InstanceRefreshes"]
    return str(found[0]["Status"]) if found else "none"


def warm_up(fleet: Fleet) -> None:
    """Each new host, until no refresh waits for one."""

    def is_over() -> bool:
        let_pass(600)
        return status(fleet) not in {"InProgress", "RollbackInProgress"}

    wait_for(is_over)


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Something that is done while the block waits; what it raises is raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - raised again
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if raised:
        raise raised[0]


def test_all_hosts_get_the_version_and_the_group_keeps_it(refresh: Module, fleet: Fleet) -> None:
    before = set(fleet.ids())
    result = refresh.four_beats()
    assert result["changed"]
    assert result["instance_refresh"]["status"] == "Successful"
    assert result.shown == {
        "launch_template": ("web:1", "web:2"),
        "hosts": ({"web:1": 2}, {"web:2": 2}),
    }
    assert before.isdisjoint(fleet.ids())
    assert versions(fleet) == ["2", "2"]
    assert fleet.describe()["LaunchTemplate"]["Version"] == "2"


def test_what_is_done_already_is_not_done_again(refresh: Module, fleet: Fleet) -> None:
    fleet.scaling.update_auto_scaling_group(
        AutoScalingGroupName="fleet", LaunchTemplate={"LaunchTemplateName": "web", "Version": "2"}
    )
    first = fleet.ids()[0]
    fleet.scaling.terminate_instance_in_auto_scaling_group(
        InstanceId=first, ShouldDecrementDesiredCapacity=False
    )
    wait_for(lambda: versions(fleet) == ["1", "2"] and len(fleet.ids()) == 2)
    [new] = [
        each["InstanceId"]
        for each in fleet.describe()["Instances"]
        if each["LaunchTemplate"]["Version"] == "2"
    ]
    assert refresh()["changed"]
    assert new in fleet.ids()
    assert versions(fleet) == ["2", "2"]


def test_a_group_without_hosts_gets_the_version(refresh: Module, fleet: Fleet) -> None:
    fleet.resize(0)
    fleet.wait(lambda states: not states)
    assert refresh.four_beats()["changed"]
    assert fleet.describe()["LaunchTemplate"]["Version"] == "2"


def test_an_alarm_stops_it_and_the_former_hosts_come_back(
    refresh: Module, fleet: Fleet, client: Client, tmp_path: Path
) -> None:
    cloudwatch = client("cloudwatch", REGION)
    cloudwatch.put_metric_alarm(
        AlarmName="shop-errors",
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=1,
        MetricName="Errors",
        Namespace="Shop",
        Period=60,
        Statistic="Sum",
    )

    def ring() -> None:
        wait_for(lambda: versions(fleet) == ["1", "1", "2"])
        cloudwatch.set_alarm_state(AlarmName="shop-errors", StateValue="ALARM", StateReason="too many")
        wait_for(lambda: status(fleet) != "InProgress")
        warm_up(fleet)

    events = tmp_path / "events"
    with meanwhile(ring):
        failed = refresh.refuse(instance_warmup=600, alarms=["shop-errors"], events_file=str(events))
    assert "to web:2 is RollbackSuccessful: The alarm shop-errors is in the ALARM state." in failed["msg"]
    assert "All hosts are as before" in failed["msg"]
    assert failed["instance_refresh"]["status"] == "RollbackSuccessful"
    wait_for(lambda: versions(fleet) == ["1", "1"])
    assert fleet.describe()["LaunchTemplate"]["Version"] == "1"
    news = [json.loads(line) for line in events.read_text().splitlines()]
    assert [each["status"] for each in news if each["kind"] == "refresh"][-1] == "RollbackSuccessful"
    assert {each["target"] for each in news} == {"fleet"}


def test_what_is_under_way_to_the_same_version_is_joined(
    refresh: Module, fleet: Fleet, local_cloud: Any
) -> None:
    started = refresh(wait=False, instance_warmup=600)["instance_refresh"]
    assert started["status"] == "InProgress"
    assert refresh.check()["instance_refresh"]["instance_refresh_id"] == started["instance_refresh_id"]

    def looks() -> int:
        return [each.action for each in local_cloud.log.entries()].count("DescribeScalingActivities")

    def warm_up_when_it_watches() -> None:
        wait_for(lambda: looks() > before)
        warm_up(fleet)

    before = looks()
    with meanwhile(warm_up_when_it_watches):
        result = refresh()
    assert result["changed"]
    assert result["instance_refresh"]["instance_refresh_id"] == started["instance_refresh_id"]
    assert "StartInstanceRefresh" not in result.calls
    assert status(fleet) == "Successful"


def test_what_is_under_way_to_another_version_is_named(refresh: Module, fleet: Fleet) -> None:
    another_version(fleet, InstanceType="t3a.small")
    started = refresh(wait=False, instance_warmup=600)["instance_refresh"]["instance_refresh_id"]
    failed = refresh.refuse(launch_template_version=3)
    assert f"{started} of fleet to web:2 is InProgress, and web:3 is wanted" in failed["msg"]
    assert "rollback-instance-refresh" in failed["msg"]
    assert failed.writes == []


def test_a_wait_that_is_over_says_how_to_go_on_or_back(refresh: Module, fleet: Fleet) -> None:
    failed = refresh.refuse(instance_warmup=600, wait_timeout=2)
    assert "is InProgress after 2 seconds (wait_timeout), at 0 %" in failed["msg"]
    assert "is warming up" in failed["msg"]
    assert status(fleet) == "InProgress"


def test_hosts_that_cannot_be_launched_are_told(refresh: Module, fleet: Fleet, tmp_path: Path) -> None:
    another_version(fleet, ImageId="ami-0123456789abcdef0")
    events = tmp_path / "events"
    refresh.refuse(launch_template_version=3, wait_timeout=3, events_file=str(events))
    told = [json.loads(line) for line in events.read_text().splitlines()]
    assert any("ami-0123456789abcdef0" in each["message"] for each in told if each["kind"] == "activity")
    assert len(fleet.ids()) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "nobodys"}, "no Auto Scaling group nobodys"),
        ({"min_healthy_percentage": 50, "max_healthy_percentage": 151}, "a difference of 100 at most"),
        ({"alarms": [f"alarm-{number}" for number in range(11)]}, "watches 10 at most"),
        ({"launch_template_version": 9}, "Cannot start an instance refresh of fleet"),
    ],
)
def test_what_cannot_be_is_refused(
    refresh: Module, fleet: Fleet, options: dict[str, Any], words: str
) -> None:
    assert words in refresh.refuse(**options)["msg"]
    assert status(fleet) == "none"


def test_a_group_of_the_latest_version_is_refused_with_the_way_out(refresh: Module, fleet: Fleet) -> None:
    fleet.scaling.update_auto_scaling_group(
        AutoScalingGroupName="fleet", LaunchTemplate={"LaunchTemplateName": "web", "Version": "$Latest"}
    )
    assert "auto_rollback: false" in refresh.refuse()["msg"]
    assert refresh(auto_rollback=False)["changed"]
    assert versions(fleet) == ["2", "2"]
