"""The local cloud in one process: what answers where, started and stopped in order."""

import logging
from typing import TYPE_CHECKING

from local_cloud.aws import application
from local_cloud.aws.seed import seed
from local_cloud.github.app import create_app as create_github_app
from local_cloud.listeners import Listener
from local_cloud.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOG = logging.getLogger(__name__)


class LocalCloud:
    """One local cloud. Its account lives in this process, so there is one a process at a time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._listeners: list[Listener] = []

    def start(self) -> None:
        """Answer on every address of the settings, with an account that is as new.

        Raises OSError where a port is taken.
        """
        settings = self.settings
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        self.reset()
        self._aws = self._listen(settings.address, settings.aws_port, application.create_app())
        self._github = self._listen(settings.address, settings.github_port, create_github_app(settings))

    def stop(self) -> None:
        """End every listener and connection."""
        while self._listeners:
            self._listeners.pop().stop()

    def reset(self) -> None:
        """Make the account empty again, but for what every new one has."""
        seed(self.settings)

    @property
    def endpoint_url(self) -> str:
        return f"http://{self.settings.address}:{self._aws.port}"

    @property
    def github_url(self) -> str:
        return f"http://{self.settings.address}:{self._github.port}"

    def _listen(self, address: str, port: int, app: "WSGIApplication") -> Listener:
        listener = Listener(address, port, app, maximum=self.settings.maximum_connections)
        self._listeners.append(listener)
        listener.start()
        return listener
