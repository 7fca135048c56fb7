"""The form that an error of AWS has in each of its protocols."""

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import uuid4
from xml.sax.saxutils import escape

from local_cloud.request_log import Call

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Answer = tuple[str, list[tuple[str, str]], bytes]
"""Status line, headers, body."""
SERVER_ERRORS = 500
NOT_OF_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""What a client's parser would take for a line that fails, and try again."""


class RefusedError(Exception):
    """What AWS answers instead of the operation."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def error(status: int, code: str, message: str, call: Call, environ: "WSGIEnvironment") -> Answer:
    """An error as the called service encodes it."""
    kind = protocol(call, environ)
    body, content_type = _encoded(kind, status, code, message)
    headers = [("Content-Type", content_type)]
    if kind == "json":
        headers.append(("x-amzn-ErrorType", code))
    return f"{status} {HTTPStatus(status).phrase}", headers, body


def protocol(call: Call, environ: "WSGIEnvironment") -> str:
    """`ec2`, `s3`, `query` or `json`: the ways that errors are encoded in."""
    if call.service in {"ec2", "s3"}:
        return call.service
    return "query" if is_form(environ) or call.service in {"route53", "cloudfront"} else "json"


def is_form(environ: "WSGIEnvironment") -> bool:
    return bool(environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"))


def _encoded(kind: str, status: int, code: str, message: str) -> tuple[bytes, str]:
    request_id = str(uuid4())
    if kind == "json":
        return json.dumps({"__type": code, "Message": message}).encode(), "application/x-amz-json-1.1"
    plain = NOT_OF_XML.sub("\N{REPLACEMENT CHARACTER}", message)
    said = f"<Code>{code}</Code><Message>{escape(plain)}</Message>"
    match kind:
        case "ec2":
            text = (
                f"<Response><Errors><Error>{said}</Error></Errors>"
                f"<RequestID>{request_id}</RequestID></Response>"
            )
        case "s3":
            text = f"<Error>{said}<RequestId>{request_id}</RequestId></Error>"
        case _:
            whose = "Sender" if status < SERVER_ERRORS else "Receiver"
            text = (
                f"<ErrorResponse><Error><Type>{whose}</Type>{said}</Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(errors="replace"), "text/xml"
