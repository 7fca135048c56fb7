"""Route 53 takes a batch of changes as a whole, or says what is wrong with it."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
ZONE = "local-cloud.example"
NAME = f"www.{ZONE}"


def change(action: str, name: str, kind: str, *values: str, ttl: int = 60) -> dict[str, Any]:
    record_set = {
        "Name": name,
        "Type": kind,
        "TTL": ttl,
        "ResourceRecords": [{"Value": value} for value in values],
    }
    return {"Action": action, "ResourceRecordSet": record_set}


@pytest.fixture
def apply(client: Client) -> Callable[..., None]:
    route53 = client("route53")
    [zone] = route53.list_hosted_zones()["HostedZones"]

    def call(*changes: dict[str, Any]) -> None:
        route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": list(changes)})

    return call


@pytest.fixture
def refusal(apply: Callable[..., None]) -> Callable[..., tuple[str, str]]:
    def call(*changes: dict[str, Any]) -> tuple[str, str]:
        with pytest.raises(ClientError) as refused:
            apply(*changes)
        error = refused.value.response["Error"]
        return error["Code"], error["Message"]

    return call


Refusal = Callable[..., tuple[str, str]]
Apply = Callable[..., None]


def test_a_cname_is_alone_at_its_name(apply: Apply, refusal: Refusal) -> None:
    apply(change("CREATE", NAME, "CNAME", "elsewhere.example"))

    _, message = refusal(change("UPSERT", NAME.upper(), "A", "192.0.2.1"))
    assert message == (
        f"[RRSet of type A with DNS name {NAME}. is not permitted because a conflicting RRSet of type CNAME"
        f" with the same DNS name already exists in zone {ZONE}.]"
    )
    apply(
        change("DELETE", NAME, "CNAME", "elsewhere.example"),
        change("CREATE", NAME, "A", "192.0.2.1"),
    )
    _, message = refusal(change("UPSERT", NAME, "CNAME", "elsewhere.example"))
    assert message == (
        f"[RRSet of type CNAME with DNS name {NAME}. is not permitted as it conflicts with other records with"
        f" the same DNS name in zone {ZONE}.]"
    )


def test_a_cname_is_not_permitted_at_the_apex(refusal: Refusal) -> None:
    assert refusal(change("CREATE", ZONE, "CNAME", "elsewhere.example")) == (
        "InvalidChangeBatch",
        f"[RRSet of type CNAME with DNS name {ZONE}. is not permitted at apex in zone {ZONE}.]",
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (change("UPSERT", NAME, "A", "192.0.2.1", "192.0.2.1"), "Duplicate Resource Record: '192.0.2.1'"),
        (change("UPSERT", NAME, "A", "here"), "Value is not a valid IPv4 address) encountered with 'here'"),
        (change("UPSERT", NAME, "A", "192.0.2.256"), "Value is not a valid IPv4 address"),
        (change("UPSERT", NAME, "AAAA", "192.0.2.1"), "Value is not a valid IPv6 address"),
        (change("UPSERT", NAME, "TXT", "no quotes"), "Value should be enclosed in quotation marks"),
        (change("UPSERT", NAME, "CNAME", "a.example", "b.example"), "has more than one value"),
        (change("UPSERT", f"www{ZONE}", "A", "192.0.2.1"), f"www{ZONE}. is not permitted in zone {ZONE}."),
        (change("UPSERT", "www.other.example", "A", "192.0.2.1"), "is not permitted in zone"),
        (change("CREATE", f"taken.{ZONE}", "A", "192.0.2.9"), "but it already exists"),
        (change("DELETE", NAME, "A", "192.0.2.1"), "but it was not found"),
        (change("DELETE", f"taken.{ZONE}", "A", "192.0.2.9"), "do not match the current values"),
        (change("DELETE", f"taken.{ZONE}", "A", "192.0.2.1", ttl=61), "do not match the current values"),
    ],
)
def test_what_can_not_be_is_refused_with_all_of_its_batch(
    client: Client, apply: Apply, refusal: Refusal, wrong: dict[str, Any], words: str
) -> None:
    apply(change("CREATE", f"taken.{ZONE}", "A", "192.0.2.1"))
    good = change("UPSERT", f"good.{ZONE}", "A", "192.0.2.1")

    code, message = refusal(good, wrong)

    assert code == "InvalidChangeBatch"
    assert words in message
    route53 = client("route53")
    [zone] = route53.list_hosted_zones()["HostedZones"]
    names = [
        each["Name"]
        for each in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    ]
    assert f"good.{ZONE}." not in names


def test_everything_that_is_wrong_is_said_at_once(refusal: Refusal) -> None:
    _, message = refusal(
        change("CREATE", NAME, "A", "192.0.2.1", "192.0.2.1"),
        change("DELETE", f"no.{ZONE}", "A", "192.0.2.1"),
    )

    assert message == (
        "[Duplicate Resource Record: '192.0.2.1', Tried to delete resource record set"
        f" [name='no.{ZONE}.', type='A'] but it was not found]"
    )


def test_one_batch_does_not_create_a_record_twice(refusal: Refusal) -> None:
    assert (
        "already exists"
        in refusal(change("CREATE", NAME, "A", "192.0.2.1"), change("CREATE", NAME, "A", "192.0.2.2"))[1]
    )


@pytest.mark.parametrize(
    "record_set",
    [{"TTL": 60}, {"TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}], "AliasTarget": {}}],
)
def test_a_record_set_has_values_or_leads_elsewhere(refusal: Refusal, record_set: dict[str, Any]) -> None:
    if "AliasTarget" in record_set:
        target = {"HostedZoneId": "Z1", "DNSName": "elsewhere.example", "EvaluateTargetHealth": False}
        record_set = {**record_set, "AliasTarget": target}

    code, message = refusal(
        {"Action": "UPSERT", "ResourceRecordSet": {"Name": NAME, "Type": "A", **record_set}}
    )

    assert code == "InvalidInput"
    assert message.startswith("Invalid request: Expected exactly one of [AliasTarget")


def test_a_record_is_deleted_by_what_it_has_whoever_wrote_it(client: Client, apply: Apply) -> None:
    apply(change("CREATE", NAME, "A", "192.0.2.1", "192.0.2.2"))

    apply(change("DELETE", f"{NAME}.", "A", "192.0.2.2", "192.0.2.1"))

    route53 = client("route53")
    [zone] = route53.list_hosted_zones()["HostedZones"]
    kinds = {
        each["Type"]
        for each in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    }
    assert kinds == {"NS", "SOA"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (change("CREATE", f"{'a' * 64}.{ZONE}", "A", "192.0.2.1"), "DomainLabelTooLong"),
        (change("CREATE", f"a..{ZONE}", "A", "192.0.2.1"), "DomainLabelEmpty"),
    ],
)
def test_a_name_is_made_of_labels(refusal: Refusal, changed: dict[str, Any], words: str) -> None:
    assert words in refusal(changed)[1]


@pytest.mark.parametrize(
    ("kind", "number"), [("NS", "at least one"), ("SOA", "exactly one")], ids=["NS", "SOA"]
)
def test_a_zone_keeps_what_it_is_made_of(client: Client, refusal: Refusal, kind: str, number: str) -> None:
    route53 = client("route53")
    [zone] = route53.list_hosted_zones()["HostedZones"]
    apex = next(
        each
        for each in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        if each["Type"] == kind
    )
    code, message = refusal({"Action": "DELETE", "ResourceRecordSet": apex})
    assert code == "InvalidChangeBatch"
    assert message == f"[A HostedZone must contain {number} {kind} record for the zone itself.]"
