"""A task that has no worker of its own says, returns and leaves what one with a worker does."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugins import load
from tests.warm.runs import HERE, Run, Task, play, run, run_both_ways, told

workers: Any = load("callback_plugins/workers.py")
WITHOUT = "WORKERS: executed without one"
SECRET = "a-secret-that-no-line-may-hold"
SET = {"name": "set", "ansible.builtin.set_fact": {"numbers": [1, 2, 3], "sum": "{{ 3 + 4 }}"}}
OF_VARIABLES: tuple[Task, ...] = (
    {"name": "debug", "ansible.builtin.debug": {"msg": "{{ numbers }} {{ sum }}"}},
    {"name": "debug a variable", "ansible.builtin.debug": {"var": "numbers[1]"}, "register": "shown"},
    {"name": "registered", "ansible.builtin.debug": {"msg": "{{ shown }}"}},
    {
        "name": "loop",
        "ansible.builtin.debug": {"msg": "{{ item }}"},
        "loop": "{{ numbers }}",
        "when": "item != 2",
    },
    {"name": "empty loop", "ansible.builtin.debug": {"msg": "{{ item }}"}, "loop": []},
    {"name": "hold", "ansible.builtin.assert": {"that": ["sum == 7"], "quiet": True}},
    {
        "name": "do not hold",
        "ansible.builtin.assert": {"that": ["sum == 8", "true"], "fail_msg": "it is {{ sum }}"},
    },
    {
        "name": "fail",
        "ansible.builtin.fail": {"msg": "of {{ nobody | default('none') }}"},
        "ignore_errors": True,
    },
    {"name": "undefined", "ansible.builtin.set_fact": {"a": "{{ no_such }}"}},
    {"name": "no option", "ansible.builtin.debug": {"nothing": 1}},
    {"name": "secret", "ansible.builtin.set_fact": {"a": SECRET}, "no_log": True},
    {"name": "undefined secret", "ansible.builtin.debug": {"msg": "{{ a }}{{ no_such }}"}, "no_log": True},
    {"name": "changed", "ansible.builtin.debug": {"msg": "a"}, "changed_when": "true"},
    {"name": "failed", "ansible.builtin.debug": {"msg": "a"}, "failed_when": "sum == 7"},
    {
        "name": "include",
        "ansible.builtin.include_tasks": "{{ folder }}/included.yml",
        "vars": {"given": "{{ sum }}"},
    },
    {"name": "include nothing", "ansible.builtin.include_tasks": "{{ folder }}/nowhere.yml"},
    {"name": "variables", "ansible.builtin.include_vars": {"file": "{{ folder }}/included-vars.yml"}},
    {"name": "of a file", "ansible.builtin.debug": {"msg": "{{ of_a_file }}"}},
)
CONDITIONS: tuple[Task, ...] = (
    {"name": "skip", "ansible.builtin.command": "echo a", "when": "sum == 8"},
    {"name": "skip what is undefined", "ansible.builtin.command": "{{ no_such }}", "when": ["true", "false"]},
    {"name": "do", "ansible.builtin.command": "echo {{ sum }}", "when": "sum == 7", "register": "done"},
    {"name": "done", "ansible.builtin.debug": {"msg": "{{ done.stdout }}"}},
    {"name": "no condition", "ansible.builtin.command": "echo a", "when": "no_such == 1"},
    {"name": "delegate", "ansible.builtin.command": "echo a", "delegate_to": "localhost", "when": "sum == 8"},
    {"name": "loop and skip", "ansible.builtin.command": "echo a", "loop": [1, 2], "when": "item == 3"},
    {"name": "again", "ansible.builtin.debug": {"msg": "a"}, "until": "sum == 8", "retries": 1, "delay": 0},
)


def both(tmp_path: Path, tasks: tuple[Task, ...], *options: str) -> tuple[Run, Run]:
    """A run without workers where there need be none, and one with a worker a task, which do not differ."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "included.yml").write_text(
        json.dumps([{"name": "in it", "ansible.builtin.debug": {"msg": "{{ given }}"}}])
    )
    (folder / "included-vars.yml").write_text('{"of_a_file": "{{ sum + 1 }}"}')
    return run_both_ways(folder, play(tasks, vars={"folder": str(folder)}), options=options)


