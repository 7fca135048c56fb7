"""How long the service waits, and on whose clock. Read anew at every use, so that a running local cloud (or a
test) can change one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from local_cloud.aws.trail import Tell, untold


@dataclass(kw_only=True)
class Clock:
    """The time of grace periods, heartbeats, cooldowns and warm-ups, in seconds since some moment."""

    speed: float = 1.0
    """How many of its seconds pass in one."""
    _moved: float = 0.0

    def begin(self, speed: float) -> None:
        """An account that is as new has its own time."""
        self.speed, self._moved = speed, 0.0

    def now(self) -> float:
        return time.monotonic() * self.speed + self._moved

    def wall(self) -> datetime:
        """The time of day, from which `move` leads away as well."""
        return datetime.now(UTC) + timedelta(seconds=self._moved)

    def move(self, seconds: float) -> None:
        """Let time pass at once. Who waits for a moment has to be told to look."""
        self._moved += seconds


@dataclass(kw_only=True)
class Options:
    """Durations are in seconds of `clock`, but for `recheck_interval`."""

    clock: Clock = field(default_factory=Clock)
    recheck_interval: float = 2.0
    """How often status checks and load balancers are asked, which tell nobody that they changed."""
    first_retry: float = 1.0
    longest_retry: float = 300.0
    """After a launch that failed the next one waits, each time twice as long. AWS does so too; its numbers
    are not known."""
    tell: Tell = untold
    """Told of each call that the service would make of another one, and does by itself."""
    look: Callable[[], None] = lambda: None
    """Called when something happened that no API call was about: whoever brings groups to rest looks soon."""


options = Options()
