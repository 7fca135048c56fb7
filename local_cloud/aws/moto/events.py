# ruff: noqa: ANN401 - moto's objects are duck-typed
"""What EventBridge's rules tell: topics too, which moto does not know, and events with all their members."""

import json
from copy import copy
from typing import Any

from moto.core.utils import iso_8601_datetime_without_milliseconds, utcfromtimestamp
from moto.events.models import Rule
from moto.sns.models import sns_backends

MADE_UP = "ingestion-time"
"""A member that moto gives events; input transformers may ask for it."""
_original_send: Any = Rule.send_to_targets


def send(rule: Any, original_event: dict[str, Any], transform_input: bool = True) -> None:
    """To each target as it wants the event: moto leaves out the account where nothing is transformed."""
    if not rule.event_pattern.matches_event(original_event):
        return
    plain = {key: value for key, value in original_event.items() if key != MADE_UP}
    for target in list(rule.targets):
        transforms = transform_input and "InputTransformer" in target
        if target["Arn"].split(":")[2] == "sns":
            _publish(target["Arn"], plain)
        else:
            alone = copy(rule)
            alone.targets = [target]
            _original_send(alone, original_event if transforms else plain, transforms)


def _publish(arn: str, event: dict[str, Any]) -> None:
    time = event.get("time")
    if not isinstance(time, str):
        event = event | {"time": iso_8601_datetime_without_milliseconds(utcfromtimestamp(int(time or 0)))}
    region, account = arn.split(":")[3:5]
    sns_backends[account][region].publish(arn=arn, message=json.dumps(event))


REPLACED: tuple[tuple[Any, str, Any], ...] = ((Rule, "send_to_targets", send),)
