"""Who called what at AWS, with what outcome: for people, and for tests that prove "no writes"."""

import json
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.parse import parse_qs

from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAXIMUM = 20_000
"""Requests that are remembered; older ones are in the file only."""
MAXIMUM_FILE = 32 * 2**20
"""Bytes of the file before it is moved aside once."""

READING = re.compile(
    r"(Get|List|Describe|BatchGet|Head|Lookup|Search|Select|Query|Scan|Simulate|Validate|Test"
    r"|Check|Estimate|Poll|Decode)[A-Z]"
)
"""Actions that change nothing, by the verbs that AWS's APIs keep to."""
BY_METHOD = {"s3", "route53"}
"""REST services whose HTTP method says it; Select and multi-object reads do not occur among their POSTs."""
COMMANDS = "codedeploy-commands"
COMMANDS_TARGET = "CodeDeployCommandService"
"""How the X-Amz-Target of an agent's call begins, in both of its API models."""
CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d+/([^/]*)/([^/]+)/aws4_request")


AUTHORIZATION = "local_cloud.authorization"
"""Where a request's WSGI environment says what it was allowed to do, for the log."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that IAM was asked: an action (`ec2:RunInstances`) on a resource (an ARN or `*`)."""

    action: str
    resource: str
    allowed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Authorization:
    """Who called, by ARN, and all that the call needed."""

    caller: str
    checks: tuple[Check, ...]


def set_authorization(environ: "WSGIEnvironment", authorization: Authorization) -> None:
    environ[AUTHORIZATION] = authorization


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One answered request. `time` is UTC in ISO 8601, `milliseconds` how long the answer took.

    `checks` is empty where policies are not enforced.
    """

    time: str
    caller: str
    service: str
    action: str
    mutating: bool
    status: int
    milliseconds: float
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What a request asks for. `access_key` is "" for an unsigned one.

    `signed_for` is the service of the signature, `token` the session's token where the address has it.
    """

    access_key: str
    region: str
    service: str
    action: str
    mutating: bool
    signed_for: str = ""
    token: str = ""


class RequestLog:
    """The last requests in memory, all of them as JSON lines in a file."""

    def __init__(self, path: Path, *, enabled: bool = True) -> None:
        self.path = path
        self.enabled = enabled
        self.clearings = 0
        self._entries: deque[Entry] = deque(maxlen=MAXIMUM)
        self._lock = threading.Lock()
        self._file: TextIO | None = None

    def add(self, entry: Entry, clearings: int | None = None) -> None:
        """Note it. `clearings` were there when the request came: after one more it is in the file alone."""
        with self._lock:
            if not self.enabled:
                return
            if clearings in {None, self.clearings}:
                self._entries.append(entry)
            self._open().write(json.dumps(asdict(entry)) + "\n")

    def close(self) -> None:
        """Let go of the file. What ends after that, such as a poll that was held, is not noted any more."""
        with self._lock:
            self.enabled = False
            if self._file:
                self._file.close()
            self._file = None

    def _open(self) -> TextIO:
        """The file, kept open; a new one where it has become too long."""
        if self._file and self._file.tell() > MAXIMUM_FILE:
            self._file.close()
            self._file = None
            self.path.replace(self.path.with_suffix(".1.jsonl"))
        if self._file is None:
            # Whoever reads it sees each entry at once.
            self._file = self.path.open("a", buffering=1)
        return self._file

    def entries(self, *, mutating: bool | None = None) -> list[Entry]:
        """Oldest first; `mutating` picks only those that are, or are not."""
        with self._lock:
            return [entry for entry in self._entries if mutating in {None, entry.mutating}]

    def clear(self) -> None:
        """Forget what is in memory; the file keeps it."""
        with self._lock:
            self.clearings += 1
            self._entries.clear()


def logged(
    app: "WSGIApplication",
    log: RequestLog,
    *,
    caller: Callable[[str, str], str],
    changed: Callable[[Call], None],
) -> "WSGIApplication":
    """`app` with every request noted, and `changed` called after each mutating one that succeeded.

    `caller(access_key, region)` names who an access key belongs to.
    """

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        call = identify(environ)
        status = 500

        def noting(
            line: str, headers: list[tuple[str, str]], exc_info: "OptExcInfo | None" = None
        ) -> Callable[[bytes], object]:
            nonlocal status
            status = int(line.split(" ", 1)[0])
            return start_response(line, headers, exc_info)

        started, clearings = time.time(), log.clearings
        try:
            return app(environ, noting)
        finally:
            known: Authorization | None = environ.get(AUTHORIZATION)
            named = caller(call.access_key, call.region) if call.access_key else "anonymous"
            entry = Entry(
                time=datetime.fromtimestamp(started, UTC).isoformat(timespec="milliseconds"),
                caller=known.caller if known else named,
                # There are few of these, and many thousands of entries.
                service=sys.intern(call.service),
                action=sys.intern(call.action),
                mutating=call.mutating,
                status=status,
                milliseconds=round((time.time() - started) * 1000, 1),
                checks=known.checks if known else (),
            )
            log.add(entry, clearings)
            if call.mutating and status < 400:  # noqa: PLR2004 - where HTTP's errors begin
                changed(call)

    return application


def identify(environ: "WSGIEnvironment") -> Call:
    """What a request asks for, told from its signature, headers, form or path. The body is left readable."""
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    signature = environ.get("HTTP_AUTHORIZATION", "")
    if "X-Amz-Credential" in query:
        signature = f"Credential={query['X-Amz-Credential'][0]}"
    found = CREDENTIAL.search(signature)
    access_key, region, signed_for = found.groups() if found else ("", "us-east-1", "")
    service = signed_for
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    form = _form(environ) or query
    if target.startswith(COMMANDS_TARGET):
        service = COMMANDS
    if target:
        action = target.rpartition(".")[2]
    elif "Action" in form:
        action = form["Action"][0]
        service = service or ("sts" if action.startswith("AssumeRole") else "")
    else:
        service = service or "s3"
        action = _rest_action(environ, service)
    dry_run = form.get("DryRun", [""])[0].lower() == "true"
    return Call(
        access_key=access_key,
        region=region,
        service=service or "unknown",
        action=action,
        mutating=not dry_run and is_mutating(service, action, environ["REQUEST_METHOD"]),
        signed_for=signed_for,
        token=query.get("X-Amz-Security-Token", [""])[0],
    )


def is_mutating(service: str, action: str, method: str) -> bool:
    """Does the action change something? What STS hands out changes nothing in the account."""
    if service == "sts" or method in {"HEAD", "OPTIONS"}:
        return False
    if service in BY_METHOD:
        return method != "GET"
    return not READING.match(action)


def _form(environ: "WSGIEnvironment") -> dict[str, list[str]]:
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return {}
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = BytesIO(body)
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)


def _rest_action(environ: "WSGIEnvironment", service: str) -> str:
    """The operation whose HTTP method and path these are, by botocore's model of the service."""
    seen = environ | {"wsgi.input": BytesIO(), "CONTENT_LENGTH": "0"}
    try:
        operation, _ = get_service_router(service).match(Request(seen))
    except (NotFound, NotImplementedError, KeyError):
        return f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '/')}"
    return str(operation.name)
