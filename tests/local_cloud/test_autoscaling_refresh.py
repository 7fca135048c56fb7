"""Instance refreshes: a group's instances replaced, a part at a time, and back."""

from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.testing.scaling import Fleet, let_pass
from local_cloud.testing.shop import refused, wait_for

MakeClient = Callable[..., Any]
LATEST = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "2"}}


def with_second_version(fleet: Fleet, **data: Any) -> Fleet:
    fleet.ec2.create_launch_template_version(
        LaunchTemplateName="web",
        SourceVersion="1",
        LaunchTemplateData={"InstanceType": "t3a.micro"} | data,
    )
    return fleet


def start(fleet: Fleet, desired: dict[str, Any] | None = None, **preferences: Any) -> str:
    more = {"DesiredConfiguration": desired} if desired else {}
    answer = fleet.scaling.start_instance_refresh(
        AutoScalingGroupName="fleet", Preferences=preferences, **more
    )
    return str(answer["InstanceRefreshId"])


def look(fleet: Fleet) -> dict[str, Any]:
    """The latest refresh."""
    found = fleet.scaling.describe_instance_refreshes(AutoScalingGroupName="fleet")["InstanceRefreshes"]
    return dict(found[0])


def versions(fleet: Fleet) -> list[str]:
    return sorted(each["LaunchTemplate"]["Version"] for each in fleet.describe()["Instances"])


