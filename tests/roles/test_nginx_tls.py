"""What nginx is told of a certificate, and what is known of one, by the program on hosts."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from tests.plugins import load

PROGRAM = load("roles/nginx/files/nginx_tls.py")
NAME = "www.example.com"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RESPONDER = "http://192.0.2.1/ocsp"
LIST = "http://192.0.2.1/list.crl"


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def make(folder: Path, *names: str, ends: timedelta = 60 * DAY, begins: timedelta = -30 * DAY) -> Any:
    """A certificate with its key, as the program is told of them."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a site")])
    responder = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(RESPONDER)
    )
    place = x509.DistributionPoint([x509.UniformResourceIdentifier(LIST)], None, None, None)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(0xABCDEF)
        .not_valid_before(NOW + begins)
        .not_valid_after(NOW + ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .add_extension(x509.AuthorityInformationAccess([responder]), critical=False)
        .add_extension(x509.CRLDistributionPoints([place]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "c.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "k.pem").write_bytes(pem(key))
    return PROGRAM.Config(
        certificate=str(folder / "c.pem"),
        key=str(folder / "k.pem"),
        names=[NAME],
        listen=["443"],
        hsts_seconds=86400,
        redirect=True,
    )


def judged(config: Any) -> Any:
    return PROGRAM.judge(config, NOW.timestamp())


def test_what_a_certificate_says_of_itself(tmp_path: Path) -> None:
    found = judged(make(tmp_path, NAME, "example.com"))
    assert (found.unusable, found.invalid) == ("", "")
    certificate = found.certificate
    assert certificate.subject_names == (NAME, "example.com")
    assert certificate.serial == "ABCDEF"
    assert certificate.not_before == (NOW - 30 * DAY).timestamp()
    assert certificate.lifetime == (90 * DAY).total_seconds()
    assert (certificate.ocsp, certificate.crl) == (RESPONDER, LIST)
    said = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", tmp_path / "c.pem"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert certificate.fingerprint == said.strip().partition("=")[2].replace(":", "").lower()


@pytest.mark.parametrize(
    ("names", "ends", "begins", "why"),
    [
        ([NAME], -DAY, -30 * DAY, "expired on 2026-11-27 12:00 UTC"),
        ([NAME], 60 * DAY, DAY, "is not valid before 2026-11-29 12:00 UTC"),
        (
            ["other.example", "example.com"],
            60 * DAY,
            -DAY,
            f"is for other.example, example.com, not for {NAME}",
        ),
        (["*.com"], 60 * DAY, -DAY, f"is for *.com, not for {NAME}"),
        (["*.example.com"], 60 * DAY, -DAY, ""),
        (["WWW.Example.Com"], 60 * DAY, -DAY, ""),
    ],
)
def test_what_browsers_would_not_take(
    tmp_path: Path, names: list[str], ends: timedelta, begins: timedelta, why: str
) -> None:
    found = judged(make(tmp_path, *names, ends=ends, begins=begins))
    assert (found.unusable, found.invalid) == ("", why)


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("c.pem", None, "c.pem is missing"),
        ("k.pem", None, "k.pem is missing"),
        ("c.pem", b"\n", "c.pem is empty"),
        ("c.pem", b"garbage", "c.pem is no certificate"),
        ("k.pem", b"garbage", "k.pem is no key, or has a passphrase"),
        ("k.pem", pem(ec.generate_private_key(ec.SECP256R1())), "k.pem is not the key of "),
    ],
)
def test_what_nginx_could_not_serve(tmp_path: Path, file: str, content: bytes | None, why: str) -> None:
    config = make(tmp_path, NAME)
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_bytes(content)
    found = judged(config)
    assert why in found.unusable
    assert PROGRAM.snippet(config, found, (1, 22, 1)) == ""


def test_a_valid_one_is_served_and_http_leads_there(tmp_path: Path) -> None:
    config = make(tmp_path, NAME)
    text = PROGRAM.snippet(config, judged(config), (1, 22, 1))
    assert "listen 443 ssl http2 default_server;" in text
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in text
    assert "ssl_stapling on;" in text
    assert 'add_header Strict-Transport-Security "max-age=86400" always;' in text
    assert "return 301 https://$host$request_uri;" in text


def test_nginx_is_told_of_http2_as_its_version_has_it(tmp_path: Path) -> None:
    config = make(tmp_path, NAME)
    text = PROGRAM.snippet(config, judged(config), (1, 25, 1))
    assert "listen 443 ssl default_server;" in text
    assert "http2 on;" in text


def test_an_expired_one_is_served_and_http_leads_nowhere(tmp_path: Path) -> None:
    config = make(tmp_path, NAME, ends=-DAY)
    text = PROGRAM.snippet(config, judged(config), (1, 22, 1))
    assert "ssl_certificate " in text
    assert "Strict-Transport-Security" not in text
    assert "return 301" not in text


def test_another_certificate_is_another_configuration(tmp_path: Path) -> None:
    texts = set()
    for _ in range(2):
        config = make(tmp_path, NAME)
        texts.add(PROGRAM.snippet(config, judged(config), (1, 22, 1)))
    assert len(texts) == 2


def test_a_snippet_that_was_changed_or_is_missing_is_not_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PROGRAM, "SNIPPET", tmp_path / "site.conf")
    monkeypatch.setattr(PROGRAM, "nginx_version", lambda: (1, 26, 0))
    config = make(tmp_path, NAME)
    assert not PROGRAM.current(config, judged(config))
    PROGRAM.write(PROGRAM.snippet(config, judged(config), (1, 26, 0)))
    assert PROGRAM.current(config, judged(config))
    (tmp_path / "site.conf").write_text("# by hand\n")
    assert not PROGRAM.current(config, judged(config))
