"""A certificate authority that speaks ACME (RFC 8555): Pebble, beside the hosts, and its OCSP responder.

It looks names up as the hosts do, and follows them to port 80. Its root is another one at each start.
"""

import base64
import json
import logging
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp

from local_cloud.certificates import server_certificate
from local_cloud.hosts.programs import TIED
from local_cloud.settings import ACME_NAME, Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)
PROGRAM = "pebble"
STARTS_WITHIN = 15.0
ENDS_WITHIN = 5.0
OCSP_HOURS = 1


class AcmeError(Exception):
    """Why there is no authority, and what to do."""


class AcmeServer:
    """One Pebble, from `start` to `stop`. `ready` waits until it answers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.state_dir / "acme"
        self._management = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._issuer: x509.Certificate | None = None

    @property
    def authorities(self) -> Path:
        """Its root, and the authority of its own TLS (PEM)."""
        return self._folder / "authorities.pem"

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Raises `AcmeError`."""
        if shutil.which(PROGRAM) is None:
            raise AcmeError(f"the program {PROGRAM} is missing: install the package {PROGRAM}")
        self._folder.mkdir(parents=True, exist_ok=True)
        port = _free_port()
        self._management = f"https://127.0.0.1:{port}"
        configuration = self._folder / "pebble.json"
        configuration.touch(mode=0o600)
        configuration.write_text(json.dumps({"pebble": self._configuration(port)}))
        with (self._folder / "pebble.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*TIED, PROGRAM, "-config", str(configuration), "-dnsserver", f"{self._settings.gateway}:53"],
                # Its validations wait up to 15 seconds otherwise. That it refuses nonces at random stays.
                env=os.environ | {"PEBBLE_VA_NOSLEEP": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def ready(self) -> None:
        """Waits until it answers, and keeps its root. Raises `AcmeError`."""
        end = time.monotonic() + STARTS_WITHIN
        while True:
            try:
                root = self._ask("roots/0")
                break
            except OSError as error:
                assert self._process is not None  # noqa: S101 - after `start` only
                if self._process.poll() is not None or time.monotonic() > end:
                    lines = (self._folder / "pebble.log").read_text(errors="replace").splitlines()
                    said = lines[-1] if lines else str(error)
                    raise AcmeError(f"{PROGRAM} did not start: {said}") from error
                time.sleep(0.05)
        self.authorities.write_bytes(root + self._settings.ca_certificate.read_bytes())

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def status(self) -> dict[str, str | int]:
        port = self._settings.acme_port
        return {
            "directory": f"https://{self._settings.internet}:{port}/dir",
            "directory_on_hosts": f"https://{ACME_NAME}:{port}/dir",
            "authorities": str(self.authorities),
            "management": self._management,
            "pid": self.pid,
        }

    def ocsp_responder(self) -> "WSGIApplication":
        """Answers for the certificates that Pebble issued, which names this as their responder."""
        lock = threading.Lock()

        def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            try:
                asked = ocsp.load_der_ocsp_request(_request(environ))
                with lock:
                    answer = self._answer(asked)
            except ValueError:
                status = ocsp.OCSPResponseStatus.MALFORMED_REQUEST
                answer = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
            except OSError:
                status = ocsp.OCSPResponseStatus.TRY_LATER
                answer = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
            start_response("200 OK", [("Content-Type", "application/ocsp-response")])
            return [answer.public_bytes(serialization.Encoding.DER)]

        return application

    def _configuration(self, management: int) -> dict[str, object]:
        settings = self._settings
        leaf = str(server_certificate(settings, ACME_NAME, (settings.internet, "127.0.0.1")))
        chosen: dict[str, object] = {
            "listenAddress": f"{settings.internet}:{settings.acme_port}",
            "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": leaf,
            "privateKey": leaf,
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": f"http://{settings.internet}:{settings.ocsp_port}",
            "externalAccountBindingRequired": bool(settings.acme_binding),
            "externalAccountMACKeys": dict([settings.acme_binding] if settings.acme_binding else []),
        }
        if settings.acme_validity:
            chosen["certificateValidityPeriod"] = settings.acme_validity
        return chosen

    def _ask(self, path: str) -> bytes:
        """What the management says. Raises OSError."""
        context = ssl.create_default_context(cafile=str(self._settings.ca_certificate))
        with urllib.request.urlopen(f"{self._management}/{path}", timeout=5, context=context) as answer:  # noqa: S310 - loopback
            content: bytes = answer.read()
        return content

    def _answer(self, asked: ocsp.OCSPRequest) -> ocsp.OCSPResponse:
        issuer = self._issuer = self._issuer or x509.load_pem_x509_certificate(self._ask("intermediates/0"))
        key = serialization.load_pem_private_key(self._ask("intermediate-keys/0"), password=None)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise TypeError("the intermediate's key is of no kind that signs")
        try:
            told = json.loads(self._ask(f"cert-status-by-serial/{asked.serial_number:x}"))
        except HTTPError:
            status = ocsp.OCSPResponseStatus.UNAUTHORIZED
            return ocsp.OCSPResponseBuilder.build_unsuccessful(status)
        now = datetime.now(UTC)
        is_revoked = told["Status"] == "Revoked"
        return (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=x509.load_pem_x509_certificate(told["Certificate"].encode()),
                issuer=issuer,
                algorithm=asked.hash_algorithm,
                cert_status=ocsp.OCSPCertStatus.REVOKED if is_revoked else ocsp.OCSPCertStatus.GOOD,
                this_update=now,
                next_update=now + timedelta(hours=OCSP_HOURS),
                revocation_time=now if is_revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer)
            .sign(key, hashes.SHA256())
        )


def _request(environ: "WSGIEnvironment") -> bytes:
    """The question, by POST or in the path (RFC 6960, A.1)."""
    if environ["REQUEST_METHOD"] == "POST":
        content: bytes = environ["wsgi.input"].read()
        return content
    return base64.b64decode(environ.get("PATH_INFO", "").lstrip("/"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
