"""Who is asking, and may they: tokens in requests, rights, rate limits."""

import base64
import binascii

from werkzeug import Request

from local_cloud.github import errors
from local_cloud.github.records import Repository
from local_cloud.github.store import ANONYMOUS_LIMIT, Store, Token


def token_of(request: Request, store: Store) -> Token | None:
    """The caller's token: `token T`, `Bearer T`, or Basic with it on either side. None without one."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    match scheme.lower():
        case "":
            return None
        case "token" | "bearer":
            return store.token(rest.strip())
        case "basic":
            return store.token(_basic(rest))
    raise errors.bad_credentials()


def _basic(encoded: str) -> str:
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise errors.bad_credentials() from error
    return user if password in ("", "x-oauth-basic") else password


def require_token(token: Token | None) -> Token:
    """Raises what an anonymous caller is told."""
    if token is None:
        raise errors.authentication_required()
    return token


def may_see(token: Token | None, repository: Repository) -> bool:
    """A public repository is everybody's; a private one needs a token that covers it."""
    if not repository.private:
        return True
    return token is not None and token.allows("metadata", "read", repository.full_name)


def visible(store: Store, token: Token | None, owner: str, name: str) -> Repository:
    """The repository, or the same "Not Found" for one that is missing and one that is hidden."""
    repository = store.find(owner, name)
    if not may_see(token, repository):
        raise errors.not_found()
    return repository


def require(token: Token | None, repository: Repository, permission: str, level: str) -> None:
    """Raises GitHub's refusal when the token lacks the right."""
    given = require_token(token)
    if given.allows(permission, level, repository.full_name):
        return
    if given.permissions is None:
        raise errors.GitHubError(403, "Must have admin rights to Repository.")
    raise errors.GitHubError(
        403,
        "Resource not accessible by personal access token",
        headers={"X-Accepted-GitHub-Permissions": f"{permission}={level}"},
    )


def headers(token: Token | None) -> dict[str, str]:
    """What GitHub says about a classic token in every answer."""
    if token is None or token.scopes is None:
        return {}
    return {"X-OAuth-Scopes": ", ".join(sorted(token.scopes)), "X-Accepted-OAuth-Scopes": "repo"}


def count_request(store: Store, token: Token | None, address: str, *, counted: bool = True) -> dict[str, str]:
    """The rate limit's headers after this request; raises 403 when the hour's requests are used up."""
    limit = ANONYMOUS_LIMIT if token is None else token.limit
    used, ends = store.requests_used(address if token is None else token.value, counted=counted)
    said = {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(max(0, limit - used)),
        "X-RateLimit-Reset": str(ends),
        "X-RateLimit-Used": str(min(used, limit)),
        "X-RateLimit-Resource": "core",
    }
    if used <= limit:
        return said
    who = address if token is None else f"user {token.login}"
    raise errors.GitHubError(403, f"API rate limit exceeded for {who}.", headers=said)
