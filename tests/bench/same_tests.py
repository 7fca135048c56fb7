"""A plugin of pytest: those tests alone that another build has too.

    PYTEST_ADDOPTS="-p tests.bench.same_tests" SAME_TESTS=CHECKOUT make test

What `make test` takes says little beside what it takes in a build that proves half as much. A test is the
same where its file and its function have the same names: folders have moved since. A function is tried with
all values that it is tried with here.
"""

import ast
import os
from pathlib import Path

import pytest

Function = tuple[str, str]
"""The names of its file and its own."""


def functions(checkout: Path) -> frozenset[Function]:
    """The test functions below a checkout's tests."""
    return frozenset(
        (path.name, node.name)
        for path in (checkout / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the other build does not have."""
    same = functions(Path(os.environ["SAME_TESTS"]))

    def is_same(item: pytest.Item) -> bool:
        return (item.path.name, getattr(item, "originalname", item.name)) in same

    config.hook.pytest_deselected(items=[each for each in items if not is_same(each)])
    items[:] = filter(is_same, items)
