"""Pushes a change of the page, runs the workflow as it is written, and looks at the live page.

Usage: push_demo.py [--repository OWNER/NAME]   (after `make demo`)
"""

import argparse
import base64
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
DEVELOPER = {"NAME": "A Developer", "EMAIL": "developer@localhost"}


@dataclass(frozen=True)
class GitHub:
    """Where the local cloud's GitHub listens, and its token."""

    url: str
    token: str

    @classmethod
    def running(cls) -> "GitHub":
        """The one that `make demo` left in the background. Raises FileNotFoundError where there is none."""
        state = CHECKOUT / ".local_cloud"
        status = json.loads((state / "status.json").read_text())
        return cls(status["github"], (state / "github" / "token").read_text().strip())


def main() -> int:
    """The exit status: 0 when the change is live."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repository", default="OWNER/codedeploy.nginx.001", metavar="OWNER/NAME")
    options = parser.parse_args()
    news = f"Pushed at {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    try:
        github = GitHub.running()
        site = json.loads((CHECKOUT / "build" / "deployment.json").read_text())
        with tempfile.TemporaryDirectory(prefix="push-demo-") as scratch:
            checkout = clone(github, options.repository, Path(scratch) / "site")
            write_news(checkout, news)
            say(f"pushed {push(github, checkout, news)} to {github.url}/{options.repository}")
            workflow = [sys.executable, "-m", "local_cloud", "run-workflow", str(checkout)]
            ended = subprocess.run(workflow, cwd=CHECKOUT, check=False)
    except FileNotFoundError as error:
        say(f"push-demo: {error.filename} is missing: run make demo first")
        return 1
    except subprocess.CalledProcessError as error:
        say(f"push-demo: {error.stderr}")
        return 1
    if ended.returncode:
        say("push-demo: the workflow failed")
        return 1
    live = news in page(site)
    say(f"\nsite: {site['url']}\n{news}: {'live' if live else 'not on the page'}")
    return 0 if live else 1


def page(site: Mapping[str, str]) -> str:
    """What the site answers at its address; by HTTPS to whoever trusts the local cloud's authority alone."""
    address = site["site"].removeprefix("http://").rstrip("/")
    connection = http.client.HTTPConnection(address, timeout=30)
    if site["url"].startswith("https:"):
        authorities = CHECKOUT / ".local_cloud" / "acme" / "authorities.pem"
        context = ssl.create_default_context(cafile=authorities)
        link = socket.create_connection((address, 443), timeout=30)
        connection.sock = context.wrap_socket(link, server_hostname=site["record"])
    connection.request("GET", "/", headers={"Host": site["record"]})
    text: str = connection.getresponse().read().decode()
    return text


def say(line: str) -> None:
    """A line for whoever watches."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


# What a developer does with the site's repository.


def clone(github: GitHub, repository: str, checkout: Path) -> Path:
    """A checkout of the default branch."""
    _git(github, "clone", "--quiet", f"{github.url}/{repository}.git", str(checkout))
    return checkout


def push(github: GitHub, checkout: Path, message: str) -> str:
    """Commit what was changed, and push it; the commit."""
    _git(github, "commit", "--quiet", "--all", f"--message={message}", directory=checkout)
    _git(github, "push", "--quiet", "origin", "HEAD", directory=checkout)
    return _git(github, "rev-parse", "HEAD", directory=checkout).strip()


def write_news(checkout: Path, news: str) -> None:
    """One more paragraph on the page."""
    index = checkout / "index.html"
    index.write_text(index.read_text().replace("</body>", f"<p>{news}</p>\n</body>"))


def _git(github: GitHub, *arguments: str, directory: Path | None = None) -> str:
    """Raises CalledProcessError, with git's reason as `stderr`."""
    credentials = base64.b64encode(f"developer:{github.token}".encode()).decode()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": os.devnull,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{github.url}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {credentials}",
        **{f"GIT_{who}_{what}": DEVELOPER[what] for who in ("AUTHOR", "COMMITTER") for what in DEVELOPER},
    }
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env=environ, check=True, capture_output=True, text=True
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
