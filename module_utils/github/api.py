# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GitHub's REST API for Actions settings, through PyGithub.

PyGithub brings the connection, the retries and the errors. The addresses are
ours: its classes hide a refused update, and name the two levels differently.
"""

from __future__ import annotations

import time
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import ExistsError, GitHubActionsError, MissingError, explain, pause_before_next_try

try:
    import requests
    import urllib3

    import github
    from github.PublicKey import encrypt
except ImportError:
    MISSING_LIBRARY = True
else:
    MISSING_LIBRARY = False

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

ITEMS_A_PAGE = 100
TRIES = 4
PASSING = (500, 502, 503, 504)
CUT_PAUSE = 0.5
TIMEOUT = 30
NOBODYS = "ANSIBLE_TESTS_WRITE_ACCESS"


@dataclass(frozen=True)
class Level:
    """Where settings are: in a repository, or in one of its environments."""

    repository: str
    environment: str | None = None

    @property
    def path(self) -> str:
        """The address below which `/variables` and `/secrets` are; an environment's own address."""
        base = f"/repos/{self.repository}"
        if self.environment is None:
            return f"{base}/actions"
        return f"{base}/environments/{urllib.parse.quote(self.environment, safe='')}"

    def __str__(self) -> str:
        return self.repository if self.environment is None else f"{self.repository} ({self.environment})"


