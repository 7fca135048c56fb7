"""Visitors of the site who come again and again, each with a browser's cookies for one page and its parts."""

import http.client
import http.cookiejar
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import Any, Self

TIMEOUT = 10


class Connection(http.client.HTTPConnection):
    """To the first of a site's addresses that answers, whatever its name leads to; by TLS with a context."""

    def __init__(
        self, host: str, *, addresses: Sequence[str], context: ssl.SSLContext | None, timeout: float
    ) -> None:
        super().__init__(host, 443 if context else 80, timeout=timeout)
        self._addresses, self._context = addresses, context

    def connect(self) -> None:
        self.sock = self._reach(list(self._addresses))
        if self._context:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)

    def _reach(self, addresses: list[str]) -> socket.socket:
        for address in addresses[:-1]:
            try:
                return socket.create_connection((address, self.port), self.timeout)
            except OSError:
                continue
        return socket.create_connection((addresses[-1], self.port), self.timeout)


class Addresses(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Leads a browser to these addresses. With `authorities` (PEM) it trusts nobody else."""

    def __init__(self, addresses: Sequence[str], authorities: Path | None) -> None:
        super().__init__()
        self._addresses = addresses
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if authorities:
            self._tls.load_verify_locations(authorities)

    def http_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self._ask(request, None)

    def https_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self._ask(request, self._tls)

    def _ask(self, request: urllib.request.Request, context: ssl.SSLContext | None) -> HTTPResponse:
        kind: Any = Connection  # as urllib's own handlers are given theirs
        answer: HTTPResponse = self.do_open(kind, request, addresses=self._addresses, context=context)
        return answer


@dataclass(frozen=True)
class Visit:
    """What a visitor got: the statuses (or why there is none), and the revisions that page and parts name."""

    statuses: tuple[str, ...]
    revisions: tuple[str, ...]

    @property
    def failed(self) -> bool:
        return any(status != "200" for status in self.statuses)

    @property
    def mixed(self) -> bool:
        return not self.failed and len(set(self.revisions)) > 1


@dataclass
class Visitors:
    """As a context, they come; `visits` is what they got until then.

    Each comes to one of the `addresses`, by the name that `site` (a URL) has; with `goes_on` to the next
    one where that refuses, as browsers do. `paths` are the page and its parts, each of which names its
    revision as `marker` finds it. `rate` is the requests a second of all.
    """

    addresses: Sequence[str]
    site: str
    paths: Sequence[str]
    marker: re.Pattern[str]
    authorities: Path | None = None
    goes_on: bool = False
    rate: float = 200
    people: int = 20
    visits: list[Visit] = field(default_factory=list)
    _came_for: float = field(default=0, init=False)
    """Seconds."""

    def __enter__(self) -> Self:
        self._over, self._began = threading.Event(), time.monotonic()
        self._threads = [threading.Thread(target=self._come_again, args=(n,)) for n in range(self.people)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._came_for += time.monotonic() - self._began

    def told(self) -> str:
        """In a line."""
        statuses = Counter(status for visit in self.visits for status in visit.statuses)
        mixed = sum(visit.mixed for visit in self.visits)
        reached = statuses.total() / self._came_for
        return (
            f"{len(self.visits)} visits, {reached:.0f} requests/s of {self.rate:g} that were asked for, "
            f"answers {dict(statuses)}, {mixed} pages with parts of two revisions"
        )

    def _come_again(self, number: int) -> None:
        every = len(self.paths) * self.people / self.rate
        due = time.monotonic() + every * number / self.people
        way = self._way(number)
        while not self._over.wait(max(0.0, due - time.monotonic())):
            self.visits.append(self._visit(way))
            # Who was kept waiting does not make up for it.
            due = max(due + every, time.monotonic())

    def _way(self, number: int) -> Addresses:
        first = number % len(self.addresses)
        order = [*self.addresses[first:], *self.addresses[:first]]
        return Addresses(order if self.goes_on else order[:1], self.authorities)

    def _visit(self, way: Addresses) -> Visit:
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(cookies, way, urllib.request.ProxyHandler({}))
        statuses, revisions = [], []
        for path in self.paths:
            try:
                with browser.open(f"{self.site}{path}", timeout=TIMEOUT) as answer:
                    statuses.append(str(answer.status))
                    found = self.marker.search(answer.read().decode())
            except urllib.error.HTTPError as error:
                statuses.append(str(error.code))
                break
            except (OSError, HTTPException) as error:
                statuses.append(f"{type(error).__name__}: {error}")
                break
            revisions.append(found.group() if found else "")
        return Visit(tuple(statuses), tuple(revisions))
