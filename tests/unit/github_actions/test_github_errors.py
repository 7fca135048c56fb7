"""The line that a user reads when GitHub refuses."""

import pytest

from plugins.module_utils.github.errors import ExistsError, MissingError, explain, pause_before_next_try

API = "https://api.github.com"


@pytest.mark.parametrize(
    ("status", "words", "headers", "said"),
    [
        (401, "Bad credentials", {}, "mistyped, expired or revoked"),
        (
            403,
            "Resource not accessible by personal access token",
            {"X-Accepted-GitHub-Permissions": "secrets=write"},
            "lacks the repository permission secrets: write",
        ),
        (403, "Forbidden", {"X-OAuth-Scopes": "gist"}, "has the scopes 'gist'; it needs repo"),
        (
            403,
            "Must have admin rights to Repository.",
            {"X-OAuth-Scopes": "repo"},
            "must be an administrator",
        ),
        (
            403,
            "API rate limit exceeded for user x.",
            {"x-ratelimit-reset": "1795387084"},
            "after 2026-11-22 22:38:04 UTC",
        ),
        (429, "You have exceeded a secondary rate limit.", {}, "in a minute"),
        (500, "Server Error", {}, "Server Error (500)"),
    ],
)
def test_says_why_and_what_to_do(status: int, words: str, headers: dict[str, str], said: str) -> None:
    message = str(explain("read it", status, words, headers, api_url=API))
    assert message.startswith("Cannot read it: ")
    assert said in message
    assert "\n" not in message


def test_what_is_missing_and_what_exists_can_be_told_apart() -> None:
    assert isinstance(explain("read it", 404, "Not Found", {}, api_url=API), MissingError)
    assert isinstance(explain("make it", 409, "Already exists", {}, api_url=API), ExistsError)
    taken = explain(
        "make it", 422, "Repository creation failed: name already exists on this account", {}, api_url=API
    )
    assert isinstance(taken, ExistsError)
    assert not isinstance(explain("make it", 422, "Validation Failed", {}, api_url=API), ExistsError)


SECOND = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@pytest.mark.parametrize(
    ("status", "words", "headers", "pause"),
    [
        (403, SECOND, {"Retry-After": "7"}, 7),
        (429, SECOND, {}, 5),
        # An hour is not waited for, nor is what has another reason.
        (403, SECOND, {"retry-after": "3600"}, None),
        (403, "API rate limit exceeded for user x.", {}, None),
        (403, "Resource not accessible by integration", {"Retry-After": "7"}, None),
        (404, "Not Found", {}, None),
    ],
)
def test_only_the_limit_that_passes_is_waited_for(
    status: int, words: str, headers: dict[str, str], pause: float | None
) -> None:
    assert pause_before_next_try(status, words, headers) == pause
