"""What a request says, in the names of botocore's model of the service."""

from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import HTTPException

from local_cloud.request_log import Call

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MODELS = {
    "servicequotas": "service-quotas",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
    "elasticloadbalancing": "elbv2",
}
"""The service of a signature -> botocore's name, where they differ."""
CLASSIC_BALANCERS = "2012-06-01"
"""The version of Elastic Load Balancing's older API, which shares its name with the newer one."""
UNDERSTOOD_NOT = (
    BotoCoreError,
    HTTPException,
    RequestParserError,
    NotImplementedError,
    LookupError,
    ValueError,
    AttributeError,
)
"""What moto raises where it has no such service or operation, or the request is malformed."""
PATHS_ONLY = {"PutObject", "UploadPart"}
"""What is an object's content is not read."""


def service_name(call: Call, version: str | None = None) -> str:
    """botocore's name of the service that is called. `version`: of the API that a form names."""
    name = MODELS.get(call.service, call.service)
    return "elb" if name == "elbv2" and version == CLASSIC_BALANCERS else name


def parsed(call: Call, environ: "WSGIEnvironment") -> tuple[OperationModel, dict[str, Any]]:
    """The operation with its parameters. Raises one of `UNDERSTOOD_NOT`. The body is left readable."""
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = BytesIO(body)
    read = b"" if call.action in PATHS_ONLY else body
    # The length that the request says would be waited for.
    request = Request(environ | {"wsgi.input": BytesIO(read), "CONTENT_LENGTH": str(len(read))})
    service = service_name(call, request.values.get("Version"))
    operation, in_path = get_service_router(service).match(request)
    protocol = determine_request_protocol(operation.service_model, request.content_type)
    return operation, PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": in_path,
        }
    )


def parameters(call: Call, environ: "WSGIEnvironment") -> dict[str, Any]:
    """The parameters of the operation; {} where the service or the request is not understood."""
    try:
        return parsed(call, environ)[1]
    except UNDERSTOOD_NOT:
        return {}
