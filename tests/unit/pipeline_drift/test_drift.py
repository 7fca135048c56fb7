"""What a dry run's output says of drift, and a dry run by the real program."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.pipeline.drift import Drift, dry_run, read

PROGRAM = Path(sys.executable).with_name("ansible-playbook")


def output(**result: Any) -> str:
    task = {"task": {"name": "Deploy"}, "hosts": {"localhost": result}}
    return json.dumps({"plays": [{"play": {"name": "Site"}, "tasks": [task]}], "stats": {"localhost": {}}})


@pytest.mark.parametrize(
    ("stdout", "stderr", "found"),
    [
        (output(changed=False), "", Drift(began=True)),
        (f"{output(changed=False)}\n\nPlan: nothing to do\n", "", Drift(began=True)),
        (output(changed=True), "", Drift(began=True, changes=("Site: Deploy (localhost)",))),
        (
            output(failed=True, msg="why\nNo host."),
            "",
            Drift(began=True, problems=("Site: Deploy (localhost): No host.",)),
        ),
        (
            output(unreachable=True, msg="No way."),
            "",
            Drift(began=True, problems=("Site: Deploy (localhost): No way.",)),
        ),
        ('{"plays": [', "killed\n", Drift(began=True, problems=("killed",))),
        ("", "x\nno such file\n", Drift(began=False, problems=("no such file",))),
    ],
)
def test_output(stdout: str, stderr: str, found: Drift) -> None:
    assert read(stdout, stderr) == found


def run(project: Path, settings: dict[str, Any], *tasks: dict[str, Any]) -> Drift:
    (project / "playbooks").mkdir()
    (project / "memory").mkdir()
    playbook = project / "playbooks" / "site.yml"
    play = {"name": "Site", "hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    found = dry_run(
        PROGRAM,
        playbook,
        inventories=["localhost,"],
        settings=settings,
        secrets={"token": "a-token"},
        folder=str(project / "memory"),
    )
    assert list((project / "memory").iterdir()) == []
    return found


def test_a_dry_run_changes_nothing_and_gets_settings_and_secrets(tmp_path: Path) -> None:
    written = tmp_path / "written"
    task = {
        "name": "Write {{ word }} for {{ token }}",
        "ansible.builtin.copy": {"content": "x", "dest": str(written), "mode": "0600"},
        "connection": "local",
        "vars": {"ansible_python_interpreter": sys.executable},
    }
    found = run(tmp_path, {"word": "a word"}, task)
    assert found == Drift(began=True, changes=("Site: Write a word for a-token (localhost)",))
    assert not written.exists()


def test_a_dry_run_that_breaks_off_says_why(tmp_path: Path) -> None:
    found = run(tmp_path, {}, {"name": "Fail", "ansible.builtin.fail": {"msg": "No zone."}})
    assert found == Drift(began=True, problems=("Site: Fail (localhost): No zone.",))
