"""What a request says, in the names of botocore's model of the service."""

from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError
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


def parameters(call: Call, environ: "WSGIEnvironment") -> dict[str, Any]:
    """The parameters of the operation; {} where the service or the request is not understood.

    The body is left readable.
    """
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = BytesIO(body)
    read = b"" if call.action in PATHS_ONLY else body
    # The length that the request says would be waited for.
    seen = environ | {"wsgi.input": BytesIO(read), "CONTENT_LENGTH": str(len(read))}
    request = Request(seen)
    service = MODELS.get(call.service, call.service)
    if service == "elbv2" and request.values.get("Version") == CLASSIC_BALANCERS:
        service = "elb"
    try:
        operation, in_path = get_service_router(service).match(request)
        protocol = determine_request_protocol(operation.service_model, request.content_type)
        parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol](operation).parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.data,
                "url_path": request.path,
                "url_params": in_path,
            }
        )
    except UNDERSTOOD_NOT:
        return {}
    return parsed
