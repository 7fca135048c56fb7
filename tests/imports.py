"""Who imports whom, by reading the files."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


def module_name(path: Path) -> str:
    """The dotted name of a file in the checkout; a package's is its folder's."""
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(
    tree: ast.AST, module: str, *, is_package: bool, types: bool = True
) -> Iterator[tuple[str, str]]:
    """Each imported module with the name that is taken from it, wherever the import stands; `` for itself.

    Without `types` what is imported for types alone is left out: that is never loaded.
    """
    package = module if is_package else module.rpartition(".")[0]
    left_out = set() if types else _for_types(tree)
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.Import):
            yield from ((each.name, "") for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((start, each.name) for each in node.names)


def _for_types(tree: ast.AST) -> set[ast.AST]:
    return {
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }


@cache
def loaded(path: Path) -> frozenset[Path]:
    """The files of ours that are loaded by what a file imports."""
    is_package = path.name == "__init__.py"
    names = imported(ast.parse(path.read_text()), module_name(path), is_package=is_package, types=False)
    folders = [CHECKOUT.joinpath(*module.split("."), member) for module, member in names]
    files = {each.with_name(f"{each.name}.py") for folder in folders for each in (folder, folder.parent)}
    return frozenset(each.resolve() for each in files if each.is_file())


def reached(path: Path) -> set[Path]:
    """A file, and all of ours that is loaded with it."""
    found: set[Path] = set()
    left = {path.resolve()}
    while left:
        each = left.pop()
        found.add(each)
        left |= loaded(each) - found
    return found
