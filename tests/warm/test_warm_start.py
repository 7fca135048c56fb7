"""What is begun before playbooks are read: the warm interpreter where tasks will run, and smaller copies."""

import copy
from pathlib import Path
from typing import Any

import pytest
from ansible import context
from ansible.cli.inventory import InventoryCLI
from ansible.cli.playbook import PlaybookCLI
from ansible.module_utils._internal._datatag import AnsibleTagHelper
from ansible.parsing.dataloader import DataLoader
from ansible.utils.context_objects import CLIArgs

from tests.plugins import load
from tests.warm.runs import play, run, run_both_ways

warm_start: Any = load("inventory_plugins/warm_start.py")
SETTINGS = """
words: a text
number: 3
share: 0.5
day: 2026-01-02
moment: 2026-01-02T03:04:05Z
right: true
nothing: null
several: [one, {two: three}]
"""


@pytest.fixture
def read(tmp_path: Path) -> Any:
    (tmp_path / "settings.yml").write_text(SETTINGS)
    return DataLoader().load_from_file(str(tmp_path / "settings.yml"))


@pytest.fixture
def sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a run."""
    for kind in warm_start.tagged():
        monkeypatch.setattr(kind, "__deepcopy__", warm_start.itself, raising=False)


def told(value: Any) -> Any:
    """A value with what is known of it, whole."""
    inner: Any = str(value)
    if isinstance(value, dict):
        inner = [(told(name), told(each)) for name, each in value.items()]
    elif isinstance(value, list):
        inner = [told(each) for each in value]
    return type(value), inner, sorted(map(repr, AnsibleTagHelper.tags(value)))


@pytest.mark.usefixtures("sharing")
def test_a_copy_is_the_same_and_shares_nothing_that_can_change(read: Any) -> None:
    before = told(read)
    copied = copy.deepcopy(read)
    assert told(copied) == before
    assert copied["words"] is read["words"]
    copied["several"].append("four")
    copied["several"][1]["two"] = "five"
    copied["words"] += "!"
    assert told(read) == before


def test_each_kind_that_cannot_change_is_known(read: Any) -> None:
    kinds = set(warm_start.tagged())
    for name in ("words", "number", "share", "day", "moment"):
        assert type(read[name]) in kinds
    assert type(read["several"]) not in kinds
    assert type(read) not in kinds


@pytest.mark.parametrize(
    ("program", "options", "runs"),
    [
        (PlaybookCLI, ["play.yml"], True),
        (PlaybookCLI, ["--check", "play.yml"], True),
        (PlaybookCLI, ["--syntax-check", "play.yml"], False),
        (PlaybookCLI, ["--list-tasks", "play.yml"], False),
        (PlaybookCLI, ["--list-hosts", "play.yml"], False),
        (InventoryCLI, ["--list"], False),
    ],
)
def test_the_interpreter_is_started_where_tasks_will_run(
    program: Any, options: list[str], runs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = program(["ansible", *options])
    cli.init_parser()
    asked = CLIArgs.from_options(cli.parser.parse_args(options))
    # A process has one, which is made once.
    monkeypatch.setattr(context, "CLIARGS", asked)
    assert warm_start.runs_tasks() == runs


def test_where_a_value_was_written_is_still_told(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "settings.yml").write_text("\nbad: '{{ no_such }}'\n")
    tasks = [
        {"name": "undefined", "ansible.builtin.debug": {"msg": "{{ bad }}"}},
        {"name": "as a condition", "ansible.builtin.debug": {"msg": "a"}, "when": "bad == 1"},
    ]
    ours, _ = run_both_ways(folder, play(tasks, vars_files=[str(folder / "settings.yml")]), options=["-v"])
    assert f"{folder}/settings.yml:2:6" in ours.output


def test_what_is_not_loaded_at_the_start_is_when_a_task_needs_it(tmp_path: Path) -> None:
    option = "lookup('ansible.builtin.config', '{}', plugin_type='{}', plugin_name='{}')"
    options = {
        "remote_user": ("become", "su"),
        "become_user": ("become", "su"),
        "remote_addr": ("connection", "winrm"),
        "remote_tmp": ("shell", "powershell"),
    }
    tasks = [
        {"name": f"{name} of {kind} {plugin}", "ansible.builtin.debug": {"msg": f"{{{{ {said} }}}}"}}
        for name, (kind, plugin) in options.items()
        for said in [option.format(name, kind, plugin)]
    ]
    become = {"name": "become", "ansible.builtin.command": "id -un", "become": True, "become_method": "su"}
    as_nobody = become | {"name": "as nobody", "become_user": "nobody"}
    no_such = become | {"name": "no such way", "become_method": "no_such_way"}
    facts = {"name": "facts", "ansible.builtin.set_fact": {"ansible_winrm_path": "a", "cacheable": True}}
    ours, _ = run_both_ways(
        tmp_path / "run", play([*tasks, become, as_nobody, no_such, facts]), options=["-v"]
    )
    assert "no_such_way" in ours.of("no such way")["msg"]


def test_a_loader_gives_all_where_more_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    loader = warm_start.become_loader
    monkeypatch.setattr(loader, "all", warm_start.loading(loader, ("sudo",)))
    assert [each.name for each in loader.all(class_only=True)] == ["sudo"]
    assert {Path(each).stem for each in loader.all(path_only=True)} >= {"su", "sudo", "runas"}
    assert {each.name for each in loader.all()} >= {"su", "sudo", "runas"}


@pytest.mark.parametrize("signals", ["INT", "TERM", "INT TERM HUP"])
def test_a_module_heeds_the_signals_that_it_heeds_elsewhere(tmp_path: Path, signals: str) -> None:
    """Whatever the run was to ignore, as in the background of a shell."""
    ignoring = ["sh", "-c", f"trap '' {signals}; exec \"$@\"", "sh"]
    whole = play([{"name": "look", "process_state": None}])
    runs = [run(tmp_path / "run", whole, warm=warm, before=ignoring).of("look") for warm in (True, False)]
    for name in ("signals", "interrupted"):
        assert runs[0][name] == runs[1][name]


def test_several_inventories_start_one_interpreter(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("localhost\n")
    options = ["-vvv", f"--inventory={tmp_path / 'hosts'}"]
    # Whose connection is another inventory's.
    whole = play([{"name": "look", "process_state": None}], vars={"ansible_connection": "warm"})
    done = run(tmp_path / "run", whole, options=options)
    assert done.ways == ["warm"]
    assert done.output.count("WARM: the warm interpreter is starting") == 1
