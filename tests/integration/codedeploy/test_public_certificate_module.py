"""acm_public_certificate: requested once, issued when its record is there, and only the owner's goes."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.codedeploy.runner import Client, Module

ZONE = "shop.example"
NAME = f"www.{ZONE}"
OWNED = {"Project": "shop"}
ASKED: dict[str, Any] = {"domain_name": NAME, "owned_tags": OWNED}
GONE: dict[str, Any] = {"owned_tags": OWNED, "state": "absent"}


@pytest.fixture
def certificate(module: Callable[[str], Module]) -> Module:
    return module("acm_public_certificate")


@pytest.fixture
def acm(client: Client) -> Any:
    return client("acm")


@pytest.fixture
def prove(client: Client) -> Callable[..., None]:
    """Creates a validation record, in a zone that is there from then on; with `DELETE` deletes one."""
    route53 = client("route53")
    zone = route53.create_hosted_zone(Name=ZONE, CallerReference=NAME)["HostedZone"]["Id"]

    def create(record: dict[str, str], action: str = "UPSERT") -> None:
        values = [{"Value": record["value"]}]
        wanted = {"Name": record["name"], "Type": record["type"], "TTL": 60, "ResourceRecords": values}
        route53.change_resource_record_sets(
            HostedZoneId=zone,
            ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": wanted}]},
        )

    return create


def test_it_is_requested_once_issued_by_its_record_and_deleted(
    certificate: Module, acm: Any, prove: Callable[..., None]
) -> None:
    requested = certificate.four_beats(**ASKED, tags={"Owner": "ann"})["certificate"]
    assert (requested["status"], requested["domain_name"]) == ("PENDING_VALIDATION", NAME)
    tags = acm.list_tags_for_certificate(CertificateArn=requested["arn"])["Tags"]
    assert {each["Key"]: each["Value"] for each in tags} == {"Owner": "ann", "Project": "shop"}

    prove(requested["record"])
    issued = certificate(**ASKED, state="issued")
    assert not issued["changed"]
    assert issued["certificate"] == requested | {"status": "ISSUED"}

    # With the certificate's record, whoever deletes it knows what else to delete.
    assert certificate.check(**GONE)["certificates"] == [issued["certificate"]]
    certificate.four_beats(**GONE)
    assert acm.list_certificates()["CertificateSummaryList"] == []


def test_one_without_its_record_is_told_of_when_the_time_is_over(certificate: Module) -> None:
    said = certificate.refuse(**ASKED, state="issued", wait_timeout=1)["msg"]
    assert NAME in said
    assert "PENDING_VALIDATION" in said
    # The next run goes on with the same request.
    assert not certificate(**ASKED)["changed"]


def test_the_issued_one_is_taken_before_a_later_one_that_waits(
    certificate: Module, acm: Any, prove: Callable[..., None]
) -> None:
    record = certificate(**ASKED)["certificate"]["record"]
    prove(record)
    issued = certificate(**ASKED, state="issued")["certificate"]
    prove(record, "DELETE")
    tags = [{"Key": key, "Value": value} for key, value in OWNED.items()]
    acm.request_certificate(DomainName=NAME, ValidationMethod="DNS", Tags=tags)
    again = certificate(**ASKED, state="issued", wait_timeout=0)
    assert (again["changed"], again["certificate"]) == (False, issued)


def test_others_of_the_same_name_are_neither_used_nor_deleted(certificate: Module, acm: Any) -> None:
    tags = [{"Key": "Project", "Value": "other"}]
    other = acm.request_certificate(DomainName=NAME, ValidationMethod="DNS", Tags=tags)["CertificateArn"]
    mine = certificate(**ASKED)["certificate"]["arn"]
    assert mine != other
    certificate(**GONE)
    assert [each["CertificateArn"] for each in acm.list_certificates()["CertificateSummaryList"]] == [other]


def test_the_record_of_another_one_of_the_same_name_is_not_given_away(certificate: Module, acm: Any) -> None:
    certificate(**ASKED)
    certificate(**ASKED | {"domain_name": f"old.{ZONE}"})
    tags = [{"Key": "Project", "Value": "other"}]
    acm.request_certificate(DomainName=NAME, ValidationMethod="DNS", Tags=tags)
    told = {each["domain_name"]: each["record"] for each in certificate.check(**GONE)["certificates"]}
    assert told[NAME] == {}
    assert told[f"old.{ZONE}"]["name"].startswith("_")


def test_names_to_keep_stay_and_others_go(certificate: Module, acm: Any) -> None:
    kept = certificate(**ASKED)["certificate"]["arn"]
    certificate(**ASKED | {"domain_name": f"old.{ZONE}"})
    gone = certificate.four_beats(**GONE, keep=[NAME])
    assert gone["diff"] == {"before": {"certificates": [f"old.{ZONE}"]}, "after": {"certificates": []}}
    assert [each["CertificateArn"] for each in acm.list_certificates()["CertificateSummaryList"]] == [kept]


def test_one_is_deleted_when_no_load_balancer_uses_it_any_more(
    certificate: Module, client: Client, acm: Any, prove: Callable[..., None]
) -> None:
    prove(certificate(**ASKED)["certificate"]["record"])
    arn = certificate(**ASKED, state="issued")["certificate"]["arn"]
    elb, subnets = client("elbv2"), client("ec2").describe_subnets()["Subnets"]
    made = elb.create_load_balancer(Name="web", Subnets=[each["SubnetId"] for each in subnets[:2]])
    balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
    elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
    )
    said = certificate.refuse(**GONE, wait_timeout=0)["msg"]
    assert arn in said
    assert balancer in said
    # What it will come to, told before the load balancer goes.
    assert certificate.check(**GONE)["certificates"][0]["in_use_by"] == [balancer]
    end = threading.Timer(1.5, elb.delete_load_balancer, kwargs={"LoadBalancerArn": balancer})
    end.start()
    gone = certificate(**GONE, wait_timeout=60)
    end.join()
    assert gone["changed"]
    assert acm.list_certificates()["CertificateSummaryList"] == []
