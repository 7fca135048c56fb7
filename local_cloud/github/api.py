"""The REST API: routing, and what is the same for every operation (token, rate limit, error answers)."""

import json
import uuid

from werkzeug import Request, Response
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule

from local_cloud.github import access, actions, comments, environments, errors, repositories, runs
from local_cloud.github.calls import Addresses, Answer, Call, Route
from local_cloud.github.store import Store

API_VERSION = "2022-11-28"


def get_rate_limit(call: Call) -> Answer:
    """What is left of the hour; asking costs nothing."""
    said = access.count_request(call.store, call.token, call.request.remote_addr or "", counted=False)
    keys = ("limit", "remaining", "reset", "used")
    core = {key: int(said[f"X-RateLimit-{key.title()}"]) for key in keys}
    return Answer(body={"resources": {"core": core}, "rate": core})


ROUTES: list[Route] = [
    ("GET", "/rate_limit", get_rate_limit),
    *repositories.ROUTES,
    *environments.ROUTES,
    *actions.ROUTES,
    *runs.ROUTES,
    *comments.ROUTES,
]


class Api:
    """The REST API over one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.routes = Map(
            [Rule(path, methods=[method], endpoint=endpoint) for method, path, endpoint in ROUTES],
            strict_slashes=False,
            merge_slashes=False,
        )

    def respond(self, request: Request, path: str, addresses: Addresses) -> Response:
        """Answer a request whose path below the API's root is `path`."""
        headers = {
            "X-GitHub-Request-Id": uuid.uuid4().hex.upper(),
            "X-GitHub-Api-Version-Selected": API_VERSION,
        }
        with self.store.lock:
            try:
                token = access.token_of(request, self.store)
                headers |= access.headers(token)
                address, free = request.remote_addr or "", path == "/rate_limit"
                headers |= access.count_request(self.store, token, address, counted=not free)
                call = Call(request=request, store=self.store, token=token, addresses=addresses)
                answer = self._dispatch(call, path)
            except errors.GitHubError as error:
                answer = Answer(body=error.body(), status=error.status, headers=error.headers)
        return _response(answer, headers)

    def _dispatch(self, call: Call, path: str) -> Answer:
        adapter = self.routes.bind(call.request.host)
        try:
            endpoint, arguments = adapter.match(self._by_name(path), method=call.request.method)
        except (NotFound, MethodNotAllowed, RequestRedirect):
            raise errors.not_found() from None
        return endpoint(call, **arguments)  # type: ignore[no-any-return]  # werkzeug's endpoints are Any

    def _by_name(self, path: str) -> str:
        """GitHub also knows a repository by its number: `/repositories/ID/...`."""
        first, _, rest = path.lstrip("/").partition("/")
        if first != "repositories":
            return path
        number, slash, below = rest.partition("/")
        for repository in self.store.repositories.values():
            if str(repository.id) == number:
                return f"/repos/{repository.full_name}{slash}{below}"
        raise errors.not_found()


def _response(answer: Answer, headers: dict[str, str]) -> Response:
    if answer.text is not None:
        content = answer.text
    else:
        content = "" if answer.body is None else json.dumps(answer.body)
    return Response(content, answer.status, headers | answer.headers, content_type=answer.content_type)
