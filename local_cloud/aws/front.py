"""What AWS refuses before a service is asked, and what is said where the local cloud lacks one.

A request that no model of AWS fits would be a traceback in moto.
"""

import logging
import re
import zlib
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from moto.backend_index import backend_url_patterns
from moto.core.model import OperationModel, ServiceModel
from moto.core.utils import get_service_model

from local_cloud.aws import constraints, presigned, shapes
from local_cloud.aws.errors import RefusedError, error, is_form
from local_cloud.aws.parameters import UNDERSTOOD_NOT, parsed, service_name
from local_cloud.request_log import COMMANDS, Call, identify

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)
NOTHING_HAPPENS = {
    ("ssm", "SendCommand"),
    ("ssm", "CreateAssociation"),
    ("ssm", "CreateMaintenanceWindow"),
    ("codebuild", "StartBuild"),
    ("codebuild", "StartBuildBatch"),
    ("codepipeline", "StartPipelineExecution"),
}
"""Operations that moto accepts, and that would run something on a host or build something: nothing would."""
WELL_FORMED = {"iam", "sts"}
"""Services that check what their model says of each parameter, with one sentence for all of them."""
JSON_CALLS = {("POST", "application/x-amz-json-1.0"), ("POST", "application/x-amz-json-1.1")}
LARGEST_BODY = 64 * 1024**2
"""Bytes of a body that was compressed."""
GZIP = 31
"""zlib's number of gzip's form."""
UNSIGNED_TARGETS = ("AWSCognitoIdentity",)
"""How the X-Amz-Target of JSON calls begins that need no signature."""


def checked(app: "WSGIApplication", secret: presigned.Secret) -> "WSGIApplication":
    """`app` for requests that the model of their service fits, with every failure of its in AWS's form.

    `secret`: of an access key, for presigned addresses.
    """

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        call = identify(environ)
        seen: list[tuple[str, list[tuple[str, str]]]] = []

        def noting(status: str, headers: list[tuple[str, str]], _: "OptExcInfo | None" = None) -> object:
            seen[:] = [(status, headers)]
            return None

        try:
            _check(call, environ)
            if call.service == "s3":
                presigned.check(environ, secret)
            body = app(environ, noting)  # type: ignore[arg-type]  # nothing here writes
            _check_path(call, *seen[0])
        except Exception as failure:  # noqa: BLE001 - whatever it is, the client is told in its own protocol
            refused = failure if isinstance(failure, RefusedError) else _failed(call, failure)
            status, headers, answer = error(refused.status, refused.code, str(refused), call, environ)
            start_response(status, headers)
            return [answer]
        start_response(*seen[0])
        return body

    return application


def _check(call: Call, environ: "WSGIEnvironment") -> None:
    if call.service == COMMANDS:
        return
    if (call.service, call.action) in NOTHING_HAPPENS:
        raise _missing(call)
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target and not call.signed_for and not target.startswith(UNSIGNED_TARGETS):
        raise RefusedError("MissingAuthenticationTokenException", "Missing Authentication Token")
    model = _model(call, environ)
    if model is None:
        return
    if is_form(environ):
        _check_form(call, environ, model)
    elif "targetPrefix" in model.metadata and _is_json(environ):
        _check_json(environ, model, target)


def _is_json(environ: "WSGIEnvironment") -> bool:
    """CBOR, which some services take as well, has a path for each operation."""
    asks = environ.get("HTTP_X_AMZ_TARGET") or environ["REQUEST_METHOD"] == "POST"
    return bool(asks and environ.get("PATH_INFO", "/") == "/")


def _check_form(call: Call, environ: "WSGIEnvironment", model: ServiceModel) -> None:
    """A form: its operation is one, and its parameters can be read."""
    try:
        shapes.body_of(environ).decode()
    except UnicodeDecodeError as failure:
        raise RefusedError("MalformedQueryString", "The query string contains a syntax error") from failure
    if call.action not in model.operation_names:
        raise RefusedError("InvalidAction", _unknown_action(call, model))
    try:
        operation, given = parsed(call, environ)
    except UNDERSTOOD_NOT as failure:
        raise _unreadable(call, failure) from failure
    if call.service in WELL_FORMED:
        message = constraints.broken(operation.input_shape, given, plain_names=call.service == "iam")
        if message:
            raise RefusedError("ValidationError", message)