class Connection:
    """Calls to one GitHub with one token. Every call raises GitHubActionsError."""

    def __init__(self, *, token: str, api_url: str) -> None:
        # A used-up rate limit is told at once: it may last an hour.
        retry = urllib3.Retry(
            total=TRIES,
            connect=1,
            backoff_factor=0.5,
            status_forcelist=PASSING,
            allowed_methods=None,
            raise_on_status=False,
        )
        self.api_url = api_url.rstrip("/")
        self._requester = github.Github(
            auth=github.Auth.Token(token),
            base_url=self.api_url,
            retry=retry,
            timeout=TIMEOUT,
            seconds_between_requests=None,
            seconds_between_writes=None,
        ).requester

    def call(self, verb: str, path: str, doing: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The object that GitHub answers, {} where it has nothing to say. `doing` completes "Cannot ..."."""
        for left in reversed(range(TRIES)):
            try:
                _, answer = self._requester.requestJsonAndCheck(verb, path, input=body)
            except github.GithubException as error:
                words = _words(error.data)
                headers = {str(name): str(value) for name, value in (error.headers or {}).items()}
                pause = pause_before_next_try(error.status, words, headers)
                if pause is None or not left:
                    raise explain(doing, error.status, words, headers, api_url=self.api_url) from error
                time.sleep(pause)
            except requests.exceptions.ChunkedEncodingError as error:
                if not left:
                    raise GitHubActionsError(
                        f"Cannot {doing}: the answers of {self.api_url} arrive cut. "
                        "Check the network and the proxy, then run again."
                    ) from error
                time.sleep(CUT_PAUSE)
            except requests.RequestException as error:
                raise GitHubActionsError(
                    f"Cannot {doing}: {self.api_url} does not answer ({type(error).__name__}). "
                    "Check api_url, the network and the proxy."
                ) from error
            else:
                return answer or {}
        raise AssertionError  # the last try returns or raises

    def scopes(self) -> list[str] | None:
        """The scopes of a classic token, as the last answer told them; None for one of another kind."""
        scopes: list[str] | None = self._requester.oauth_scopes
        return scopes

    def items(self, path: str, key: str, doing: str) -> Iterator[Mapping[str, Any]]:
        """Every item of a list, page by page."""
        number, seen = 1, 0
        while True:
            answer = self.call("GET", f"{path}?per_page={ITEMS_A_PAGE}&page={number}", doing)
            yield from answer[key]
            seen += len(answer[key])
            number += 1
            if seen >= answer["total_count"] or not answer[key]:
                return


def _words(said: object) -> str:
    """GitHub's message, and what it says about single fields."""
    if not isinstance(said, dict):
        return str(said)
    errors = said.get("errors") or []
    details = [each["message"] for each in errors if isinstance(each, dict) and each.get("message")]
    message = str(said.get("message", ""))
    return f"{message.rstrip('.')}: {', '.join(details)}" if details else message


def environment(connection: Connection, level: Level) -> dict[str, Any] | None:
    """The environment with its rules; None where there is none of that name.

    Raises for a repository that is not there, or that the token may not see.
    """
    found = environment_if_any(connection, level)
    if found is None:
        require_repository(connection, level)
    return found


def environment_if_any(connection: Connection, level: Level) -> dict[str, Any] | None:
    """The environment with its rules; None also where there is no such repository."""
    try:
        return connection.call("GET", level.path, f"read {level}")
    except MissingError:
        return None


def require_repository(connection: Connection, level: Level) -> None:
    """Raises for a repository that does not exist, or that the token may not see."""
    doing = f"find the repository {level.repository} at {connection.api_url}"
    try:
        connection.call("GET", f"/repos/{level.repository}", doing)
    except MissingError as error:
        raise GitHubActionsError(
            f"Cannot {doing}: it does not exist, or the token may not see it."
        ) from error


def put_environment(
    connection: Connection, level: Level, rules: Mapping[str, Any], policy: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Make an environment, or change its rules: those that are not named are reset. The environment."""
    body = {**rules, **({"deployment_branch_policy": policy} if policy else {})}
    return connection.call("PUT", level.path, f"set the rules of {level}", body)


def branches(connection: Connection, level: Level) -> dict[str, int]:
    """Which branches an environment admits by name: pattern -> number of the rule."""
    path = f"{level.path}/deployment-branch-policies"
    found = connection.items(path, "branch_policies", f"read the branches of {level}")
    return {item["name"]: item["id"] for item in found if item.get("type", "branch") == "branch"}


def branch_policy(wanted: Collection[str]) -> dict[str, bool] | None:
    """What a PUT says of the branches before they are named; None for all branches."""
    return {"protected_branches": False, "custom_branch_policies": True} if wanted else None


def set_branches(connection: Connection, level: Level, wanted: Collection[str]) -> None:
    """Name the branches, where the environment's policy is to admit those that are named."""
    doing = f"set the branches of {level}"
    path = f"{level.path}/deployment-branch-policies"
    there = branches(connection, level)
    for name in sorted(set(wanted) - set(there)):
        connection.call("POST", path, doing, {"name": name})
    for name in sorted(set(there) - set(wanted)):
        _delete(connection, f"{path}/{there[name]}", doing)


def delete_environment(connection: Connection, level: Level) -> None:
    """Remove the environment with its secrets and variables."""
    _delete(connection, level.path, f"delete the environment {level}")


def variables(connection: Connection, level: Level) -> dict[str, str]:
    """Name -> value."""
    found = connection.items(f"{level.path}/variables", "variables", f"read the variables of {level}")
    return {item["name"]: item["value"] for item in found}


def set_variable(connection: Connection, level: Level, name: str, value: str, *, known: bool) -> None:
    """Create it, or update a known one; the other way round where somebody was quicker."""
    doing = f"set the variable {name} of {level}"
    body = {"name": name, "value": value}
    create = ("POST", f"{level.path}/variables", doing, body)
    update = ("PATCH", f"{level.path}/variables/{name}", doing, body)
    try:
        connection.call(*(update if known else create))
    except (ExistsError, MissingError):
        connection.call(*(create if known else update))


def delete_variable(connection: Connection, level: Level, name: str) -> None:
    _delete(connection, f"{level.path}/variables/{name}", f"delete the variable {name} of {level}")


def secrets(connection: Connection, level: Level) -> dict[str, str]:
    """Name -> when it was last written. GitHub never gives a value back."""
    found = connection.items(f"{level.path}/secrets", "secrets", f"read the secrets of {level}")
    return {item["name"]: item["updated_at"] for item in found}


def public_key(connection: Connection, level: Level) -> Mapping[str, str]:
    """What secrets are sealed with: `key_id` and `key` (base64)."""
    key: Mapping[str, str] = connection.call(
        "GET", f"{level.path}/secrets/public-key", f"read the public key of {level}"
    )
    return key


def set_secret(connection: Connection, level: Level, name: str, value: str, key: Mapping[str, str]) -> None:
    """Seal the value, so that only GitHub can open it, and hand it over."""
    body = {"encrypted_value": encrypt(key["key"], value), "key_id": key["key_id"]}
    connection.call("PUT", f"{level.path}/secrets/{name}", f"set the secret {name} of {level}", body)


def delete_secret(connection: Connection, level: Level, name: str) -> None:
    _delete(connection, f"{level.path}/secrets/{name}", f"delete the secret {name} of {level}")


def require_write_access(connection: Connection, level: Level, kind: str) -> None:
    """Raises when the token may not write `variables` or `secrets`.

    Nothing tells before one tries, so what nobody has is deleted: a refusal
    comes before the answer that it does not exist.
    """
    _delete(connection, f"{level.path}/{kind}/{NOBODYS}", f"write the {kind} of {level}")


def _delete(connection: Connection, path: str, doing: str) -> None:
    """What is gone already counts as deleted."""
    try:
        connection.call("DELETE", path, doing)
    except MissingError:
        return
