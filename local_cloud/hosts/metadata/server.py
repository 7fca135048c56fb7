"""The server of the metadata service.

It lives in the router's network namespace, so that neither this machine nor a host has
the address or its port. As on EC2, who asks is told by where it comes from.
"""

import socket
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any

from local_cloud.hosts.metadata.service import MetadataService
from local_cloud.hosts.namespaces import enter
from local_cloud.listeners import POLL_INTERVAL

ADDRESS = "169.254.169.254"


class _Server(ThreadingTCPServer):
    """Not http.server's, which asks the resolver for the name of its address."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the parent's types
        """A host that is switched off drops its connections."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class MetadataServer:
    """Answers each host with what is its own."""

    def __init__(self) -> None:
        self._services: dict[str, MetadataService] = {}
        self._server: _Server | None = None

    def start(self, namespace: Path) -> None:
        """Answers until `stop`, in a network namespace that has the address."""
        ready: Future[_Server] = Future()
        threading.Thread(target=self._serve, args=(namespace, ready), name="imds", daemon=True).start()
        self._server = ready.result()

    def stop(self) -> None:
        """Ends the service."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def add(self, address: str, service: "MetadataService") -> None:
        """From now on `service` answers the host with this private address."""
        self._services[address] = service

    def remove(self, address: str) -> None:
        """The host is no more."""
        self._services.pop(address, None)

    def _serve(self, namespace: Path, ready: "Future[_Server]") -> None:
        try:
            enter(namespace)
            server = _Server((ADDRESS, 80), _handler(self._services))
        except BaseException as error:  # noqa: BLE001 - raised again by `start`
            ready.set_exception(error)
            return
        ready.set_result(server)
        server.serve_forever(POLL_INTERVAL)


def _handler(services: Mapping[str, MetadataService]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "EC2ws"
        sys_version = ""

        def do_GET(self) -> None:
            service = services.get(self.client_address[0])
            if service is None:
                self._answer(HTTPStatus.NOT_FOUND, "")
            else:
                self._answer(*service.read(self.path, self.headers))

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service = services.get(self.client_address[0])
            if service is None or self.path.rstrip("/") != "/latest/api/token":
                self._answer(HTTPStatus.NOT_FOUND, "")
                return
            self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, service.hop_limit())
            status, token = service.new_token(self.headers)
            seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
            self._answer(status, token, {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": seconds} if token else {})

        def _answer(self, status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> None:
            body = (text if status is HTTPStatus.OK else _error_page(status)).encode(errors="surrogateescape")
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if status is HTTPStatus.OK else "text/html")
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
            """Nothing: the answers hold credentials, and their paths say nothing of use."""

    return Handler


def _error_page(status: HTTPStatus) -> str:
    title = f"{status.value} - {status.phrase}"
    return (
        '<?xml version="1.0" encoding="iso-8859-1"?>\n<html xmlns="http://www.w3.org/1999/xhtml">\n'
        f" <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n </body>\n</html>\n"
    )
