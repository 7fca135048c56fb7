"""moto works out anew for each of many like things how AWS's names could be called in it."""

from typing import Any

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


REPLACED = ((XFormedAttributePicker, "get_possible_keys", possible_keys),)
