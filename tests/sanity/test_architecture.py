"""Laws of the tree: which part imports which, and how long a file may be."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.imports import CHECKOUT, imported, module_name

PRODUCTS = ("local_cloud", "module_utils", "library")
DOOR = "local_cloud.testing"
LONGEST = 300
REASON = "# Longer than 300 lines: "
"""How a file begins a line that says why it is."""

Imports = Mapping[str, set[str]]


def sources(*folders: str) -> Iterator[Path]:
    """Python of these folders; folders that a link stands for are read where they are."""
    for folder in folders:
        yield from sorted((CHECKOUT / folder).rglob("*.py"))


def known(name: str, modules: Imports) -> str | None:
    """The module of ours that a dotted name is, or is in. Ansible's names of a module are its folder's."""
    for theirs, ours in (("ansible.module_utils.", "module_utils."), ("plugins.", "")):
        if name.startswith(theirs):
            name = ours + name.removeprefix(theirs)
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def graph(*folders: str) -> dict[str, set[str]]:
    """Which module imports which. That a module imports its packages too is left out."""
    paths = {module_name(path): path for path in sources(*folders)}
    found: dict[str, set[str]] = {name: set() for name in paths}
    for name, path in paths.items():
        tree = ast.parse(path.read_text())
        for module, member in imported(tree, name, is_package=path.name == "__init__.py"):
            whole = f"{module}.{member}" if member else module
            target = known(whole, found)
            if target and target != name:
                found[name].add(target)
    return found


def circle(modules: Imports) -> list[str]:
    """Modules of which each imports the next one, and the last the first; none where there is no circle."""
    done: set[str] = set()

    def visit(name: str, way: list[str]) -> list[str]:
        if name in way:
            return way[way.index(name) :]
        if name in done:
            return []
        for target in sorted(modules[name]):
            found = visit(target, [*way, name])
            if found:
                return found
        done.add(name)
        return []

    return next((found for name in sorted(modules) if (found := visit(name, []))), [])


def test_no_module_imports_itself_through_others() -> None:
    modules = graph(*PRODUCTS)
    assert "local_cloud.settings" in modules["local_cloud.server"]
    assert modules["library.codedeploy_application"]
    assert circle(modules) == []


def test_a_circle_is_found_however_the_import_is_written() -> None:
    modules = {"a.b": set[str](), "a.c": set[str](), "a.d": set[str]()}
    for name, text in (
        ("a.b", "def f():\n    from .c import g"),
        ("a.c", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import d"),
        ("a.d", "import a.b"),
    ):
        for module, member in imported(ast.parse(text), name, is_package=False):
            target = known(f"{module}.{member}" if member else module, modules)
            if target:
                modules[name].add(target)
    assert circle(modules) == ["a.b", "a.c", "a.d"]


def test_codedeploy_leans_one_way() -> None:
    """What asks is above what may be asked; below are what happens by itself, and what is known."""
    start = "local_cloud.aws.codedeploy."
    floors = {"records": 0, "runs": 1, "models": 2, "agents": 3, "responses": 3, "cloudformation": 3}

    def floor(name: str) -> int | None:
        return floors.get(name.removeprefix(start).partition(".")[0]) if name.startswith(start) else None

    upwards = [
        f"{name} imports {target}"
        for name, targets in graph("local_cloud").items()
        for target in sorted(targets)
        if (here := floor(name)) is not None and (there := floor(target)) is not None and there > here
    ]
    assert upwards == []


def test_the_local_cloud_imports_nothing_else_of_ours() -> None:
    others = {path.name for path in CHECKOUT.iterdir() if path.is_dir()} - {"local_cloud"}
    found = [
        f"{path.relative_to(CHECKOUT)}: {module}"
        for path in sources("local_cloud")
        for module, _ in imported(
            ast.parse(path.read_text()), module_name(path), is_package=path.name == "__init__.py"
        )
        if module.partition(".")[0] in others
    ]
    assert found == []


def test_only_the_door_for_tests_is_imported_from_outside_of_the_local_cloud() -> None:
    """The local cloud's own tests may look inside."""
    folders = [
        path.name
        for path in CHECKOUT.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path.name not in {"local_cloud", "build"}
    ]
    own = CHECKOUT / "tests" / "local_cloud"
    found = [
        f"{path.relative_to(CHECKOUT)}: {module}.{member}"
        for path in sources(*folders)
        if not path.is_relative_to(own)
        for module, member in imported(ast.parse(path.read_text()), module_name(path), is_package=False)
        if module.partition(".")[0] == "local_cloud" and not f"{module}.{member}.".startswith(f"{DOOR}.")
    ]
    assert found == []


def test_no_long_file_without_a_reason() -> None:
    found = [
        f"{path.relative_to(CHECKOUT)}: {len(lines)} lines"
        for path in sources("local_cloud", "module_utils")
        if len(lines := path.read_text().splitlines()) > LONGEST
        and not any(line.startswith(REASON) for line in lines)
    ]
    assert found == []
