# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bounded patience with what AWS does not know yet."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, TypeVar

from .errors import ModuleError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

R = TypeVar("R")


def backoff(first: float, most: float) -> Iterator[float]:
    """Seconds to wait before each next try: doubling, with jitter so that many clients spread out."""
    delay = first
    while True:
        yield random.uniform(delay / 2, delay)  # noqa: S311 - spreads load, keeps no secret
        delay = min(most, delay * 2)


def until_usable(call: Callable[[], R], *, codes: Collection[str], timeout: float) -> R:
    """Repeat the call while it fails with one of these codes, for at most `timeout` seconds.

    AWS is eventually consistent: a role, an instance profile or a topic made a moment ago is
    refused for some seconds. Raises the last ModuleError.
    """
    deadline = time.monotonic() + timeout
    for delay in backoff(first=1, most=8):
        try:
            return call()
        except ModuleError as error:
            left = deadline - time.monotonic()
            if error.code not in codes or left <= 0:
                raise
            time.sleep(min(delay, left))
    raise AssertionError  # backoff never ends
