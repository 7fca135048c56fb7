"""Where the actions and workflows of other repositories are: stand-ins in this folder, or clones."""

import base64
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local_cloud.errors import WorkflowError
from local_cloud.github.workflows.cloud import Cloud

ACTIONS = Path(__file__).resolve().parent
"""Has a folder for each action of the marketplace that there is."""


@dataclass(frozen=True)
class Clones:
    """Repositories of the stand-in whose actions and workflows are used, at a branch, tag or commit each."""

    cloud: Cloud
    root: Path

    def folder(self, repository: str, ref: str) -> Path:
        """The clone. Raises `WorkflowError` where the stand-in has no such repository or ref."""
        place = self.root / repository / ref.replace("/", "-")
        if not place.is_dir():
            token = base64.b64encode(f"x-access-token:{self.cloud.token}".encode()).decode()
            # In the environment: a command line is seen by everybody on the machine.
            environ = os.environ | {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{self.cloud.github_url}/.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {token}",
                "GIT_TERMINAL_PROMPT": "0",
            }
            url = f"{self.cloud.github_url}/{repository}.git"
            for command in (
                ["clone", "--quiet", url, str(place)],
                ["-C", str(place), "checkout", "--quiet", ref],
            ):
                done = subprocess.run(
                    ["git", *command], env=environ, capture_output=True, text=True, check=False
                )
                if done.returncode:
                    shutil.rmtree(place, ignore_errors=True)
                    words = f"{repository}@{ref} has no stand-in and is no repository here"
                    raise WorkflowError(f"{words}: {done.stderr.strip()}")
        return place


def uses(job: Mapping[str, Any], checkout: Path, clones: Clones) -> Iterator[tuple[str, Path]]:
    """The actions of the steps, and those that these use: OWNER/NAME@REF and the folder that it is."""
    for step in job["steps"]:
        reference = str(step.get("uses", ""))
        if not reference:
            continue
        if reference.startswith("./"):
            action = checkout / reference
        else:
            name, _, ref = reference.partition("@")
            owner, repository, *path = name.split("/")
            if not path and (ACTIONS / repository / "action.yml").is_file():
                yield reference, ACTIONS / repository
                continue
            clone = clones.folder(f"{owner}/{repository}", ref)
            yield f"{owner}/{repository}@{ref}", clone
            action = clone.joinpath(*path)
        if not (action / "action.yml").is_file():
            raise WorkflowError(f"{reference} has no action.yml")
        written = yaml.safe_load((action / "action.yml").read_text())
        yield from uses({"steps": written["runs"].get("steps") or []}, checkout, clones)
