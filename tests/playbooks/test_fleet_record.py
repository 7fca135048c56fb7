"""The record of a fleet's site: under another name, and on the way back to a single host."""

from typing import Any

import pytest

from tests.playbooks.fleets import Fleet

ZONE = "shop.example"
HTTP_ALONE = {"pipeline_https": "none"}
FORMER, NAME = f"old.{ZONE}", f"www.{ZONE}"


@pytest.fixture
def zone(fleet: Fleet) -> str:
    """The id of the hosted zone."""
    made = fleet.client("route53").create_hosted_zone(Name=ZONE, CallerReference=ZONE)
    return str(made["HostedZone"]["Id"])


def settings(name: str) -> dict[str, Any]:
    return {"pipeline_https": "acme", "pipeline_domain_zone": ZONE, "pipeline_domain_record": name}


def certificates(fleet: Fleet) -> list[str]:
    found = fleet.client("acm").list_certificates()["CertificateSummaryList"]
    return sorted(each["DomainName"] for each in found)


def records(fleet: Fleet, zone: str) -> list[str]:
    """All but the zone's own, of validation records the name that they are for."""
    found = fleet.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return sorted(
        f"{each['Type']} {each['Name'].partition('.')[2] if each['Type'] == 'CNAME' else each['Name']}"
        for each in found
        if each["Type"] not in {"NS", "SOA"}
    )


def alias(fleet: Fleet, zone: str, name: str) -> None:
    """Somebody leads another name there."""
    [balancer] = fleet.client("elbv2").describe_load_balancers()["LoadBalancers"]
    target = {
        "HostedZoneId": balancer["CanonicalHostedZoneId"],
        "DNSName": balancer["DNSName"],
        "EvaluateTargetHealth": False,
    }
    wanted = {"Name": name, "Type": "A", "AliasTarget": target}
    fleet.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": wanted}]}
    )


@pytest.mark.long
def test_the_former_certificate_its_proof_and_its_alias_go(fleet: Fleet, zone: str) -> None:
    for playbook in ("provision-fleet.yml", "provision-dns.yml"):
        fleet.run(playbook, **settings(FORMER))
    assert certificates(fleet) == [FORMER]
    assert records(fleet, zone) == [f"A {FORMER}.", f"CNAME {FORMER}."]
    alias(fleet, zone, f"friend.{ZONE}")

    # As long as visitors come by the former name, nothing of it goes.
    fleet.run("provision-fleet.yml", **settings(NAME))
    assert certificates(fleet) == sorted([FORMER, NAME])
    foretold = fleet.changes("provision-dns.yml", "--check", **settings(NAME))
    assert foretold == {"Update the alias record", "Delete the alias records of former names"}
    fleet.run("provision-dns.yml", **settings(NAME))
    foretold = fleet.changes("remove-unused.yml", "--check", **settings(NAME))
    assert foretold == {"Delete the certificates' validation records", "Delete the certificates"}
    fleet.run("remove-unused.yml", **settings(NAME))
    assert certificates(fleet) == [NAME]
    assert records(fleet, zone) == [f"A friend.{ZONE}.", f"A {NAME}.", f"CNAME {NAME}."]
    for playbook in ("provision-fleet.yml", "provision-dns.yml", "remove-unused.yml"):
        assert fleet.changes(playbook, **settings(NAME)) == set()


@pytest.mark.long
def test_nothing_is_left_where_a_rename_broke_off(fleet: Fleet, zone: str) -> None:
    fleet.run("provision-fleet.yml", **settings(FORMER))
    fleet.run("provision-fleet.yml", **settings(NAME))
    assert certificates(fleet) == sorted([FORMER, NAME])
    fleet.run("destroy.yml", confirm="shop", pipeline_domain_ttl=1, **settings(NAME))
    assert certificates(fleet) == []
    assert records(fleet, zone) == []


@pytest.mark.long
def test_no_visitor_is_led_from_a_fleet_to_a_host_that_has_no_certificate_yet(
    fleet: Fleet, zone: str
) -> None:
    """By http-01 a host gets it when visitors come to it already, and those of a fleet come by HTTPS."""
    fleet.run("provision-fleet.yml", **settings(NAME))
    fleet.run("provision-dns.yml", **settings(NAME))
    one_host = settings(NAME) | {"pipeline_fleet": False}
    fleet.run("provision-ec2.yml", **one_host)
    by_http = one_host | {"pipeline_https_acme_challenge": "http-01"}
    for options in (("--check",), ()):
        said = fleet.fails("provision-dns.yml", *options, **by_http)
        assert f"{NAME} (pipeline_domain_record) leads to a fleet by HTTPS" in said
        assert "Set pipeline_https_acme_challenge to dns-01" in said
    assert leads_to(fleet, zone) == []
    # Without HTTPS there is nothing to wait for, and by dns-01 the host has its certificate before.
    assert "Update the A record" in fleet.changes("provision-dns.yml", "--check", **by_http | HTTP_ALONE)
    fleet.run("provision-dns.yml", **one_host | {"pipeline_https_acme_challenge": "dns-01"})
    addresses = fleet.client("ec2").describe_addresses()["Addresses"]
    assert leads_to(fleet, zone) == [each["PublicIp"] for each in addresses]


def leads_to(fleet: Fleet, zone: str) -> list[str]:
    """The addresses in the record of the site's name; an alias has none."""
    found = fleet.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    [record] = [each for each in found if (each["Type"], each["Name"]) == ("A", f"{NAME}.")]
    return [each["Value"] for each in record.get("ResourceRecords", [])]
