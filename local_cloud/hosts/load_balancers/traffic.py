"""What haproxy notes of requests, on its way to CloudWatch each minute and to access logs every five."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from local_cloud.hosts.load_balancers import access_logs, delivery
from local_cloud.hosts.load_balancers.health import Checked
from local_cloud.hosts.load_balancers.metrics import Minute, Place, Places
from local_cloud.hosts.load_balancers.model import Account, Balancer, groups_of
from local_cloud.hosts.load_balancers.requests import Request, parse

LOG = logging.getLogger(__name__)
LONGEST = 65536
AT_ONCE = 500
"""Lines that are read before others have their turn."""
MINUTE = 60
LOG_SECONDS = int(access_logs.EVERY.total_seconds())


class Traffic:
    """Its methods are called in one event loop; `turn` is held while moto's account is changed."""

    def __init__(self, turn: threading.Lock, changed: Callable[[], None]) -> None:
        self._turn = turn
        self._changed = changed
        self._account = Account()
        self._places = Places()
        self._minute = Minute()
        self._lines: dict[tuple[str, str], list[str]] = {}
        """By a load balancer's name and the address of its node."""

    def put(self, account: Account, checked: Callable[[str], Mapping[str, Checked]]) -> None:
        """The load balancers that there are now, and how healthy their targets are, by a group's ARN."""
        self._account = account
        self._places.put(account)
        arns = [arn for each in account.balancers for arn in groups_of(each)]
        self._minute.add_health(account, {arn: checked(arn) for arn in arns})

    def read(self, noted: socket.socket) -> None:
        """Takes what has been noted."""
        for _ in range(AT_ONCE):
            try:
                line = noted.recv(LONGEST)
            except BlockingIOError:
                return
            request = parse(line)
            place = self._places.of(request) if request else None
            if request is not None and place is not None:
                self._take(request, place)

    async def deliver(self) -> None:
        """At the end of each minute, for ever."""
        while True:
            began = time.time()
            end = (began // MINUTE + 1) * MINUTE
            await asyncio.sleep(end - began)
            try:
                await self.flush(int(end))
            except Exception:
                LOG.exception("metrics and access logs of load balancers")

    async def flush(self, end: int) -> None:
        """Delivers the minute that ends at a time (seconds since 1970)."""
        minute, self._minute = self._minute, Minute()
        moment = datetime.fromtimestamp(end - MINUTE, UTC).replace(tzinfo=None)
        lines: dict[tuple[str, str], list[str]] = {}
        if end % LOG_SECONDS == 0:
            lines, self._lines = self._lines, {}
        balancers = {each.name: each for each in self._account.balancers}

        def work() -> bool:
            with self._turn:
                for (name, address), each in lines.items():
                    if name in balancers:
                        delivery.put_logs(balancers[name], address, each, datetime.fromtimestamp(end, UTC))
                return delivery.put_metrics(minute, moment)

        if await asyncio.to_thread(work):
            self._changed()

    def _take(self, request: Request, place: Place) -> None:
        self._minute.add(request, place)
        balancer: Balancer = place.balancer
        if balancer.is_http and balancer.says(delivery.ENABLED) == "true":
            key = (balancer.name, request.node)
            self._lines.setdefault(key, []).append(access_logs.line(request, place))
