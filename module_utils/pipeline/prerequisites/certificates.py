# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at certificates as visitors do, and at files of them; says what is wrong in one line."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
from datetime import datetime, timezone
from http.client import HTTPException
from pathlib import Path
from typing import Any

from ansible.module_utils.urls import open_url

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509 import ocsp
    from cryptography.x509.oid import AuthorityInformationAccessOID
except ImportError:
    # ansible-core needs it: only a Python that is not Ansible's own goes without, and looks less closely.
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

TIMEOUT = 5  # seconds
HTTPS = 443
VAULT = b"$ANSIBLE_VAULT;"
MOST_BYTES = 32 * 1024 * 1024


def context_of(ca_file: str) -> ssl.SSLContext:
    """The system's authorities, and those of a file. Raises OSError where it cannot be read."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(str(Path(ca_file).expanduser()))
    return context


# A directory


def directory_at(url: str, ca_file: str) -> dict[str, Any]:
    """An authority's directory (RFC 8555, 7.1.1); `problem` is why there is none."""
    path = str(Path(ca_file).expanduser()) if ca_file else None
    try:
        with open_url(url, timeout=TIMEOUT, ca_path=path, use_proxy=True) as answer:
            told = json.loads(answer.read(MOST_BYTES))
    except (OSError, HTTPException) as error:
        return {"problem": f"it does not answer: {getattr(error, 'reason', error) or type(error).__name__}"}
    except ValueError:
        told = None
    if not isinstance(told, dict) or "newOrder" not in told:
        return {"problem": "the answer is no directory of an ACME authority"}
    return told


# What is served


def served_at(address: str, name: str, ca_file: str, port: int = HTTPS) -> dict[str, str] | None:
    """What a browser makes of the certificate that is served at an address; None where no TLS is."""
    host = name.replace("*", "any", 1)
    try:
        with (
            socket.create_connection((address, port), timeout=TIMEOUT) as link,
            context_of(ca_file).wrap_socket(link, server_hostname=host) as channel,
        ):
            content = channel.getpeercert(binary_form=True) or b""
    except ssl.SSLCertVerificationError as error:
        return {"address": address, "problem": f"is not valid: {error.verify_message}"}
    except OSError:
        return None
    problem = revoked(x509.load_der_x509_certificate(content)) if HAS_CRYPTOGRAPHY else ""
    return {"address": address, "problem": problem}


def revoked(certificate: x509.Certificate) -> str:
    """That its authority has revoked a certificate, by OCSP or its list; "" where that does not say so.

    The answers are not verified: who forges one makes us say so, no more.
    """
    try:
        if url := _ocsp_url(certificate):
            return _by_ocsp(certificate, url)
        return _by_list(certificate, url) if (url := _list_url(certificate)) else ""
    except (OSError, HTTPException, ValueError, UnsupportedAlgorithm):
        return ""


def _ocsp_url(certificate: x509.Certificate) -> str:
    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ""
    urls = [
        str(each.access_location.value)
        for each in found
        if each.access_method == AuthorityInformationAccessOID.OCSP
    ]
    return urls[0] if urls else ""


def _list_url(certificate: x509.Certificate) -> str:
    try:
        found = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return ""
    urls = [str(name.value) for point in found for name in point.full_name or ()]
    return next((url for url in urls if url.startswith("http")), "")


def _by_ocsp(certificate: x509.Certificate, url: str) -> str:
    """Asks by hashes: the issuer's key is known by its identifier, as authorities make it (RFC 5280)."""
    issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate_by_hash(
            hashlib.sha1(certificate.issuer.public_bytes(), usedforsecurity=False).digest(),
            issuer.key_identifier or b"",
            certificate.serial_number,
            hashes.SHA1(),  # noqa: S303 - as OCSP has it
        )
        .build()
    )
    wanted = {"Content-Type": "application/ocsp-request"}
    content = request.public_bytes(serialization.Encoding.DER)
    with open_url(url, method="POST", data=content, headers=wanted, timeout=TIMEOUT) as answer:
        told = ocsp.load_der_ocsp_response(answer.read(MOST_BYTES))
    if told.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
        return ""
    return "was revoked by its authority" if told.certificate_status == ocsp.OCSPCertStatus.REVOKED else ""


def _by_list(certificate: x509.Certificate, url: str) -> str:
    with open_url(url, timeout=TIMEOUT) as answer:
        told = x509.load_der_x509_crl(answer.read(MOST_BYTES))
    found = told.get_revoked_certificate_by_serial_number(certificate.serial_number)
    return "was revoked by its authority" if found else ""


# Files


def problems_of(certificate_file: str, key_file: str, name: str) -> list[tuple[str, str, str]]:
    """What is wrong with a certificate and its key: the setting without its prefix, its value, why."""
    contents: dict[str, bytes] = {}
    found = []
    for setting, value in (("certificate_file", certificate_file), ("key_file", key_file)):
        try:
            contents[setting] = Path(value).expanduser().read_bytes()
        except OSError as error:
            found.append((setting, value, f"it cannot be read ({error.strerror})"))
    if found or not HAS_CRYPTOGRAPHY:
        return found
    try:
        certificate = x509.load_pem_x509_certificate(contents["certificate_file"])
    except ValueError:
        return [("certificate_file", certificate_file, "it is no certificate in PEM")]
    if why := _unfit(certificate, name, datetime.now(timezone.utc)):  # noqa: UP017 - like the hosts' modules
        found.append(("certificate_file", certificate_file, why))
    if why := _unlike(certificate, contents["key_file"]):
        found.append(("key_file", key_file, why))
    return found


def _unfit(certificate: x509.Certificate, name: str, now: datetime) -> str:
    if now >= certificate.not_valid_after_utc:
        return f"the certificate expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = [each.lower() for each in names.get_values_for_type(x509.DNSName)]
    except x509.ExtensionNotFound:
        hosts = []
    if not {name.lower(), f"*.{name.partition('.')[2]}".lower()} & set(hosts):
        return f"the certificate is for {', '.join(hosts) or 'no host'}, not for {name}"
    return ""


def _unlike(certificate: x509.Certificate, key: bytes) -> str:
    if key.startswith(VAULT):
        return ""  # Ansible opens it when it is copied; the host compares the two.
    try:
        private = serialization.load_pem_private_key(key, password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return "it is no key in PEM without a passphrase"
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    same = private.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)
    return "" if same else "it is not the certificate's"
