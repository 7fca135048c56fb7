"""HTTPS of load balancers: certificates that ACM issues once a record shows whose a name is, or is given."""

import http.client
import socket
import ssl
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local_cloud import certificates
from tests.local_cloud.balanced import Balanced, as_before, site, until

__all__ = ["as_before", "site"]
"""Fixtures, for pytest to find."""

ZONE = "shop.example"


@pytest.fixture(scope="module")
def zone(site: Balanced) -> str:
    made = site.client("route53").create_hosted_zone(Name=ZONE, CallerReference="1")
    return str(made["HostedZone"]["Id"])


def put_record(site: Balanced, zone: str, record: dict[str, Any]) -> None:
    site.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    )


def issued(site: Balanced, zone: str, *names: str) -> str:
    """A certificate that is issued; its ARN."""
    acm = site.client("acm")
    arn = acm.request_certificate(DomainName=names[0], SubjectAlternativeNames=names, ValidationMethod="DNS")[
        "CertificateArn"
    ]
    for option in acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]:
        record = option["ResourceRecord"]
        values = [{"Value": record["Value"]}]
        put_record(
            site, zone, {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": values}
        )
    return str(arn)


def served(site: Balanced, address: str, name: str, *, port: int = 443, **options: Any) -> dict[str, Any]:
    """The certificate that a client which trusts the local authority is shown for a name."""
    context = ssl.create_default_context(cafile=str(site.answering.cloud.settings.ca_certificate))
    for key, value in options.items():
        setattr(context, key, value)
    with (
        socket.create_connection((address, port), timeout=5) as link,
        context.wrap_socket(link, server_hostname=name) as secure,
    ):
        certificate: Any = secure.getpeercert()
        return dict(certificate) | {"version": secure.version()}


class TestRequestedCertificate:
    def test_is_issued_when_all_its_records_are_there(self, site: Balanced, zone: str) -> None:
        acm = site.client("acm")
        names = [f"www.{ZONE}", f"*.{ZONE}"]
        arn = acm.request_certificate(
            DomainName=names[0], SubjectAlternativeNames=names, ValidationMethod="DNS"
        )["CertificateArn"]

        def told() -> dict[str, Any]:
            return dict(acm.describe_certificate(CertificateArn=arn)["Certificate"])

        assert told()["Status"] == "PENDING_VALIDATION"
        assert not {"IssuedAt", "NotAfter"} & {*told()}
        first, second = (each["ResourceRecord"] for each in told()["DomainValidationOptions"])
        assert second["Name"].endswith(f".{ZONE}.")
        for record in (first, second):
            assert told()["Status"] == "PENDING_VALIDATION"
            values = [{"Value": record["Value"]}]
            put_record(
                site, zone, {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": values}
            )
        assert told()["Status"] == "ISSUED"
        assert {each["ValidationStatus"] for each in told()["DomainValidationOptions"]} == {"SUCCESS"}
        assert {*told()["SubjectAlternativeNames"]} == {*names}
        assert (told()["NotAfter"] - told()["NotBefore"]).days == 199

    def test_has_the_same_record_again_but_not_for_another_name(self, site: Balanced) -> None:
        acm = site.client("acm")

        def record(name: str) -> dict[str, Any]:
            arn = acm.request_certificate(DomainName=name, ValidationMethod="DNS")["CertificateArn"]
            [option] = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
            return dict(option["ResourceRecord"])

        assert record("a.other.example") == record("a.other.example")
        assert record("a.other.example")["Value"] != record("b.other.example")["Value"]

    def test_of_a_name_that_is_none_is_refused(self, site: Balanced) -> None:
        with pytest.raises(ClientError, match="failed to satisfy constraint"):
            site.client("acm").request_certificate(DomainName="under_score.example")


class TestListener:
    def test_shows_the_certificate_of_the_name_that_is_asked_for(self, site: Balanced, zone: str) -> None:
        balancer = site.balance("secure")
        group = site.target_group("web", "a")
        first, second = issued(site, zone, f"www.{ZONE}"), issued(site, zone, f"*.api.{ZONE}")
        listener = site.listen(
            balancer, group, port=443, Protocol="HTTPS", Certificates=[{"CertificateArn": first}]
        )
        site.elb.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": second}])
        address = site.addresses(balancer)[0]
        api = until(lambda: served(site, address, f"v1.api.{ZONE}"))
        assert api["subjectAltName"] == (("DNS", f"*.api.{ZONE}"),)
        assert served(site, address, f"www.{ZONE}")["subjectAltName"] == (("DNS", f"www.{ZONE}"),)
        with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
            served(site, address, "other.example")
        assert site.client("acm").describe_certificate(CertificateArn=first)["Certificate"]["InUseBy"]

    def test_tells_targets_that_it_was_https(self, site: Balanced, zone: str) -> None:
        balancer = site.balance("told")
        arn = issued(site, zone, f"www.{ZONE}")
        site.listen(
            balancer,
            site.target_group("told", "a"),
            port=443,
            Protocol="HTTPS",
            Certificates=[{"CertificateArn": arn}],
        )
        address = site.addresses(balancer)[0]
        until(lambda: served(site, address, f"www.{ZONE}"))
        context = ssl.create_default_context(cafile=str(site.answering.cloud.settings.ca_certificate))
        context.check_hostname = False
        connection = http.client.HTTPSConnection(address, context=context)
        connection.request("GET", "/", headers={"Host": f"www.{ZONE}"})
        body = connection.getresponse().read().decode()
        connection.close()
        assert '"x-forwarded-proto": "https"' in body
        assert '"x-forwarded-port": "443"' in body

    def test_speaks_the_versions_of_its_policy(self, site: Balanced, zone: str) -> None:
        balancer = site.balance("modern")
        site.listen(
            balancer,
            site.target_group("modern", "a"),
            port=443,
            Protocol="HTTPS",
            SslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06",
            Certificates=[{"CertificateArn": issued(site, zone, f"www.{ZONE}")}],
        )
        address = site.addresses(balancer)[0]
        until(lambda: served(site, address, f"www.{ZONE}"))
        assert served(site, address, f"www.{ZONE}")["version"] == "TLSv1.3"
        with pytest.raises(ssl.SSLError):
            served(site, address, f"www.{ZONE}", maximum_version=ssl.TLSVersion.TLSv1_2)

    def test_serves_an_imported_certificate(self, site: Balanced) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        settings = site.answering.cloud.settings
        certificate, chain = certificates.issue(settings, ["own.example"], key.public_key(), 30)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        arn = site.client("acm").import_certificate(
            Certificate=certificate, PrivateKey=secret, CertificateChain=chain
        )["CertificateArn"]
        balancer = site.balance("import")
        site.listen(
            balancer,
            site.target_group("import", "a"),
            port=443,
            Protocol="HTTPS",
            Certificates=[{"CertificateArn": arn}],
        )
        address = site.addresses(balancer)[0]
        assert until(lambda: served(site, address, "own.example"))["subject"]