LONG = [pytest.param(each, marks=pytest.mark.long) for each in (("-vvv",), ("--check", "--diff"))]


@pytest.mark.parametrize("options", [("--diff",), *LONG], ids=" ".join)
def test_results_and_messages_are_the_same(tmp_path: Path, options: tuple[str, ...]) -> None:
    without, ordinary = both(tmp_path, (SET, *OF_VARIABLES, *CONDITIONS), *options)
    assert without.status == ordinary.status == 0
    assert without.of("done")["msg"] == ("" if "--check" in options else "7")
    assert SECRET not in without.output
    if "-vvv" in options:
        # What is tried again, and what is skipped in a loop or elsewhere, has a worker.
        executed = [SET, *OF_VARIABLES, "in it", "skip", "skip what is undefined", "done", "no condition"]
        assert without.output.count(WITHOUT) == len(executed)
        assert WITHOUT not in ordinary.output


def test_what_a_lookup_changes_ends_with_its_task(tmp_path: Path) -> None:
    tasks = (
        {"name": "set", "ansible.builtin.set_fact": {"a": "{{ lookup('careless', 'b') }}"}},
        {"name": "skip", "ansible.builtin.command": "false", "when": "lookup('careless', 'c') == 'd'"},
        {"name": "look", "ansible.builtin.command": "sh -c 'echo $CARELESS; pwd'"},
    )
    folder = tmp_path / "run"
    plugins = f"{HERE / 'lookups'}:plugins/lookup"
    found = {}
    for warm in (True, False):
        done = run(folder, play(tasks), options=["-vvv"], warm=warm, ANSIBLE_LOOKUP_PLUGINS=plugins)
        assert done.of("set")["ansible_facts"]["a"] == "b"
        assert done.output.count(WITHOUT) == 2 * warm
        found[warm] = done.of("look")["stdout_lines"]
    assert found[True] == found[False]
    assert found[True][0] == ""


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    file = folder / "settings.yml"
    say = {"ansible.builtin.debug": {"msg": "{{ of_a_file }} {{ lookup('ansible.builtin.file', file) }}"}}
    write = {"ansible.builtin.command": {"cmd": f"tee {file}", "stdin": '{"of_a_file": "second"}'}}
    tasks = ({"name": "before", **say}, {"name": "write", **write}, {"name": "after", **say})
    for warm in (True, False):
        file.write_text('{"of_a_file": "before"}')
        whole = play(tasks, vars={"file": str(file)}, vars_files=[str(file)])
        done = run(folder, whole, warm=warm)
        assert done.of("before")["msg"] == 'before {"of_a_file": "before"}'
        assert done.of("after")["msg"] == 'second {"of_a_file": "second"}'


def test_a_file_of_variables_that_is_gone_fails_as_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    outputs = []
    for warm in (True, False):
        (folder / "settings.yml").write_text('{"a": 1}')
        tasks = (
            {"name": "remove", "ansible.builtin.command": f"rm {folder}/settings.yml"},
            {"name": "look", "ansible.builtin.debug": {"msg": "{{ a }}"}},
        )
        done = run(folder, play(tasks, vars_files=[str(folder / "settings.yml")]), warm=warm)
        assert [how for how, _, name, _ in done.results if name == "look"] == ["failed"]
        outputs.append(told(done, folder)[0])
    assert outputs[0] == outputs[1]


class OtherExecutor:
    """Of an Ansible that is not known."""

    def __init__(self, host: object, task: object, context: object) -> None: ...


@pytest.mark.parametrize("known", [True, False], ids=["known", "not known"])
def test_an_ansible_that_is_not_known_keeps_its_workers(known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it executes in another way must not be executed here first."""
    monkeypatch.setattr(workers.os, "register_at_fork", lambda **_: None)
    monkeypatch.setattr(workers.strategy, "WorkerProcess", workers.WorkerProcess)
    monkeypatch.setattr(workers.CallbackModule, "get_option", lambda *_: True)
    if not known:
        monkeypatch.setattr(workers, "TaskExecutor", OtherExecutor)
    workers.CallbackModule().v2_playbook_on_start(None)
    assert (workers.strategy.WorkerProcess is workers.Worker) == known
