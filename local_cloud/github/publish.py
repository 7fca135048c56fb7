"""Put a folder's content into a repository of the stand-in, as a developer would: create, commit, push."""

import json
import re
import tempfile
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path

from local_cloud.github import git
from local_cloud.github.store import default_token
from local_cloud.settings import Settings

FIRST_COMMIT = 1_729_728_000
"""2024-10-24T00:00:00Z. Commits are dated by their place in the history: same content, same id."""
SECONDS_BETWEEN_COMMITS = 60
BRANCH = "main"
TIMEOUT = 30

# The stand-in is on loopback: no proxy of the user's knows the way there.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PublishError(Exception):
    """The folder could not be published; one line that says why."""


def publish(
    settings: Settings,
    directory: Path,
    repository: str,
    say: Callable[[str], None],
    *,
    url: str | None = None,
) -> str:
    """Make the default branch of OWNER/NAME hold what `directory` holds; the commit's SHA.

    The repository is created (public) where it is missing. Nothing is pushed, and
    nothing said, when it holds that already. `url` is where the stand-in listens when
    the system chose its port. Raises `PublishError`.
    """
    if not re.fullmatch(r"[^/\s]+/[^/\s]+", repository):
        raise PublishError(f"{repository!r} is not a repository: expected OWNER/NAME")
    if not directory.is_dir():
        raise PublishError(f"{directory} is not a folder")
    base = url or f"http://{settings.address}:{settings.github_port}"
    token = default_token(settings.state_dir / "github")
    try:
        if _ensure_repository(base, token, repository):
            say(f"created repository {repository}")
        return _push(directory.resolve(), base, token, repository, say)
    except urllib.error.HTTPError as error:
        raise PublishError(f"{repository}: GitHub's stand-in answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise PublishError(f"GitHub's stand-in does not answer at {base}: {error.reason}") from error
    except git.GitError as error:
        raise PublishError(f"{repository}: {error}") from error


def _ensure_repository(base: str, token: str, repository: str) -> bool:
    """Create it where it is missing; True when it was."""
    owner, name = repository.split("/")
    try:
        _api(base, token, f"/repos/{repository}")
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise
    else:
        return False
    login = str(_api(base, token, "/user")["login"])
    _api(
        base,
        token,
        "/user/repos" if owner.lower() == login.lower() else f"/orgs/{owner}/repos",
        {"name": name},
    )
    return True


def _api(base: str, token: str, path: str, body: Mapping[str, str] | None = None) -> dict[str, object]:
    content = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    request = urllib.request.Request(f"{base}/api/v3{path}", data=content, headers=headers)  # noqa: S310  always http
    with _opener.open(request, timeout=TIMEOUT) as response:
        answer = json.load(response)
    if not isinstance(answer, dict):
        raise PublishError(f"GitHub's stand-in answered {path} with something else than an object")
    return answer


def _push(directory: Path, base: str, token: str, repository: str, say: Callable[[str], None]) -> str:
    remote = f"{base}/{repository}.git"
    with tempfile.TemporaryDirectory(prefix="publish-") as scratch:
        work = Path(scratch)
        environ = _environment(base, token)
        run = partial(git.run, directory=work, environ=environ)
        run("init", "--quiet", "--bare", "--initial-branch", BRANCH, ".")
        parent = _fetch(work, environ, remote)
        tree = _tree(directory, {**environ, "GIT_DIR": str(work), "GIT_WORK_TREE": str(directory)})
        if parent and run("rev-parse", f"{parent}^{{tree}}") == tree:
            return parent
        dated = {**environ, **_dates(work, environ, parent)}
        message = "Update the site" if parent else "Publish the site"
        parents = ["-p", parent] if parent else []
        sha = git.run("commit-tree", tree, *parents, "-m", message, directory=work, environ=dated)
        run("push", "--quiet", remote, f"{sha}:refs/heads/{BRANCH}")
    say(f"pushed {sha[:7]} to {repository}")
    return sha


def _environment(base: str, token: str) -> dict[str, str]:
    """An identity, and the token where neither an address nor a process list shows it."""
    credentials = b64encode(f"x-access-token:{token}".encode()).decode()
    return git.environment(
        {
            f"{who}_{what}": value
            for who in ("GIT_AUTHOR", "GIT_COMMITTER")
            for what, value in IDENTITY.items()
        },
        config={f"http.{base}/.extraHeader": f"Authorization: Basic {credentials}"},
    )


IDENTITY = {"NAME": "Local Cloud", "EMAIL": "local-cloud@localhost"}


def _fetch(work: Path, environ: Mapping[str, str], remote: str) -> str | None:
    """The newest commit of the remote's branch, brought here; None when there is none."""
    listed = git.run("ls-remote", remote, f"refs/heads/{BRANCH}", directory=work, environ=environ)
    if not listed:
        return None
    git.run("fetch", "--quiet", "--depth=1", remote, f"refs/heads/{BRANCH}", directory=work, environ=environ)
    return listed.split()[0]


def _tree(directory: Path, environ: Mapping[str, str]) -> str:
    git.run("add", "--all", ".", directory=directory, environ=environ)
    return git.run("write-tree", directory=directory, environ=environ)


def _dates(work: Path, environ: Mapping[str, str], parent: str | None) -> dict[str, str]:
    moment = FIRST_COMMIT
    if parent:
        shown = git.run("show", "--no-patch", "--format=%ct", parent, directory=work, environ=environ)
        moment = int(shown) + SECONDS_BETWEEN_COMMITS
    return {"GIT_AUTHOR_DATE": f"{moment} +0000", "GIT_COMMITTER_DATE": f"{moment} +0000"}
