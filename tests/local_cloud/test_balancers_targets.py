"""Targets of load balancers: how healthy they are, how they leave, and what is said without them."""

import threading
import time
from collections import Counter
from typing import Any

import pytest

from tests.local_cloud.balanced import Balanced, as_before, healthy, site, tell, until

__all__ = ["as_before", "site"]
"""Fixtures, for pytest to find."""


PAGE = "text/html"


class TestHealth:
    def test_a_group_that_no_listener_names_is_not_in_use(self, site: Balanced) -> None:
        group = site.target_group("web", "a")
        assert site.health(group) == {"a": ("unused", "Target.NotInUse")}

    def test_one_check_makes_a_new_target_healthy(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a", HealthyThresholdCount=10)
        site.listen(balancer, group)
        began = time.monotonic()
        healthy(site, group, "a")
        assert time.monotonic() - began < 3

    @pytest.mark.parametrize(
        ("said", "options", "reason", "description"),
        [
            (500, {}, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [500]"),
            pytest.param(
                *(201, {"Matcher": {"HttpCode": "200,202-299"}}, "Target.ResponseCodeMismatch", "[201]"),
                marks=pytest.mark.long,
            ),
            pytest.param(
                *(200, {"HealthCheckPort": "81"}, "Target.FailedHealthChecks", "Health checks failed"),
                marks=pytest.mark.long,
            ),
        ],
    )
    def test_says_why_a_target_is_unhealthy(
        self, site: Balanced, said: int, options: dict[str, Any], reason: str, description: str
    ) -> None:
        tell(site.boxes["a"], f'say {{"/said": {said}}}')
        balancer = site.balance()
        group = site.target_group("web", "a", HealthCheckPath="/said", **options)
        site.listen(balancer, group)
        until(lambda: site.health(group)["a"] == ("unhealthy", reason))
        [told] = site.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        assert description in told["TargetHealth"]["Description"]
        # All that are there are unhealthy: requests go to them all the same.
        assert site.get(site.addresses(balancer)[0]).me == "a"

    @pytest.mark.long
    def test_a_target_that_does_not_answer_times_out(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a", HealthCheckPath="/wait/30")
        site.listen(balancer, group)
        until(lambda: site.health(group)["a"] == ("unhealthy", "Target.Timeout"))

    def test_a_target_is_out_after_the_threshold_and_in_again(self, site: Balanced) -> None:
        tell(site.boxes["b"], 'say {"/check": 200}')
        balancer = site.balance()
        group = site.target_group("web", "a", "b", HealthCheckPath="/check")
        site.listen(balancer, group)
        healthy(site, group, "a", "b")
        address = site.addresses(balancer)[0]
        tell(site.boxes["b"], 'say {"/check": 503}')
        healthy(site, group, "a")
        assert {site.get(address).me for _ in range(6)} == {"a"}
        tell(site.boxes["b"], 'say {"/check": 200}')
        healthy(site, group, "a", "b")
        assert {site.get(address).me for _ in range(6)} == {"a", "b"}

    def test_a_stopped_instance_is_unused(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a", "b")
        site.listen(balancer, group)
        healthy(site, group, "a", "b")
        site.ec2.stop_instances(InstanceIds=[site.instances["b"]])
        assert site.health(group)["b"] == ("unused", "Target.InvalidState")
        site.ec2.start_instances(InstanceIds=[site.instances["b"]])
        healthy(site, group, "a", "b")


class TestDraining:
    def test_a_request_that_is_under_way_ends_and_new_ones_go_elsewhere(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a")
        site.listen(balancer, group)
        healthy(site, group, "a")
        address = site.addresses(balancer)[0]
        slow: list[Any] = []
        asking = threading.Thread(target=lambda: slow.append(site.get(address, "/wait/3")))
        asking.start()
        until(lambda: connections(site, "a"))
        site.register(group, "b")
        healthy(site, group, "a", "b")
        site.deregister(group, "a")
        assert site.health(group)["a"] == ("draining", "Target.DeregistrationInProgress")
        until(lambda: {site.get(address).me for _ in range(6)} == {"b"})
        asking.join()
        assert slow[0].me == "a"

    def test_after_the_delay_a_target_is_out_and_what_goes_on_is_ended(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a", "b")
        site.elb.modify_target_group_attributes(
            TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}]
        )
        site.listen(balancer, group)
        healthy(site, group, "a", "b")
        site.deregister(group, "b")
        address = site.addresses(balancer)[0]
        until(lambda: {site.get(address).me for _ in range(6)} == {"a"})
        slow: list[int] = []
        site.register(group, "b")
        site.deregister(group, "a")
        asking = threading.Thread(target=lambda: slow.append(site.get(address, "/wait/20").status))
        until(lambda: site.get(address).me == "b")
        asking.start()
        until(lambda: connections(site, "b"))
        site.register(group, "a")
        site.deregister(group, "b")
        until(lambda: "b" not in site.health(group))
        asking.join(10)
        assert slow == [502]

    @pytest.mark.long
    def test_in_slow_start_a_target_gets_more_and_more(self, site: Balanced) -> None:
        """Of two, from a small share to a half within the 30 seconds that are the shortest."""
        balancer = site.balance()
        group = site.target_group("web", "a")
        site.elb.modify_target_group_attributes(
            TargetGroupArn=group, Attributes=[{"Key": "slow_start.duration_seconds", "Value": "30"}]
        )
        site.listen(balancer, group)
        healthy(site, group, "a")
        address = site.addresses(balancer)[0]

        def share() -> float:
            return Counter(site.get(address).me for _ in range(100))["b"] / 100

        site.register(group, "b")
        until(lambda: site.get(address).me == "b")
        begun = time.monotonic()
        assert share() < 0.35
        shares = [share() for _ in iter(lambda: time.monotonic() < begun + 32, False)]
        assert shares == pytest.approx(sorted(shares), abs=0.1)
        assert shares[-1] == pytest.approx(0.5, abs=0.06)


def connections(site: Balanced, name: str) -> bool:
    """Is a slow request under way at a target?"""
    return tell(site.boxes[name], "waiting") != "0"


class TestWithoutTargets:
    def test_says_503_where_no_target_is_registered(self, site: Balanced) -> None:
        balancer = site.balance()
        site.listen(balancer, site.target_group("web"))
        answer = until(lambda: site.get(site.addresses(balancer)[0]))
        assert (answer.status, answer.headers["Content-Type"]) == (503, PAGE)

    def test_says_502_where_a_target_takes_no_connection_and_passes_its_own_503_on(
        self, site: Balanced
    ) -> None:
        balancer = site.balance()
        group = site.target_group("web")
        site.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": site.instances["a"], "Port": 81}])
        other = site.target_group("other", "a")
        listener = site.listen(balancer, group)
        site.elb.create_rule(
            ListenerArn=listener,
            Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": ["/status/*"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": other}],
        )
        address = site.addresses(balancer)[0]
        assert until(lambda: site.get(address, "/status/503").body.startswith(b"{"))
        answer = site.get(address)
        assert (answer.status, b"502 Bad Gateway" in answer.body) == (502, True)

    @pytest.mark.long
    def test_says_504_where_a_target_does_not_take_the_connection_in_time(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", TargetType="ip")
        site.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "172.31.15.200"}])
        site.listen(balancer, group)
        address = site.addresses(balancer)[0]
        assert until(lambda: site.get(address).status) == 504
