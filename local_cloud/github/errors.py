"""GitHub's error answers."""

from collections.abc import Mapping, Sequence

DOCUMENTATION = "https://docs.github.com/rest"
UNAUTHENTICATED = 401


class GitHubError(Exception):
    """An answer other than success: status, message and what GitHub says beside it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def body(self) -> dict[str, object]:
        """The JSON object that GitHub sends."""
        body: dict[str, object] = {"message": self.message}
        if self.errors:
            body["errors"] = self.errors
        return {**body, "documentation_url": DOCUMENTATION, "status": str(self.status)}


def not_found() -> GitHubError:
    """What does not exist, and what the caller may not even know of."""
    return GitHubError(404, "Not Found")


def bad_credentials() -> GitHubError:
    """A token that GitHub has never given out, or has taken back."""
    return GitHubError(401, "Bad credentials")


def authentication_required() -> GitHubError:
    """No token where one is needed."""
    return GitHubError(401, "Requires authentication")


def validation_failed(resource: str, field: str, code: str, message: str = "") -> GitHubError:
    """A body that GitHub understands and does not accept."""
    error = {"resource": resource, "field": field, "code": code}
    return GitHubError(422, "Validation Failed", errors=[{**error, "message": message} if message else error])
