"""What the stand-in keeps: repositories, environments, secrets, variables, workflow runs and their jobs."""

import base64
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from local_cloud.github import errors

MINUTE = 60


def now() -> str:
    """The time as GitHub writes it, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
    """A job of a workflow, as the token service knows it."""

    id: str
    run: Run
    request_token: str
    environment: str | None
    guard: Environment | None
    """The environment, where there is one of that name, with its rules."""
    permissions: dict[str, str] = field(default_factory=lambda: {"contents": "read"})
    """What its token may do, as fine-grained tokens name it."""
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


@dataclass
class Comment:
    """What somebody wrote below an issue or a pull request."""

    id: int
    repository: Repository
    number: int
    login: str
    body: str
    created_at: str
    updated_at: str
