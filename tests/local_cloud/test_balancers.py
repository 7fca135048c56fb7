"""Load balancers answer: real requests, by haproxy, to programs in network namespaces.

What is expected is AWS's, by the user guide for Application Load Balancers.
"""

from collections import Counter
from typing import Any

import pytest

from tests.local_cloud.balanced import Balanced, as_before, healthy, site, until

__all__ = ["as_before", "site"]
"""Fixtures, for pytest to find."""


class TestLoadBalancer:
    def test_forwards_to_both_targets_from_all_its_addresses(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a", "b")
        site.listen(balancer, group)
        healthy(site, group, "a", "b")
        for address in (*site.addresses(balancer), *site.addresses(balancer, private=True)):
            assert {site.get(address).me for _ in range(4)} == {"a", "b"}

    def test_is_reached_by_its_name_alone_where_it_is_internal(self, site: Balanced) -> None:
        balancer = site.balance("inside", Scheme="internal")
        site.listen(balancer, site.target_group("web", "a"))
        interfaces = site.ec2.describe_network_interfaces()["NetworkInterfaces"]
        mine = [each for each in interfaces if "inside" in each["Description"]]
        assert balancer["DNSName"].startswith("internal-inside-")
        assert [each.get("Association") for each in mine] == [None, None]
        assert {each["RequesterId"] for each in mine} == {"amazon-elb"}
        private = site.addresses(balancer, private=True)
        assert until(lambda: site.get(private[1]).me) == "a"

    def test_tells_targets_of_the_client(self, site: Balanced) -> None:
        balancer = site.balance()
        site.listen(balancer, site.target_group("web", "a"))
        [address, _] = site.addresses(balancer)
        until(lambda: site.get(address).me)
        headers = site.get(address, X_Forwarded_For="203.0.113.7", Host="shop.example").json["headers"]
        assert headers["x-forwarded-for"] == "203.0.113.7, 198.19.255.254"
        assert headers["x-forwarded-proto"] == "http"
        assert headers["x-forwarded-port"] == "80"
        assert headers["x-amzn-trace-id"].startswith("Root=1-")
        assert headers["host"] == "shop.example"

    def test_filters_by_its_security_groups(self, site: Balanced) -> None:
        closed = site.ec2.create_security_group(GroupName="closed", Description="closed", VpcId=site.vpc)[
            "GroupId"
        ]
        balancer = site.balance("shut", SecurityGroups=[closed])
        site.listen(balancer, site.target_group("web", "a"))
        address = site.addresses(balancer)[0]
        until(lambda: site.answering.controller.problem == "")
        with pytest.raises(TimeoutError):
            site.get(address, timeout=0.5)
        site.elb.set_security_groups(
            LoadBalancerArn=balancer["LoadBalancerArn"], SecurityGroups=[site.groups["balancer"]]
        )
        site.answering.filter()
        assert until(lambda: site.get(address).me) == "a"

    def test_answers_on_a_port_until_its_listener_ends(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a")
        site.listen(balancer, group)
        other = site.listen(balancer, group, port=8443)
        address = site.addresses(balancer)[0]
        until(lambda: site.get(address, port=8443).me)
        site.elb.delete_listener(ListenerArn=other)

        def is_closed() -> bool:
            try:
                site.get(address, port=8443)
            except ConnectionError:
                return True
            return False

        until(is_closed)
        assert site.get(address).me == "a"


class TestRules:
    def test_fixed_responses_redirects_and_paths_in_their_order(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a")
        said = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "nothing 'here'\n%[src]"}
        listener = site.listen(balancer, {"Type": "fixed-response", "FixedResponseConfig": said})
        rules: list[tuple[int, dict[str, Any], dict[str, Any]]] = [
            (
                20,
                {"Field": "path-pattern", "Values": ["/img/*.p?g"]},
                {"Type": "forward", "TargetGroupArn": group},
            ),
            (
                10,
                {"Field": "host-header", "Values": ["*.OLD.example"]},
                {
                    "Type": "redirect",
                    "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
                },
            ),
        ]
        for priority, condition, action in rules:
            site.elb.create_rule(
                ListenerArn=listener, Priority=priority, Conditions=[condition], Actions=[action]
            )
        address = site.addresses(balancer)[0]

        def location() -> str | None:
            moved = site.get(address, "/img/a.png?x=1", Host="www.old.example")
            return moved.headers["Location"] if moved.status == 301 else None

        # The rule that was made last is the last one to count.
        assert until(location) == "https://www.old.example:443/img/a.png?x=1"
        assert until(lambda: site.get(address, "/img/a.png").me) == "a"
        assert site.get(address, "/img/a/b.jpg").status == 404
        assert site.get(address, "/IMG/a.png").body == b"nothing 'here'\n%[src]"
        assert site.get(address, "/").headers["Server"] == "awselb/2.0"

    def test_all_conditions_of_a_rule_have_to_hold(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a")
        listener = site.listen(
            balancer, {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "410"}}
        )
        site.elb.create_rule(
            ListenerArn=listener,
            Priority=1,
            Conditions=[
                {
                    "Field": "http-header",
                    "HttpHeaderConfig": {"HttpHeaderName": "X-Version", "Values": ["beta*"]},
                },
                {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}},
                {
                    "Field": "query-string",
                    "QueryStringConfig": {"Values": [{"Key": "lang", "Value": "d?"}, {"Value": "all"}]},
                },
                {"Field": "source-ip", "SourceIpConfig": {"Values": ["198.19.255.0/24"]}},
            ],
            Actions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        address = site.addresses(balancer)[0]
        until(lambda: site.get(address, "/?lang=de", X_Version="BETA2").me)
        assert until(lambda: site.get(address, "/?x=all", X_Version="beta").me) == "a"
        assert site.get(address, "/?lang=deu", X_Version="beta").status == 410
        assert site.get(address, "/?lang=de", X_Version="alpha").status == 410
        assert site.get(address, "/?lang=de").status == 410

    def test_weights_divide_requests_and_a_cookie_keeps_a_client(self, site: Balanced) -> None:
        balancer = site.balance()
        first, second = site.target_group("one", "a"), site.target_group("two", "b")
        forward = {
            "TargetGroups": [
                {"TargetGroupArn": first, "Weight": 9},
                {"TargetGroupArn": second, "Weight": 1},
            ],
            "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
        }
        site.listen(balancer, {"Type": "forward", "ForwardConfig": forward})
        healthy(site, first, "a")
        healthy(site, second, "b")
        address = site.addresses(balancer)[0]
        until(lambda: site.get(address).me)
        seen = Counter(site.get(address).me for _ in range(300))
        assert 5 <= seen["b"] <= 70
        answer = site.get(address)
        assert {"AWSALBTG", "AWSALBTGCORS"} <= {*answer.cookies}
        cookie = f"AWSALBTG={answer.cookies['AWSALBTG']}"
        assert {site.get(address, Cookie=cookie).me for _ in range(40)} == {answer.me}

    def test_a_cookie_keeps_a_client_with_a_target_until_that_is_gone(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a", "b")
        stick(site, group, **{"type": "lb_cookie", "lb_cookie.duration_seconds": "60"})
        site.listen(balancer, group)
        healthy(site, group, "a", "b")
        address = site.addresses(balancer)[0]
        first = site.get(address)
        assert first.cookies["AWSALB"] == first.cookies["AWSALBCORS"]
        cookie = f"AWSALB={first.cookies['AWSALB']}"
        assert {site.get(address, Cookie=cookie).me for _ in range(10)} == {first.me}
        site.deregister(group, first.me)
        other = {"a": "b", "b": "a"}[first.me]
        until(lambda: site.get(address, Cookie=cookie).me == other)

    def test_an_applications_cookie_keeps_a_client(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a", "b")
        stick(site, group, **{"type": "app_cookie", "app_cookie.cookie_name": "SID"})
        site.listen(balancer, group)
        healthy(site, group, "a", "b")
        address = site.addresses(balancer)[0]
        assert "AWSALBAPP-0" not in site.get(address).cookies
        first = site.get(address, "/session")
        own = f"AWSALBAPP-0={first.cookies['AWSALBAPP-0']}"
        assert {site.get(address, Cookie=f"SID=1; {own}").me for _ in range(10)} == {first.me}
        # Without the application's own cookie there is no session.
        assert {site.get(address, Cookie=own).me for _ in range(10)} == {"a", "b"}


def stick(site: Balanced, group: str, **attributes: str) -> None:
    given = {"enabled": "true"} | attributes
    site.elb.modify_target_group_attributes(
        TargetGroupArn=group,
        Attributes=[{"Key": f"stickiness.{key}", "Value": value} for key, value in given.items()],
    )
