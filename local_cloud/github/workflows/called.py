"""Reusable workflows: a job that calls one becomes the job that is called, with the inputs in their places.

Known are workflows of one job, with inputs, and `secrets: inherit`. What else GitHub has is refused by name.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from local_cloud.errors import WorkflowError
from local_cloud.github.workflows.expressions import PLACE

CALLED = re.compile(
    r"(?:(?P<repository>[^/@]+/[^/@]+)/|\./)(?P<path>\.github/workflows/[^/@]+)(?:@(?P<ref>\S+))?"
)
INPUT = re.compile(r"\binputs\.([\w-]+)")
PASSED_ON = ("needs", "if")
"""What the calling job says of when it runs."""

Job = dict[str, Any]
Clone = Callable[[str, str], Path]
"""A clone of OWNER/NAME at a branch, tag or commit."""


def job(name: str, calling: Job, checkout: Path, clone: Clone) -> Job:
    """The job that a job calls; one that calls none as it is. Raises WorkflowError."""
    if "uses" not in calling:
        return calling
    found = CALLED.fullmatch(calling["uses"])
    if found is None or bool(found["repository"]) != bool(found["ref"]):
        raise WorkflowError(f"{name}: {calling['uses']} is not OWNER/NAME/.github/workflows/FILE@REF")
    folder = clone(found["repository"], found["ref"]) if found["repository"] else checkout
    path = folder / found["path"]
    if not path.is_file():
        raise WorkflowError(f"{name}: {calling['uses']} has no file {found['path']}")
    written = yaml.safe_load(path.read_text())
    # YAML takes the key `on` for a truth.
    asked = ((written.get(True) or written.get("on") or {}).get("workflow_call") or {}).get("inputs") or {}
    inner = _only_job(name, written)
    _require_rights(name, calling, inner)
    called: Job = _filled(inner, _inputs(name, asked, calling.get("with") or {}))
    origin = f"{found['repository']}/{{}}@{found['ref']}" if found["repository"] else "./{}"
    for step in called["steps"]:
        if str(step.get("uses", "")).startswith("$/"):
            step["uses"] = origin.format(step["uses"].removeprefix("$/"))
    return called | {key: calling[key] for key in PASSED_ON if key in calling}


def _only_job(name: str, written: Mapping[str, Any]) -> Job:
    jobs: dict[str, Job] = written["jobs"]
    if len(jobs) != 1:
        raise WorkflowError(f"{name}: the workflow that it calls has {len(jobs)} jobs; one is known here")
    [inner] = jobs.values()
    return inner


def _require_rights(name: str, calling: Job, inner: Job) -> None:
    """No job has more rights than the one that calls it, nor secrets that it does not pass on."""
    if calling.get("secrets", "inherit") != "inherit":
        raise WorkflowError(f"{name}: of secrets only `inherit` is known here")
    given = calling.get("permissions") or {}
    more = [
        right
        for right, level in (inner.get("permissions") or {}).items()
        if given.get(right) not in {level, "write"}
    ]
    if more:
        raise WorkflowError(
            f"{name}: the workflow that it calls asks for {', '.join(more)}, which permissions lack"
        )


def _inputs(name: str, asked: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, str]:
    """Each input as an expression."""
    if unknown := sorted(set(given) - set(asked)):
        raise WorkflowError(f"{name}: the workflow that it calls has no input {', '.join(unknown)}")
    if missing := sorted(key for key, each in asked.items() if each.get("required") and key not in given):
        raise WorkflowError(f"{name}: the workflow that it calls needs the input {', '.join(missing)}")
    return {key: _expression(given.get(key, each.get("default", ""))) for key, each in asked.items()}


def _expression(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if whole := PLACE.fullmatch(text):
        return f"({whole[1].strip()})"
    return "'" + text.replace("'", "''") + "'"


def _filled(part: Any, inputs: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a workflow
    """The same with every `inputs.NAME` replaced, in expressions alone."""
    if isinstance(part, dict):
        return {key: _filled(each, inputs) for key, each in part.items()}
    if isinstance(part, list):
        return [_filled(each, inputs) for each in part]
    if not isinstance(part, str):
        return part
    return PLACE.sub(lambda place: INPUT.sub(lambda found: inputs.get(found[1], "''"), place[0]), part)
