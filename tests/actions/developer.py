"""What a developer does with the site's repository: clone it, change something, push."""

import base64
import os
import subprocess
from pathlib import Path

from tests.actions.workflow import Cloud

DEVELOPER = {"NAME": "A Developer", "EMAIL": "developer@localhost"}


def clone(cloud: Cloud, repository: str, checkout: Path) -> Path:
    """A checkout of the default branch."""
    _git(cloud, "clone", "--quiet", f"{cloud.github_url}/{repository}.git", str(checkout))
    return checkout


def push(cloud: Cloud, checkout: Path, message: str) -> str:
    """Commit what was changed, and push it; the commit."""
    _git(cloud, "commit", "--quiet", "--all", f"--message={message}", directory=checkout)
    _git(cloud, "push", "--quiet", "origin", "HEAD", directory=checkout)
    return _git(cloud, "rev-parse", "HEAD", directory=checkout).strip()


def write_news(checkout: Path, news: str) -> None:
    """One more paragraph on the page."""
    index = checkout / "index.html"
    index.write_text(index.read_text().replace("</body>", f"<p>{news}</p>\n</body>"))


def _git(cloud: Cloud, *arguments: str, directory: Path | None = None) -> str:
    """Raises CalledProcessError, with git's reason as `stderr`."""
    credentials = base64.b64encode(f"developer:{cloud.token}".encode()).decode()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": os.devnull,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{cloud.github_url}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {credentials}",
        **{f"GIT_{who}_{what}": DEVELOPER[what] for who in ("AUTHOR", "COMMITTER") for what in DEVELOPER},
    }
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env=environ, check=True, capture_output=True, text=True
    )
    return done.stdout
