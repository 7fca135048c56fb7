"""How AWS says no: the code and the words, which differ between the services' protocols."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from local_cloud.aws.errors import Answer, error, protocol
from local_cloud.request_log import Call

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - AWS's words
EC2_FAILURE = "AWS was not able to validate the provided access credentials"
EXPIRED_TOKEN = "The security token included in the request is expired"  # noqa: S105 - AWS's words


class Problem(Enum):
    """Why a call is refused."""

    DENIED = "denied"
    UNKNOWN_KEY = "unknown key"
    EXPIRED = "expired"
    UNSIGNED = "unsigned"
    SKEWED = "signed at another time"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """`sentence` is who may not do what, and why, or what is wrong with a time, else ""."""

    problem: Problem
    sentence: str = ""


CODES: dict[str, dict[Problem, tuple[int, str, str]]] = {
    "ec2": {
        Problem.DENIED: (403, "UnauthorizedOperation", "You are not authorized to perform this operation. "),
        Problem.UNKNOWN_KEY: (401, "AuthFailure", EC2_FAILURE),
        Problem.EXPIRED: (400, "RequestExpired", "Request has expired."),
        Problem.UNSIGNED: (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
        # It says of a clock what it says of a key.
        Problem.SKEWED: (401, "AuthFailure", EC2_FAILURE),
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
        Problem.SKEWED: (
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
    },
    "json": {
        Problem.DENIED: (400, "AccessDeniedException", ""),
        Problem.UNKNOWN_KEY: (400, "UnrecognizedClientException", INVALID_TOKEN),
        Problem.EXPIRED: (400, "ExpiredTokenException", EXPIRED_TOKEN),
        Problem.UNSIGNED: (400, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        Problem.SKEWED: (400, "InvalidSignatureException", ""),
    },
    "query": {
        Problem.DENIED: (403, "AccessDenied", ""),
        Problem.UNKNOWN_KEY: (403, "InvalidClientTokenId", INVALID_TOKEN),
        Problem.EXPIRED: (403, "ExpiredToken", EXPIRED_TOKEN),
        Problem.UNSIGNED: (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
        Problem.SKEWED: (403, "SignatureDoesNotMatch", ""),
    },
}
"""Protocol -> problem -> HTTP status, code, and what the message is or begins with."""


def answer(refusal: Refusal, call: Call, environ: "WSGIEnvironment") -> Answer:
    """The refusal as the called service words and encodes it."""
    spoken = protocol(call, environ)
    status, code, start = CODES[spoken][refusal.problem]
    untold = refusal.problem is Problem.SKEWED and start
    return error(status, code, start if untold else start + refusal.sentence, call, environ)
