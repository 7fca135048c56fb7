"""How AWS says no: the code and the words, which differ between the services' protocols."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from local_cloud.aws.errors import Answer, error, protocol
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
    status, code, start = CODES[protocol(call, environ)][refusal.problem]
    return error(status, code, start + refusal.sentence, call, environ)
