"""The agents' side of CodeDeploy: the JSON 1.1 protocol that a CodeDeploy agent speaks.

An agent polls for a command, fetches the deployment's specification, acknowledges, works, and reports.
Both models of the agent (`CodeDeployCommandService_v20141006` and the newer, secure one) are the same here.
"""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

from local_cloud.aws.codedeploy.agents.operations import OPERATIONS, ClientException
from local_cloud.aws.shapes import SerializationError, json_object

__all__ = ["handle"]

log = logging.getLogger(__name__)

_CONTENT_TYPE = "application/x-amz-json-1.1"
_SCOPE_REGION = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/")
_DEFAULT_REGION = "us-east-1"

Answer = tuple[int, dict[str, str], bytes]


def handle(headers: Mapping[str, str], body: bytes) -> Answer:
    """Answer one request of an agent: status, headers, body. A poll blocks until there is work."""
    lowered = {name.lower(): value for name, value in headers.items()}
    name = lowered.get("x-amz-target", "").partition(".")[2]
    try:
        operation = OPERATIONS.get(name)
        if operation is None:
            return _error(400, "UnknownOperationException", f"Unknown operation: {name}")
        return _answer(200, operation(_parse(body), _region(lowered.get("authorization", ""))))
    except ClientException as error:
        return _error(400, "ClientException", str(error))
    except Exception:
        log.exception("%s failed", name)
        return _error(500, "ServerException", "There was an internal error.")


def _parse(body: bytes) -> dict[str, Any]:
    try:
        return json_object(body or b"{}")
    except SerializationError as error:
        raise ClientException(str(error)) from error


def _region(authorization: str) -> str:
    """Of the signature: an on-premises host's own name tells none."""
    scope = _SCOPE_REGION.search(authorization)
    return scope[1] if scope else _DEFAULT_REGION


def _answer(status: int, content: dict[str, Any]) -> Answer:
    return status, {"Content-Type": _CONTENT_TYPE}, json.dumps(content).encode()


def _error(status: int, code: str, message: str) -> Answer:
    return _answer(status, {"__type": code, "message": message})
