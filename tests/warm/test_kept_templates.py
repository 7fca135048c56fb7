"""A template is compiled once a run where it is to be read in the same way; what it says stays the same."""

from pathlib import Path
from typing import Any

import pytest
from ansible._internal._templating import _jinja_bits
from ansible._internal._templating._engine import TemplateOptions
from jinja2 import Environment

from tests.plugins import load
from tests.warm.runs import Task, play, run_both_ways

kept: Any = load("callback_plugins/kept_templates.py")
SAY = "ansible.builtin.debug"
LATE = "{{ 'a' | of_a_role }}"
TASKS: tuple[Task, ...] = (
    {"name": "of the first item", SAY: {"msg": "{{ item }} {{ first | default('none') }}"}, "loop": [1, 2]},
    {"name": "as a template", SAY: {"msg": "{{ number + 1 }}"}},
    {"name": "again", SAY: {"msg": "{{ number + 1 }}"}, "vars": {"number": 8}},
    {"name": "as a condition", SAY: {"msg": "a"}, "when": "number == 3"},
    {"name": "as another", SAY: {"msg": "a"}, "when": "number == 3", "vars": {"number": 8}},
    {"name": "as a text", SAY: {"msg": "number == 3"}},
    {"name": "a backslash", SAY: {"msg": "{{ 'a\\tb' }}"}},
    {"name": "a backslash of a condition", SAY: {"msg": "a"}, "when": "'a\\tb' | length == 3"},
    {"name": "a file", SAY: {"msg": "{{ lookup('ansible.builtin.template', folder ~ '/page') }}"}},
    {
        "name": "a file with other signs",
        SAY: {
            "msg": "{{ lookup('ansible.builtin.template', folder ~ '/page', variable_start_string='[[', "
            "variable_end_string=']]') }}"
        },
    },
    {"name": "no template", SAY: {"msg": "{{ number + }}"}},
    {"name": "no template again", SAY: {"msg": "{{ number + }}"}},
    {"name": "undefined", SAY: {"msg": "{{ no_such }}"}},
    {"name": "undefined elsewhere", SAY: {"msg": "{{ no_such }}"}},
    {"name": "no filter", SAY: {"msg": LATE}},
    {"name": "a role with a filter", "ansible.builtin.include_role": {"name": "late"}},
    {"name": "a filter", SAY: {"msg": LATE}},
    {"name": "a random number", SAY: {"msg": "{{ range(10) | random(seed=item) }}"}, "loop": [1, 2, 3]},
)
FILTER = """class FilterModule:
    def filters(self):
        return {"of_a_role": str.upper}
"""


@pytest.fixture
def environment() -> Any:
    return _jinja_bits.AnsibleEnvironment()


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a run. What is there is put back after the test."""
    environment = _jinja_bits.AnsibleEnvironment
    for name in ("compile", "compile_expression"):
        monkeypatch.setattr(environment, name, getattr(environment, name))
    kept.Kept(_jinja_bits).stand_between()


def test_results_and_messages_are_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    for name, text in (
        ("page", "{{ number }} [[ number ]]\n"),
        ("roles/late/tasks/main.yml", "[]"),
        ("roles/late/filter_plugins/late.py", FILTER),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    whole = play(TASKS, vars={"folder": str(folder), "number": 3})
    ours, _ = run_both_ways(folder, whole, options=["--diff"])
    assert ours.of("again")["msg"] == 9
    assert ours.of("a file")["msg"] == "3 [[ number ]]\n"
    assert ours.of("a file with other signs")["msg"] == "{{ number }} 3\n"
    assert ours.of("a backslash")["msg"] == "a\\tb"
    assert ours.of("a filter")["msg"] == "A"
    assert [how for how, _, name, _ in ours.results if name == "no filter"] == ["failed"]


@pytest.mark.usefixtures("keeping")
def test_the_same_text_is_compiled_once(environment: Any) -> None:
    code = environment.compile("{{ a }}")
    assert environment.compile("{{ a }}") is code
    assert _jinja_bits.AnsibleEnvironment().compile("{{ a }}") is code
    assert environment.compile("{{ b }}") is not code
    assert environment.overlay(variable_start_string="[[").compile("{{ a }}") is not code
    with _jinja_bits._TemplateCompileContext(escape_backslashes=TemplateOptions().escape_backslashes):
        assert environment.compile("{{ a }}") is not code
    expressions = [environment.compile_expression("a", False) for _ in range(2)]
    codes = {each._template.root_render_func.__code__ for each in expressions}
    assert len(codes) == 1


@pytest.mark.usefixtures("keeping")
def test_what_cannot_be_compiled_fails_each_time(environment: Any) -> None:
    for _ in range(2):
        with pytest.raises(Exception, match="unexpected"):
            environment.compile("{{ a + }}")
        with pytest.raises(Exception, match="unexpected"):
            environment.compile_expression("a +", False)


class OtherEnvironment(_jinja_bits.AnsibleEnvironment):  # type: ignore[misc] # Ansible has no types
    """Of an Ansible that is not known."""

    def compile(self, source: str, **more: object) -> Any:
        """As no Ansible does."""


def test_an_ansible_that_is_not_known_compiles_as_it_does() -> None:
    assert kept.known(_jinja_bits.AnsibleEnvironment)[0] is Environment.compile
    with pytest.raises(ValueError, match="in another way"):
        kept.known(OtherEnvironment)
