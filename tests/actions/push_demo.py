"""Pushes a change of the page, runs the workflow as it is written, and looks at the live page.

Usage: push_demo.py [--repository OWNER/NAME]   (after `make demo`)
"""

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from tests.actions.developer import clone, push, write_news
from tests.actions.workflow import Cloud, WorkflowError, run

CHECKOUT = Path(__file__).resolve().parents[2]


def main() -> int:
    """The exit status: 0 when the change is live."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repository", default="OWNER/codedeploy.nginx.001", metavar="OWNER/NAME")
    options = parser.parse_args()
    news = f"Pushed at {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    try:
        cloud = Cloud.running(CHECKOUT)
        site = json.loads((CHECKOUT / "build" / "deployment.json").read_text())["site"]
        with tempfile.TemporaryDirectory(prefix="push-demo-") as scratch:
            checkout = clone(cloud, options.repository, Path(scratch) / "site")
            write_news(checkout, news)
            say(f"pushed {push(cloud, checkout, news)} to {cloud.github_url}/{options.repository}")
            ended = run(cloud, checkout, say)
    except (WorkflowError, FileNotFoundError, subprocess.CalledProcessError) as error:
        say(f"push-demo: {getattr(error, 'stderr', None) or error}")
        return 1
    if not ended.succeeded:
        say("push-demo: the workflow failed")
        return 1
    live = news in page(site)
    say(f"\nsite: {site}\n{news}: {'live' if live else 'not on the page'}")
    return 0 if live else 1


def page(site: str) -> str:
    """What the site answers."""
    with urllib.request.urlopen(site, timeout=30) as answer:  # noqa: S310 - the demo's own address
        text: str = answer.read().decode()
    return text


def say(line: str) -> None:
    """A line for whoever watches."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
