# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One exception, and the sentence that it carries to the user."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

# What calls to AWS raise.
FAILURES: tuple[type[Exception], ...] = ()
# Where it is missing AnsibleAWSModule says so, in words that a user understands.
with contextlib.suppress(ImportError):
    from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError
    from botocore.parsers import ResponseParserError

    FAILURES = (BotoCoreError, ClientError, ResponseParserError)

C = TypeVar("C")
R = TypeVar("R")
Record: TypeAlias = Mapping[str, Any]  # what goes to the API and comes from it
Call: TypeAlias = Callable[[C, Record], R]  # a call to AWS: client and request in, answer out

# Answers that arrived spoilt: botocore tries again where none arrived, not here.
SPOILT = frozenset({"IncompleteReadError", "ResponseParserError"})
# The way to AWS failed, or the service for a moment; botocore has tried several times.
PASSING = SPOILT | {
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "EndpointConnectionError",
    "InternalError",
    "InternalFailure",
    "ReadTimeoutError",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "Unavailable",
}
# On top of botocore's own tries (AWS_MAX_ATTEMPTS).
TRIES = 4
LINE = "The way to AWS is at fault, after several tries: check the network and the proxy, then run again."
SERVICE = "The service is at fault, after several tries: run again later."
THROTTLING = "The service is still throttling after several tries: run again later."

CLOCK = "Set this machine's clock: AWS takes it for wrong by more than five minutes."

# What to do next, by the code of the API or of botocore, where the service's own words leave a user alone.
NEXT_STEPS = {
    "AccessDenied": "The credentials in use lack this permission.",
    "AccessDeniedException": "The credentials in use lack this permission.",
    "ApplicationAlreadyExistsException": "Choose another name, or manage the application that has it.",
    "ApplicationDoesNotExistException": "Create it first, with the module codedeploy_application.",
    "AuthFailure": "The access key is unknown, its secret is another one, or this machine's clock is off.",
    "DeploymentConfigDoesNotExistException": (
        "Use one of the CodeDeployDefault.* configurations, or create it with codedeploy_deployment_config."
    ),
    "DeploymentConfigInUseException": "Give the deployment groups that use it another configuration first.",
    "DeploymentGroupDoesNotExistException": "Create it first, with the module codedeploy_deployment_group.",
    "ConnectTimeoutError": LINE,
    "ConnectionClosedError": LINE,
    "EndpointConnectionError": "Check the network, the region, and AWS_ENDPOINT_URL where it is set.",
    "ExpiredToken": "Log in again: the credentials have expired.",
    "ExpiredTokenException": "Log in again: the credentials have expired.",
    "IncompleteReadError": LINE,
    "InternalError": SERVICE,
    "InternalFailure": SERVICE,
    "InvalidClientTokenId": "The access key is unknown to this account.",
    "InvalidRoleException": (
        "The service role must exist, trust codedeploy.amazonaws.com and carry AWSCodeDeployRole; "
        "a role made a moment ago needs some seconds (wait_timeout)."
    ),
    "InvalidTriggerConfigException": (
        "Each SNS topic must exist in this region and let the service role publish to it."
    ),
    "NoCredentialsError": "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    "NoSuchBucket": "Create the bucket first, or name another.",
    "ParamValidationError": "If the option is a new one, the installed botocore may be too old for it.",
    "ReadTimeoutError": LINE,
    "RequestExpired": "Log in again: the credentials have expired.",
    "RequestLimitExceeded": THROTTLING,
    "RequestTimeTooSkewed": CLOCK,
    "ResponseParserError": LINE,
    "ServiceUnavailable": SERVICE,
    "SlowDown": THROTTLING,
    "Throttling": THROTTLING,
    "ThrottlingException": THROTTLING,
    "Unavailable": SERVICE,
    "UnrecognizedClientException": "The access key is unknown to this account.",
}


