"""Visitors of the site who come again and again, each with a browser's cookies for one page and its parts."""

import http.cookiejar
import re
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

TIMEOUT = 10


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

    Each comes to one of the `sites`: a browser stays with an address that answers. `paths` are the page and
    its parts, each of which names its revision as `marker` finds it. `rate` is the requests a second of all.
    """

    sites: Sequence[str]
    paths: Sequence[str]
    marker: re.Pattern[str]
    rate: float = 50
    people: int = 10
    visits: list[Visit] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._over = threading.Event()
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

    def told(self) -> str:
        """In a line."""
        statuses = Counter(status for visit in self.visits for status in visit.statuses)
        mixed = sum(visit.mixed for visit in self.visits)
        return (
            f"{len(self.visits)} visits, answers {dict(statuses)}, {mixed} pages with parts of two revisions"
        )

    def _come_again(self, number: int) -> None:
        every = len(self.paths) * self.people / self.rate
        due = time.monotonic() + every * number / self.people
        while not self._over.wait(max(0.0, due - time.monotonic())):
            self.visits.append(self._visit(self.sites[number % len(self.sites)]))
            # Who was kept waiting does not make up for it.
            due = max(due + every, time.monotonic())

    def _visit(self, site: str) -> Visit:
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(cookies, urllib.request.ProxyHandler({}))
        statuses, revisions = [], []
        for path in self.paths:
            try:
                with browser.open(f"{site}{path}", timeout=TIMEOUT) as answer:
                    statuses.append(str(answer.status))
                    found = self.marker.search(answer.read().decode())
            except urllib.error.HTTPError as error:
                statuses.append(str(error.code))
                break
            except OSError as error:
                statuses.append(str(error))
                break
            revisions.append(found.group() if found else "")
        return Visit(tuple(statuses), tuple(revisions))
