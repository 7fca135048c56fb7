# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run of a playbook would change, from a dry run of it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CALLBACK = "ansible.posix.json"


@dataclass(frozen=True)
class Drift:
    """`changes` are tasks that would change something, `problems` what kept the dry run from its end."""

    began: bool
    changes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    resources: tuple[dict[str, Any], ...] = ()
    """As the plan of the dry run has them: `action`, `kind`, `name`, `changes` (`value: old -> new`)."""

    def as_result(self) -> dict[str, Any]:
        """As modules return it."""
        return asdict(self)


def dry_run(
    program: Path,
    playbook: Path,
    *,
    inventories: Sequence[str],
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    folder: str,
) -> Drift:
    """Run a playbook with `--check`.

    Settings go through a file in `folder` that only the user can read, `secrets` through the environment.
    Raises OSError where the program does not start.
    """
    kept = {f"PIPELINE_DRIFT_{number}": name for number, name in enumerate(secrets)}
    lent = {name: f"{{{{ lookup('ansible.builtin.env', '{variable}') }}}}" for variable, name in kept.items()}
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".json", encoding="utf-8") as file:
        json.dump({**settings, **lent}, file)
        file.flush()
        done = subprocess.run(
            [
                str(program),
                "--check",
                "--diff",
                *(f"--inventory={each}" for each in inventories),
                f"--extra-vars=@{file.name}",
                str(playbook),
            ],
            cwd=playbook.parent.parent,
            env=os.environ
            # The plan of a dry run that the user asked for stays as it is.
            | {"ANSIBLE_STDOUT_CALLBACK": CALLBACK, "PIPELINE_PLAN_FOLDER": folder, "PIPELINE_LOG_FOLDER": ""}
            | {variable: secrets[name] for variable, name in kept.items()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    return replace(read(done.stdout, done.stderr), resources=_planned(Path(folder) / "plan.json"))


def _planned(plan: Path) -> tuple[dict[str, Any], ...]:
    """The resources of a plan; none of a playbook that has no plan, or whose dry run broke off."""
    if not plan.is_file():
        return ()
    return tuple(json.loads(plan.read_text(encoding="utf-8"))["resources"])


def read(stdout: str, stderr: str) -> Drift:
    """From the output of Ansible's JSON callback; other callbacks' words may come after it."""
    if not stdout:
        return Drift(began=False, problems=(last_line(stderr),))
    try:
        told, _ = json.JSONDecoder().raw_decode(stdout.lstrip())
    except ValueError:
        told = {"plays": [], "stats": {}}
    outcomes = [
        (f"{play['play']['name']}: {task['task']['name']} ({name})", result)
        for play in told["plays"]
        for task in play["tasks"]
        for name, result in task["hosts"].items()
    ]
    problems = [
        f"{name}: {last_line(result.get('msg', ''))}"
        for name, result in outcomes
        if result.get("failed") or result.get("unreachable")
    ]
    if not problems and not told["stats"]:
        problems = [last_line(stderr)]
    changes = [name for name, result in outcomes if result.get("changed")]
    return Drift(began=True, changes=tuple(changes), problems=tuple(problems))


def last_line(words: object) -> str:
    """The end of what a program said, where the reason is."""
    lines = str(words).strip().splitlines()
    return lines[-1] if lines else ""
