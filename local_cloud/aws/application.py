"""The WSGI application that answers as AWS: moto, and CodeDeploy's agent commands.

moto was not written for threads: its calls take turns. They take milliseconds;
what waits (an agent's long poll) does not go through moto.
"""

import threading
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

from local_cloud.aws.codedeploy.agents import protocol
from local_cloud.aws.moto import sqs
from local_cloud.request_log import COMMANDS_TARGET
from local_cloud.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


MOTO_API = "/moto-api"
"""moto's own doors, which would let a host empty the account; this machine has its own way to a reset."""
BETWEEN_LOOKS = 0.05
"""Seconds between two looks into a queue that somebody polls."""
FORM = "application/x-www-form-urlencoded"
JSON = "application/x-amz-json-1.1"
WARM_UP: tuple[tuple[str, str, str, str, str], ...] = (
    ("ec2", "/", FORM, "Action=DescribeInstances&Version=2016-11-15", ""),
    ("iam", "/", FORM, "Action=ListRoles&Version=2010-05-08", ""),
    ("sts", "/", FORM, "Action=GetCallerIdentity&Version=2011-06-15", ""),
    ("codedeploy", "/", JSON, "{}", "CodeDeploy_20141006.ListApplications"),
    ("ssm", "/", JSON, "{}", "AmazonSSM.DescribeParameters"),
    ("route53", "/2013-04-01/hostedzone", "", "", ""),
    ("s3", "/", "", "", ""),
)
"""A read of each service that a pipeline begins with: path, content type, body, target."""


def create_app(turn: threading.Lock) -> "WSGIApplication":
    """Answer every AWS call of the account. The request's body must be buffered.

    `moto.install` comes first: moto reads its services' paths once.
    Whoever holds `turn` has moto for itself.
    """
    moto = DomainDispatcherApplication(create_backend_app)

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("HTTP_X_AMZ_TARGET", "").startswith(COMMANDS_TARGET):
            return _command(environ, start_response)
        if environ.get("PATH_INFO", "").startswith(MOTO_API):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"Not of AWS.\n"]
        return _patient(environ, start_response)

    def _patient(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """moto's answer. A long poll of a queue looks again and again; others have their turn meanwhile."""
        deadline: float | None = None
        while True:
            with turn:
                answer: Iterable[bytes] = moto(environ, start_response)
                patience = sqs.patience()
            deadline = deadline or time.monotonic() + patience
            if not patience or time.monotonic() >= deadline:
                return answer
            time.sleep(BETWEEN_LOOKS)
            environ["wsgi.input"].seek(0)

    return application


def _command(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    headers = {
        key.removeprefix("HTTP_").replace("_", "-"): value
        for key, value in environ.items()
        if key.startswith("HTTP_") or key == "CONTENT_TYPE"
    }
    status, answer_headers, body = protocol.handle(headers, environ["wsgi.input"].read())
    start_response(f"{status} {HTTPStatus(status).phrase}", list(answer_headers.items()))
    return [body]


def warm_up(app: "WSGIApplication", settings: Settings) -> None:
    """Load what takes moto seconds at a service's first call."""
    client = Client(app)
    for service, path, content_type, body, target in WARM_UP:
        credential = f"Credential=WARM/20200101/{settings.region}/{service}/aws4_request"
        client.open(
            path,
            method="POST" if body else "GET",
            data=body,
            content_type=content_type,
            headers={
                "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
                "X-Amz-Target": target,
            },
        )
