"""No request is lost by changes; network load balancers, access logs, and what is refused."""

import gzip
import http.client
import json
import threading
from collections import Counter

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.balanced import REGION, Balanced, as_before, healthy, site, until

__all__ = ["as_before", "site"]
"""Fixtures, for pytest to find."""


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
    def test_one_zone_a_group_that_is_none_and_a_name_that_is_taken(self, site: Balanced) -> None:
        with pytest.raises(ClientError, match="two subnets in two different Availability Zones"):
            site.elb.create_load_balancer(Name="narrow", Subnets=site.subnets[:1])
        with pytest.raises(ClientError, match="sg-0123 does not exist"):
            site.balance("strange", SecurityGroups=["sg-0123"])
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
