"""What is seen of certificates that are served, and of files of them."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from plugins.module_utils.pipeline.prerequisites import certificates

NAME = "www.example.com"
DAY = timedelta(days=1)
PEM = serialization.Encoding.PEM
KEYS = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
ISSUER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")])


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def certificate(name: str = NAME, ends: timedelta = 60 * DAY, **urls: str) -> x509.Certificate:
    """One that is its own authority; `ocsp` and `crl` are where that says what it revoked."""
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(ISSUER)
        .issuer_name(ISSUER)
        .public_key(KEYS[0].public_key())
        .serial_number(4711)
        .not_valid_before(now - 90 * DAY)
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(KEYS[0].public_key()), critical=False
        )
    )
    if "ocsp" in urls:
        url = x509.UniformResourceIdentifier(urls["ocsp"])
        place = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, url)
        made = made.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
    if "crl" in urls:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(urls["crl"])], None, None, None)
        made = made.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    return made.sign(KEYS[0], hashes.SHA256())


@contextmanager
def answering(answer: Callable[[bytes], bytes]) -> Iterator[str]:
    """A web server; where it is."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: Any) -> None:
            """Not here."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving(folder: Path, served: x509.Certificate) -> Iterator[int]:
    """A TLS server with this certificate; its port."""
    path = folder / "served.pem"
    path.write_bytes(served.public_bytes(PEM) + pem(KEYS[0]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            link, _ = listener.accept()
            try:
                context.wrap_socket(link, server_side=True).close()
            except OSError:
                link.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("name", "ends", "trusted", "problem"),
    [
        (NAME, 60 * DAY, True, ""),
        (NAME, -DAY, True, "is not valid: certificate has expired"),
        ("other.example", 60 * DAY, True, "is not valid: Hostname mismatch"),
        (NAME, 60 * DAY, False, "is not valid: self-signed certificate"),
    ],
)
def test_what_a_browser_makes_of_a_certificate(
    tmp_path: Path, name: str, ends: timedelta, trusted: bool, problem: str
) -> None:
    served = certificate(name, ends)
    (tmp_path / "authority.pem").write_bytes(served.public_bytes(PEM))
    authorities = str(tmp_path / "authority.pem") if trusted else ""
    with serving(tmp_path, served) as port:
        found = certificates.served_at("127.0.0.1", NAME, authorities, port)
    assert found
    assert found["problem"].startswith(problem)
    assert bool(found["problem"]) == bool(problem)


def test_where_no_tls_is_served_nothing_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert certificates.served_at("127.0.0.1", NAME, "", port) is None


@pytest.mark.parametrize(("revoked", "said"), [(True, "was revoked by its authority"), (False, "")])
def test_what_the_responder_says_of_a_certificate(revoked: bool, said: str) -> None:
    held: list[x509.Certificate] = []

    def answer(content: bytes) -> bytes:
        asked = ocsp.load_der_ocsp_request(content)
        assert asked.serial_number == 4711
        now = datetime.now(UTC)
        return (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=held[0],
                issuer=held[0],
                algorithm=asked.hash_algorithm,
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
                this_update=now,
                next_update=now + DAY,
                revocation_time=now if revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, held[0])
            .sign(KEYS[0], hashes.SHA256())
            .public_bytes(serialization.Encoding.DER)
        )

    with answering(answer) as url:
        held.append(certificate(ocsp=url))
        assert certificates.revoked(held[0]) == said


@pytest.mark.parametrize(("serial", "said"), [(4711, "was revoked by its authority"), (1, "")])
def test_what_the_list_of_the_authority_says(serial: int, said: str) -> None:
    now = datetime.now(UTC)
    gone = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
    content = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ISSUER)
        .last_update(now)
        .next_update(now + DAY)
        .add_revoked_certificate(gone)
        .sign(KEYS[0], hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    with answering(lambda _: content) as url:
        assert certificates.revoked(certificate(crl=url)) == said


def test_an_authority_that_says_nothing_revokes_nothing() -> None:
    assert certificates.revoked(certificate()) == ""
    with answering(lambda _: b"garbage") as url:
        assert certificates.revoked(certificate(crl=url)) == ""
        assert certificates.revoked(certificate(ocsp=url)) == ""


def test_a_directory_is_told_from_another_answer() -> None:
    with answering(lambda _: b'{"newOrder": "https://ca.example/order"}') as url:
        assert certificates.directory_at(url, "") == {"newOrder": "https://ca.example/order"}
    for content in (b'{"hello": 1}', b"<html>", b"[]"):
        with answering({b"": content}.__getitem__) as url:
            assert "no directory" in certificates.directory_at(url, "")["problem"]
    assert "does not answer" in certificates.directory_at(url, "")["problem"]


@pytest.mark.parametrize(
    ("name", "ends", "key", "said"),
    [
        (NAME, 60 * DAY, 0, []),
        ("*.example.com", 60 * DAY, 0, []),
        ("other.example", 60 * DAY, 0, [("certificate_file", f"is for other.example, not for {NAME}")]),
        (NAME, -DAY, 0, [("certificate_file", "the certificate expired on")]),
        (NAME, 60 * DAY, 1, [("key_file", "it is not the certificate's")]),
    ],
)
def test_what_is_wrong_with_files(
    tmp_path: Path, name: str, ends: timedelta, key: int, said: list[tuple[str, str]]
) -> None:
    (tmp_path / "c.pem").write_bytes(certificate(name, ends).public_bytes(PEM))
    (tmp_path / "k.pem").write_bytes(pem(KEYS[key]))
    found = certificates.problems_of(str(tmp_path / "c.pem"), str(tmp_path / "k.pem"), NAME)
    assert [setting for setting, _, _ in found] == [setting for setting, _ in said]
    assert all(words in why for (_, _, why), (_, words) in zip(found, said, strict=True))


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("c.pem", None, "it cannot be read (No such file or directory)"),
        ("c.pem", b"garbage", "it is no certificate in PEM"),
        ("k.pem", b"garbage", "it is no key in PEM without a passphrase"),
    ],
)
def test_files_that_are_none(tmp_path: Path, file: str, content: bytes | None, said: str) -> None:
    (tmp_path / "c.pem").write_bytes(certificate().public_bytes(PEM))
    (tmp_path / "k.pem").write_bytes(pem(KEYS[0]))
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_bytes(content)
    [(_, _, why)] = certificates.problems_of(str(tmp_path / "c.pem"), str(tmp_path / "k.pem"), NAME)
    assert why == said


def test_a_key_in_a_vault_is_opened_later(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_bytes(certificate().public_bytes(PEM))
    (tmp_path / "k.pem").write_bytes(b"$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    assert certificates.problems_of(str(tmp_path / "c.pem"), str(tmp_path / "k.pem"), NAME) == []
