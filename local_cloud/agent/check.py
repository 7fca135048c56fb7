"""The agent's verdict on an appspec before anything is pushed: `python -m local_cloud check-appspec`.

A file is judged by itself; a folder is judged as a bundle, with the scripts and
files that its appspec names.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local_cloud.agent.codedeploy_agent import appspec, hooks
from local_cloud.agent.codedeploy_agent.errors import AgentError
from local_cloud.agent.codedeploy_agent.plan import Plan

NAME = "appspec.yml"
"""What hooks look for in a bundle; `appspec.yaml` is found by Install alone."""
_OCTAL_MODE = re.compile(r"\bmode:\s*(0[0-7]+)\b")


@dataclass(frozen=True)
class Verdict:
    """What the agent would say of one path: `errors` fail the deployment, `notes` only surprise."""

    path: Path
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    summary: str = ""

    @property
    def lines(self) -> list[str]:
        """For people: the verdict first, each line with the path."""
        verdict = [f"refused: {error}" for error in self.errors] or [f"valid: {self.summary}"]
        return [f"{self.path}: {line}" for line in (*verdict, *(f"note: {note}" for note in self.notes))]


def check(path: Path) -> Verdict:
    """The verdict on an appspec file, or on the bundle in a folder."""
    bundle = path if path.is_dir() else None
    try:
        file = appspec.locate(bundle, NAME) if bundle else path
        parsed = appspec.read(file)
        text = file.read_text(errors="replace")
    except (AgentError, OSError) as error:
        return Verdict(path, errors=(_one_line(error),))
    scripts = sum(len(each) for each in parsed.hooks.values())
    return Verdict(
        path,
        errors=tuple(_problems(parsed, bundle)) if bundle else (),
        notes=tuple(_notes(parsed, text, bundle)),
        summary=f"{len(parsed.files)} files, {len(parsed.permissions)} permissions, {scripts} scripts",
    )


def _problems(parsed: appspec.AppSpec, bundle: Path) -> Iterator[str]:
    """What would fail on a host that has none of the files yet."""
    for event, script in _scripts(parsed):
        problem = _script_problem(bundle, script) if event in hooks.EVENTS else ""
        if problem:
            yield f"{event}: {problem}"
    for file in parsed.files:
        if isinstance(file.source, str) and not os.path.lexists(f"{bundle}/{file.source}"):
            yield f"Install: No such file or directory: {file.source}"
    plan = Plan(bundle, "OVERWRITE")
    try:
        for file in parsed.files:
            plan.add(file.source, file.destination)
        for permission in parsed.permissions:
            plan.apply(permission)
        plan.to_json()
    except (AgentError, OSError) as error:
        yield f"Install: {_one_line(error)}"
    for instruction in plan.instructions:
        # Looked for as it is written, made as it is expanded: a home is there already.
        if instruction["type"] == "mkdir" and Path(instruction["directory"]).is_dir():
            yield f"Install: File exists @ dir_s_mkdir - {instruction['directory']}"


def _script_problem(bundle: Path, script: appspec.Script) -> str:
    try:
        path = hooks.location(bundle, script)
    except AgentError as error:
        return _one_line(error)
    # Not Path's way, which takes off a slash at the end.
    if not os.path.exists(path):  # noqa: PTH110
        return f"Script does not exist at specified location: {script.location}"
    if Path(path).is_symlink() and not Path(path).stat().st_mode & 0o111:
        return f"Permission denied: {script.location} is a link to what is not executable"
    return ""


def _notes(parsed: appspec.AppSpec, text: str, bundle: Path | None) -> Iterator[str]:
    for event in parsed.hooks:
        if event not in hooks.EVENTS:
            yield f"the agent never runs the hook {event}: it has {', '.join(hooks.EVENTS)}"
    for event, script in _scripts(parsed):
        target = bundle / script.location.lstrip("/") if bundle else None
        if not target or not target.is_file() or target.is_symlink():
            continue
        if not target.stat().st_mode & 0o111:
            yield f"{event}: {script.location} is not executable; the agent will make it so"
    for permission in parsed.permissions:
        if permission.context and permission.context.range is None:
            yield f"{permission.object}: a context without a range fails Install: write range: s0"
    for line in text.splitlines():
        for mode in _OCTAL_MODE.findall(line.partition("#")[0]):
            yield f'mode: {mode} is the number {int(mode, 8)} in YAML, and becomes that mode: write "{mode}"'


def _scripts(parsed: appspec.AppSpec) -> Iterator[tuple[str, appspec.Script]]:
    for event, scripts in parsed.hooks.items():
        for script in scripts:
            yield event, script


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return " ".join(str(error).split())
