"""HTTP listeners that hold connections open and end when told to.

Werkzeug's own server closes every connection after one answer and leaves the
process when a port is taken; a deployment makes thousands of small calls.
"""

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, cast

from moto.moto_server.werkzeug_app import MotoRequestHandler

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Connection = socket.socket | tuple[bytes, socket.socket]
"""socketserver's type; over TCP it is the socket."""
Address = tuple[str, int]

LOG = logging.getLogger(__name__)
IDLE_SECONDS = 90
"""Longer than the agent's and the SDKs' pauses between two calls on a connection."""


class Handler(MotoRequestHandler):
    """One connection: reads a whole request, answers it, waits for the next."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536
    timeout = IDLE_SECONDS

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        if not self._buffer_body(environ):
            return
        answer: list[tuple[str, list[tuple[str, str]]]] = []
        written: list[bytes] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _: "OptExcInfo | None" = None
        ) -> Callable[[bytes], object]:
            answer[:] = [(status, headers)]
            return written.append

        try:
            parts = self.server.app(environ, start_response)
            try:
                body = b"".join([*written, *parts])
            finally:
                close = getattr(parts, "close", None)
                if close:
                    close()
        except Exception:
            LOG.exception("%s %s failed", self.command, self.path)
            answer[:] = [("500 Internal Server Error", [("Content-Type", "text/plain")])]
            body = b"The local cloud failed here; its log has the traceback.\n"
        self._send(*answer[0], body)

    def _buffer_body(self, environ: "WSGIEnvironment") -> bool:
        """Read the whole body, so that the next request starts where it should."""
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
            environ.pop("HTTP_TRANSFER_ENCODING", None)
        else:
            length = environ.get("CONTENT_LENGTH") or "0"
            if not length.isdigit():
                self.send_error(400)
                return False
            body = self.rfile.read(int(length))
            if len(body) < int(length):
                self.close_connection = True
                return False
        environ["wsgi.input"] = BytesIO(body)
        if body or "CONTENT_LENGTH" in environ:
            environ["CONTENT_LENGTH"] = str(len(body))
        return True

    def _send(self, status: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        names = set()
        for name, value in headers:
            names.add(name.lower())
            self.send_header(name, value)
        bodiless = self.command == "HEAD" or code in {"204", "304"}
        if "content-length" not in names and not (bodiless and self.command != "HEAD"):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not bodiless:
            self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        LOG.debug("%s %s %s %s", self.command, self.path, code, size)

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's signature
        LOG.log(logging.ERROR if type == "error" else logging.DEBUG, message, *args)


class Listener(ThreadingMixIn, TCPServer):
    """One address and port, served by at most `maximum` threads, one a connection.

    The port is bound when this is made, so a taken one is an OSError there.
    """

    daemon_threads = True
    multithread = True
    multiprocess = False
    request_queue_size = 512
    allow_reuse_address = True

    def __init__(
        self,
        address: str,
        port: int,
        app: "WSGIApplication",
        *,
        maximum: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.app = app
        self.ssl_context = tls
        self._server_version = "local-cloud"
        self._slots = threading.BoundedSemaphore(maximum)
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._ending = threading.Event()
        super().__init__((address, port), Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name=f"http:{self.port}", daemon=True
        )

    @property
    def port(self) -> int:
        """The real port, also where 0 was asked for."""
        return int(self.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the listener and every connection, idle or not."""
        self._ending.set()
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Connection, client_address: Address) -> None:
        while not self._slots.acquire(timeout=0.5):
            if self._ending.is_set():
                self.shutdown_request(request)
                return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Connection, client_address: Address) -> None:
        connection = cast("socket.socket", request)
        try:
            if self.ssl_context:
                # Here and not in accept: a slow client must not hold up the others.
                connection.settimeout(IDLE_SECONDS)
                connection = self.ssl_context.wrap_socket(connection, server_side=True)
            with self._lock:
                self._connections.add(connection)
            self.finish_request(connection, client_address)
        except OSError as error:
            LOG.debug("connection from %s ended: %s", client_address, error)
        except Exception:
            LOG.exception("connection from %s failed", client_address)
        finally:
            with self._lock:
                self._connections.discard(connection)
            self.shutdown_request(connection)
            self._slots.release()
