"""GitHub's stand-in in this process, and the modules by the names that Ansible gives them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from werkzeug import Request

from local_cloud.testing.clouds import Settings
from local_cloud.testing.github import GitHub, Listener, Repository, Token, Vault, create_app

CHECKOUT = Path(__file__).resolve().parents[2]

REPOSITORY = "OWNER/codedeploy.nginx.001"

Run = Callable[..., dict[str, Any]]
"""Runs a module; its result."""


class StandIn:
    """GitHub's stand-in, and the requests that reach it."""

    def __init__(self, folder: Path) -> None:
        settings = Settings.in_process(folder)
        self.app: GitHub = create_app(settings)
        self.requests: list[tuple[str, str]] = []
        self.listener = Listener("127.0.0.1", 0, self._application, maximum=50)
        self.api_url = f"http://127.0.0.1:{self.listener.port}/api/v3"
        self.token = (settings.state_dir / "github" / "token").read_text()

    def _application(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.requests.append((request.method, request.path))
        return self.app(environ, start_response)

    @property
    def repository(self) -> Repository:
        return self.app.store.find(*REPOSITORY.split("/"))

    @property
    def prod(self) -> Vault:
        return self.repository.environments["prod"].vault

    def writes(self) -> list[str]:
        return [method for method, _ in self.requests if method != "GET"]

    def user(self, login: str, **rights: Any) -> int:
        """The number of a user, who may read every repository unless the rights say otherwise."""
        self.new_token(login=login, **(rights or {"scopes": frozenset({"repo"})}))
        return self.app.store.account_id(login)

    def new_token(self, **rights: Any) -> str:
        token = Token(value=f"github_pat_{len(self.app.store.tokens)}", **rights)
        self.app.store.add_token(token)
        return token.value
