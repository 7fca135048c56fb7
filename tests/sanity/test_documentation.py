"""The modules' documentation: complete, true, and the generated pages are up to date."""

import ast
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import collection, feature_table, module_docs

CHECKOUT = Path(__file__).resolve().parents[2]

MODULES = sorted(path.stem for path in (CHECKOUT / "library").glob("*.py"))
MODES = ("check_mode", "diff_mode")
STALE = "is not what the modules say: run `make docs`"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, packed and unpacked."""
    return collection.install(
        collection.build(tmp_path_factory.mktemp("built")), tmp_path_factory.mktemp("collections")
    )


class TestGeneratedPages:
    def test_are_what_the_modules_say(self) -> None:
        there = {path.name: path.read_text() for path in module_docs.PAGES.glob("*")}
        assert there == module_docs.pages(), f"docs/modules {STALE}"

    def test_the_feature_table_is(self) -> None:
        assert feature_table.PAGE.read_text() == feature_table.page(), f"{feature_table.PAGE.name} {STALE}"


class TestFeatures:
    def test_every_member_of_the_api_is_an_option_or_has_a_reason(self) -> None:
        missing = [
            f"{row.operation}.{row.member}"
            for row in feature_table.rows()
            if not row.reason and feature_table.find(row.module, row.option) is None
        ]
        assert missing == []

    def test_every_choice_of_the_api_is_one_of_the_option(self) -> None:
        different = []
        for row in feature_table.rows():
            option = feature_table.find(row.module, row.option) if row.option else None
            if option and option["type"] != "dict" and row.choices and option.get("elements") != "list":
                offered = option.get("choices", [])
                if not set(offered) >= set(row.choices):
                    different.append((row.option, row.choices))
        assert different == []

    def test_every_operation_has_its_line(self) -> None:
        tables = (feature_table.OPERATIONS, feature_table.SERVED, feature_table.UNSERVED)
        listed = [name for table in tables for name in table]
        assert sorted(listed) == sorted(feature_table.MODEL.operation_names)

    def test_what_is_said_to_be_used_is_used(self) -> None:
        said = {*feature_table.OPERATIONS, *feature_table.SERVED}
        assert feature_table.used_operations() == said


def documentation(module: str) -> dict[str, Any]:
    return dict(yaml.safe_load(importlib.import_module(f"plugins.modules.{module}").DOCUMENTATION))


@pytest.mark.parametrize("module", MODULES)
class TestModule:
    def test_examples_use_options_that_exist(self, module: str) -> None:
        loaded = importlib.import_module(f"plugins.modules.{module}")
        names = {*feature_table.specification(module), "region"}
        aliases = {
            alias
            for option in feature_table.specification(module).values()
            for alias in option.get("aliases", [])
        }
        full = f"{collection.NAME}.{module}"
        tasks = [task for task in yaml.safe_load(loaded.EXAMPLES) if full in task]
        assert tasks
        for task in tasks:
            assert set(task[full] or {}) <= names | aliases, task["name"]

    def test_every_option_is_in_an_example_or_plain(self, module: str) -> None:
        for name, option in documentation(module)["options"].items():
            assert option["description"], name

    def test_what_is_said_is_a_sentence(self, module: str) -> None:
        for text in _descriptions(documentation(module)["options"]):
            assert text.rstrip()[-1] in ".)", text


def _descriptions(options: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for option in options.values():
        told = option["description"]
        found += [told] if isinstance(told, str) else told
        found += _descriptions(option.get("suboptions", {}))
    return found


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{path.name}: {node.name}"
        for path in sorted((CHECKOUT / "module_utils" / "codedeploy").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 50
    ]
    assert long == []


class TestTools:
    def test_ansible_doc_tells_what_fragments_bring(self) -> None:
        tool = Path(sys.executable).with_name("ansible-doc")
        command = [str(tool), "--json", *MODULES]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
        told = {name: page["doc"] for name, page in json.loads(done.stdout).items()}
        assert sorted(told) == MODULES
        for name, page in told.items():
            assert set(feature_table.specification(name)) <= set(page["options"]), name
            assert all(option.get("type") for option in page["options"].values()), name
            for mode in MODES:
                assert {"description", "support"} <= set(page["attributes"][mode]), name

    def test_validate_modules_finds_nothing(self, installed: Path) -> None:
        ansible_test = Path(importlib.import_module("ansible_test").__path__[0])
        tool = ansible_test / "_util" / "controller" / "sanity" / "validate-modules"
        root = installed.parents[2]
        done = subprocess.run(
            [
                sys.executable,
                str(tool / "validate.py"),
                *("--arg-spec", "--collection", f"ansible_collections/{collection.NAME.replace('.', '/')}"),
                *("--collection-version", collection.GALAXY["version"], "plugins/modules"),
            ],
            cwd=installed,
            env=collection.environment(root)
            | {"PYTHONPATH": os.pathsep.join([str(tool), str(root), os.environ.get("PYTHONPATH", "")])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout + done.stderr == ""
        assert done.returncode == 0


def test_one_version_is_released_in_all_places() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## (\S+)", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[:2] == ["Unreleased", project]
    assert collection.GALAXY["version"] == project


def test_every_surprise_is_in_the_list_of_surprises() -> None:
    rows = re.findall(r"\| `(\w+)` \|$", (CHECKOUT / "docs/surprises.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(path.stem for path in (CHECKOUT / "findings").glob("*.sh"))
