# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One exception, and the one line that it carries to the user."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class GitHubActionsError(Exception):
    """Something that a user has to know: what failed, why, and what to do."""


# GitHub's second limit, of calls in a short time, passes in a minute; the first may last an hour.
LONGEST_PAUSE = 60
DEFAULT_PAUSE = 5


class MissingError(GitHubActionsError):
    """GitHub's 404: it is not there, or the token may not know of it."""


class ExistsError(GitHubActionsError):
    """GitHub's 409, or its 422 of a name that is taken: somebody else made it first, or we did."""


def pause_before_next_try(status: int, words: str, headers: Mapping[str, str]) -> float | None:
    """Seconds after which GitHub may take a call that it refused; None where another try is of no use."""
    if status not in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
        return None
    if "secondary rate limit" not in words.lower():
        return None
    asked = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
    pause = float(asked) if asked.isdigit() else DEFAULT_PAUSE
    return pause if pause <= LONGEST_PAUSE else None


def explain(
    doing: str,
    status: int,
    words: str,
    headers: Mapping[str, str],
    *,
    api_url: str,
) -> GitHubActionsError:
    """The exception for an answer of GitHub's. `doing` completes "Cannot ..."; `words` are GitHub's own."""
    said = {name.lower(): value for name, value in headers.items()}
    if status == HTTPStatus.UNAUTHORIZED:
        return GitHubActionsError(
            f"Cannot {doing}: {api_url} does not accept the token ({status} {words}). "
            "It is mistyped, expired or revoked: make a new one and give it as token or GITHUB_TOKEN."
        )
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS} and "rate limit" in words.lower():
        return GitHubActionsError(f"Cannot {doing}: {words.rstrip('.')}. {_when(said)}")
    if status == HTTPStatus.FORBIDDEN:
        return GitHubActionsError(f"Cannot {doing}: {words.rstrip('.')} ({status}). {_rights(said)}")
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and "billing plan" in words.lower():
        return GitHubActionsError(
            f"Cannot {doing}: {words.rstrip('.')} ({status}). In private repositories GitHub has reviewers "
            "and wait timers with its Enterprise plan alone: make the repository public, or leave them out."
        )
    taken = status == HTTPStatus.UNPROCESSABLE_ENTITY and "already exists" in words.lower()
    kinds = {HTTPStatus.NOT_FOUND.value: MissingError, HTTPStatus.CONFLICT.value: ExistsError}
    kind = ExistsError if taken else kinds.get(status, GitHubActionsError)
    return kind(f"Cannot {doing}: {words.rstrip('.')} ({status}).")


def _rights(said: Mapping[str, str]) -> str:
    """What the token lacks, as far as GitHub says it."""
    if wanted := said.get("x-accepted-github-permissions"):
        return f"The token lacks the repository permission {wanted.replace('=', ': ')}."
    scopes = said.get("x-oauth-scopes")
    if scopes is not None and "repo" not in scopes.split(", "):
        return f"The token has the scopes '{scopes}'; it needs repo."
    return "The token's user must be an administrator of the repository."


def _when(said: Mapping[str, str]) -> str:
    reset = said.get("x-ratelimit-reset", "")
    if not reset.isdigit():
        return "Try again in a minute."
    moment = datetime.fromtimestamp(int(reset), tz=UTC)
    return f"Try again after {moment:%Y-%m-%d %H:%M:%S} UTC."
