# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first push to a repository. The token is in git's environment only: in no argument, address or file."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from base64 import b64encode
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import GitHubActionsError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Without the marker the push would start the workflow before it has its environment.
MESSAGE = "Publish the site [skip ci]"
# What a surrounding git command or a curious user may have set.
NOT_INHERITED = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_TRACE",
    "GIT_CURL_VERBOSE",
)
NOBODY = {
    f"GIT_{who}_{what}": text
    for who in ("AUTHOR", "COMMITTER")
    for what, text in (("NAME", "Ansible"), ("EMAIL", "ansible@localhost"))
}


def require_git() -> None:
    """Raises where git is not installed."""
    if not shutil.which("git"):
        raise GitHubActionsError("source_dir: git is not installed on the host that runs the module.")


def push_first(source: Path, *, url: str, branch: str, token: str) -> str:
    """Push what `source` holds as the first commit of `branch`; the commit's id.

    A branch that exists is never changed: git refuses. Raises GitHubActionsError with git's own reason.
    """
    with tempfile.TemporaryDirectory(prefix="first-push-") as scratch:
        git = partial(_git, directory=Path(scratch))
        environ = _environment(url, token)
        git("init", "--quiet", "--bare", ".", environ=environ)
        if not _has_identity(Path(scratch), environ):
            environ |= NOBODY
        tree = {"GIT_DIR": scratch, "GIT_WORK_TREE": str(source)}
        _git("add", "--all", ".", directory=source, environ=environ | tree)
        name = git("write-tree", environ=environ)
        commit = git("commit-tree", name, "-m", MESSAGE, environ=environ)
        git("push", "--quiet", url, f"{commit}:refs/heads/{branch}", environ=environ)
    return commit


def _environment(url: str, token: str) -> dict[str, str]:
    """The user's own settings (proxy, authorities), but no helper that asks, keeps or acts."""
    credentials = b64encode(f"x-access-token:{token}".encode()).decode()
    settings = {
        f"http.{url}.extraHeader": f"Authorization: Basic {credentials}",
        "credential.helper": "",
        "core.hooksPath": os.devnull,
    }
    numbered = {
        f"GIT_CONFIG_{part}_{index}": text
        for index, pair in enumerate(settings.items())
        for part, text in zip(("KEY", "VALUE"), pair, strict=True)
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    fixed = {"GIT_CONFIG_COUNT": str(len(settings)), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
    return inherited | numbered | fixed


def _has_identity(directory: Path, environ: Mapping[str, str]) -> bool:
    try:
        _git("var", "GIT_COMMITTER_IDENT", directory=directory, environ=environ)
    except GitHubActionsError:
        return False
    return True


def _git(*arguments: str, directory: Path, environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=directory,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = [line.removeprefix("remote:").strip() for line in done.stderr.splitlines()]
        reason = " ".join(filter(None, lines)) or f"it ended with {done.returncode}"
        raise GitHubActionsError(f"Cannot {_intention(arguments)}: git says: {reason}")
    return done.stdout.strip()


def _intention(arguments: tuple[str, ...]) -> str:
    return f"push to {arguments[2]}" if arguments[0] == "push" else f"commit the content (git {arguments[0]})"
