"""Load balancers answer: real requests, by haproxy, to programs in network namespaces.

What is expected is AWS's, by the user guide for Application Load Balancers.
"""

import gzip
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.balanced import REGION, Balanced, balanced, tell, until

PAGE = "text/html"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balanced]:
    with balanced(tmp_path_factory.mktemp("cloud")) as found:
        yield found


@pytest.fixture(autouse=True)
def as_before(site: Balanced) -> Iterator[None]:
    """Each test makes its own load balancers and groups."""
    yield
    for balancer in site.elb.describe_load_balancers()["LoadBalancers"]:
        site.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    for group in site.elb.describe_target_groups()["TargetGroups"]:
        site.elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
    until(lambda: site.answering.controller.problem == "")


def healthy(site: Balanced, arn: str, *names: str) -> None:
    until(lambda: {name for name, (state, _) in site.health(arn).items() if state == "healthy"} == {*names})


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
        until(lambda: site.get(address, "/img/a.png").me)
        assert site.get(address, "/img/a/b.jpg").status == 404
        assert site.get(address, "/IMG/a.png").body == b"nothing 'here'\n%[src]"
        assert site.get(address, "/").headers["Server"] == "awselb/2.0"
        moved = site.get(address, "/img/a.png?x=1", Host="www.old.example")
        assert (moved.status, moved.headers["Location"]) == (301, "https://www.old.example:443/img/a.png?x=1")

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
        assert site.get(address, "/?x=all", X_Version="beta").me == "a"
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
        answer = until(lambda: site.get(address, "/status/503"))
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


