"""Ctrl-C ends a run before its next task, wherever in a task it meets it."""

from pathlib import Path

import pytest

from local_cloud.testing.fixtures import interrupts_heeded
from tests.warm.runs import HERE, play, run

__all__ = ["interrupts_heeded"]

pytestmark = pytest.mark.usefixtures("interrupts_heeded")
SAY = "ansible.builtin.debug"


@pytest.mark.parametrize("moment", ["in a template", "while something is deleted"])
def test_no_other_task_begins(tmp_path: Path, moment: str) -> None:
    tasks = [
        {"name": "before", SAY: {"msg": "a"}},
        {"name": "interrupted", SAY: {"msg": f"{{{{ lookup('interrupt', '{moment}') }}}}"}},
        {"name": "after", SAY: {"msg": "a"}},
    ]
    done = run(tmp_path / "run", play(tasks), ANSIBLE_LOOKUP_PLUGINS=f"{HERE / 'lookups'}:plugins/lookup")
    assert "User interrupted execution" in done.output
    assert "Traceback" not in done.output
    # The result of one that was done may not have been read yet.
    assert [name for _, _, name, _ in done.results] in (["before"], ["before", "interrupted"])
    assert done.status == 99


def test_no_other_host_begins(tmp_path: Path) -> None:
    """Where a task of one is interrupted, the same task of the others is not begun."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "hosts").write_text("\n".join(f"host{number} ansible_connection=local" for number in range(8)))
    says = {"msg": "{{ lookup('interrupt', 'in a template') if inventory_hostname == 'host2' else 'a' }}"}
    whole = play([{"name": "interrupted", SAY: says}], hosts="all:!localhost")
    done = run(
        folder,
        whole,
        options=[f"--inventory={folder / 'hosts'}"],
        ANSIBLE_LOOKUP_PLUGINS=f"{HERE / 'lookups'}:plugins/lookup",
    )
    assert "User interrupted execution" in done.output
    assert "host7" not in done.output
    assert done.status == 99
