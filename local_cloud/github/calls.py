"""One request to the REST API, and its answer."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from werkzeug import Request

from local_cloud.github import access, errors
from local_cloud.github.records import Repository
from local_cloud.github.store import Store, Token

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Status and body: an object for JSON, None for no body; `text` instead is sent as it is."""

    body: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    content_type: str = "application/json; charset=utf-8"


NO_CONTENT = Answer(status=204)


@dataclass(frozen=True)
class Addresses:
    """Where answers lead to. None ends with a slash."""

    api: str
    html: str
    archives: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request, and who makes it."""

    request: Request
    store: Store
    token: Token | None
    addresses: Addresses

    def repository(self, owner: str, name: str) -> Repository:
        """The repository, when the caller may see it."""
        return access.visible(self.store, self.token, owner, name)

    def permitted(self, owner: str, name: str, permission: str, level: str) -> Repository:
        """The repository, when the caller has the right. Raises GitHub's refusal."""
        repository = self.repository(owner, name)
        access.require(self.token, repository, permission, level)
        return repository

    def body(self) -> dict[str, object]:
        """The JSON object in the request; no body, or null, is an empty object."""
        if not self.request.get_data():
            return {}
        try:
            body = json.loads(self.request.get_data())
            # Half a surrogate pair can be written in JSON, and no further.
            json.dumps(body, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise errors.GitHubError(400, "Problems parsing JSON") from None
        if not isinstance(body, dict | None):
            raise errors.GitHubError(422, "Invalid request.\n\nThe body is not an object.")
        return body or {}

    def text(self, key: str) -> str:
        """A string that the body must have."""
        value = self.body().get(key)
        if not isinstance(value, str):
            problem = f'"{key}" wasn\'t supplied.' if value is None else f"{value!r} is not a string."
            raise errors.GitHubError(422, f"Invalid request.\n\n{problem}")
        return value


Route = tuple[str, str, Callable[..., Answer]]
"""Method, path below the API's root, operation."""


def page(
    call: Call, key: str, items: Sequence[T], show: Callable[[T], object], *, default: int, most: int
) -> Answer:
    """One page of a list, with GitHub's total and Link header; `most` is the largest page it gives."""
    size = min(max(1, call.request.args.get("per_page", default, type=int)), most)
    number = max(1, call.request.args.get("page", 1, type=int))
    body = {
        "total_count": len(items),
        key: [show(item) for item in items[(number - 1) * size : number * size]],
    }
    if number * size >= len(items):
        return Answer(body=body)
    following = f'<{call.request.base_url}?per_page={size}&page={number + 1}>; rel="next"'
    return Answer(body=body, headers={"Link": following})


def node_id(kind: str, number: int) -> str:
    """The opaque id that GraphQL would know a thing by."""
    return base64.b64encode(f"{kind}{number}".encode()).decode()
