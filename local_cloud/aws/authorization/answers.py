"""How AWS says no: the code, the words and the form, which differ between the services' protocols."""

import json
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import uuid4
from xml.sax.saxutils import escape

from local_cloud.request_log import Call

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - AWS's words
EXPIRED_TOKEN = "The security token included in the request is expired"  # noqa: S105 - AWS's words


class Problem(Enum):
    """Why a call is refused."""

    DENIED = "denied"
    UNKNOWN_KEY = "unknown key"
    EXPIRED = "expired"
    UNSIGNED = "unsigned"


Answer = tuple[str, list[tuple[str, str]], bytes]
"""Status line, headers, body."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """`sentence` is who may not do what, and why; "" where it is not about that."""

    problem: Problem
    sentence: str = ""


CODES: dict[str, dict[Problem, tuple[int, str, str]]] = {
    "ec2": {
        Problem.DENIED: (403, "UnauthorizedOperation", "You are not authorized to perform this operation. "),
        Problem.UNKNOWN_KEY: (
            401,
            "AuthFailure",
            "AWS was not able to validate the provided access credentials",
        ),
        Problem.EXPIRED: (400, "RequestExpired", "Request has expired."),
        Problem.UNSIGNED: (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
    },
    "s3": {
        Problem.DENIED: (403, "AccessDenied", ""),
        Problem.UNKNOWN_KEY: (
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        Problem.EXPIRED: (400, "ExpiredToken", "The provided token has expired."),
        Problem.UNSIGNED: (403, "AccessDenied", "Access Denied"),
    },
    "json": {
        Problem.DENIED: (400, "AccessDeniedException", ""),
        Problem.UNKNOWN_KEY: (400, "UnrecognizedClientException", INVALID_TOKEN),
        Problem.EXPIRED: (400, "ExpiredTokenException", EXPIRED_TOKEN),
        Problem.UNSIGNED: (400, "MissingAuthenticationTokenException", "Missing Authentication Token"),
    },
    "query": {
        Problem.DENIED: (403, "AccessDenied", ""),
        Problem.UNKNOWN_KEY: (403, "InvalidClientTokenId", INVALID_TOKEN),
        Problem.EXPIRED: (403, "ExpiredToken", EXPIRED_TOKEN),
        Problem.UNSIGNED: (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
    },
}
"""Protocol -> problem -> HTTP status, code, and what the message is or begins with."""


def answer(refusal: Refusal, call: Call, environ: "WSGIEnvironment") -> Answer:
    """The refusal as the called service words and encodes it."""
    protocol = _protocol(call, environ)
    status, code, start = CODES[protocol][refusal.problem]
    body, content_type = _encoded(protocol, code, start + refusal.sentence)
    headers = [("Content-Type", content_type)]
    if protocol == "json":
        headers.append(("x-amzn-ErrorType", code))
    return f"{status} {HTTPStatus(status).phrase}", headers, body


def _protocol(call: Call, environ: "WSGIEnvironment") -> str:
    if call.service in {"ec2", "s3"}:
        return call.service
    is_form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    return "query" if is_form or call.service == "route53" else "json"


def _encoded(protocol: str, code: str, message: str) -> tuple[bytes, str]:
    request_id = str(uuid4())
    if protocol == "json":
        return json.dumps({"__type": code, "Message": message}).encode(), "application/x-amz-json-1.1"
    error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    match protocol:
        case "ec2":
            text = (
                f"<Response><Errors><Error>{error}</Error></Errors>"
                f"<RequestID>{request_id}</RequestID></Response>"
            )
        case "s3":
            text = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
        case _:
            text = (
                f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(), "text/xml"
