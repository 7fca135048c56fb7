"""Looks at every group when something may have changed, or a period is over.

API calls bring their group to rest themselves, while they are answered; this thread does what nobody calls
for: answered and expired lifecycle actions, health, launches that are tried again, messages.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.core.base_backend import backend_lock

from local_cloud.aws.autoscaling import groups, messages, policies, schedules
from local_cloud.aws.autoscaling.options import options
from local_cloud.aws.autoscaling.records import Message, known

LOG = logging.getLogger(__name__)
SHORTEST_WAIT = 0.01
"""Seconds, so that a moment which is over and stays noted leaves others their turn."""


class ScalingController:
    """Of one local cloud. `turn` is held while moto's account is changed; `changed` is called, without any
    lock, after each look that changed a group."""

    def __init__(self, turn: threading.Lock, changed: Callable[[], None]) -> None:
        self._turn = turn
        self._changed = changed
        self._condition = threading.Condition()
        self._woken = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="auto scaling", daemon=True)

    def start(self) -> None:
        options.look = self.notify
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self.notify()
        self._thread.join()

    def notify(self) -> None:
        """Look soon. Whoever calls may hold any lock."""
        with self._condition:
            self._woken = True
            self._condition.notify_all()

    def _run(self) -> None:
        patience: float | None = None
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._woken, timeout=patience)
                self._woken = False
            if self._stopping:
                return
            try:
                changed, patience = self._look()
                if changed:
                    self._changed()
            except Exception:
                LOG.exception("a look at the Auto Scaling groups broke")
                patience = options.recheck_interval

    def _look(self) -> tuple[bool, float | None]:
        """Did a group change, and in how many seconds may something happen by itself (None: nothing will)?"""
        deadlines: list[float] = []
        outgoing: list[tuple[Any, Message]] = []
        changed = is_watched = False
        with self._turn, backend_lock:
            for backend in _backends():
                changed = schedules.run(backend) or changed
                changed = policies.look(backend) or changed
                deadlines += schedules.deadlines(backend)
                is_watched = is_watched or bool(backend.policies)
                for group in list(backend.autoscaling_groups.values()):
                    changed = groups.advance(group) or changed
                    is_watched = is_watched or bool(group.instance_states)
                    deadlines += groups.deadlines(group)
                outbox = known(backend).outbox
                outgoing += [(backend, outbox.popleft()) for _ in range(len(outbox))]
        for backend, message in outgoing:
            messages.send(backend, message)
        waits = [
            max((moment - options.clock.now()) / options.clock.speed, SHORTEST_WAIT) for moment in deadlines
        ]
        return changed, min([*waits, options.recheck_interval] if is_watched else waits, default=None)


def _backends() -> Iterator[Any]:
    """A copy first at each level: the server's threads add to them meanwhile."""
    for regions in list(autoscaling_backends.values()):
        yield from list(regions.values())
