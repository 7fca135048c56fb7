"""The WSGI application that answers as AWS: moto, and CodeDeploy's agent commands.

moto was not written for threads: its calls take turns. They take milliseconds;
what waits (an agent's long poll) does not go through moto.
"""

import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local_cloud.aws import codedeploy_commands, moto_changes
from local_cloud.request_log import COMMANDS_TARGET
from local_cloud.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def create_app(settings: Settings) -> "WSGIApplication":
    """Answer every AWS call of the account. The request's body must be buffered."""
    moto_changes.install(settings)
    moto = DomainDispatcherApplication(create_backend_app)
    turn = threading.Lock()

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("HTTP_X_AMZ_TARGET", "").startswith(COMMANDS_TARGET):
            return _command(environ, start_response)
        with turn:
            answer: Iterable[bytes] = moto(environ, start_response)
            return answer

    return application


def _command(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    headers = {
        key.removeprefix("HTTP_").replace("_", "-"): value
        for key, value in environ.items()
        if key.startswith("HTTP_") or key == "CONTENT_TYPE"
    }
    status, answer_headers, body = codedeploy_commands.handle(headers, environ["wsgi.input"].read())
    start_response(f"{status} {HTTPStatus(status).phrase}", list(answer_headers.items()))
    return [body]
