"""What the stand-in remembers: accounts, tokens, and all that `records` has.

It lives as long as the process; only the git objects, the default token and
the OIDC key are files, below `<state_dir>/github`.
"""

import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from local_cloud.github import errors, git
from local_cloud.github.records import Comment, Job, Repository, Run, Team, now
from local_cloud.settings import Settings

USER = "local-developer"
"""The account that the default token belongs to."""

# After _: the company of an Enterprise Managed User.
OWNER_NAME = re.compile(r"(?=.{1,39}$)[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9]))*(?:_[A-Za-z0-9]+)?")
REPOSITORY_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
SETTING_NAME = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*")
VARIABLE_BYTES = 48 * 1024
HOUR = 3600
ANONYMOUS_LIMIT = 60
TOKEN_LIMIT = 5000


@dataclass(frozen=True, kw_only=True)
class Token:
    """A personal access token.

    A classic one has `scopes`; a fine-grained one has `permissions`
    (`{"secrets": "write"}`) and the repositories it is for (None: all).
    """

    value: str
    login: str = USER
    scopes: frozenset[str] | None = None
    permissions: Mapping[str, str] | None = None
    repositories: frozenset[str] | None = None
    limit: int = TOKEN_LIMIT

    def allows(self, permission: str, level: str, full_name: str) -> bool:
        """May it do this to that repository? A classic token's one scope for all of it is `repo`."""
        if self.permissions is None:
            return "repo" in (self.scopes or ())
        if not self.covers(full_name):
            return False
        given = "read" if permission == "metadata" else self.permissions.get(permission, "")
        return given == "write" or (level == "read" and given == "read")

    def covers(self, full_name: str) -> bool:
        """Is the repository among those it was made for?"""
        return self.repositories is None or full_name.lower() in self.repositories

    def may_administrate_everything(self) -> bool:
        """The stand-in's own token; what has no counterpart at GitHub asks for it."""
        return self.scopes is not None and "site_admin" in self.scopes


class Store:
    """All of it. Callers hold `lock` while they look at or change something."""

    def __init__(self, settings: Settings) -> None:
        self.directory = settings.state_dir / "github"
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Back to one user, one token and no repository."""
        with self.lock:
            shutil.rmtree(self.directory / "repositories", ignore_errors=True)
            self.repositories: dict[str, Repository] = {}
            self.jobs: dict[str, Job] = {}
            self.runs: dict[int, Run] = {}
            self.comments: dict[int, Comment] = {}
            self.teams: dict[tuple[str, str], Team] = {}
            self.free_plans: set[str] = set()
            """Owners, in lower case, whose plan has no rules for environments of private repositories."""
            self.archive_tokens: dict[str, int] = {}
            self.account_ids: dict[str, int] = {}
            self.logins: dict[int, str] = {}
            self._used: dict[str, list[float]] = {}
            self._ids = count(100_000_001)
            self._run_ids = count(1_000_000_001)
            self.account_id(USER)
            token = Token(
                value=default_token(self.directory), scopes=frozenset({"repo", "workflow", "site_admin"})
            )
            self.tokens = {token.value: token}

    def account_id(self, login: str) -> int:
        """The number of a user or organisation; an organisation begins to exist when it is first named."""
        number = self.account_ids.setdefault(login.lower(), next(self._ids))
        self.logins.setdefault(number, login)
        return number

    def add_team(self, organization: str, slug: str, members: Iterable[str]) -> Team:
        """A team that may read every repository of its organisation."""
        team = Team(self.new_id(), organization, slug, frozenset(each.lower() for each in members))
        self.teams[organization.lower(), slug.lower()] = team
        return team

    def may_read(self, login: str, repository: Repository) -> bool:
        """Does a token of the user's cover the repository?"""
        theirs = (token for token in self.tokens.values() if token.login.lower() == login.lower())
        return not repository.private or any(
            token.allows("metadata", "read", repository.full_name) for token in theirs
        )

    def new_id(self) -> int:
        return next(self._ids)

    def new_run_id(self) -> int:
        return next(self._run_ids)

    def add_token(self, token: Token) -> None:
        with self.lock:
            self.tokens[token.value] = token
            self.account_id(token.login)

    def token(self, value: str) -> Token:
        """Raises `bad_credentials` for one that was never given out."""
        found = self.tokens.get(value)
        if found is None:
            raise errors.bad_credentials()
        return found

    def find(self, owner: str, name: str) -> Repository:
        """Names are not case sensitive; `.git` at the end does not count."""
        found = self.repositories.get(f"{owner}/{name.removesuffix('.git')}".lower())
        if found is None:
            raise errors.not_found()
        return found

    def create_repository(self, owner: str, name: str, *, private: bool, description: str = "") -> Repository:
        if not REPOSITORY_NAME.fullmatch(name) or not OWNER_NAME.fullmatch(owner):
            raise errors.validation_failed("Repository", "name", "invalid")
        if f"{owner}/{name}".lower() in self.repositories:
            problem = {
                "resource": "Repository",
                "code": "custom",
                "field": "name",
                "message": "name already exists on this account",
            }
            raise errors.GitHubError(422, "Repository creation failed.", errors=[problem])
        repository = Repository(
            id=self.new_id(),
            owner=owner,
            owner_id=self.account_id(owner),
            owner_type="User" if owner.lower() == USER else "Organization",
            name=name,
            directory=self.directory / "repositories" / owner / f"{name}.git",
            private=private,
            description=description,
            created_at=now(),
        )
        git.create(repository.directory, branch=repository.default_branch)
        self.repositories[repository.full_name.lower()] = repository
        return repository

    def delete_repository(self, repository: Repository) -> None:
        del self.repositories[repository.full_name.lower()]
        shutil.rmtree(repository.directory)

    def requests_used(self, caller: str, *, counted: bool) -> tuple[int, int]:
        """How many requests a caller made in the running hour, and when (epoch seconds) that hour ends."""
        moment = time.time()
        started, used = self._used.get(caller, [moment, 0])
        if moment - started >= HOUR:
            started, used = moment, 0
        self._used[caller] = [started, used + counted]
        return int(used + counted), int(started + HOUR)


def default_token(directory: Path) -> str:
    """The token in `<state_dir>/github/token`, made (mode 0600) when it is not there."""
    path = directory / "token"
    directory.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(new_token("ghp_"))
    return path.read_text().strip()


def new_token(prefix: str) -> str:
    """A token that looks like GitHub's."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return prefix + "".join(secrets.choice(alphabet) for _ in range(36))
