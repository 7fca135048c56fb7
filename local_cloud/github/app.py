"""The WSGI application: which part of GitHub a request is for is told by its Host.

| Host | what |
|---|---|
| `api.github.com` | the REST API at `/` |
| `github.com` | git at `/OWNER/NAME.git` |
| `codeload.github.com` | archives |
| `token.actions.githubusercontent.com` | the OIDC issuer |
| loopback | GitHub Enterprise's paths: git `/OWNER/NAME.git`, API `/api/v3`, archives `/_codeload`; a
  runner's `/_services`; the stand-in's own `/_local_cloud` |
"""

import ipaddress
import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug import Request, Response

from local_cloud.github import archives, errors, git_http, oidc, runner
from local_cloud.github.api import Api
from local_cloud.github.calls import Addresses
from local_cloud.github.store import Store
from local_cloud.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

GIT = re.compile(r"/([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")
PUBLIC = Addresses("https://api.github.com", "https://github.com", "https://codeload.github.com")
ISSUER_HOST = oidc.ISSUER.removeprefix("https://")


class GitHub:
    """The application, and what it remembers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings)
        self.api = Api(self.store)

    def reset(self) -> None:
        """Forget every repository, setting, job and registered token."""
        self.store.reset()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = self.respond(request)
        except errors.GitHubError as error:
            response = _json(error.body(), error.status)
            response.headers.update(error.headers)
        return response(environ, start_response)

    def respond(self, request: Request) -> Response:
        host = re.sub(r":\d+$", "", request.host)
        match host.lower():
            case "api.github.com":
                return self.api.respond(request, request.path, PUBLIC)
            case "codeload.github.com":
                return self._archive(request, request.path)
            case "github.com" | "www.github.com":
                return self._git(request)
            case name if name == ISSUER_HOST:
                return self._issuer(request.path)
        if is_loopback(host):
            return self._enterprise(request)
        # A name that leads here by accident or by intent (DNS rebinding) gets nothing.
        raise errors.GitHubError(421, f"This is GitHub's stand-in; it does not serve {host}")

    def _enterprise(self, request: Request) -> Response:
        first, _, rest = request.path.lstrip("/").partition("/")
        here = request.host_url.rstrip("/")
        match first:
            case "api" if rest == "v3" or rest.startswith("v3/"):
                path = rest.removeprefix("v3") or "/"
                addresses = Addresses(api=f"{here}/api/v3", html=here, archives=f"{here}/_codeload")
                return self.api.respond(request, path, addresses)
            case "_codeload":
                return self._archive(request, f"/{rest}")
            case "_services" | "_local_cloud":
                return runner.respond(request, self.store, self.settings)
            case ".well-known":
                return self._issuer(request.path)
        return self._git(request)

    def _git(self, request: Request) -> Response:
        if found := GIT.fullmatch(request.path):
            return git_http.serve(request, self.store, *found.groups())
        raise errors.not_found()

    def _archive(self, request: Request, path: str) -> Response:
        if found := archives.PATH.fullmatch(path):
            return archives.serve(request, self.store, found)
        raise errors.not_found()

    def _issuer(self, path: str) -> Response:
        match path:
            case "/.well-known/openid-configuration":
                return _json(oidc.discovery())
            case "/.well-known/jwks":
                return _json(oidc.jwks(self.settings))
        raise errors.not_found()


def create_app(settings: Settings) -> GitHub:
    """GitHub for one local cloud; `.reset()` empties it. State is below `<state_dir>/github`."""
    return GitHub(settings)


def is_loopback(host: str) -> bool:
    """True for localhost and loopback addresses."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")