class TestRefresh:
    def test_replaces_all_without_warm_up_at_once(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 3)
        before = set(fleet.ids())
        start(fleet)

        assert before.isdisjoint(fleet.ids())
        found = look(fleet)
        assert (found["Status"], found["PercentageComplete"], found["InstancesToUpdate"]) == (
            "Successful",
            100,
            0,
        )
        causes = {each["Cause"].partition("Z ")[2] for each in fleet.activities()[:6]}
        assert "an instance was launched in response to an instance refresh." in causes
        assert any(
            each.startswith("an instance was taken out of service in response to an instance refresh.  At ")
            for each in causes
        )

    @pytest.mark.parametrize(("minimum", "at_once"), [(90, 1), (50, 2), (0, 4)])
    def test_keeps_so_many_healthy(self, client: MakeClient, minimum: int, at_once: int) -> None:
        fleet = Fleet.launch(client, 4)
        before = set(fleet.ids())
        start(fleet, MinHealthyPercentage=minimum, InstanceWarmup=100)

        for done in range(at_once, 5, at_once):
            left = len(before) - done
            fleet.wait(lambda states, left=left: len(before & states.keys()) == left)  # type: ignore[misc]
            assert len(fleet.ids()) == 4
            found = look(fleet)
            assert found["Status"] == "InProgress"
            assert found["PercentageComplete"] == 25 * (done - at_once)
            assert found["StatusReason"].startswith("Waiting for instances to warm up before continuing.")
            let_pass(100)
        wait_for(lambda: look(fleet)["Status"] == "Successful")

    def test_launches_before_it_ends_where_all_must_stay_healthy(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 2)
        before = set(fleet.ids())
        start(fleet, MinHealthyPercentage=100, InstanceWarmup=60)
        assert len(fleet.ids()) == 3
        let_pass(60)
        wait_for(lambda: len(before & set(fleet.ids())) == 1)
        assert len(fleet.ids()) == 3
        let_pass(60)
        wait_for(lambda: look(fleet)["Status"] == "Successful")

        assert len(fleet.ids()) == 2
        assert before.isdisjoint(fleet.ids())

    def test_waits_for_launch_hooks(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        fleet.put_hook("install")
        start(fleet)
        [instance] = fleet.ids("Pending:Wait")
        assert look(fleet)["Status"] == "InProgress"
        fleet.complete("install", instance, "CONTINUE")

        assert look(fleet)["Status"] == "Successful"

    def test_brings_the_desired_configuration_and_keeps_it(self, client: MakeClient) -> None:
        one = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "1"}}
        fleet = with_second_version(Fleet.launch(client, 2, **one))
        start(fleet, LATEST, InstanceWarmup=60)
        assert fleet.describe()["LaunchTemplate"]["Version"] == "1"
        assert versions(fleet) == ["1", "2"]
        let_pass(60)
        wait_for(lambda: versions(fleet) == ["2", "2"])
        let_pass(60)
        wait_for(lambda: look(fleet)["Status"] == "Successful")

        assert fleet.describe()["LaunchTemplate"]["Version"] == "2"

    def test_skips_what_matches(self, client: MakeClient) -> None:
        fleet = with_second_version(Fleet.launch(client, 1))
        [old] = fleet.ids()
        fleet.resize(2)
        [new] = [each for each in fleet.ids() if each != old]
        start(fleet, SkipMatching=True)

        assert new in fleet.ids()
        assert old not in fleet.ids()

    @pytest.mark.parametrize(("preference", "ended"), [("Ignore", False), ("Refresh", True)])
    def test_of_protected_instances(self, client: MakeClient, preference: str, ended: bool) -> None:
        fleet = Fleet.launch(client, 1, NewInstancesProtectedFromScaleIn=True)
        [before] = fleet.ids()
        start(fleet, ScaleInProtectedInstances=preference)

        assert (before not in fleet.ids()) == ended
        assert look(fleet)["Status"] == "Successful"

    def test_waits_at_checkpoints(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 2)
        before = set(fleet.ids())
        start(fleet, MinHealthyPercentage=50, CheckpointPercentages=[50], CheckpointDelay=300)
        assert look(fleet)["PercentageComplete"] == 50
        assert len(before & set(fleet.ids())) == 1
        let_pass(299)
        assert look(fleet)["Status"] == "InProgress"
        let_pass(1)

        wait_for(lambda: look(fleet)["Status"] == "Successful")

    def test_stands_still_while_it_is_suspended(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        before = fleet.ids()
        fleet.scaling.suspend_processes(AutoScalingGroupName="fleet", ScalingProcesses=["InstanceRefresh"])
        start(fleet)
        assert fleet.ids() == before
        fleet.scaling.resume_processes(AutoScalingGroupName="fleet")

        assert fleet.ids() != before

    def test_is_one_at_a_time(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        with refused("ActiveInstanceRefreshNotFound"):
            fleet.scaling.cancel_instance_refresh(AutoScalingGroupName="fleet")
        start(fleet, InstanceWarmup=60)
        with refused("InstanceRefreshInProgress"):
            start(fleet)
        fleet.scaling.cancel_instance_refresh(AutoScalingGroupName="fleet")

        assert look(fleet)["Status"] == "Cancelled"


class TestRollback:
    def test_by_request(self, client: MakeClient) -> None:
        one = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "1"}}
        fleet = with_second_version(Fleet.launch(client, 2, **one))
        start(fleet, LATEST, InstanceWarmup=60)
        assert versions(fleet) == ["1", "2"]
        fleet.scaling.rollback_instance_refresh(AutoScalingGroupName="fleet")
        assert look(fleet)["Status"] == "RollbackInProgress"
        wait_for(lambda: versions(fleet) == ["1", "1"])
        let_pass(60)
        wait_for(lambda: look(fleet)["Status"] == "RollbackSuccessful")

        assert fleet.describe()["LaunchTemplate"]["Version"] == "1"

    def test_tells_how_far_it_had_come_and_goes_back_to_nothing(self, client: MakeClient) -> None:
        one = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "1"}}
        fleet = with_second_version(Fleet.launch(client, 2, **one))
        start(fleet, LATEST, InstanceWarmup=60)
        let_pass(60)
        wait_for(lambda: look(fleet)["PercentageComplete"] == 50)
        fleet.scaling.rollback_instance_refresh(AutoScalingGroupName="fleet")
        for _ in range(2):
            let_pass(60)
        found = wait_for(lambda: look(fleet), lambda seen: seen["Status"] == "RollbackSuccessful")

        details = found["RollbackDetails"]
        assert (details["PercentageCompleteOnRollback"], details["InstancesToUpdateOnRollback"]) == (50, 1)
        assert (found["PercentageComplete"], found["InstancesToUpdate"]) == (0, 1)

    @pytest.mark.parametrize("version", ["$Latest", "$Default"])
    def test_is_none_to_a_version_that_moves(self, client: MakeClient, version: str) -> None:
        moving = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": version}}
        fleet = with_second_version(Fleet.launch(client, 1, **moving))
        with refused("ValidationError"):
            start(fleet, LATEST, AutoRollback=True)
        start(fleet, LATEST, InstanceWarmup=60)
        with refused("IrreversibleInstanceRefresh"):
            fleet.scaling.rollback_instance_refresh(AutoScalingGroupName="fleet")

    def test_needs_a_version_that_stays(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        start(fleet, InstanceWarmup=60)
        with refused("IrreversibleInstanceRefresh"):
            fleet.scaling.rollback_instance_refresh(AutoScalingGroupName="fleet")

    def test_by_itself_on_an_alarm(self, client: MakeClient) -> None:
        one = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "1"}}
        fleet = with_second_version(Fleet.launch(client, 2, **one))
        client("cloudwatch").put_metric_alarm(
            AlarmName="errors",
            EvaluationPeriods=1,
            ComparisonOperator="GreaterThanThreshold",
            Threshold=1,
            MetricName="Errors",
            Namespace="Shop",
            Period=60,
            Statistic="Sum",
        )
        alarms = {"Alarms": ["errors"]}
        start(fleet, LATEST, InstanceWarmup=60, AutoRollback=True, AlarmSpecification=alarms)
        client("cloudwatch").set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")

        wait_for(lambda: look(fleet)["Status"] == "RollbackInProgress")
        let_pass(60)
        wait_for(lambda: look(fleet)["Status"] == "RollbackSuccessful")
        assert versions(fleet) == ["1", "1"]

    def test_by_itself_when_nothing_comes_into_service(self, client: MakeClient) -> None:
        one = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "1"}}
        fleet = Fleet.launch(client, 1, **one)
        with_second_version(fleet, ImageId="ami-0123456789abcdef0")
        start(fleet, LATEST, AutoRollback=True)
        assert fleet.states() == {}
        let_pass(3601)

        wait_for(lambda: look(fleet)["Status"] == "RollbackSuccessful")
        assert versions(fleet) == ["1"]
