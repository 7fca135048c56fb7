"""Answers that take their time, as a network and a busy service do: for waits and races in tests."""

import random
import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def parse(text: str) -> tuple[int, int]:
    """`120` or `50-400`: the shortest and the longest delay in milliseconds. Raises ValueError."""
    found = _RANGE.fullmatch(text)
    if not found:
        raise ValueError(f"{text} is neither milliseconds (120) nor a range of them (50-400)")
    shortest = int(found[1])
    longest = int(found[2] or shortest)
    if longest < shortest:
        raise ValueError(f"{text}: a range begins with the shorter delay")
    return shortest, longest


def delayed(app: "WSGIApplication", latency: tuple[int, int], seed: int | None) -> "WSGIApplication":
    """`app`, each answer of which begins later; with a seed, the delays come in the same order each time."""
    if not any(latency):
        return app
    delays = random.Random(seed)  # noqa: S311 - nothing is kept secret by it

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        time.sleep(delays.uniform(*latency) / 1000)
        return app(environ, start_response)

    return application
