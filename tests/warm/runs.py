"""Real runs of playbooks on localhost, in the warm interpreter and the ordinary way, and what they said."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).parents[2]
HERE = Path(__file__).parent
WARM = "WARM: run in the warm interpreter"
ORDINARY = "WARM: run the ordinary way: "

Task = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """A run that is over."""

    status: int
    output: str
    results: list[tuple[str, str, str, dict[str, Any]]]

    def of(self, task: str) -> dict[str, Any]:
        """The result of a task by its name."""
        [found] = [result for _, _, name, result in self.results if name == task]
        return found

    @property
    def ways(self) -> list[str]:
        """`warm`, or why not, a module."""
        lines = re.findall(r"WARM: run (in the warm interpreter|the ordinary way: .*)", self.output)
        return ["warm" if line.startswith("in ") else line.partition(": ")[2] for line in lines]


def play(tasks: Sequence[Task], **keywords: Any) -> dict[str, Any]:
    """A play of tasks of which each may fail."""
    blocks = [
        {"block": [task], "rescue": [{"name": "Go on", "ansible.builtin.meta": "noop"}]} for task in tasks
    ]
    return {"name": "Look", "hosts": "localhost", "gather_facts": False, "tasks": blocks, **keywords}


def misbehave(do: str, value: str = "", **keywords: Any) -> Task:
    """A task that does what its name says."""
    return {"name": do.replace("_", " "), "misbehave": {"do": do, "value": value}, **keywords}


def command(folder: Path, *plays: Mapping[str, Any], options: Sequence[str] = ()) -> list[str]:
    """How these plays are run."""
    (folder / "play.yml").write_text(yaml.safe_dump(list(plays), sort_keys=False))
    tool = str(Path(sys.executable).parent / "ansible-playbook")
    return [tool, "--inventory=inventory/local/hosts.yml", *options, str(folder / "play.yml")]


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """This process's, with the modules and the callback of these tests."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHONDONTWRITE")},
        "ANSIBLE_LIBRARY": f"{HERE / 'modules'}:library",
        "ANSIBLE_CALLBACK_PLUGINS": f"{HERE / 'callbacks'}:callback_plugins",
        "RECORDED": str(folder / "results"),
        **variables,
    }


def run(
    folder: Path,
    *plays: Mapping[str, Any],
    options: Sequence[str] = (),
    warm: bool = True,
    before: Sequence[str] = (),
    **variables: str,
) -> Run:
    """Run plays to their end, by the command `before` where there is one."""
    folder.mkdir(exist_ok=True)
    (folder / "results").write_text("")
    done = subprocess.run(
        [*before, *command(folder, *plays, options=options)],
        cwd=CHECKOUT,
        env=environment(folder, PIPELINE_WARM=str(warm), **variables),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (folder / "results").read_text().splitlines()
    return Run(done.returncode, done.stdout + done.stderr, [tuple(json.loads(line)) for line in lines])


def told(run: Run, folder: Path) -> tuple[str, str]:
    """What a run showed and returned, without times, numbers of processes and the places of temporary files.

    Where a traceback names a file of Ansible's, it is the packed one or the one it was packed from, whose
    lines can be shown.
    """
    utilities = f"{CHECKOUT}/(module_utils|.*?/site-packages/ansible/module_utils)"
    changes = (
        (r"/\S*?ansible_\w+_payload_\w+/ansible_\w+_payload\.zip/ansible/module_utils", "UTILITIES"),
        (r"/\S*?ansible_\w+_payload_\w+/ansible_\w+_payload\.zip", "PAYLOAD"),
        (utilities, "UTILITIES"),
        (r'(File \\?"UTILITIES[^"]*"[^\n\\]*)(\n|\\n) +(?! |File)[^\n\\]+', r"\1"),
        (re.escape(str(folder)), "FOLDER"),
        (r"\d+:\d\d:\d\d\.\d+|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+", "TIME"),
        (r"seconds +\d+", "SECONDS"),
        (r"ansible-tmp-[\d.-]+", "TEMPORARY"),
    )
    shown, results = run.output, json.dumps(run.results)
    for pattern, name in changes:
        shown, results = re.sub(pattern, name, shown), re.sub(pattern, name, results)
    return shown, results


def run_both_ways(
    folder: Path, *plays: Mapping[str, Any], options: Sequence[str] = (), **variables: str
) -> tuple[Run, Run]:
    """Run plays with all that makes runs fast, and without; they return and say the same."""
    runs = [run(folder, *plays, options=options, warm=warm, **variables) for warm in (True, False)]
    ours, theirs = [told(done, folder) for done in runs]
    assert json.loads(ours[1]) == json.loads(theirs[1])
    assert without_ways(ours[0]) == without_ways(theirs[0])
    return runs[0], runs[1]


def without_ways(shown: str) -> list[str]:
    """The lines of a run, without what says which way was taken."""
    own = ("WORKERS: ", "WARM: ", "KEPT: ", "EXEC ", "ESTABLISH LOCAL CONNECTION", "Log of this run: ")
    return [line for line in shown.splitlines() if not any(each in line for each in own)]
