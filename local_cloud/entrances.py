"""Which request is for whom: by the name that was asked for, and what only this machine may ask."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from local_cloud.errors import RefusalError
from local_cloud.github.app import is_loopback
from local_cloud.hosts.security_groups.account import read as read_account
from local_cloud.hosts.security_groups.verdict import Question, judge
from local_cloud.settings import Settings, is_impersonated

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Administer = Callable[["WSGIEnvironment", str], tuple[str, Any]]
"""A request below `ADMIN` and its path -> status line and what is said, for JSON."""
ADMIN = "/_local_cloud/"
MOTO_RESET = "/moto-api/reset"
"""What tests that were written for moto's server empty the account with."""


def for_this_machine(app: "WSGIApplication", administer: Administer) -> "WSGIApplication":
    """`app`, and below `ADMIN` what only this machine may ask; nothing of it for pages in a browser."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if environ.get("HTTP_SEC_FETCH_SITE", "none") != "none":
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"The local cloud does not answer pages of other sites.\n"]
        if not path.startswith(ADMIN) and path != MOTO_RESET:
            return app(environ, start_response)
        host = environ.get("HTTP_HOST", "").rpartition(":")[0]
        # A page in a browser could name this address by a name of its own (DNS rebinding).
        status, body = administer(environ, path) if is_loopback(host) else ("403 Forbidden", None)
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    return application


def why_blocked(settings: Settings, asked: Mapping[str, str]) -> tuple[str, Any]:
    """Status line and verdict of what was asked with `from`, `to`, `port` and `protocol`."""
    try:
        question = Question(
            source=asked.get("from", ""),
            destination=asked.get("to", ""),
            protocol=asked.get("protocol", "tcp"),
            port=int(asked.get("port", "-1")),
        )
        verdict = judge(read_account(settings.internet), settings, question)
    except (RefusalError, ValueError) as error:
        return "400 Bad Request", {"error": str(error)}
    return "200 OK", asdict(verdict)


def by_host(aws: "WSGIApplication", github: "WSGIApplication") -> "WSGIApplication":
    """What answers on the container network: the name that was asked for decides."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "").partition(":")[0].lower()
        is_github = is_impersonated(host) and "github" in host.split(".")[-2]
        return (github if is_github else aws)(environ, start_response)

    return application
