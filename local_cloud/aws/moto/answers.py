"""What answers of moto are made of: ids of requests, and how AWS's names could be called in moto, which it
works out anew for each of many like things."""

from typing import Any
from uuid import uuid4

import moto.core.responses
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker

_original_keys: Any = XFormedAttributePicker.get_possible_keys


def possible_keys(picker: XFormedAttributePicker, context: AttributePickerContext) -> tuple[str, ...]:
    """As moto's own, which depend on a thing's class and place: once in the answer that the picker is for."""
    known = vars(picker).setdefault("known_keys", {})
    place = type(context.obj), context.shape, context.key
    if place not in known:
        known[place] = tuple(dict.fromkeys(_original_keys(picker, context)))
    keys: tuple[str, ...] = known[place]
    return keys


def request_id(headers: dict[str, Any] | None = None) -> str:
    """A UUID, as of most of AWS's services. moto takes it from the numbers of a seed: how often somebody
    looks would change all ids that follow."""
    made = str(uuid4())
    if headers is not None:
        headers["x-amzn-requestid"] = made
    return made


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (XFormedAttributePicker, "get_possible_keys", possible_keys),
    (moto.core.responses, "gen_amzn_requestid_long", request_id),
)
