"""Which of our files a file imports, by reading it."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]


@cache
def imported(path: Path) -> frozenset[Path]:
    """The files of ours that a file imports, by names that are relative or begin with a folder of the top.

    What it imports for types alone is left out: that is never loaded.
    """
    tree = ast.parse(path.read_text())
    for_types = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    found: set[Path] = set()
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.ImportFrom):
            above = path.resolve().parents[node.level - 1] if node.level else CHECKOUT
            folder = above.joinpath(*(node.module or "").split("."))
            found |= _files([folder, *(folder / name.name for name in node.names)])
        elif isinstance(node, ast.Import):
            found |= _files(CHECKOUT.joinpath(*name.name.split(".")) for name in node.names)
    return frozenset(found)


def _files(modules: Iterable[Path]) -> set[Path]:
    paths = [module.with_name(f"{module.name}.py") for module in modules]
    return {path.resolve() for path in paths if path.is_file()}


def reached(path: Path) -> set[Path]:
    """A file, and all of ours that is loaded with it."""
    found: set[Path] = set()
    left = {path.resolve()}
    while left:
        each = left.pop()
        found.add(each)
        left |= imported(each) - found
    return found
