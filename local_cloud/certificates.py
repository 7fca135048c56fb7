"""A certificate authority of this checkout, and certificates for whatever name is asked for.

It is kept with the caches and not with the state: the host image trusts it, and
outlives a local cloud. Only the hosts are told of it; the machine is not.
"""

import re
import ssl
import threading
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local_cloud.settings import Settings, is_impersonated

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

AUTHORITY_DAYS = 3650
LEAF_DAYS = 397
"""The most that verifiers of public certificates accept."""
RENEWED_BEFORE = timedelta(days=30)
HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def ensure_authority(settings: Settings) -> Path:
    """The authority's certificate (PEM), made where there is none or it ends soon."""
    path = settings.ca_certificate
    if path.exists() and _lasts(path) and _key_path(path).exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Local cloud (this checkout only)")])
    certificate = (
        _dated(AUTHORITY_DAYS)
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    for leaf in path.parent.glob("leaf-*.pem"):
        leaf.unlink()
    _write_secret(_key_path(path), _private_bytes(key))
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path


def server_context(settings: Settings) -> ssl.SSLContext:
    """TLS for a listener that is every AWS and GitHub host that its clients ask for (by SNI)."""
    authority = ensure_authority(settings)
    contexts: dict[str, ssl.SSLContext] = {}
    lock = threading.Lock()

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        if not name or not HOST_NAME.fullmatch(name.lower()) or not is_impersonated(name):
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        with lock:
            if name not in contexts:
                contexts[name] = _context(_leaf(authority, name.lower()))
            connection.context = contexts[name]
        return None

    context = _context(_leaf(authority, "amazonaws.com"))
    context.sni_callback = choose
    return context


def server_certificate(settings: Settings, name: str, addresses: Collection[str]) -> Path:
    """A file with key, certificate and authority for a server of one name, and of addresses."""
    return _leaf(ensure_authority(settings), name, addresses)


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate)
    return context


def _leaf(authority: Path, name: str, addresses: Collection[str] = ()) -> Path:
    """A file with key, certificate and authority for one name, and addresses."""
    path = authority.with_name(f"leaf-{name}.pem")
    if path.exists() and _lasts(path) and _has(path, addresses):
        return path
    key = ec.generate_private_key(ec.SECP256R1())
    chain = _issue(authority, [name], addresses, key.public_key(), LEAF_DAYS) + authority.read_bytes()
    _write_secret(path, chain + _private_bytes(key))
    return path


def issue(settings: Settings, names: Collection[str], key: PublicKey, days: int) -> tuple[bytes, bytes]:
    """A certificate for a key, of names (the first one is the common name), and its authority's (PEM)."""
    authority = ensure_authority(settings)
    return _issue(authority, names, (), key, days), authority.read_bytes()


def _issue(
    authority: Path, names: Collection[str], addresses: Collection[str], key: PublicKey, days: int
) -> bytes:
    issuer = x509.load_pem_x509_certificate(authority.read_bytes())
    issuer_key = serialization.load_pem_private_key(_key_path(authority).read_bytes(), password=None)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{_key_path(authority)} is not an EC key")
    certificate = (
        _dated(days)
        # A common name has at most 64 characters; verifiers look at the alternative names only.
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, next(iter(names))[:64])]))
        .issuer_name(issuer.subject)
        .public_key(key)
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    *(x509.DNSName(each) for each in names),
                    *(x509.IPAddress(ip_address(each)) for each in addresses),
                ]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def _dated(days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _lasts(path: Path) -> bool:
    with suppress(ValueError):
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        return certificate.not_valid_after_utc > datetime.now(UTC) + RENEWED_BEFORE
    return False


def _has(path: Path, addresses: Collection[str]) -> bool:
    """Whether a certificate is for these addresses too: a later version may have others."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {ip_address(each) for each in addresses} <= {*names.get_values_for_type(x509.IPAddress)}


def _key_path(certificate: Path) -> Path:
    return certificate.with_name("key.pem")


def _private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_secret(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(content)
