# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""LookupEvents, which moto has not."""

from datetime import UTC, datetime
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult

from local_cloud.aws.trail import History
from local_cloud.aws.trail.history import MATCHES

MOST = 50


def lookup(history: History) -> Any:
    """The operation; it looks into this history."""

    def lookup_events(response: Any) -> ActionResult:
        get = response._get_param
        attributes = get("LookupAttributes") or []
        if len(attributes) > 1 or any(each["AttributeKey"] not in MATCHES for each in attributes):
            raise JsonRESTError(
                "InvalidLookupAttributesException", "One lookup attribute can be given, of a valid key."
            )
        size = int(get("MaxResults") or MOST)
        if not 1 <= size <= MOST:
            raise JsonRESTError("InvalidMaxResultsException", f"MaxResults must be from 1 to {MOST}.")
        start, end = _moment(get("StartTime")), _moment(get("EndTime"))
        if start and end and start > end:
            raise JsonRESTError("InvalidTimeRangeException", "The start time is after the end time.")
        wanted = [(each["AttributeKey"], each["AttributeValue"]) for each in attributes]
        found = list(history.find(response.region, wanted[0] if wanted else None, start, end))
        page, token = _page(found, get("NextToken"), size)
        return ActionResult({"Events": [each.told() for each in page], "NextToken": token})

    return lookup_events


def _page(found: list[Any], token: str | None, size: int) -> tuple[list[Any], str | None]:
    """A token is the id of the last record that was told: newer ones may have come since."""
    ids = [each.event_id for each in found]
    if token is not None and token not in ids:
        raise JsonRESTError("InvalidNextTokenException", "The next token is not valid.")
    start = ids.index(token) + 1 if token is not None else 0
    page = found[start : start + size]
    return page, page[-1].event_id if start + size < len(found) else None


def _moment(given: Any) -> datetime | None:
    if given is None or isinstance(given, datetime):
        return given.replace(tzinfo=UTC) if given is not None and given.tzinfo is None else given
    return datetime.fromtimestamp(float(given), UTC)


def added(history: History) -> tuple[tuple[Any, str, Any], ...]:
    return ((CloudTrailResponse, "lookup_events", lookup(history)),)
