"""What a utility imports is found once a run, and is what Ansible finds."""

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.executor import module_common

from tests.plugins import load
from tests.warm.runs import play, run

kept: Any = load("callback_plugins/kept_imports.py")
SOURCES = sorted(Path(module_common.__file__).parents[1].glob("module_utils/**/*.py"))


class Parsing:
    """Ansible's parser, counted, and its finder behind ours."""

    def __init__(self) -> None:
        self.parsed: list[str] = []
        self._parse = module_common._compile_module_ast
        # Of ansible-core 2.19 it is given a tree, of 2.21 the source.
        self._of_trees = "tree" in inspect.signature(module_common.ModuleDepFinder.__init__).parameters
        callback = kept.CallbackModule()
        callback.get_option = lambda _: True
        module_common._compile_module_ast = self._count
        callback.v2_playbook_on_start(None)

    def _count(self, module_name: str, source_code: Any) -> ast.Module:
        self.parsed.append(module_name)
        tree: ast.Module = self._parse(module_name, source_code)
        return tree

    def find(self, name: str, source: bytes, *, package: bool = False) -> Any:
        given = module_common._compile_module_ast(name, source) if self._of_trees else source
        return module_common.ModuleDepFinder(name, given, is_pkg_init=package)

    def imports(self, name: str, source: bytes, *, package: bool = False) -> tuple[set[Any], set[Any]]:
        """Those that are needed, and those of them that need not be there."""
        finder = self.find(name, source, package=package)
        return finder.submodules, finder.optional_imports


@pytest.fixture
def parsing(monkeypatch: pytest.MonkeyPatch) -> Parsing:
    monkeypatch.setattr(module_common, "_compile_module_ast", module_common._compile_module_ast)
    monkeypatch.setattr(module_common.ModuleDepFinder, "__init__", module_common.ModuleDepFinder.__init__)
    return Parsing()


def named(path: Path) -> tuple[str, bool]:
    """The name of a utility of Ansible's, and whether it is a package."""
    parts = path.relative_to(Path(module_common.__file__).parents[1]).with_suffix("").parts
    package = parts[-1] == "__init__"
    return ".".join(("ansible", *(parts[:-1] if package else parts))), package


def test_all_of_ansibles_own_are_found_as_ansible_finds_them(parsing: Parsing) -> None:
    def found() -> list[tuple[set[Any], set[Any]]]:
        return [
            parsing.imports(name, path.read_bytes(), package=package)
            for path in SOURCES
            for name, package in [named(path)]
        ]

    ours, again = found(), found()
    parsed = len(parsing.parsed)
    with pytest.MonkeyPatch.context() as ansible:
        ansible.setattr(kept, "is_utility", lambda _: False)
        assert ours == again == found()
    assert parsed <= len(SOURCES) + 1  # what is not below module_utils is no utility


@pytest.mark.parametrize(
    "name", ["ansible.module_utils.of_this_test", "ansible_collections.a.b.plugins.module_utils.c"]
)
def test_the_same_content_is_parsed_once(parsing: Parsing, name: str) -> None:
    first, other = b"from ansible.module_utils import basic\n", b"from ansible.module_utils import urls\n"
    assert parsing.imports(name, first) == parsing.imports(name, first)
    assert parsing.parsed == [name]
    assert parsing.imports(name, other)[0] == {("ansible", "module_utils", "urls")}
    assert parsing.parsed == [name, name]


def test_whatever_a_finder_finds_is_there_the_second_time(parsing: Parsing) -> None:
    def found() -> dict[str, Any]:
        finder = parsing.find("ansible.module_utils.kind", b"import ansible.module_utils.basic\n")
        return {name: value for name, value in vars(finder).items() if isinstance(value, set)}

    first = found()
    # ansible-core 2.21 finds `embeds` too.
    assert {"submodules", "optional_imports"} <= first.keys()
    assert found() == first


def test_a_relative_import_is_another_ones_in_a_package(parsing: Parsing) -> None:
    name, source = "ansible.module_utils.of_this_test", b"from .a import b\n"
    assert parsing.imports(name, source)[0] == {("ansible", "module_utils", "a", "b")}
    assert parsing.imports(name, source, package=True)[0] == {(*name.split("."), "a", "b")}


@pytest.mark.parametrize(
    "name",
    [
        "ansible.legacy.say",
        "ansible_collections.a.b.plugins.modules.say",
        "ansible_collections.plugins.module_utils.plugins.modules.say",
        "say",
        "a.b.say",
    ],
)
def test_a_module_is_parsed_each_time(parsing: Parsing, name: str) -> None:
    for _ in range(2):
        finder = parsing.find(name, b"import os\n")
        assert (finder._tree if parsing._of_trees else finder.tree).body
    assert parsing.parsed == [name, name]


def test_what_cannot_be_parsed_is_an_error_each_time(parsing: Parsing) -> None:
    for _ in range(2):
        with pytest.raises(AnsibleError, match=r"Unable to compile 'ansible\.module_utils\.of_this_test'"):
            parsing.imports("ansible.module_utils.of_this_test", b"from import\n")


def test_an_ansible_that_finds_otherwise_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(self: Any, module: str) -> None:
        self.module = module

    monkeypatch.setattr(module_common.ModuleDepFinder, "__init__", other)
    callback = kept.CallbackModule()
    monkeypatch.setattr(callback, "get_option", lambda _: True)
    before = module_common._compile_module_ast
    callback.v2_playbook_on_start(None)
    assert (module_common._compile_module_ast, module_common.ModuleDepFinder.__init__) == (before, other)


def test_a_broken_utility_fails_its_task_as_it_would(tmp_path: Path) -> None:
    for name, text in (
        ("library/say.py", "from ansible.module_utils.of_this_test import WORDS\n"),
        ("module_utils/of_this_test.py", "WORDS =\n"),
    ):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    done = run(tmp_path, play([{"name": "say", "say": None}]))
    assert "Unable to compile 'ansible.module_utils.of_this_test'" in str(done.of("say")["msg"])
