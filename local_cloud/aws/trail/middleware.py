"""Sees every AWS call and its answer, and makes a record of it."""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.parsers import create_parser
from moto.core.model import OperationModel
from moto.core.models import DEFAULT_ACCOUNT_ID

from local_cloud.aws.parameters import UNDERSTOOD_NOT, parsed
from local_cloud.aws.trail import record
from local_cloud.aws.trail.history import History
from local_cloud.request_log import COMMANDS, READING, Call, identify

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)
DATA = {
    "s3": ("Object", "Part", "Upload"),
    "sqs": ("Message",),
    "sns": ("Publish",),
    "dynamodb": ("Item", "Query", "Scan"),
    "lambda": ("Invoke",),
    "monitoring": ("PutMetricData", "GetMetric"),
    "logs": ("PutLogEvents", "GetLogEvents"),
}
"""Data events, by parts of their names: the event history has management events alone."""
TIME = "local_cloud.trail.time"
"""Where a request's WSGI environment says when it came."""
Headers = list[tuple[str, str]]


def recorded(
    app: "WSGIApplication", history: History, caller: Callable[[str, str], str]
) -> "WSGIApplication":
    """`app` with every call in the history. `caller(access_key, region)` names whose an access key is."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        call = identify(environ)
        if _is_data(call):
            return app(environ, start_response)
        asked = _asked(call, environ)
        seen: list[tuple[str, Headers]] = []

        def noting(status: str, headers: Headers, exc_info: "OptExcInfo | None" = None) -> Any:  # noqa: ANN401
            seen[:] = [(status, headers)]
            return start_response(status, headers, exc_info)

        time = datetime.now(UTC)
        answer = list(app(environ, noting))
        try:
            status, headers = seen[0]
            told = _Told(int(status.split()[0]), dict(headers), b"".join(answer))
            who = _identity(call, environ, caller(call.access_key, call.region))
            circumstances = _circumstances(call, environ | {TIME: time}, who)
            history.add(record.made(circumstances, _outcome(call, asked, told)))
        except Exception:
            # Whatever a record lacks is no reason to refuse a call.
            LOG.exception("no record of %s %s", call.service, call.action)
        return answer

    return application


class _Told:
    """An answer."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def parsed(self, operation: OperationModel) -> dict[str, Any]:
        """In the names of the model; an error as botocore has it."""
        response = {"status_code": self.status, "headers": self.headers, "body": self.body}
        parser = create_parser(operation.service_model.resolved_protocol)
        shape: Any = operation.output_shape
        found: dict[str, Any] = parser.parse(response, shape)
        return found


Asked = tuple[OperationModel, dict[str, Any]] | None


def _is_data(call: Call) -> bool:
    return call.service == COMMANDS or any(part in call.action for part in DATA.get(call.service, ()))


def _asked(call: Call, environ: "WSGIEnvironment") -> Asked:
    try:
        return parsed(call, environ)
    except (*UNDERSTOOD_NOT, RecursionError):
        return None


def _identity(call: Call, environ: "WSGIEnvironment", caller: str) -> dict[str, Any]:
    return record.identity(caller, DEFAULT_ACCOUNT_ID, call.access_key, _service(environ))


def _service(environ: "WSGIEnvironment") -> str | None:
    """The service of AWS that calls, as it names itself."""
    agent = str(environ.get("HTTP_USER_AGENT", ""))
    return agent if agent.endswith(record.BY_SERVICE) else None


def _outcome(call: Call, asked: Asked, told: _Told) -> dict[str, Any]:
    """The members of a record that say what was asked and answered."""
    parameters = record.readable(asked[1], asked[0].input_shape) if asked else None
    answered, error = _answered(call, asked, told)
    return {
        **error,
        "requestParameters": parameters or None,
        "responseElements": answered or None,
        "requestID": told.headers.get("x-amzn-requestid", str(uuid4())),
    }


def _circumstances(call: Call, environ: "WSGIEnvironment", who: dict[str, Any]) -> record.Circumstances:
    return record.Circumstances(
        service=call.service,
        action=call.action,
        region=call.region,
        time=environ[TIME],
        who=who,
        source=_service(environ) or str(environ.get("REMOTE_ADDR", "")),
        agent=str(environ.get("HTTP_USER_AGENT", "")),
    )


def _answered(call: Call, asked: Asked, told: _Told) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """What a call that writes was answered, and the error where it was refused."""
    is_error = told.status >= 400  # noqa: PLR2004 - where HTTP's errors begin
    if asked is None or (READING.match(call.action) and not is_error):
        return None, {}
    answer = told.parsed(asked[0])
    if is_error:
        error = answer.get("Error", {})
        return None, {"errorCode": error.get("Code", ""), "errorMessage": error.get("Message", "")}
    return record.readable(answer, asked[0].output_shape), {}
