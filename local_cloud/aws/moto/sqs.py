# ruff: noqa: ANN401 - moto's objects are duck-typed
"""SQS's long polls: moto waits where it has itself, so that nobody could send what is waited for."""

import threading
from typing import Any

from moto.sqs.models import SQSBackend

_waits = threading.local()
_original_receive: Any = SQSBackend.receive_message


def receive(
    backend: Any, queue_name: str, count: int, wait_seconds_timeout: int, *arguments: Any, **named: Any
) -> Any:
    """What is there now. How long the call would wait for more is noted for `patience`."""
    found = _original_receive(backend, queue_name, count, 0, *arguments, **named)
    _waits.seconds = 0 if found else wait_seconds_timeout
    return found


def patience() -> float:
    """For how many seconds the call that this thread has just made would wait. It is told once."""
    seconds, _waits.seconds = getattr(_waits, "seconds", 0), 0
    return float(seconds)


REPLACED: tuple[tuple[Any, str, Any], ...] = ((SQSBackend, "receive_message", receive),)
