"""What load balancers are made of: health, rotation, slots, metrics and log lines."""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from local_cloud.aws.moto.elbv2.targets import CHECKING, HEALTHY, ZONE_NOT_ENABLED
from local_cloud.hosts.load_balancers import access_logs, health, rotation
from local_cloud.hosts.load_balancers.controller import BalancerController
from local_cloud.hosts.load_balancers.health import FAILED, PASSED, TIMED_OUT, Checked, after, mismatch
from local_cloud.hosts.load_balancers.metrics import Places
from local_cloud.hosts.load_balancers.model import (
    HealthCheck,
    Target,
)
from local_cloud.hosts.load_balancers.requests import parse
from local_cloud.hosts.load_balancers.slots import FEWEST, assign
from local_cloud.hosts.load_balancers.traffic import Traffic
from local_cloud.hosts.network import Network
from local_cloud.testing.clouds import LocalCloud
from tests.local_cloud.balancer_models import (
    ACCOUNT,
    GROUP,
    REGION,
    TARGETS,
    WEB,
    account,
)

UNHEALTHY = health.after(Checked(), FAILED, HealthCheck(unhealthy=1), 0.0).health


def test_without_haproxy_load_balancers_are_records(
    local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = local_cloud.settings
    controller = BalancerController(settings, Network(settings), local_cloud.turn, lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")
    controller.start()
    controller.stop()
    assert controller.problem == "the package haproxy is not installed"


class TestHealth:
    CHECK = HealthCheck(healthy=3, unhealthy=2)

    def states(self, *outcomes: health.Outcome) -> list[str]:
        checked, seen = Checked(), []
        for each in outcomes:
            checked = after(checked, each, self.CHECK, 0.0)
            seen.append(checked.health.state)
        return seen

    def test_one_check_is_enough_for_a_new_target(self) -> None:
        assert self.states(PASSED) == ["healthy"]

    def test_as_many_in_a_row_as_the_thresholds_say(self) -> None:
        outcomes = [PASSED, FAILED, PASSED, FAILED, FAILED, *[PASSED] * 2, FAILED, *[PASSED] * 3]
        assert self.states(*outcomes) == [*["healthy"] * 4, *["unhealthy"] * 6, "healthy"]

    def test_a_new_target_is_unhealthy_after_the_threshold(self) -> None:
        assert self.states(TIMED_OUT, TIMED_OUT) == ["initial", "unhealthy"]

    def test_the_last_reason_counts(self) -> None:
        checked = after(after(Checked(), TIMED_OUT, self.CHECK, 0), mismatch(404), self.CHECK, 0)
        assert checked.health == (
            "unhealthy",
            "Target.ResponseCodeMismatch",
            "Health checks failed with these codes: [404]",
        )

    @pytest.mark.parametrize(
        ("code", "matcher", "fits"),
        [
            (200, "200", True),
            (299, "200-299", True),
            (300, "200-299", False),
            (302, "200,302", True),
            (200, "", False),
        ],
    )
    def test_codes(self, code: int, matcher: str, fits: bool) -> None:
        assert health.matches(code, matcher) is fits


class TestRotation:
    def test_goes_to_healthy_targets(self) -> None:
        checked = {"i-1": Checked(health=HEALTHY), "i-2": Checked(health=CHECKING)}
        assert rotation.weights(GROUP, checked, 0) == {"i-1": 100}

    def test_fails_open_but_for_what_is_unused_or_leaves(self) -> None:
        targets = (
            *TARGETS,
            Target(target_id="i-3", address="10.0.0.3", port=80, leaving=True),
            Target(target_id="i-4", address="10.0.0.4", port=80, unused=ZONE_NOT_ENABLED),
        )
        assert rotation.weights(replace(GROUP, targets=targets), {}, 0) == {"i-1": 100, "i-2": 100}

    def test_a_share_grows_in_slow_start(self) -> None:
        slow = replace(GROUP, slow_start=60)
        checked = {
            "i-1": Checked(health=HEALTHY, since=100),
            "i-2": Checked(health=HEALTHY, since=float("-inf")),
        }
        shares = [rotation.weights(slow, checked, now)["i-1"] for now in (100, 130, 160)]
        assert shares == [10, 50, 100]


class TestSlots:
    FULL: Mapping[str, int] = {"i-1": 100, "i-2": 100}

    def test_a_target_keeps_its_server_and_others_free_ones(self) -> None:
        before = assign({}, GROUP, self.FULL)
        third = Target(target_id="i-3", address="10.0.0.3", port=80)
        now = assign(before, replace(GROUP, targets=(TARGETS[1], third)), {"i-2": 100, "i-3": 10})
        names = {server.target_id: name for name, server in before.items() if server.target_id}
        assert now[names["i-2"]] == before[names["i-2"]]
        assert [server.target_id for name, server in now.items() if name == names["i-1"]] == [""]
        [commands] = [[*rotation.changes("b", before, now)]]
        [name] = [name for name, server in now.items() if server.target_id == "i-3"]
        assert commands == [
            f"set server b/{name} addr 10.0.0.3 port 80",
            f"set server b/{name} weight 10",
            f"set server b/{name} state ready",
            f"set server b/{names['i-1']} state maint",
            f"shutdown sessions server b/{names['i-1']}",
        ]

    def test_a_target_that_drains_keeps_its_server_which_is_off(self) -> None:
        before = assign({}, GROUP, self.FULL)
        leaving = replace(GROUP, targets=(TARGETS[0], replace(TARGETS[1], leaving=True)))
        now = assign(before, leaving, {"i-1": 100})
        [name] = [name for name, server in before.items() if server.target_id == "i-2"]
        assert [*rotation.changes("b", before, now)] == [f"set server b/{name} state maint"]

    def test_there_are_twice_as_many_where_they_are_too_few(self) -> None:
        many = tuple(Target(target_id=f"i-{n}", address=f"10.0.1.{n}", port=80) for n in range(FEWEST + 1))
        servers = assign({}, replace(GROUP, targets=many), {})
        assert len(servers) == 2 * FEWEST
        assert {each.target_id for each in servers.values()} == {*(each.target_id for each in many), ""}


def noted(**given: str) -> bytes:
    """What haproxy notes of a request."""
    words = {
        "frontend": "f.11bb",
        "backend": "b.22cc.00aa",
        "target": "10.0.0.1:8080",
        "client": "203.0.113.9:40000",
        "node": "10.0.0.8",
        "began": "1795946400000",
        "waited": "1",
        "connected": "2",
        "answered": "250",
        "whole": "260",
        "status": "200",
        "ended": "--",
        "received": "100",
        "sent": "900",
        "rule": "0",
        "method": "GET",
        "path": "/a?b=c",
        "version": "HTTP/1.1",
        "host": "shop.example",
        "agent": 'say \\"hi\\"',
        "protocol": "-",
        "cipher": "-",
        "server_name": "-",
        "trace": "Root=1-a-b",
    }
    return " ".join(f'"{each}"' for each in (words | given).values()).encode() + b"\n"


class TestAccessLog:
    def test_a_line_has_the_fields_in_awss_order(self) -> None:
        places = Places()
        places.put(account())
        request = parse(noted())
        assert request is not None
        place = places.of(request)
        assert place is not None
        assert access_logs.line(request, place) == (
            "http 2026-11-29T10:00:00.260000Z app/front/22cc 203.0.113.9:40000 10.0.0.1:8080 0.003"
            ' 0.250 0.007 200 200 100 900 "GET http://shop.example:80/a?b=c HTTP/1.1" "say \\"hi\\"" - - '
            f'{WEB} "Root=1-a-b" "-" "-" 0 2026-11-29T10:00:00.000000Z "forward" "-" "-" "10.0.0.1:8080"'
            ' "200" "-" "-" -'
        )

    def test_what_no_target_answered(self) -> None:
        places = Places()
        places.put(account())
        request = parse(noted(answered="-1", status="502", ended="SC"))
        assert request is not None
        place = places.of(request)
        assert place is not None
        assert " 10.0.0.1:8080 -1 -1 -1 502 - " in access_logs.line(request, place)

    def test_what_is_no_request_is_passed_over(self) -> None:
        assert parse(b"Proxy f.11bb stopped (cumulated conns: FE: 10, BE: 0).\n") is None
        assert parse(noted(began="-")) is None

    def test_the_objects_name(self) -> None:
        [balancer] = account().balancers
        end = datetime(2026, 11, 29, 10, 5, tzinfo=UTC)
        assert access_logs.key(balancer, "/logs/", "198.18.0.8", end, "abcd") == (
            f"logs/AWSLogs/{ACCOUNT}/elasticloadbalancing/{REGION}/2026/11/29/"
            f"{ACCOUNT}_elasticloadbalancing_{REGION}_app.front.22cc_20261129T1005Z_198.18.0.8_abcd.log.gz"
        )


class TestMetrics:
    def test_a_minute_of_requests_and_an_alarm_on_it(
        self, local_cloud: LocalCloud, client: Callable[..., Any]
    ) -> None:
        cloudwatch = client("cloudwatch", region=REGION)
        balancer = {"Name": "LoadBalancer", "Value": "app/front/22cc"}
        cloudwatch.put_metric_alarm(
            AlarmName="errors",
            Namespace="AWS/ApplicationELB",
            MetricName="HTTPCode_ELB_5XX_Count",
            Dimensions=[balancer],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=2,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )
        changed: list[bool] = []
        traffic = Traffic(local_cloud.turn, lambda: changed.append(True))
        own = replace(account().balancers[0], account="123456789012")
        checked = {"i-1": Checked(health=HEALTHY), "i-2": Checked(health=CHECKING)}
        traffic.put(replace(account(), balancers=(own,)), lambda _arn: checked)
        lines = [noted()] * 3 + [noted(answered="-1", status="502", ended="SC")] * 2
        lines += [noted(answered="750", status="404")]
        deliver(traffic, lines)

        def sums(name: str, *more: dict[str, str], statistic: str = "Sum") -> list[float]:
            now = time.time()
            found = cloudwatch.get_metric_statistics(
                Namespace="AWS/ApplicationELB",
                MetricName=name,
                Dimensions=[*more, balancer],
                StartTime=now - 600,
                EndTime=now + 60,
                Period=600,
                Statistics=[statistic],
            )
            return [each[statistic] for each in found["Datapoints"]]

        group = {"Name": "TargetGroup", "Value": "targetgroup/web/00aa"}
        assert sums("RequestCount") == [6]
        assert sums("RequestCount", group) == [6]
        assert sums("HTTPCode_Target_2XX_Count") == [3]
        assert sums("HTTPCode_Target_4XX_Count", group) == [1]
        assert sums("HTTPCode_ELB_502_Count") == [2]
        assert sums("TargetConnectionErrorCount") == [2]
        assert sums("TargetResponseTime", statistic="Average") == [pytest.approx((3 * 0.25 + 0.75) / 4)]
        assert sums("HealthyHostCount", group, statistic="Maximum") == [1]
        assert sums("RequestCountPerTarget", group) == [6]
        [alarm] = cloudwatch.describe_alarms(AlarmNames=["errors"])["MetricAlarms"]
        assert (alarm["StateValue"], changed) == ("ALARM", [True])

    @pytest.mark.parametrize(
        ("metrics", "threshold", "state"),
        [
            # Targets were chosen for six requests, two were not reached; one of four answers was 503.
            ("SHARE", 37.5, "ALARM"),
            ("SHARE", 37.6, "OK"),
            # Of four answers one took three quarters of a second, three a quarter.
            ("p75", 0.25, "ALARM"),
            ("p75", 0.26, "OK"),
            ("p76", 0.75, "ALARM"),
            # Of two targets that are healthy.
            ("PER TARGET", 3, "ALARM"),
            ("PER TARGET", 3.1, "OK"),
            ("UNHEALTHY", 1, "ALARM"),
            ("UNHEALTHY", 2, "OK"),
            # What is not known here changes nothing.
            ("MAX(targets)", 0, "INSUFFICIENT_DATA"),
            ("targets + nobody", 0, "INSUFFICIENT_DATA"),
            ("targets +", 0, "INSUFFICIENT_DATA"),
            ("share", 0, "INSUFFICIENT_DATA"),
            # Nobody asked, so that there is nothing to divide by.
            ("targets / FILL(others, 0)", 0, "INSUFFICIENT_DATA"),
            ("targets - FILL(others, 3) * -2", 7, "ALARM"),
        ],
    )
    def test_an_alarm_on_what_metrics_come_to(
        self,
        local_cloud: LocalCloud,
        client: Callable[..., Any],
        metrics: str,
        threshold: float,
        state: str,
    ) -> None:
        cloudwatch = client("cloudwatch", region=REGION)
        balancer = {"Name": "LoadBalancer", "Value": "app/front/22cc"}
        group = {"Name": "TargetGroup", "Value": "targetgroup/web/00aa"}

        def stat(key: str, name: str, how: str, *dimensions: dict[str, str], shown: bool = False) -> Any:
            metric = {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": list(dimensions)}
            return {
                "Id": key,
                "MetricStat": {"Metric": metric, "Period": 60, "Stat": how},
                "ReturnData": shown,
            }

        share = "100 * (FILL(targets, 0) + FILL(balancer, 0)) / (FILL(requests, 0) + FILL(balancer, 0))"
        expression = share if metrics == "SHARE" else metrics
        asked = [
            stat("targets", "HTTPCode_Target_5XX_Count", "Sum", balancer, group),
            stat("balancer", "HTTPCode_ELB_5XX_Count", "Sum", balancer),
            stat("requests", "RequestCount", "Sum", balancer, group),
            stat("others", "NewFlowCount", "Sum", balancer),
            {"Id": "share", "Expression": expression, "ReturnData": True},
        ]
        if metrics == "UNHEALTHY":
            asked = [stat("unhealthy", "UnHealthyHostCount", "Maximum", balancer, group, shown=True)]
        if metrics == "PER TARGET":
            asked = [stat("each", "RequestCountPerTarget", "Sum", group, shown=True)]
        if metrics.startswith("p"):
            asked = [stat("slowest", "TargetResponseTime", metrics, balancer, group, shown=True)]
        cloudwatch.put_metric_alarm(
            AlarmName="errors",
            Metrics=asked,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="ignore",
        )
        cloudwatch.set_alarm_state(AlarmName="errors", StateValue="INSUFFICIENT_DATA", StateReason="new")
        traffic = Traffic(local_cloud.turn, lambda: None)
        own = replace(account().balancers[0], account="123456789012")
        states = {"i-1": HEALTHY, "i-2": UNHEALTHY, "i-3": HEALTHY}
        checked = {target: Checked(health=state) for target, state in states.items()}
        traffic.put(replace(account(), balancers=(own,)), lambda _arn: checked)
        lines = [noted()] * 3 + [noted(answered="-1", status="502", ended="SC")] * 2
        deliver(traffic, [*lines, noted(answered="750", status="503")])
        [alarm] = cloudwatch.describe_alarms(AlarmNames=["errors"])["MetricAlarms"]
        assert alarm["StateValue"] == state


def deliver(traffic: Traffic, lines: list[bytes]) -> None:
    """What haproxy noted, and the end of its minute, which is now."""
    reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with reading, writing:
        reading.setblocking(False)
        for line in lines:
            writing.send(line)
        traffic.read(reading)
    asyncio.run(traffic.flush(int(time.time())))
