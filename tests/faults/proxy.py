"""A bad line: an HTTP proxy before the local cloud that loses, spoils and holds back what passes, by a seed.

It listens on loopback, for one server. What a call is, is told as the local cloud's own request log tells it.
"""

import http.client
import json
import random
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from local_cloud.testing.clouds import identify

DELAY_SECONDS = (0.2, 0.6)
TIMEOUT = 60
SIGNED = "%Y%m%dT%H%M%SZ"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Fault(Enum):
    """What can happen to one call."""

    THROTTLED = "throttled"
    ERROR = "500"
    UNAVAILABLE = "503"
    RESET_BEFORE = "reset before the call took effect"
    RESET_AFTER = "answer lost after the call took effect"
    DELAYED = "delayed"
    CUT = "body cut"


@dataclass(frozen=True)
class Call:
    """One request. `key` is the same for a try and its repetition."""

    service: str
    action: str
    mutating: bool
    key: bytes


Plan = Callable[[Call], Fault | None]
"""What happens to the next call; asked once a call, one call at a time."""


def at_random(rate: float, seed: int) -> Plan:
    """Every call meets any of the faults with this probability."""
    chance = random.Random(seed)  # noqa: S311 - a seed is the point

    def plan(_call: Call) -> Fault | None:
        struck, kind = chance.random() < rate, chance.choice(list(Fault))
        return kind if struck else None

    return plan


def lost_answer(number: int) -> Plan:
    """The answer of one mutating call, counted from 1, is lost after it took effect."""
    seen = 0

    def plan(call: Call) -> Fault | None:
        nonlocal seen
        seen += call.mutating
        return Fault.RESET_AFTER if call.mutating and seen == number else None

    return plan


def every_answer_lost_once() -> Plan:
    """The first answer of every mutating call is lost after it took effect; its repetition's arrives."""
    known: set[bytes] = set()

    def plan(call: Call) -> Fault | None:
        fresh = call.mutating and call.key not in known
        known.add(call.key)
        return Fault.RESET_AFTER if fresh else None

    return plan


class Server(ThreadingHTTPServer):
    """Clients are killed, and what is upstream ends: no news."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), (OSError, http.client.HTTPException)):
            super().handle_error(request, client_address)


@dataclass
class Proxy:
    """`endpoint` leads to `upstream`. `plan` may be changed at any time; `struck` is what happened so far.

    `ahead` is how far the clock of whoever signs is ahead: the local cloud reads the time of a signature,
    and does not reckon the signature again.
    """

    upstream: str
    github: bool = False
    plan: Plan = lambda _call: None
    struck: list[tuple[Call, Fault]] = field(default_factory=list)
    calls: int = 0
    endpoint: str = ""
    ahead: timedelta = timedelta()
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        """Listen as long as the block lasts."""
        proxy = self

        class Bound(Handler):
            owner = proxy

        server = Server(("127.0.0.1", 0), Bound)
        self.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def begin(self, plan: Plan) -> None:
        """Begin anew, with another plan."""
        with self._turn:
            self.plan, self.struck, self.calls = plan, [], 0

    def fate(self, call: Call) -> Fault | None:
        with self._turn:
            self.calls += 1
            fault = self.plan(call)
            if fault:
                self.struck.append((call, fault))
            return fault


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: Proxy

    def handle_one_call(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = self._call(body)
        match self.owner.fate(call):
            case Fault.RESET_BEFORE:
                self._reset()
            case Fault.RESET_AFTER:
                self._forward(body)
                self._reset()
            case Fault.CUT:
                self._answer(*self._forward(body), cut=True)
            case Fault.DELAYED:
                time.sleep(random.uniform(*DELAY_SECONDS))  # noqa: S311 - how long changes nothing
                self._answer(*self._forward(body))
            case None:
                self._answer(*self._forward(body))
            case refused:
                self._answer(*refusal(call, refused, github=self.owner.github))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_one_call  # noqa: N815 - the base's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's signature
        """Say nothing."""

    def _call(self, body: bytes) -> Call:
        if self.owner.github:
            path = urlsplit(self.path).path
            mutating = self.command not in {"GET", "HEAD"}
            # A secret is sealed anew each time.
            return Call("github", f"{self.command} {path}", mutating, f"{self.command} {path}".encode())
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
        }
        environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
        known = identify(environ)
        return Call(
            known.service, known.action, known.mutating, f"{self.command} {self.path} ".encode() + body
        )

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = urlsplit(self.owner.upstream)
        connection = http.client.HTTPConnection(str(upstream.hostname), upstream.port, timeout=TIMEOUT)
        try:
            # Signatures name the host that the client saw.
            headers = {n: v for n, v in self.headers.items() if n.lower() not in {"connection", "expect"}}
            if signed := headers.get("X-Amz-Date"):
                headers["X-Amz-Date"] = f"{datetime.strptime(signed, SIGNED) + self.owner.ahead:{SIGNED}}"  # noqa: DTZ007
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            kept = [(n, v) for n, v in answer.getheaders() if n.lower() not in HOP_BY_HOP]
            if self.command == "HEAD" and (length := answer.getheader("Content-Length")):
                kept.append(("Content-Length", length))
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut: bool = False) -> None:
        if cut and not body:
            self._reset()
            return
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.command != "HEAD" and status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        self.wfile.flush()
        self.close_connection = self.close_connection or cut

    def _reset(self) -> None:
        """The client's next read ends with "connection reset by peer"."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        # What the base class does after a request needs files that are open.
        self.rfile, self.wfile = BytesIO(), BytesIO()


