"""HTTP listeners that hold connections open and end when told to.

Werkzeug's own server closes every connection after one answer and leaves the
process when a port is taken; a deployment makes thousands of small calls.
"""

import logging
import re
import socket
import ssl
import threading
import time
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

MAXIMUM_BODY = 256 * 2**20
"""Bytes of one request. A body is held in memory, by moto more than once."""
DRAIN_SECONDS = 2.0
POLL_INTERVAL = 0.05
"""Seconds between two looks of a server whether it shall end, so long may its end take; socketserver's half a
second is noticed."""
LENGTH = re.compile(r"[0-9]{1,15}")
CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(;.*)?\r?\n")
LONGEST_LINE = 8192
MOST_TRAILERS = 100


class BadRequestError(Exception):
    """What is not HTTP, or not as much as is taken."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class TooLargeError(BadRequestError):
    def __init__(self) -> None:
        super().__init__(f"at most {MAXIMUM_BODY >> 20} MiB are taken", 413)


class Handler(MotoRequestHandler):
    """One connection: reads a whole request, answers it, waits for the next."""

    protocol_version = "HTTP/1.1"
    # A refusal of what is not HTTP has a status line too; HTTP/0.9 would have none.
    default_request_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536
    timeout = IDLE_SECONDS
    error_content_type = "text/plain; charset=utf-8"
    error_message_format = "%(code)d %(message)s\n"

    def handle_expect_100(self) -> bool:
        """Only once it is known that the body will be taken."""
        return True

    def run_wsgi(self) -> None:
        try:
            environ = self._environ()
        except BadRequestError as error:
            self.send_error(error.status, str(error))
            return
        except TimeoutError:
            self.send_error(408)
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

    def _environ(self) -> "WSGIEnvironment":
        """The request with its whole body, so that the next one starts where it should."""
        if self.request_version >= "HTTP/1.1" and len(self.headers.get_all("Host", [])) != 1:
            raise BadRequestError("one Host is needed")
        try:
            environ = self.make_environ()
        except ValueError as error:
            raise BadRequestError("the address is not one") from error
        chunked = self._is_chunked()
        length = None if chunked else self._content_length()
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        body = self._read_chunks() if chunked else self._reads(length or 0)
        if chunked:
            environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["wsgi.input"] = BytesIO(body)
        environ.pop("CONTENT_LENGTH", None)
        if body or length is not None:
            environ["CONTENT_LENGTH"] = str(len(body))
        return environ

    def _is_chunked(self) -> bool:
        encodings = self.headers.get_all("Transfer-Encoding", [])
        if not encodings:
            return False
        if [each.strip().lower() for each in encodings] != ["chunked"]:
            raise BadRequestError("no Transfer-Encoding but chunked is understood", 501)
        if "Content-Length" in self.headers:
            # Whichever holds, the other one would make a second request of the rest (request smuggling).
            raise BadRequestError("Content-Length beside Transfer-Encoding")
        return True

    def _content_length(self) -> int | None:
        given = set(self.headers.get_all("Content-Length", []))
        if not given:
            return None
        if len(given) > 1 or not LENGTH.fullmatch(length := given.pop().strip()):
            raise BadRequestError("Content-Length is not a number")
        if int(length) > MAXIMUM_BODY:
            raise TooLargeError
        return int(length)

    def _reads(self, length: int) -> bytes:
        body = self.rfile.read(length)
        if len(body) < length:
            raise BadRequestError("the body ends before its Content-Length")
        return body

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while size := self._chunk_size():
            if len(body) + size > MAXIMUM_BODY:
                raise TooLargeError
            body += self._reads(size)
            if self.rfile.readline(3) not in {b"\r\n", b"\n"}:
                raise BadRequestError("a chunk is longer than its size")
        for _ in range(MOST_TRAILERS):
            if self.rfile.readline(LONGEST_LINE) in {b"\r\n", b"\n"}:
                return bytes(body)
        raise BadRequestError("the body does not end")

    def _chunk_size(self) -> int:
        line = CHUNK.fullmatch(self.rfile.readline(LONGEST_LINE))
        if line is None:
            raise BadRequestError("the size of a chunk is not a number")
        return int(line[1], 16)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse, and end the connection: where the next request would begin is not known."""
        self.close_connection = True
        super().send_error(code, message, explain)
        self.wfile.flush()
        self._drain()

    def _drain(self) -> None:
        """Take what is still being sent, a little of it: closed on unread data, TCP would drop the answer."""
        end = time.monotonic() + DRAIN_SECONDS
        with suppress(OSError, ValueError):
            self.connection.shutdown(socket.SHUT_WR)
            while (left := end - time.monotonic()) > 0:
                self.connection.settimeout(left)
                if not self.connection.recv(65536):
                    return

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
        # Where the request line is not one, there is no path.
        LOG.debug("%s %s %s", self.requestline, code, size)

    def log_error(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
        """A client's error is none of this process."""
        LOG.debug(format, *args)

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
            target=self.serve_forever, args=(POLL_INTERVAL,), name=f"http:{self.port}", daemon=True
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
