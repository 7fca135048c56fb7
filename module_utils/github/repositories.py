# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A repository and its first commit: made where missing, pushed where empty, else left as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import git
from .errors import ExistsError, GitHubActionsError, MissingError
from .settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .api import Connection

WORKFLOWS = Path(".github", "workflows")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a user asks for. `private` and `description` are for a repository that is made."""

    repository: str
    private: bool = True
    description: str = ""
    branch: str = "main"
    source: Path | None = None
    """What an empty repository is filled with; None leaves it empty."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is there. `private` means nothing where the repository does not exist."""

    exists: bool = False
    private: bool = False
    html_url: str | None = None
    clone_url: str = ""
    empty: bool = True
    may_push: bool = True


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The writes that lead from what is there to what is wanted. False when there is none."""

    create: bool = False
    push: bool = False

    def __bool__(self) -> bool:
        return self.create or self.push


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run did, or in check mode would do. `commit` is the one that was pushed."""

    wanted: Wanted
    before: Found
    after: Found
    changes: Changes
    commit: str | None = None

    def as_result(self) -> dict[str, Any]:
        """The module's result."""
        repository = {
            "full_name": self.wanted.repository,
            "html_url": self.after.html_url,
            "private": self.after.private,
            "created": self.changes.create,
            "pushed": self.changes.push,
            "commit": self.commit,
        }
        return {
            "changed": bool(self.changes),
            "github_repository": repository,
            "diff": {"before": self._shown(self.before), "after": self._shown(self.after)},
        }

    def _shown(self, found: Found) -> dict[str, Any]:
        if not found.exists:
            return {}
        return {
            "repository": self.wanted.repository,
            "private": found.private,
            "content": "empty" if found.empty else "has commits",
        }


def from_parameters(parameters: Mapping[str, Any]) -> Wanted:
    """Read the module's parameters. Raises GitHubActionsError for what cannot be."""
    if not REPOSITORY.fullmatch(parameters["repository"]):
        raise GitHubActionsError(
            f"repository: '{parameters['repository']}' is not a repository: give OWNER/NAME."
        )
    source = Path(parameters["source_dir"]) if parameters["source_dir"] else None
    if source is not None and not any(source.glob("*")):
        raise GitHubActionsError(f"source_dir: '{source}' is no folder, or holds nothing to push.")
    return Wanted(
        repository=parameters["repository"],
        private=parameters["private"],
        description=parameters["description"],
        branch=parameters["branch"],
        source=source,
    )


def describe(connection: Connection, wanted: Wanted) -> Found:
    """What is there; a repository that the token may not see looks as if it were missing."""
    try:
        said = connection.call(
            "GET", f"/repos/{wanted.repository}", f"find the repository {wanted.repository}"
        )
    except MissingError:
        return Found()
    return Found(
        exists=True,
        private=said["private"],
        html_url=said["html_url"],
        clone_url=said["clone_url"],
        empty=_is_empty(connection, wanted),
        may_push=said.get("permissions", {}).get("push", True),
    )


def changes(found: Found, wanted: Wanted) -> Changes:
    """What to write; empty when there is a repository with a commit."""
    return Changes(create=not found.exists, push=wanted.source is not None and found.empty)


def reconcile(connection: Connection, wanted: Wanted, token: str, *, dry_run: bool) -> Outcome:
    """Make it so; in a dry run only tell. Raises GitHubActionsError."""
    found = describe(connection, wanted)
    planned = changes(found, wanted)
    after = Found(
        exists=True,
        private=found.private if found.exists else wanted.private,
        html_url=found.html_url,
        clone_url=found.clone_url,
        empty=found.empty and not planned.push,
    )
    outcome = Outcome(wanted=wanted, before=found, after=after, changes=planned)
    if not planned or dry_run:
        return outcome
    return _apply(connection, outcome, token)


def _apply(connection: Connection, outcome: Outcome, token: str) -> Outcome:
    wanted, planned, after = outcome.wanted, outcome.changes, outcome.after
    if planned.push:
        git.require_git()
        _require_push(connection, wanted, outcome.before)
    if planned.create:
        made = _create(connection, wanted)
        after = Found(
            exists=True,
            private=made["private"],
            html_url=made["html_url"],
            clone_url=made["clone_url"],
            empty=after.empty,
        )
    commit = _push(wanted, after.clone_url, token, new=planned.create) if planned.push else None
    return Outcome(wanted=wanted, before=outcome.before, after=after, changes=planned, commit=commit)


def _push(wanted: Wanted, url: str, token: str, *, new: bool) -> str | None:
    if wanted.source is None:
        return None
    try:
        return git.push_first(wanted.source, url=url, branch=wanted.branch, token=token)
    except GitHubActionsError as error:
        made = f" {wanted.repository} was created and is empty: the next run pushes." if new else ""
        raise GitHubActionsError(f"{error}{made}") from error


def _is_empty(connection: Connection, wanted: Wanted) -> bool:
    doing = f"read the commits of {wanted.repository}"
    try:
        connection.call("GET", f"/repos/{wanted.repository}/commits?per_page=1", doing)
    except ExistsError:
        # GitHub's way to say that there is no commit.
        return True
    return False


def _require_push(connection: Connection, wanted: Wanted, found: Found) -> None:
    """Raises when the token is known to be too weak, before anything is made."""
    if not found.may_push:
        raise GitHubActionsError(
            f"Cannot push to {wanted.repository}: the token may only read it. It needs Contents: write."
        )
    scopes = connection.scopes()
    holds_workflows = wanted.source is not None and (wanted.source / WORKFLOWS).is_dir()
    if scopes is not None and holds_workflows and "workflow" not in scopes:
        raise GitHubActionsError(
            f"Cannot push to {wanted.repository}: a token needs the scope workflow to push {WORKFLOWS}; "
            f"this one has '{', '.join(scopes)}'."
        )


def _create(connection: Connection, wanted: Wanted) -> dict[str, Any]:
    owner, name = wanted.repository.split("/")
    doing = f"create the repository {wanted.repository}"
    login = str(connection.call("GET", "/user", doing)["login"])
    path = "/user/repos" if owner.lower() == login.lower() else f"/orgs/{owner}/repos"
    body = {"name": name, "private": wanted.private, "description": wanted.description}
    try:
        return connection.call("POST", path, doing, body)
    except ExistsError:
        # The answer to a try before this one was lost. What the token may not see raises here.
        return connection.call("GET", f"/repos/{wanted.repository}", doing)
    except MissingError as error:
        raise GitHubActionsError(
            f"Cannot {doing}: {owner} is no organisation in which the token's user {login} may create any."
        ) from error
