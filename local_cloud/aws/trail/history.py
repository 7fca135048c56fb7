"""The records of an account, the latest first, and what LookupEvents finds among them."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from local_cloud.aws.trail.record import Record

MAXIMUM = 10_000
"""Records that are kept. AWS keeps those of 90 days."""

MATCHES: Mapping[str, Callable[[Record, str], bool]] = {
    "EventId": lambda record, value: record.event_id == value,
    "EventName": lambda record, value: record.event_name == value,
    "ReadOnly": lambda record, value: str(record.read_only).lower() == value.lower(),
    "Username": lambda record, value: record.username == value,
    "ResourceType": lambda record, value: any(e["ResourceType"] == value for e in record.resources),
    "ResourceName": lambda record, value: any(e["ResourceName"] == value for e in record.resources),
    "EventSource": lambda record, value: record.event_source == value,
    "AccessKeyId": lambda record, value: record.access_key_id == value,
}
"""By LookupEvents' attribute keys."""


class History:
    """Safe to be used by several threads."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=MAXIMUM)
        self._lock = threading.Lock()

    def add(self, record: Record) -> None:
        with self._lock:
            self._records.appendleft(record)

    def clear(self) -> None:
        with self._lock:
            self._records.clear()

    def find(
        self,
        region: str,
        attribute: tuple[str, str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[Record]:
        """Latest first; `attribute` is one of MATCHES with its value."""
        with self._lock:
            records = list(self._records)
        for record in records:
            if (
                record.region == region
                and (attribute is None or MATCHES[attribute[0]](record, attribute[1]))
                and (start is None or record.event_time >= start)
                and (end is None or record.event_time <= end)
            ):
                yield record
