"""Calls to the stand-in as a plain HTTP client makes them."""

from typing import Any

import requests

from local_cloud.server import LocalCloud


class GitHub:
    """The stand-in of one local cloud, with its own token."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.settings = cloud.settings
        self.url = cloud.github_url
        self.api_url = f"{self.url}/api/v3"
        self.token = (cloud.settings.state_dir / "github" / "token").read_text()

    def clone_url(self, repository: str) -> str:
        return f"{self.url}/{repository}.git"

    def raw(self, method: str, path: str, *, host: str | None = None, **options: Any) -> requests.Response:
        """Exactly this request, by another Host where one is given."""
        headers = options.pop("headers", {}) | ({"Host": host} if host else {})
        return requests.request(
            method, self.url + path, headers=headers, allow_redirects=False, timeout=30, **options
        )

    def call(self, method: str, path: str, *, token: str | None = None, **options: Any) -> requests.Response:
        """A call of the REST API; an empty token is an anonymous one."""
        given = self.token if token is None else token
        headers = options.pop("headers", {}) | ({"Authorization": f"Bearer {given}"} if given else {})
        return self.raw(method, f"/api/v3{path}", headers=headers, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def create(self, repository: str, *, private: bool = False) -> dict[str, Any]:
        owner, name = repository.split("/")
        made = self.call("POST", f"/orgs/{owner}/repos", json={"name": name, "private": private})
        made.raise_for_status()
        body: dict[str, Any] = made.json()
        return body

    def new_token(self, **rights: Any) -> str:
        """A token with these scopes, or permissions and repositories."""
        return self._own_door("tokens", rights)["token"]  # type: ignore[no-any-return] # JSON

    def job(self, repository: str, **body: Any) -> dict[str, Any]:
        """What the runner of a job of the repository is given."""
        return self._own_door("jobs", {"repository": repository, **body})

    def _own_door(self, name: str, body: Any) -> dict[str, Any]:
        made = self.raw(
            "POST", f"/_local_cloud/{name}", json=body, headers={"Authorization": f"Bearer {self.token}"}
        )
        made.raise_for_status()
        answer: dict[str, Any] = made.json()
        return answer
