"""What changes a group's size by itself: alarms with policies, and scheduled actions."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_cloud.aws.autoscaling.options import Clock
from local_cloud.aws.autoscaling.policies import adjusted, step_for
from local_cloud.aws.autoscaling.schedules import fields, next_time
from local_cloud.testing.scaling import Fleet, let_pass
from local_cloud.testing.shop import refused

MakeClient = Callable[..., Any]
SUNDAY = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)
CPU = {"PredefinedMetricType": "ASGAverageCPUUtilization"}
STEPS = [
    {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
    {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
]


class TestClock:
    def test_passes_faster_and_at_once(self) -> None:
        clock = Clock(speed=1000.0)
        began, first = time.monotonic(), clock.now()
        while time.monotonic() < began + 0.01:
            pass
        assert clock.now() - first >= 9
        before = clock.now(), clock.wall()
        clock.move(3600)
        assert clock.now() - before[0] >= 3600
        assert clock.wall() - before[1] >= timedelta(hours=1)


class TestAdjustments:
    @pytest.mark.parametrize(
        ("kind", "before", "adjustment", "minimum", "expected"),
        [
            ("ExactCapacity", 4, 7, 0, 7),
            ("ChangeInCapacity", 4, -1, 0, 3),
            ("PercentChangeInCapacity", 10, 1, 0, 11),
            ("PercentChangeInCapacity", 10, 25, 0, 12),
            ("PercentChangeInCapacity", 10, -25, 0, 8),
            ("PercentChangeInCapacity", 10, 10, 3, 13),
        ],
    )
    def test_of_capacity(self, kind: str, before: int, adjustment: int, minimum: int, expected: int) -> None:
        assert adjusted(kind, before, adjustment, minimum) == expected

    @pytest.mark.parametrize(("breach", "expected"), [(-1, None), (0, 1), (9.9, 1), (10, 3), (500, 3)])
    def test_by_steps(self, breach: float, expected: int | None) -> None:
        assert step_for(STEPS, breach) == expected

    @pytest.mark.parametrize(("breach", "expected"), [(-5, -1), (0, -1), (-10, -2), (-99, -2)])
    def test_by_steps_downwards(self, breach: float, expected: int) -> None:
        down = [
            {"MetricIntervalUpperBound": 0, "MetricIntervalLowerBound": -10, "ScalingAdjustment": -1},
            {"MetricIntervalUpperBound": -10, "ScalingAdjustment": -2},
        ]
        assert step_for(down, breach) == expected


class TestCron:
    @pytest.mark.parametrize(
        ("expression", "zone", "expected"),
        [
            ("45 12 * * *", "UTC", datetime(2026, 11, 29, 12, 45, tzinfo=UTC)),
            ("30 12 * * *", "UTC", datetime(2026, 11, 30, 12, 30, tzinfo=UTC)),
            ("*/20 * * * *", "UTC", datetime(2026, 11, 29, 12, 40, tzinfo=UTC)),
            ("0 9 * * 1-5", "UTC", datetime(2026, 11, 30, 9, 0, tzinfo=UTC)),
            ("0 9 * * 7", "UTC", datetime(2026, 12, 6, 9, 0, tzinfo=UTC)),
            ("0 0 1 1 *", "UTC", datetime(2027, 1, 1, 0, 0, tzinfo=UTC)),
            ("0 9 * * *", "Europe/Berlin", datetime(2026, 11, 30, 8, 0, tzinfo=UTC)),
            ("0 0 13 * 5", "UTC", datetime(2026, 12, 4, 0, 0, tzinfo=UTC)),
            ("0 0 31 2 *", "UTC", None),
        ],
    )
    def test_names_the_next_time(self, expression: str, zone: str, expected: datetime | None) -> None:
        assert next_time(expression, SUNDAY, zone) == expected

    @pytest.mark.parametrize("expression", ["", "* * * *", "61 * * * *", "* * * * mon"])
    def test_that_is_none_is_refused(self, expression: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with it
            fields(expression)


def put_policy(fleet: Fleet, kind: str, **settings: Any) -> Any:
    return fleet.scaling.put_scaling_policy(
        AutoScalingGroupName="fleet", PolicyName="grow", PolicyType=kind, **settings
    )


def put_alarm(client: MakeClient, policy: str, **settings: Any) -> None:
    given = {
        "AlarmName": "busy",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "MetricName": "Load",
        "Namespace": "Shop",
        "Period": 60,
        "Statistic": "Average",
        "Threshold": 50.0,
        "AlarmActions": [policy],
    }
    client("cloudwatch").put_metric_alarm(**(given | settings))


def put_values(client: MakeClient, *values: float, name: str = "Load", namespace: str = "Shop") -> None:
    """A value a minute, the last one now."""
    now = datetime.now(UTC)
    for age, value in enumerate(reversed(values)):
        client("cloudwatch").put_metric_data(
            Namespace=namespace,
            MetricData=[
                {"MetricName": name, "Value": value, "Timestamp": now - timedelta(minutes=age, seconds=1)}
            ],
        )


class TestAlarms:
    def test_execute_a_simple_policy_with_its_cooldown(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        policy = put_policy(
            fleet,
            "SimpleScaling",
            AdjustmentType="ChangeInCapacity",
            ScalingAdjustment=2,
            Cooldown=300,
        )["PolicyARN"]
        put_alarm(client, policy)
        state = {"AlarmName": "busy", "StateReason": "test"}
        client("cloudwatch").set_alarm_state(**state, StateValue="ALARM")
        fleet.wait(lambda states: len(states) == 3)
        assert (
            "a monitor alarm busy in state ALARM triggered policy grow changing the desired capacity from 1"
            " to 3."
        ) in fleet.activities()[0]["Cause"]
        let_pass(61)
        assert len(fleet.states()) == 3
        let_pass(240)

        fleet.wait(lambda states: len(states) == 5)

    def test_execute_the_step_that_the_metric_names(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        policy = put_policy(
            fleet,
            "StepScaling",
            AdjustmentType="ChangeInCapacity",
            StepAdjustments=STEPS,
            EstimatedInstanceWarmup=300,
        )["PolicyARN"]
        let_pass(301)
        put_alarm(client, policy)
        put_values(client, 65.0)
        fleet.wait(lambda states: len(states) == 4)
        let_pass(61)

        assert len(fleet.wait(bool)) == 4

    def test_are_not_heeded_while_that_is_suspended(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        policy = put_policy(fleet, "SimpleScaling", AdjustmentType="ExactCapacity", ScalingAdjustment=2)[
            "PolicyARN"
        ]
        name = {"AutoScalingGroupName": "fleet"}
        fleet.scaling.suspend_processes(**name, ScalingProcesses=["AlarmNotification"])
        put_alarm(client, policy)
        client("cloudwatch").set_alarm_state(AlarmName="busy", StateReason="test", StateValue="ALARM")
        assert len(fleet.ids()) == 1
        fleet.scaling.resume_processes(**name)

        fleet.wait(lambda states: len(states) == 2)

    def test_of_target_tracking_follow_the_metric(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 2)
        target = {
            "TargetValue": 50.0,
            "CustomizedMetricSpecification": {
                "MetricName": "Load",
                "Namespace": "Shop",
                "Statistic": "Average",
            },
        }
        answer = put_policy(fleet, "TargetTrackingScaling", TargetTrackingConfiguration=target)
        names = [each["AlarmName"] for each in answer["Alarms"]]
        assert [name.rsplit("-", 5)[0] for name in names] == [
            "TargetTracking-fleet-AlarmHigh",
            "TargetTracking-fleet-AlarmLow",
        ]
        put_values(client, 100.0, 100.0, 100.0)
        fleet.wait(lambda states: len(states) == 4)
        fleet.scaling.delete_policy(AutoScalingGroupName="fleet", PolicyName="grow")
        assert client("cloudwatch").describe_alarms()["MetricAlarms"] == []

    def test_belong_to_one_group_and_end_with_it(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        described = fleet.describe()
        template = {"LaunchTemplateName": "web", "Version": "1"}
        fleet.scaling.create_auto_scaling_group(
            AutoScalingGroupName="other",
            LaunchTemplate=template,
            MinSize=0,
            MaxSize=2,
            AvailabilityZones=described["AvailabilityZones"],
        )
        target = {"TargetValue": 7.0, "PredefinedMetricSpecification": CPU}
        settings = {"PolicyName": "load", "PolicyType": "TargetTrackingScaling"}
        for group in ("fleet", "other"):
            fleet.scaling.put_scaling_policy(
                **settings, AutoScalingGroupName=group, TargetTrackingConfiguration=target, Enabled=False
            )
        found = fleet.scaling.describe_policies()["ScalingPolicies"]
        assert [(each["AutoScalingGroupName"], each["Enabled"]) for each in found] == [
            ("fleet", False),
            ("other", False),
        ]
        fleet.scaling.delete_policy(AutoScalingGroupName="other", PolicyName="load")
        [left] = fleet.scaling.describe_policies()["ScalingPolicies"]
        assert left["AutoScalingGroupName"] == "fleet"
        fleet.scaling.delete_auto_scaling_group(AutoScalingGroupName="fleet", ForceDelete=True)
        assert fleet.scaling.describe_policies()["ScalingPolicies"] == []
        assert client("cloudwatch").describe_alarms()["MetricAlarms"] == []

    def test_are_described_by_name_and_state(self, client: MakeClient) -> None:
        """moto looks at the first of these alone."""
        cloudwatch = client("cloudwatch")
        put_alarm(client, "arn:aws:sns:us-east-1:000000000000:alarms")
        cloudwatch.set_alarm_state(AlarmName="busy", StateReason="test", StateValue="OK")
        for asked in ({"AlarmNames": ["busy"]}, {"AlarmNamePrefix": "bu"}, {}):
            for state, found in (("OK", 1), ("ALARM", 0)):
                alarms = cloudwatch.describe_alarms(StateValue=state, **asked)["MetricAlarms"]
                assert len(alarms) == found, (asked, state)
        assert cloudwatch.describe_alarms(AlarmNamePrefix="idle")["MetricAlarms"] == []

    def test_of_a_disabled_policy_do_nothing(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        settings = {"AdjustmentType": "ExactCapacity", "ScalingAdjustment": 2}
        policy = put_policy(fleet, "SimpleScaling", **settings, Enabled=False)["PolicyARN"]
        put_alarm(client, policy)
        client("cloudwatch").set_alarm_state(AlarmName="busy", StateReason="test", StateValue="ALARM")
        let_pass(61)
        assert fleet.describe()["DesiredCapacity"] == 1
        put_policy(fleet, "SimpleScaling", **settings)

        fleet.wait(lambda states: len(states) == 2)

    def test_of_requests_are_of_the_group_s_own_targets(self, client: MakeClient) -> None:
        """Recorded in an account, 2024: the words."""
        fleet = Fleet.launch(client, 1)
        vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        [group] = client("elbv2").create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)[
            "TargetGroups"
        ]
        arn = group["TargetGroupArn"]
        label = f"app/web/0123456789abcdef/{arn.rpartition(':')[2]}"
        counted = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}
        target = {"TargetValue": 600.0, "PredefinedMetricSpecification": counted}
        with refused("ValidationError", "Target group not attached to the Auto Scaling group"):
            put_policy(fleet, "TargetTrackingScaling", TargetTrackingConfiguration=target)
        fleet.scaling.attach_load_balancer_target_groups(AutoScalingGroupName="fleet", TargetGroupARNs=[arn])
        assert put_policy(fleet, "TargetTrackingScaling", TargetTrackingConfiguration=target)["Alarms"]

    def test_let_a_group_shrink_after_a_quarter_of_an_hour(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 4, MinSize=1)
        target = {
            "TargetValue": 50.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        }
        put_policy(fleet, "TargetTrackingScaling", TargetTrackingConfiguration=target)
        now = datetime.now(UTC)
        dimensions = [{"Name": "AutoScalingGroupName", "Value": "fleet"}]
        client("cloudwatch").put_metric_data(
            Namespace="AWS/EC2",
            MetricData=[
                {
                    "MetricName": "CPUUtilization",
                    "Dimensions": dimensions,
                    "Value": 10.0,
                    "Timestamp": now - timedelta(minutes=age, seconds=1),
                }
                for age in range(15)
            ],
        )

        fleet.wait(lambda states: len(states) == 1)


class TestScheduledActions:
    def put(self, fleet: Fleet, **settings: Any) -> None:
        fleet.scaling.put_scheduled_update_group_action(
            AutoScalingGroupName="fleet", ScheduledActionName="morning", **settings
        )

    def test_come_at_their_time_once(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        self.put(fleet, StartTime=datetime.now(UTC) + timedelta(hours=2), MinSize=3, DesiredCapacity=4)
        let_pass(7100)
        assert len(fleet.ids()) == 1
        let_pass(200)

        fleet.wait(lambda states: len(states) == 4)
        assert fleet.describe()["MinSize"] == 3
        cause = fleet.activities()[0]["Cause"]
        assert "a scheduled action update of AutoScalingGroup constraints to min: 3, max: 10" in cause
        assert fleet.scaling.describe_scheduled_actions()["ScheduledUpdateGroupActions"] == []

    def test_come_again_and_again(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 1)
        self.put(fleet, Recurrence="0 9 * * *", DesiredCapacity=2)
        for _ in range(2):
            let_pass(24 * 3600)
            fleet.wait(lambda states: len(states) == 2)
            fleet.resize(1)
        fleet.scaling.delete_scheduled_action(AutoScalingGroupName="fleet", ScheduledActionName="morning")
        let_pass(24 * 3600)
        assert len(fleet.ids()) == 1

    def test_with_a_wrong_recurrence_are_refused(self, client: MakeClient) -> None:
        fleet = Fleet.launch(client, 0)
        with refused("ValidationError", match="never"):
            self.put(fleet, Recurrence="never", DesiredCapacity=2)
        with refused("ValidationError", match="Nowhere/Land is no time zone"):
            self.put(fleet, Recurrence="0 9 * * *", TimeZone="Nowhere/Land", DesiredCapacity=2)
