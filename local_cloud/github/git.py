"""The git commands that the stand-in runs on its bare repositories."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO


class GitError(Exception):
    """git refused; the message is its own."""


@dataclass(frozen=True)
class Commit:
    """One commit, as the REST API shows it. Dates are ISO 8601."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: dict[str, str]
    committer: dict[str, str]
    message: str


def environment(
    variables: Mapping[str, str] | None = None,
    *,
    config: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What git is run with: nobody's configuration, no question, no refusal over a folder's owner.

    `config` reaches git through its environment, so that a value in it is in no process list.
    """
    settings = {"safe.directory": "*", **(config or {})}
    numbered = {
        f"GIT_CONFIG_{part}_{index}": text
        for index, pair in enumerate(settings.items())
        for part, text in zip(("KEY", "VALUE"), pair, strict=True)
    }
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": str(len(settings)),
        **numbered,
        **(variables or {}),
    }


def run(*arguments: str, directory: Path, environ: Mapping[str, str] | None = None) -> str:
    """The output of `git ARGUMENTS`, without the last newline. Raises `GitError`."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=directory,
        env=environment() if environ is None else environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise GitError(done.stderr.strip() or f"git {arguments[0]} ended with {done.returncode}")
    return done.stdout.rstrip("\n")


def create(directory: Path, *, branch: str) -> None:
    """Make an empty bare repository whose HEAD is `branch`."""
    directory.mkdir(parents=True)
    run("init", "--quiet", "--bare", f"--initial-branch={branch}", directory=directory)


def resolve(directory: Path, ref: str) -> str | None:
    """The commit that a branch, tag, full ref or (short) SHA names; None for an unknown one."""
    try:
        # The last argument is data of a request: it must never be read as an option.
        return run(
            "rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{commit}}", directory=directory
        )
    except GitError:
        return None


def is_empty(directory: Path) -> bool:
    """True for a repository that nobody has pushed to."""
    return not run("for-each-ref", "--count=1", directory=directory)


def commit(directory: Path, sha: str) -> Commit:
    """Read the commit with that full SHA."""
    shape = "%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
    fields = run("show", "--no-patch", f"--format={shape}", sha, directory=directory).split("\0")
    tree, parents, author, author_email, authored, committer, committer_email, committed, message = fields
    return Commit(
        sha=sha,
        tree=tree,
        parents=tuple(parents.split()),
        author={"name": author, "email": author_email, "date": authored},
        committer={"name": committer, "email": committer_email, "date": committed},
        message=message.rstrip("\n"),
    )


def history(directory: Path, sha: str, *, count: int) -> list[str]:
    """The newest `count` commits that lead to `sha`."""
    return run("rev-list", f"--max-count={count}", sha, directory=directory).split()


def branches(directory: Path) -> dict[str, str]:
    """Branch name -> commit."""
    lines = run(
        "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads", directory=directory
    )
    pairs = (line.split(" ", 1) for line in lines.splitlines())
    return {name: sha for sha, name in pairs}


def archive(directory: Path, sha: str, *, form: str, prefix: str, target: IO[bytes]) -> None:
    """Write a `tar.gz` or `zip` of the commit to `target`, everything below the folder `prefix`."""
    done = subprocess.run(
        ["git", "archive", f"--format={form}", f"--prefix={prefix}/", sha],
        cwd=directory,
        env=environment(),
        stdout=target,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise GitError(done.stderr.decode(errors="replace").strip())
