"""The local cloud that a workflow runs against: where it is, and the doors that its runner asks at."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_cloud.errors import WorkflowError


@dataclass(frozen=True)
class Cloud:
    """Where the local cloud listens, and GitHub's token."""

    github_url: str
    endpoint_url: str
    token: str

    @classmethod
    def running(cls, state_dir: Path) -> "Cloud":
        """The one that `python -m local_cloud start` left in the background. Raises `WorkflowError`."""
        try:
            status = json.loads((state_dir / "status.json").read_text())
            token = (state_dir / "github" / "token").read_text().strip()
        except FileNotFoundError as error:
            raise WorkflowError("no local cloud is running: python -m local_cloud start") from error
        return cls(status["github"], status["endpoint"], token)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask GitHub's stand-in by a door that is for runners. Raises `WorkflowError` with its words."""
        request = urllib.request.Request(  # noqa: S310 - the local cloud's own address
            f"{self.github_url}/_local_cloud/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
                said: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            words = json.load(error)["message"]
            raise WorkflowError(f"GitHub runs no job: {words}") from error
        return said