class TestReload:
    def test_loses_no_request_while_targets_and_rules_change(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a", "b")
        listener = site.listen(balancer, group)
        healthy(site, group, "a", "b")
        addresses = site.addresses(balancer)
        stop = threading.Event()
        statuses: Counter[int | str] = Counter()
        clients = [
            threading.Thread(target=ask_until, args=(stop, address, statuses, keeps))
            for address in addresses
            for keeps in (True, True, False)
        ]
        for each in clients:
            each.start()
        try:
            for number in range(1, 9):
                change(site, addresses[0], listener, group, number)
        finally:
            stop.set()
            for each in clients:
                each.join()
        assert statuses.pop(200) > 100
        assert statuses == {}


def change(site: Balanced, address: str, listener: str, group: str, number: int) -> None:
    """A rule comes and goes, and a target goes and comes back, each in force before the next."""
    [rule] = site.elb.create_rule(
        ListenerArn=listener,
        Priority=number,
        Conditions=[{"Field": "path-pattern", "Values": [f"/{number}/*"]}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
    )["Rules"]
    until(lambda: site.get(address, f"/{number}/").me == "")
    name = "ab"[number % 2]
    site.deregister(group, name)
    until(lambda: name not in {site.get(address).me for _ in range(4)})
    site.register(group, name)
    healthy(site, group, "a", "b")
    site.elb.delete_rule(RuleArn=rule["RuleArn"])


def ask_until(stop: threading.Event, address: str, statuses: "Counter[int | str]", keeps: bool) -> None:
    """Requests, one after the other, on one connection where it `keeps` it."""
    connection = http.client.HTTPConnection(address, timeout=10)
    while not stop.is_set():
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
            statuses[answer.status] += 1
        except (OSError, http.client.HTTPException) as error:
            statuses[repr(error)] += 1
            connection.close()
        if not keeps:
            connection.close()
    connection.close()


class TestNetworkLoadBalancer:
    def test_forwards_connections(self, site: Balanced) -> None:
        balancer = site.balance("stream", Type="network", SecurityGroups=[])
        assert ":loadbalancer/net/stream/" in balancer["LoadBalancerArn"]
        site.allow("web", "172.31.0.0/16", 80)
        group = site.target_group("streams", "a", "b", Protocol="TCP")
        site.listen(balancer, group, port=81, Protocol="TCP")
        healthy(site, group, "a", "b")
        for address in site.addresses(balancer):
            assert {site.get(address, port=81).me for _ in range(6)} == {"a", "b"}


class TestAccessLogs:
    def test_need_a_bucket_that_lets_them_in(self, site: Balanced) -> None:
        s3, balancer = site.client("s3"), site.balance()
        s3.create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": REGION})
        attributes = {"enabled": "true", "bucket": "logs", "prefix": "front"}
        given = [{"Key": f"access_logs.s3.{key}", "Value": value} for key, value in attributes.items()]
        change = {"LoadBalancerArn": balancer["LoadBalancerArn"], "Attributes": given}
        with pytest.raises(ClientError, match="Access Denied for bucket: logs"):
            site.elb.modify_load_balancer_attributes(**change)
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::logs/front/AWSLogs/*",
        }
        s3.put_bucket_policy(
            Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )
        site.elb.modify_load_balancer_attributes(**change)
        [found] = s3.list_objects_v2(Bucket="logs")["Contents"]
        assert found["Key"] == "front/AWSLogs/123456789012/ELBAccessLogTestFile"

    @pytest.mark.long
    def test_come_every_five_minutes(self, site: Balanced) -> None:
        s3, balancer = site.client("s3"), site.balance("logged")
        s3.create_bucket(Bucket="written", CreateBucketConfiguration={"LocationConstraint": REGION})
        everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}
        s3.put_bucket_policy(Bucket="written", Policy=json.dumps({"Statement": [everybody]}))
        site.elb.modify_load_balancer_attributes(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Attributes=[
                {"Key": "access_logs.s3.enabled", "Value": "true"},
                {"Key": "access_logs.s3.bucket", "Value": "written"},
            ],
        )
        group = site.target_group("web", "a")
        site.listen(balancer, group)
        healthy(site, group, "a")
        address = site.addresses(balancer)[0]
        until(lambda: site.get(address, "/logged?x=1", User_Agent="tester").me)

        def logs() -> list[str]:
            keys = [each["Key"] for each in s3.list_objects_v2(Bucket="written")["Contents"]]
            return [each for each in keys if each.endswith(".log.gz")]

        [key] = until(logs, 330)
        [line] = (
            gzip.decompress(s3.get_object(Bucket="written", Key=key)["Body"].read()).decode().splitlines()
        )
        assert f"_app.logged.{balancer['LoadBalancerArn'].rpartition('/')[2]}_" in key
        assert f'"GET http://{address}:80/logged?x=1 HTTP/1.1" "tester" - - {group} "Root=1-' in line
        metrics = site.client("cloudwatch").list_metrics(Namespace="AWS/ApplicationELB")["Metrics"]
        assert {"RequestCount", "HealthyHostCount"} <= {each["MetricName"] for each in metrics}


class TestRefused:
    def test_one_zone_and_a_name_that_is_taken(self, site: Balanced) -> None:
        with pytest.raises(ClientError, match="two subnets in two different Availability Zones"):
            site.elb.create_load_balancer(Name="narrow", Subnets=site.subnets[:1])
        first = site.balance("taken")
        assert site.balance("taken")["LoadBalancerArn"] == first["LoadBalancerArn"]
        with pytest.raises(ClientError, match="DuplicateLoadBalancerName"):
            site.balance("taken", Scheme="internal")

    def test_https_needs_a_certificate_that_is_issued(self, site: Balanced) -> None:
        balancer = site.balance()
        group = site.target_group("web", "a")
        with pytest.raises(ClientError, match="A certificate must be specified"):
            site.listen(balancer, group, port=443, Protocol="HTTPS")
        pending = site.client("acm").request_certificate(DomainName="a.example", ValidationMethod="DNS")
        with pytest.raises(ClientError, match="UnsupportedCertificate"):
            site.listen(
                balancer,
                group,
                port=443,
                Protocol="HTTPS",
                Certificates=[{"CertificateArn": pending["CertificateArn"]}],
            )

    def test_a_group_that_it_has_is_not_deleted(self, site: Balanced) -> None:
        site.balance()
        with pytest.raises(ClientError, match="DependencyViolation"):
            site.ec2.delete_security_group(GroupId=site.groups["balancer"])
