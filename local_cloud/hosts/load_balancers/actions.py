"""A rule's actions, as a call gave them, as what is done. Source: "Rule action types"."""

from collections.abc import Mapping, Sequence
from typing import Any

from local_cloud.hosts.load_balancers.model import (
    Action,
    FixedResponse,
    Forward,
    Redirect,
    Unsupported,
)

Given = Mapping[str, Any]


def action_of(given: Sequence[Given]) -> Action:
    """Of several actions the last one answers; one that authenticates before needs what is not here."""
    ordered = sorted(given, key=lambda each: int(each.get("Order") or 0))
    for each in ordered:
        if str(each["Type"]).startswith("authenticate"):
            return Unsupported(kind=each["Type"])
    if not ordered:
        return Forward(groups=())
    last = ordered[-1]
    match last["Type"]:
        case "redirect":
            return _redirect(last["RedirectConfig"])
        case "fixed-response":
            return _fixed(last["FixedResponseConfig"])
        case "forward":
            return _forward(last)
    return Unsupported(kind=last["Type"])


def _forward(given: Given) -> Forward:
    config = given.get("ForwardConfig") or {}
    groups = config.get("TargetGroups") or [{"TargetGroupArn": given["TargetGroupArn"]}]
    sticky = config.get("TargetGroupStickinessConfig") or {}
    is_sticky = str(sticky.get("Enabled", False)).lower() == "true"
    return Forward(
        groups=tuple((each["TargetGroupArn"], int(each.get("Weight", 1))) for each in groups),
        sticky=int(sticky.get("DurationSeconds") or 3600) if is_sticky else 0,
    )


def _redirect(given: Given) -> Redirect:
    parts = {
        name.lower(): str(given[name])
        for name in ("Protocol", "Host", "Port", "Path", "Query")
        if given.get(name)
    }
    return Redirect(status=int(str(given["StatusCode"]).removeprefix("HTTP_")), **parts)


def _fixed(given: Given) -> FixedResponse:
    return FixedResponse(
        status=int(given["StatusCode"]),
        content_type=given.get("ContentType") or "text/plain",
        body=given.get("MessageBody") or "",
    )
