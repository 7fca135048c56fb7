"""A run in the warm interpreter says, returns and leaves what the ordinary way does."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.warm.runs import Run, Task, misbehave, play, run, told, without_ways

SECRET = "a-secret-that-no-file-and-no-line-may-hold"
ENDINGS = (
    *("junk", "warn", "exit_with_words", "exit_at_once", "fail", "raise_an_error", "fail_with_a_traceback"),
    *("interrupt", "abort", "be_killed", "read_nowhere", "leave_without_result", "close_all", "differ"),
    *("become_a_session",),
)
TASKS = (
    *(misbehave(do, "a value: ü") for do in ENDINGS),
    misbehave("differ", name="differ in check mode", check_mode=True),
    {"name": "ping", "ansible.builtin.ping": {"data": "crash"}},
    {"name": "unknown option", "ansible.builtin.ping": {"no_such": 1}},
    {"name": "fail in a command", "ansible.builtin.command": "sh -c 'echo out; echo err >&2; exit 3'"},
    {"name": "command that is not there", "ansible.builtin.command": "/nowhere/to/be/found"},
    {"name": "read nothing", "ansible.builtin.command": "cat"},
    {"name": "give", "ansible.builtin.command": {"cmd": "cat", "stdin": "given\n"}},
    {"name": "facts", "ansible.builtin.setup": {"gather_subset": ["!all", "!min", "user", "python"]}},
    {
        "name": "censored",
        "misbehave": {"do": "fail", "value": SECRET, "secret": SECRET},
        "no_log": True,
    },
    {
        "name": "loop",
        "ansible.builtin.stat": {"path": "{{ item }}"},
        "loop": ["/etc/passwd", "/nowhere"],
        "loop_control": {"label": "{{ item }}"},
    },
    {
        "name": "environment",
        "ansible.builtin.command": "sh -c 'echo $A-$AWS_ENDPOINT_URL-$PWD'",
        "environment": {"A": 'it\'s $HOME "quoted"\nü', "AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
    },
    {
        "name": "no account",
        "codedeploy_application_info": {"region": "us-east-1"},
        "environment": {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"},
    },
    {
        "name": "no role",
        "amazon.aws.iam_role_info": {"region": "us-east-1", "access_key": "none", "secret_key": SECRET},
        "environment": {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"},
    },
    {"name": "another Python's", "ansible.builtin.ping": None, "environment": {"PYTHONHASHSEED": "1"}},
)


@pytest.mark.long
@pytest.mark.parametrize(
    "options",
    [pytest.param(("--diff",), id="as users see it"), pytest.param(("--diff", "-vvv"), id="in full")],
)
def test_results_and_messages_are_the_same(tmp_path: Path, options: tuple[str, ...]) -> None:
    def both(warm: bool) -> tuple[Run, tuple[list[str], Any]]:
        folder = tmp_path / "run"
        done = run(folder, play(TASKS), options=options, warm=warm)
        shown, results = told(done, folder)
        return done, (lines(shown), json.loads(results))

    warm_run, warm = both(warm=True)
    ordinary_run, ordinary = both(warm=False)
    assert warm_run.status == ordinary_run.status == 0
    for ours, theirs in zip(warm[1], ordinary[1], strict=True):
        assert ours == theirs
    assert warm[0] == ordinary[0]
    assert len(warm[1]) >= len(TASKS)
    if "-vvv" in options:
        assert set(ordinary_run.ways) == {"there is no warm interpreter"}
        assert [way for way in warm_run.ways if way != "warm"] == ["it has another PYTHONHASHSEED"]
        assert SECRET not in [line for line in warm_run.output.splitlines() if "WARM" in line]


def lines(shown: str) -> list[str]:
    """Without what says which way was taken, and the command that an environment is part of."""
    # What is refused is begun again, in a worker.
    own = ("=http://127.0.0.1:1 /", "Using module file ", "Pipelining is enabled.")
    return [line for line in without_ways(shown) if not any(each in line for each in own)]


def test_nothing_of_a_task_reaches_the_next_one(tmp_path: Path) -> None:
    look: Task = {"process_state": None}
    harm = misbehave("change_everything"), misbehave("close_all")
    tasks = ({"name": "before", **look}, *harm, {"name": "after", **look})
    warm = run(tmp_path / "run", play(tasks), options=["-vvv"])
    ordinary = run(tmp_path / "run", play(tasks), warm=False)
    assert set(warm.ways) == {"warm"}
    states = before, after, elsewhere = warm.of("before"), warm.of("after"), ordinary.of("after")
    assert before.pop("drawn") != after.pop("drawn")
    # What is imported there before modules are is more than this one imports.
    assert set(after["of_ansible"]) >= set(elsewhere.pop("of_ansible"))
    assert before.pop("of_ansible") == after.pop("of_ansible")
    assert after.pop("filters") >= max(before.pop("filters"), elsewhere.pop("filters"))
    for state in states:
        for name in ("process", "parent", "invocation", "drawn"):
            state.pop(name, None)
        assert state["read"] == ""
        assert list(state["descriptors"]) == ["0", "1", "2"]
        state["environment"].pop("PIPELINE_WARM")
        state["program"]["argv"] = re.sub(r"payload_\w+/", "", state["program"]["argv"])
    assert before == after
    assert after == elsewhere


def test_what_a_module_leaves_open_is_written_and_removed(tmp_path: Path) -> None:
    for warm in (True, False):
        file, worked = tmp_path / f"open-{warm}", tmp_path / f"worked-{warm}"
        tasks = (misbehave("leave_open", str(file)), misbehave("wait_for_a_thread", str(worked)))
        # Ansible's sockets need a short name.
        with tempfile.TemporaryDirectory() as temporary:
            done = run(tmp_path / "run", play(tasks), options=["-vvv"], warm=warm, TMPDIR=temporary)
            assert list(Path(temporary).glob("left_behind_*")) == []
        assert file.read_text() == "what was written last"
        assert worked.read_text() == "worked"
        assert done.ways.count("warm") == 2 * warm


@pytest.mark.long
def test_other_ways_to_run_a_module(tmp_path: Path) -> None:
    waits = {"name": "in the background", "ansible.builtin.command": "echo out", "async": 20, "poll": 1}
    tasks = (
        waits,
        {
            "name": "by another Python",
            "ansible.builtin.ping": None,
            "vars": {"ansible_python_interpreter": "/usr/bin/env python3"},
        },
        {
            "name": "as another user",
            "ansible.builtin.ping": None,
            "become": True,
            "become_user": "nobody",
            "become_method": "ansible.builtin.su",
        },
        {"name": "not piped", "ansible.builtin.ping": None, "vars": {"ansible_pipelining": False}},
    )
    warm = run(tmp_path / "run", play(tasks), options=["-vvv"])
    ordinary = run(tmp_path / "run", play(tasks), warm=False)
    assert warm.of("in the background")["stdout"] == ordinary.of("in the background")["stdout"] == "out"
    assert {name: how for how, _, name, _ in warm.results} == {
        name: how for how, _, name, _ in ordinary.results
    }
    assert "it is not run by the Python that runs Ansible, or not by that alone" in warm.ways


def test_hosts_at_once_delegate_to_it(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("\n".join(f"host{number}" for number in range(8)))
    task = {"name": "at once", "process_state": None, "delegate_to": "localhost"}
    whole = play([task], hosts="all:!localhost")
    options = ["-vvv", f"--inventory={tmp_path / 'hosts'}", "--forks=4", "--limit=host*"]
    done = run(tmp_path / "run", whole, options=options)
    assert done.ways == ["warm"] * 8
    assert len({result["process"] for _, _, _, result in done.results}) == 8
