"""What the stand-in remembers: accounts, tokens, repositories, environments, secrets, variables, jobs.

It lives as long as the process; only the git objects, the default token and
the OIDC key are files, below `<state_dir>/github`.
"""

import base64
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from local_cloud.github import errors, git
from local_cloud.settings import Settings

USER = "local-developer"
"""The account that the default token belongs to."""

# After _: the company of an Enterprise Managed User.
OWNER_NAME = re.compile(r"(?=.{1,39}$)[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9]))*(?:_[A-Za-z0-9]+)?")
REPOSITORY_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
SETTING_NAME = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*")
VARIABLE_BYTES = 48 * 1024
MINUTE = 60
HOUR = 3600
ANONYMOUS_LIMIT = 60
TOKEN_LIMIT = 5000


def now() -> str:
    """The time as GitHub writes it, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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


@dataclass
class Setting:
    """A variable, or a secret after its box was opened."""

    name: str
    value: str
    created_at: str
    updated_at: str


@dataclass
class Vault:
    """Secrets and variables of one repository or environment, and the key that secrets are sealed with."""

    key: PrivateKey = field(default_factory=PrivateKey.generate)
    key_id: str = field(default_factory=lambda: str(secrets.randbelow(9 * 10**17) + 10**17))
    secrets: dict[str, Setting] = field(default_factory=dict)
    variables: dict[str, Setting] = field(default_factory=dict)

    @property
    def public_key(self) -> str:
        return base64.b64encode(bytes(self.key.public_key)).decode()

    def open(self, sealed: str, key_id: str) -> str:
        """The text in a sealed box. Raises what GitHub answers to a box for another key."""
        if key_id != self.key_id:
            raise errors.validation_failed(
                "Secret", "key_id", "invalid", "key_id is not the current public key"
            )
        try:
            return SealedBox(self.key).decrypt(base64.b64decode(sealed, validate=True)).decode()
        except (CryptoError, ValueError) as error:
            raise errors.validation_failed("Secret", "encrypted_value", "invalid") from error


@dataclass
class Environment:
    """A deployment environment with its rules."""

    id: int
    name: str
    created_at: str
    updated_at: str
    wait_timer: int = 0
    prevent_self_review: bool = False
    reviewers: list[dict[str, object]] = field(default_factory=list)
    """Users and teams of whom one has to agree: `{"type": "User", "id": 1}`."""
    deployment_branch_policy: dict[str, bool] | None = None
    branches: dict[int, str] = field(default_factory=dict)
    """Custom branch policies: id -> name pattern."""
    vault: Vault = field(default_factory=Vault)

    def admits(self, ref: str) -> bool:
        """May a job of this ref use the environment? No branch of the stand-in is protected."""
        if self.deployment_branch_policy is None:
            return True
        branch = ref.removeprefix("refs/heads/")
        return branch != ref and any(fnmatchcase(branch, pattern) for pattern in self.branches.values())


@dataclass
class Repository:
    """A repository. `directory` is the bare git repository."""

    id: int
    owner: str
    owner_id: int
    owner_type: str
    name: str
    directory: Path
    private: bool
    description: str
    created_at: str
    pushed_at: str | None = None
    default_branch: str = "main"
    immutable_subject: bool = True
    claim_keys: list[str] | None = None
    """The subject's template; None is GitHub's default."""
    environments: dict[str, Environment] = field(default_factory=dict)
    vault: Vault = field(default_factory=Vault)

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def subject_prefix(self) -> str:
        """The part of an OIDC subject that names the repository."""
        if self.immutable_subject:
            return f"repo:{self.owner}@{self.owner_id}/{self.name}@{self.id}"
        return f"repo:{self.full_name}"


@dataclass(frozen=True)
class Team:
    """A team of an organisation; `members` are logins in lower case."""

    id: int
    organization: str
    slug: str
    members: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a reviewer said to a run that waited."""

    environment: Environment
    state: str
    comment: str
    login: str


@dataclass(kw_only=True)
class Run:
    """A run of a workflow: all its jobs are of one commit."""

    id: int
    repository: Repository
    ref: str
    sha: str
    workflow: str
    event: str
    actor: str
    created_at: str
    jobs: list["Job"] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    conclusion: str | None = None


@dataclass(kw_only=True)
class Job:
    """A job of a workflow, as the token service knows it. `review` is what became of the environment's rules."""

    id: str
    run: Run
    request_token: str
    environment: str | None
    guard: Environment | None
    """The environment, where there is one of that name, with its rules."""
    queued: float = field(default_factory=time.time)
    review: str = ""
    """`approved` or `rejected`, where somebody has reviewed it."""

    @property
    def repository(self) -> Repository:
        return self.run.repository

    def status(self) -> str:
        """`waiting` for a reviewer or a timer, `in_progress`, or `completed` by a rejection."""
        if self.review == "rejected":
            return "completed"
        return "waiting" if self.unreviewed or time.time() < self.waits_until else "in_progress"

    @property
    def unreviewed(self) -> bool:
        return bool(self.guard and self.guard.reviewers and not self.review)

    @property
    def waits_until(self) -> float:
        """The end of the wait timer, in epoch seconds."""
        return self.queued + (self.guard.wait_timer if self.guard else 0) * MINUTE


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
