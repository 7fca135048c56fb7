"""Local clouds in the process of a test, reached over real HTTP.

Their account lives in the process: there is one at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_cloud.aws.codedeploy import codedeploy_backends
from local_cloud.aws.codedeploy import options as codedeploy_options
from local_cloud.github.publish import publish as publish_folder
from local_cloud.github.store import default_token
from local_cloud.request_log import Call, Entry, identify
from local_cloud.server import LocalCloud
from local_cloud.settings import Settings

__all__ = [
    "ACCESS_KEY",
    "SECRET_KEY",
    "Call",
    "Entry",
    "LocalCloud",
    "Settings",
    "codedeploy_options",
    "github_token",
    "identify",
    "publish",
    "reset_codedeploy",
    "running",
]

ACCESS_KEY = "AKIALOCALCLOUDTESTS0"
SECRET_KEY = "a-long-and-random-looking-secret-of-the-tests"  # noqa: S105 - it keeps nobody out
"""Any will do, unless policies are enforced."""

_OF_CODEDEPLOY = {"codedeploy", "codedeploy-commands"}
_ALWAYS_THE_SAME = {"CreateRole", "CreateTopic"}


@contextmanager
def running(directory: Path) -> Iterator[LocalCloud]:
    """A control plane without hosts, on ports that are free, which writes below `directory` only."""
    cloud = LocalCloud(Settings.in_process(directory))
    cloud.start()
    try:
        yield cloud
    finally:
        cloud.stop()


def publish(cloud: LocalCloud, directory: Path, repository: str) -> str:
    """Make OWNER/NAME hold what the folder holds; the commit's SHA."""
    return publish_folder(cloud.settings, directory, repository, lambda _line: None, url=cloud.github_url)


def github_token(cloud: LocalCloud) -> str:
    """The one that GitHub's stand-in takes for everything."""
    return default_token(cloud.settings.state_dir / "github")


def reset_codedeploy(cloud: LocalCloud) -> None:
    """An account that is as new.

    To make all of moto anew takes longer than most tests, so what only CodeDeploy knows is emptied alone
    where nothing else was written, but for roles and topics that a test makes again as they are.
    """
    written = [entry for entry in cloud.log.entries() if entry.mutating]
    if all(entry.service in _OF_CODEDEPLOY or entry.action in _ALWAYS_THE_SAME for entry in written):
        codedeploy_backends.reset()
        cloud.log.clear()
    else:
        cloud.reset()