THROTTLING = {
    "ec2": (503, "RequestLimitExceeded"),
    "s3": (503, "SlowDown"),
    "iam": (400, "Throttling"),
    "sts": (400, "Throttling"),
    "route53": (400, "Throttling"),
}
"""How a service that does not speak JSON says it."""
JSON_SERVICES = {"codedeploy", "ssm", "servicequotas", "pricing"}


def refusal(call: Call, fault: Fault, *, github: bool) -> tuple[int, list[tuple[str, str]], bytes]:
    """The service's own answer, in its protocol, to a call that it does not take now."""
    if github:
        return _github_refusal(fault)
    as_json = call.service in JSON_SERVICES
    status, code = {
        Fault.THROTTLED: (400, "ThrottlingException")
        if as_json
        else THROTTLING.get(call.service, (400, "Throttling")),
        Fault.ERROR: (500, "InternalError" if call.service in {"ec2", "s3"} else "InternalFailure"),
        Fault.UNAVAILABLE: (503, "Unavailable" if call.service == "ec2" else "ServiceUnavailable"),
    }[fault]
    words = f"{code} by the bad line"
    if as_json:
        body = json.dumps({"__type": code, "message": words})
        return status, [("Content-Type", "application/x-amz-json-1.1")], body.encode()
    inner = f"<Code>{code}</Code><Message>{words}</Message>"
    if call.service == "ec2":
        body = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>bad-line</RequestID></Response>"
    elif call.service == "s3":
        body = f"<Error>{inner}<RequestId>bad-line</RequestId></Error>"
    else:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error>"
            "<RequestId>bad-line</RequestId></ErrorResponse>"
        )
    return status, [("Content-Type", "text/xml")], b"" if call.action.startswith("Head") else body.encode()


def _github_refusal(fault: Fault) -> tuple[int, list[tuple[str, str]], bytes]:
    kind = [("Content-Type", "application/json")]
    if fault is Fault.THROTTLED:
        words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        return 403, [*kind, ("Retry-After", "1")], json.dumps({"message": words}).encode()
    if fault is Fault.ERROR:
        return 502, [("Content-Type", "text/html")], b"<html><title>502 Bad Gateway</title></html>"
    return 503, kind, json.dumps({"message": "Service unavailable"}).encode()
