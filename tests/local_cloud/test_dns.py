"""What hosts are told when they ask for a name, over UDP and TCP."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dnslib import RCODE, DNSRecord

from local_cloud.aws import zones
from local_cloud.dns import DnsService, machine_resolvers
from local_cloud.server import LocalCloud
from local_cloud.settings import Settings

Client = Callable[..., Any]
INTERNET = Settings.internet
Ask = Callable[..., tuple[str, list[str]]]


@pytest.fixture(params=[False, True], ids=["udp", "tcp"])
def ask(request: pytest.FixtureRequest, local_cloud: LocalCloud) -> Iterator[Ask]:
    """`ask("api.github.com", "A")`: the answer's code and records."""
    service = DnsService(local_cloud.settings, zones.records, address="127.0.0.1", port=0, upstream=[])
    service.start()

    def question(name: str, kind: str = "A") -> tuple[str, list[str]]:
        wire = DNSRecord.question(name, kind).send("127.0.0.1", service.port, tcp=request.param, timeout=10)
        answer = DNSRecord.parse(wire)
        return RCODE[answer.header.rcode], [str(record.rdata) for record in answer.rr]

    yield question
    service.stop()


def add_record(client: Client, name: str, kind: str, *values: str) -> None:
    route53 = client("route53")
    [zone] = route53.list_hosted_zones()["HostedZones"]
    record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": v} for v in values]}
    change = {"Action": "UPSERT", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": [change]})


@pytest.mark.parametrize(
    "name",
    [
        "aws-codedeploy-eu-west-1.s3.eu-west-1.amazonaws.com",
        "codedeploy-commands.cn-north-1.amazonaws.com.cn",
        "API.GitHub.com",
        "acme.local-cloud.test",
        "github.com",
        "codeload.github.com",
        "token.actions.githubusercontent.com",
    ],
)
def test_aws_github_and_the_certificate_authority_are_this_machine(ask: Ask, name: str) -> None:
    assert ask(name) == ("NOERROR", [INTERNET])
    assert ask(name, "AAAA") == ("NOERROR", [])


def test_a_name_that_only_ends_alike_is_not_ours(ask: Ask) -> None:
    assert ask("notgithub.com") == ("SERVFAIL", [])


def test_records_of_a_hosted_zone(ask: Ask, client: Client) -> None:
    add_record(client, "www.local-cloud.example", "A", "198.18.0.1", "198.18.0.2")
    add_record(client, "alias.local-cloud.example", "CNAME", "www.local-cloud.example")
    add_record(client, "local-cloud.example", "TXT", '"v=spf1 -all"')

    assert ask("WWW.local-cloud.example") == ("NOERROR", ["198.18.0.1", "198.18.0.2"])
    assert ask("www.local-cloud.example", "AAAA") == ("NOERROR", [])
    assert ask("alias.local-cloud.example") == (
        "NOERROR",
        ["www.local-cloud.example.", "198.18.0.1", "198.18.0.2"],
    )
    assert ask("local-cloud.example", "TXT") == ("NOERROR", ['"v=spf1 -all"'])
    assert ask("absent.local-cloud.example") == ("NXDOMAIN", [])


def test_every_zone_has_its_authority(ask: Ask) -> None:
    for kind, expected in (("NS", 4), ("SOA", 1)):
        code, records = ask("local-cloud.example", kind)
        assert (code, len(records)) == ("NOERROR", expected)


def test_a_wildcard_stands_in_for_names_that_do_not_exist(ask: Ask, client: Client) -> None:
    add_record(client, "*.local-cloud.example", "A", "198.18.0.9")
    add_record(client, "www.local-cloud.example", "A", "198.18.0.1")

    assert ask("any.local-cloud.example") == ("NOERROR", ["198.18.0.9"])
    assert ask("www.local-cloud.example") == ("NOERROR", ["198.18.0.1"])


def test_aliases_that_go_round_end(ask: Ask, client: Client) -> None:
    add_record(client, "a.local-cloud.example", "CNAME", "b.local-cloud.example")
    add_record(client, "b.local-cloud.example", "CNAME", "a.local-cloud.example")

    assert ask("a.local-cloud.example")[0] == "SERVFAIL"


def test_instances_have_their_own_names(ask: Ask) -> None:
    assert ask("ip-172-31-0-9.ec2.internal") == ("NOERROR", ["172.31.0.9"])
    assert ask("ec2-198-18-0-1.compute-1.amazonaws.com") == ("NOERROR", ["198.18.0.1"])
    assert ask("ec2.us-east-1.amazonaws.com") == ("NOERROR", [INTERNET])


def test_without_a_resolver_the_rest_fails_at_once(ask: Ask) -> None:
    assert ask("example.org") == ("SERVFAIL", [])


def test_the_rest_is_forwarded(local_cloud: LocalCloud) -> None:
    """A second instance of the service stands for the machine's resolver."""
    elsewhere = DnsService(local_cloud.settings, zones.records, address="127.0.0.1", port=0, upstream=[])
    asked = DnsService(
        local_cloud.settings,
        lambda _: None,
        address="127.0.0.1",
        port=0,
        upstream=[("127.0.0.1", elsewhere.port)],
    )
    elsewhere.start()
    asked.start()
    try:
        wire = DNSRecord.question("local-cloud.example", "NS").send("127.0.0.1", asked.port, timeout=10)
    finally:
        asked.stop()
        elsewhere.stop()

    assert len(DNSRecord.parse(wire).rr) == 4


def test_the_machines_resolvers_are_read_from_its_configuration(tmp_path: Path) -> None:
    configuration = tmp_path / "resolv.conf"
    configuration.write_text("# a comment\nsearch example.org\nnameserver 192.0.2.53\nnameserver ::1\n")

    assert machine_resolvers(configuration) == [("192.0.2.53", 53), ("::1", 53)]
    assert machine_resolvers(tmp_path / "absent") == []


def test_a_load_balancers_name_and_an_alias_of_it_lead_to_its_addresses(ask: Ask, client: Client) -> None:
    ec2, elb, route53 = client("ec2"), client("elbv2"), client("route53")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
    [balancer] = elb.create_load_balancer(Name="Front", Subnets=subnets)["LoadBalancers"]
    [inside] = elb.create_load_balancer(Name="in", Subnets=subnets, Scheme="internal")["LoadBalancers"]
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    public = sorted(each["Association"]["PublicIp"] for each in interfaces if "Association" in each)
    private = sorted(each["PrivateIpAddress"] for each in interfaces if "ELB app/in/" in each["Description"])
    [zone] = route53.list_hosted_zones()["HostedZones"]
    alias = {"HostedZoneId": "Z35SXDOTRQ7X7K", "EvaluateTargetHealth": False, "DNSName": balancer["DNSName"]}
    record = {"Name": "local-cloud.example", "Type": "A", "AliasTarget": alias}
    change = {"Action": "UPSERT", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": [change]})
    add_record(client, "www.local-cloud.example", "CNAME", balancer["DNSName"])

    assert len(public) == len(private) == 2
    for name in (balancer["DNSName"], f"dualstack.{balancer['DNSName']}", "local-cloud.example"):
        code, found = ask(name)
        assert (code, sorted(found)) == ("NOERROR", public)
        assert ask(name, "AAAA") == ("NOERROR", [])
    assert sorted(ask(inside["DNSName"])[1]) == private
    assert sorted(ask("www.local-cloud.example")[1]) == sorted([f"{balancer['DNSName']}.", *public])
    elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    assert ask("local-cloud.example")[1] == []