class ModuleError(AnsibleAWSError):  # type: ignore[misc] # the collection has no types
    """Something that a user has to know; `message` says what failed, why, and what to do.

    `code` is the API's error code, or the name of botocore's exception, or "". `result` is what
    the module returns beside the message (for example a failed deployment).
    """

    message: str

    def __init__(self, message: str, *, code: str = "", result: dict[str, Any] | None = None) -> None:
        super().__init__(message=message)
        self.code = code
        self.result = result or {}

    def __str__(self) -> str:
        return self.message


def refuse(problems: Iterator[str]) -> None:
    """Raise ModuleError for the first problem, if there is any."""
    for problem in problems:
        raise ModuleError(problem)


class Patience(AWSRetry):  # type: ignore[misc] # the collection has no types
    """The collection's tries again, for answers too that did not arrive whole."""

    base_class = FAILURES

    @staticmethod
    def status_code_from_exception(error: Exception) -> str:
        return code_of(error)

    @staticmethod
    def found(response_code: str, catch_extra_error_codes: Collection[str] | None = None) -> bool:
        # A way that is closed stays closed for longer than this.
        codes = SPOILT | set(catch_extra_error_codes or ())
        return response_code in codes or bool(AWSRetry.found(response_code))


patient = Patience.jittered_backoff(
    retries=TRIES,
    delay=1,
    max_delay=10,
    catch_extra_error_codes=["ThrottlingException", "RequestThrottled", "SlowDown"],
)


def require_whole_answers(client: Any) -> None:  # noqa: ANN401 - any service's
    """Have the client raise for an answer that was cut: botocore takes half a JSON text for an empty one."""
    client.meta.events.register("before-parse", _require_whole, unique_id="whole-answers")


def _require_whole(operation_model: Any, response_dict: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
    length = response_dict["headers"].get("Content-Length", "")
    if (
        operation_model.has_streaming_output
        or operation_model.http["method"] == "HEAD"
        or not length.isdigit()
    ):
        return
    arrived = len(response_dict["body"])
    if arrived < int(length):
        raise IncompleteReadError(actual_bytes=arrived, expected_bytes=int(length))


def code_of(error: Exception) -> str:
    """The API's error code, or the name of botocore's own exception."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


def describe(error: Exception) -> str:
    """The reason in one line: the service's words, its code, the next step."""
    code = code_of(error)
    words = str(error)
    if isinstance(error, ClientError):
        words = error.response.get("Error", {}).get("Message", "") or words
    if code == "ResponseParserError":
        # What botocore says of it quotes the whole body.
        words = "AWS's answer arrived cut, or is not of AWS"
    words = re.sub(r"\s+", " ", words).strip().rstrip(".")
    # The codes are those of a wrong secret too.
    timed = words.startswith(("Signature expired", "Signature not yet current"))
    return " ".join(filter(None, [f"{words} ({code}).", CLOCK if timed else NEXT_STEPS.get(code, "")]))


def none_if(*codes: str) -> Callable[[Call[C, R]], Call[C, R | None]]:
    """Decorate a call to AWS: these error codes mean "not there", and the result is None."""

    def decorate(function: Call[C, R]) -> Call[C, R | None]:
        @functools.wraps(function)
        def call(client: C, request: Record) -> R | None:
            try:
                return function(client, request)
            except ClientError as error:
                if code_of(error) in codes:
                    return None
                raise

        return call

    return decorate


def explained(doing: str) -> Callable[[Call[C, R]], Call[C, R]]:
    """Decorate a call to AWS: throttling and spoilt answers are retried, the rest becomes a ModuleError.

    `doing` completes "Cannot ..." and may name members of the request:
    "read the application {applicationName}".
    """

    def decorate(function: Call[C, R]) -> Call[C, R]:
        trying: Call[C, R] = patient(function)

        @functools.wraps(function)
        def call(client: C, request: Record) -> R:
            if hasattr(client, "meta"):
                require_whole_answers(client)
            try:
                return trying(client, request)
            except FAILURES as error:
                message = f"Cannot {doing.format_map(request)}: {describe(error)}"
                raise ModuleError(message, code=code_of(error)) from error

        return call

    return decorate
