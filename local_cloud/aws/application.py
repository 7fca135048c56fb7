"""The WSGI application that answers as AWS: moto, and CodeDeploy's agent commands.

moto was not written for threads: its calls take turns. They take milliseconds;
what waits (an agent's long poll) does not go through moto.
"""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def create_app() -> "WSGIApplication":
    """Answer every AWS call of the account. The request's body must be buffered."""
    moto = DomainDispatcherApplication(create_backend_app)
    turn = threading.Lock()

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with turn:
            answer: Iterable[bytes] = moto(environ, start_response)
            return answer

    return application
