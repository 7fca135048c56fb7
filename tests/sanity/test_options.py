"""No option of a CodeDeploy module without a test that gives it."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts import feature_table

CHECKOUT = Path(__file__).resolve().parents[2]

# Those of the agent work on hosts, and have tests of their own.
MODULES = sorted(
    path.stem
    for path in (CHECKOUT / "library").glob("codedeploy_*.py")
    if not path.stem.startswith("codedeploy_agent")
)
AGAINST_AWS = sorted((CHECKOUT / "tests" / "integration" / "codedeploy").glob("test_*.py"))


def given_in(path: Path) -> Iterator[str]:
    """The names of keyword arguments, and the keys of dictionaries, in a file of tests."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def options_of(specification: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every option, those in dictionaries too, and the names that it goes by."""
    for name, option in specification.items():
        yield f"{above}{name}", {name, *option.get("aliases", ())}
        yield from options_of(option.get("options") or {}, f"{above}{name}.")


@pytest.mark.parametrize("module", MODULES)
def test_every_option_is_given_to_the_module_by_a_test(module: str) -> None:
    given = {name for path in AGAINST_AWS for name in given_in(path)}
    untested = [
        option for option, names in options_of(feature_table.specification(module)) if not names & given
    ]
    assert untested == []
