"""Is a JSON body of the types that a service's model names? What is not, AWS's services can't deserialize."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.utils import parse_timestamp

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from botocore.model import Shape


class SerializationError(Exception):
    """The words are inferred from those that DynamoDB is known to use."""


def body_of(environ: "WSGIEnvironment") -> bytes:
    """The body, which is left readable."""
    body: bytes = environ["wsgi.input"].read()
    environ["wsgi.input"] = BytesIO(body)
    return body


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body is."""
    try:
        found = json.loads(body.decode(), parse_constant=_no_constant)
        # Half a surrogate pair can be written in JSON, and no further.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise SerializationError("The request is not JSON.") from error
    if not isinstance(found, dict):
        raise SerializationError("The request is not a JSON object.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def check(value: object, shape: "Shape | None") -> None:
    """Raises `SerializationError` at the first value of another type. A member that is null is not given."""
    if shape is None or value is None or getattr(shape, "is_document_type", False):
        return
    if not FITS.get(shape.type_name, _anything)(value):
        wanted = {"structure": "Structure", "list": "List"}.get(shape.type_name, shape.type_name.title())
        raise SerializationError(f"{_kind(value)}_VALUE cannot be converted to {wanted}")
    match shape.type_name, value:
        case "structure", Mapping():
            for name, member in shape.members.items():  # type: ignore[attr-defined]
                check(value.get(member.serialization.get("name", name)), member)
        case "list", list():
            _check_each(value, shape.member)  # type: ignore[attr-defined]
        case "map", Mapping():
            _check_each(value.values(), shape.value)  # type: ignore[attr-defined]


def _check_each(values: Iterable[object], shape: "Shape") -> None:
    for each in values:
        if each is None:
            raise SerializationError("a list or map has no place for null")
        check(each, shape)


def _kind(value: object) -> str:
    match value:
        case bool():
            return str(value).upper()
        case int() | float():
            return "NUMBER"
        case str():
            return "STRING"
    return "LIST" if isinstance(value, list) else "STRUCTURE"


def _anything(_: object) -> bool:
    return True


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_whole(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and value.is_integer()
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_blob(value: object) -> bool:
    try:
        return isinstance(value, str) and base64.b64decode(value) is not None
    except (binascii.Error, ValueError):
        return False


def _is_timestamp(value: Any) -> bool:  # noqa: ANN401 - JSON
    try:
        return (_is_number(value) or isinstance(value, str)) and parse_timestamp(value) is not None
    except (ValueError, OverflowError, TypeError, OSError, RuntimeError):
        return False


NO_NUMBERS = ("NaN", "Infinity", "-Infinity")
"""How JSON has a float that is none, by the protocol. A service that wants no such one refuses it."""
FITS: dict[str, Callable[[object], bool]] = {
    "structure": lambda value: isinstance(value, dict),
    "map": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "string": _is_text,
    "character": _is_text,
    "boolean": lambda value: isinstance(value, bool),
    **dict.fromkeys(("byte", "short", "integer", "long"), _is_whole),
    **dict.fromkeys(("float", "double"), lambda value: _is_number(value) or value in NO_NUMBERS),
    "blob": _is_blob,
    "timestamp": _is_timestamp,
}
