"""The certificate authority beside the hosts: Pebble as it is packaged, without hosts."""

import json
import shutil
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from local_cloud.acme import AcmeError, AcmeServer
from local_cloud.listeners import Listener
from local_cloud.processes import Process
from local_cloud.settings import ACME_NAME, Settings

HERE = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("acme")
    return Settings(
        cache_dir=folder / "cache",
        state_dir=folder / "state",
        gateway=HERE,
        internet=HERE,
        acme_port=free_port(),
        acme_validity=3600,
        acme_binding=("an-id", "c2VjcmV0"),
    )


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[AcmeServer]:
    it = AcmeServer(settings)
    it.start()
    try:
        it.ready()
        yield it
    finally:
        it.stop()


def test_its_directory_answers_who_trusts_its_authority(settings: Settings, server: AcmeServer) -> None:
    status = server.status()
    assert status["directory_on_hosts"] == f"https://{ACME_NAME}:{settings.acme_port}/dir"
    context = ssl.create_default_context(cafile=str(server.authorities))
    with urllib.request.urlopen(str(status["directory"]), context=context, timeout=5) as answer:  # noqa: S310 - here
        told = json.load(answer)
    assert told["newOrder"].startswith("https://")
    assert told["meta"]["externalAccountRequired"] is True


def test_its_root_is_the_first_of_the_authorities(server: AcmeServer) -> None:
    root, own = x509.load_pem_x509_certificates(server.authorities.read_bytes())
    assert "Pebble Root CA" in root.subject.rfc4514_string()
    assert "Local cloud" in own.subject.rfc4514_string()


def test_the_binding_is_in_no_argument_and_no_file_for_all(settings: Settings, server: AcmeServer) -> None:
    assert settings.acme_binding
    secret = settings.acme_binding[1]
    assert secret.encode() not in Path(f"/proc/{server.pid}/cmdline").read_bytes()
    holding = [
        path for path in settings.state_dir.rglob("*") if path.is_file() and secret in path.read_text()
    ]
    assert [path.stat().st_mode & 0o077 for path in holding] == [0]


def test_its_responder_knows_no_certificate_that_was_not_issued(server: AcmeServer) -> None:
    listener = Listener(HERE, 0, server.ocsp_responder(), maximum=4)
    listener.start()
    try:
        builder = ocsp.OCSPRequestBuilder()
        asked = builder.add_certificate_by_hash(b"0" * 32, b"1" * 32, 4711, hashes.SHA256()).build()

        def answer(content: bytes) -> ocsp.OCSPResponseStatus:
            address = f"http://{HERE}:{listener.port}/"
            with urllib.request.urlopen(address, data=content, timeout=5) as answer:
                return ocsp.load_der_ocsp_response(answer.read()).response_status

        unknown = answer(asked.public_bytes(serialization.Encoding.DER))
        assert unknown == ocsp.OCSPResponseStatus.UNAUTHORIZED
        assert answer(b"garbage") == ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    finally:
        listener.stop()


def test_a_taken_port_is_said(settings: Settings, server: AcmeServer, tmp_path: Path) -> None:
    second = AcmeServer(
        Settings(
            cache_dir=settings.cache_dir,
            state_dir=tmp_path,
            gateway=HERE,
            internet=HERE,
            acme_port=settings.acme_port,
        )
    )
    second.start()
    try:
        with pytest.raises(AcmeError, match="address already in use"):
            second.ready()
    finally:
        second.stop()
    assert server.pid


def test_without_the_program_the_package_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(AcmeError, match="install the package pebble"):
        AcmeServer(settings).start()


def test_it_ends(settings: Settings, tmp_path: Path) -> None:
    it = AcmeServer(
        Settings(cache_dir=settings.cache_dir, state_dir=tmp_path, internet=HERE, acme_port=free_port())
    )
    it.start()
    it.ready()
    process = Process.of(it.pid)
    assert process
    it.stop()
    assert not process.lives()
    assert it.pid == 0


def test_the_key_of_a_binding_comes_in_a_file(tmp_path: Path) -> None:
    def start(path: Path) -> str:
        return subprocess.run(
            ["python", "-m", "local_cloud", "start", f"--acme-binding={path}"],
            capture_output=True,
            text=True,
            check=False,
        ).stderr

    (tmp_path / "wrong").write_text("only-an-id")
    assert "does not hold ID:KEY" in start(tmp_path / "wrong")
    assert "No such file" in start(tmp_path / "none")
