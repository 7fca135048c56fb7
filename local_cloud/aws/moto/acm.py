# ruff: noqa: ANN401 - moto's objects are duck-typed, and what is asked of them is private
"""Certificates of ACM: validated by records of hosted zones, and signed by the local authority.

A requested certificate is pending until each of its names has its CNAME record; moto's is issued after a
minute, by nobody. Whether the record is there is looked at when somebody asks for the certificate. So
is which load balancers use it: moto never forgets one.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from dnslib import QTYPE
from moto.acm.exceptions import AWSValidationException
from moto.acm.models import AWSCertificateManagerBackend, CertBundle
from moto.core.exceptions import AWSError
from moto.core.utils import utcnow

from local_cloud import certificates
from local_cloud.aws import zones
from local_cloud.aws.moto.elbv2.balancers import all_balancers
from local_cloud.settings import Settings

AMAZON = "AMAZON_ISSUED"
PENDING = "PENDING_VALIDATION"
ISSUED = "ISSUED"
DAYS = 198
"""For which ACM's public certificates are valid since February 2026."""
VALIDATION_ZONE = "acm-validations.aws."
NAME_PATTERN = r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])"
LATER = ("IssuedAt", "NotAfter", "NotBefore", "Serial")
"""What a certificate has once it is issued."""

_original_check = CertBundle.check
_original_delete = AWSCertificateManagerBackend.delete_certificate
_original_describe = CertBundle.describe
_original_generate = CertBundle.generate_cert
_original_import = AWSCertificateManagerBackend.import_certificate
_original_request = AWSCertificateManagerBackend.request_certificate


def names_of(bundle: Any) -> list[str]:
    return list(dict.fromkeys([bundle.common_name, *bundle.sans]))


def record_of(account: str, name: str) -> tuple[str, str]:
    """Name and value of the CNAME record that shows whose a name is; the same again for the same account."""
    plain = name.removeprefix("*.").lower()
    parts = [
        hashlib.sha256(f"{what} {account} {plain}".encode()).hexdigest() for what in ("name", "value", "zone")
    ]
    return f"_{parts[0][:32]}.{plain}.", f"_{parts[1][:32]}.{parts[2][:10]}.{VALIDATION_ZONE}"


def is_validated(account: str, name: str) -> bool:
    at, value = record_of(account, name)
    return any(
        each.rtype == QTYPE.CNAME and str(each.rdata.label).lower() == value
        for each in zones.records(at.rstrip(".")) or []
    )


class CertificateInUseError(AWSError):
    """Its words are users' reports."""

    TYPE = "ResourceInUseException"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Certificate {arn} in account {arn.split(':')[4]} is in use.")


def users_of(arn: str) -> list[str]:
    """The load balancers with a listener that has the certificate."""
    return [
        str(balancer.arn)
        for balancer in all_balancers()
        if any(arn in listener.certificates for listener in list(balancer.listeners.values()))
    ]


def delete_certificate(backend: Any, arn: str) -> None:
    if users_of(arn):
        raise CertificateInUseError(arn)
    _original_delete(backend, arn)


def check(bundle: Any) -> None:
    """Issues what was validated meanwhile."""
    if bundle.type != AMAZON or bundle.status != PENDING:
        _original_check(bundle)
        return
    account = bundle.arn.split(":")[4]
    if all(is_validated(account, name) for name in names_of(bundle)):
        bundle.status = ISSUED
        bundle.issued_at = utcnow()


def describe(bundle: Any) -> dict[str, Any]:
    """Each name with its own record, and what there is only once it is issued."""
    described: dict[str, Any] = _original_describe(bundle)
    described["Certificate"]["InUseBy"] = users_of(bundle.arn)
    if bundle.type != AMAZON:
        return described
    told = described["Certificate"]
    account = bundle.arn.split(":")[4]
    told["Issuer"] = "Amazon"
    told["DomainValidationOptions"] = [_option(account, name, bundle.status) for name in names_of(bundle)]
    if bundle.status == PENDING:
        for name in LATER:
            told.pop(name, None)
    elif getattr(bundle, "issued_at", None):
        told["IssuedAt"] = float(bundle.issued_at.timestamp())
    return described


def _option(account: str, name: str, status: str) -> Mapping[str, Any]:
    at, value = record_of(account, name)
    is_done = status == ISSUED or is_validated(account, name)
    return {
        "DomainName": name,
        "ValidationDomain": name,
        "ValidationStatus": "SUCCESS" if is_done else status,
        "ResourceRecord": {"Name": at, "Type": "CNAME", "Value": value},
        "ValidationMethod": "DNS",
    }


def request_certificate(
    backend: Any,
    domain_name: str,
    idempotency_token: str,
    subject_alt_names: list[str],
    *more: Any,
    **named: Any,
) -> str:
    for name in [domain_name, *(subject_alt_names or [])]:
        if not re.fullmatch(NAME_PATTERN, name):
            raise AWSValidationException(
                f"1 validation error detected: Value '{name}' at 'domainName' failed to satisfy constraint:"
                f" Member must satisfy regular expression pattern: {NAME_PATTERN}"
            )
    arn: str = _original_request(backend, domain_name, idempotency_token, subject_alt_names, *more, **named)
    return arn


def import_certificate(backend: Any, certificate: bytes, private_key: bytes, *more: Any, **named: Any) -> str:
    """With the key that is its own; the words are inferred."""
    with suppress(ValueError, TypeError):
        key = serialization.load_pem_private_key(private_key, password=None)
        if x509.load_pem_x509_certificate(certificate).public_key() != key.public_key():
            raise AWSValidationException("The certificate and the private key do not match.")
    arn: str = _original_import(backend, certificate, private_key, *more, **named)
    return arn


def replaced(settings: Settings) -> tuple[tuple[Any, str, Any], ...]:
    """Owner, attribute, and what takes its place."""

    def generate(
        domain_name: str,
        account_id: str,
        region: str,
        sans: Iterable[str] | None = None,
        cert_authority_arn: str | None = None,
    ) -> Any:
        """A key, and a certificate that the hosts trust, which is kept back until it is issued."""
        if cert_authority_arn is not None:
            return _original_generate(domain_name, account_id, region, list(sans or ()), cert_authority_arn)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        names = list(dict.fromkeys([domain_name, *(sans or ())]))
        certificate, authority = certificates.issue(settings, names, key.public_key(), DAYS)
        bundle = CertBundle(
            certificate=certificate,
            private_key=_pem(key),
            cert_type=AMAZON,
            cert_status=PENDING,
            account_id=account_id,
            region=region,
        )
        bundle.chain = authority
        return bundle

    return (
        (CertBundle, "generate_cert", staticmethod(generate)),
        (CertBundle, "check", check),
        (CertBundle, "describe", describe),
        (AWSCertificateManagerBackend, "delete_certificate", delete_certificate),
        (AWSCertificateManagerBackend, "import_certificate", import_certificate),
        (AWSCertificateManagerBackend, "request_certificate", request_certificate),
    )


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