def _unknown_action(call: Call, model: ServiceModel) -> str:
    if call.service == "ec2":
        return f"The action {call.action} is not valid for this web service."
    return f"Could not find operation {call.action} for version {model.api_version}"


def _unreadable(call: Call, failure: Exception) -> RefusedError:
    """The codes are AWS's, from its lists of common errors; the words are inferred."""
    if call.service == "ec2":
        return RefusedError("InvalidParameterValue", f"A parameter can't be read: {failure}")
    return RefusedError("MalformedInput", f"A parameter can't be read: {failure}")


def _check_json(environ: "WSGIEnvironment", model: ServiceModel, target: str) -> None:
    """A JSON call: its target is one of the service's, its body an object of the types of the model."""
    prefix, _, name = target.rpartition(".")
    content_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if (
        (environ["REQUEST_METHOD"], content_type) not in JSON_CALLS
        or prefix != model.metadata["targetPrefix"]
        or name not in model.operation_names
    ):
        raise RefusedError("UnknownOperationException", f"Unknown operation: {target}")
    _decompress(environ)
    # moto knows no parameters of a content type, and takes an operation of the query for another one.
    environ |= {"CONTENT_TYPE": content_type, "QUERY_STRING": ""}
    operation: OperationModel = model.operation_model(name)
    try:
        shapes.check(shapes.json_object(shapes.body_of(environ)), operation.input_shape)
    except shapes.SerializationError as failure:
        raise RefusedError("SerializationException", str(failure)) from failure


def _decompress(environ: "WSGIEnvironment") -> None:
    """As botocore compresses long bodies."""
    if environ.get("HTTP_CONTENT_ENCODING", "").lower() != "gzip":
        return
    decompression = zlib.decompressobj(GZIP)
    try:
        body = decompression.decompress(shapes.body_of(environ), LARGEST_BODY)
    except zlib.error:
        body = b""
    if not decompression.eof:
        raise RefusedError("SerializationException", "The request can't be decompressed.")
    environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    del environ["HTTP_CONTENT_ENCODING"]


def _model(call: Call, environ: "WSGIEnvironment") -> ServiceModel | None:
    try:
        return get_service_model(service_name(call, _version(environ)))
    except UNDERSTOOD_NOT:
        return None


def _version(environ: "WSGIEnvironment") -> str | None:
    """Of the API that a form names."""
    form = parse_qs(shapes.body_of(environ).decode(errors="replace")) if is_form(environ) else {}
    return form.get("Version", [None])[0]


def _check_path(call: Call, status: str, headers: list[tuple[str, str]]) -> None:
    """Had moto no path for an operation that AWS has? Its own errors are never pages."""
    content_type = next((value for name, value in headers if name.lower() == "content-type"), "")
    is_page = status.startswith(("404", "405")) and content_type.startswith("text/html")
    if is_page and call.service != "s3" and " " not in call.action:
        raise _missing(call)


def _missing(call: Call, part: str = "") -> RefusedError:
    """A code that no client tries again."""
    return RefusedError("NotImplemented", f"The local cloud has no {part}{call.service} {call.action}.", 501)


def _failed(call: Call, failure: Exception) -> RefusedError:
    host = f"http://{call.service}.us-east-1.amazonaws.com"
    known = any(pattern.match(host) for _, pattern in backend_url_patterns)
    named = re.search(r"filter\b[^']*'([^']+)'", str(failure), re.IGNORECASE)
    if isinstance(failure, NotImplementedError) and named:
        return _missing(call, f"filter {named[1]} of ")
    if isinstance(failure, NotImplementedError) or not known:
        return _missing(call)
    if isinstance(failure, KeyError) and failure.args == (call.region,):
        return RefusedError(
            "SignatureDoesNotMatch",
            f"Credential should be scoped to a valid region, not '{call.region}'.",
            403,
        )
    LOG.error("%s %s failed", call.service, call.action, exc_info=failure)
    return RefusedError("InternalFailure", "The local cloud failed here; its log has the traceback.", 500)
