"""Who imports whom: one direction, by one name."""

import re
from pathlib import Path

import pytest

from tests.imports import CHECKOUT, reached

MODULES = sorted(CHECKOUT.glob("library/*.py"))
NAMES = "|".join(sorted({path.name for path in (CHECKOUT / "module_utils").iterdir() if path.name[0] != "_"}))


def of(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


@pytest.mark.parametrize("path", MODULES, ids=of)
def test_modules_import_no_module(path: Path) -> None:
    assert {each.relative_to(CHECKOUT).parts[0] for each in reached(path) - {path}} <= {"module_utils"}


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("module_utils/aws/*.py")), ids=of)
def test_the_kernel_knows_no_service(path: Path) -> None:
    assert {each.parent.name for each in reached(path)} == {"aws"}


@pytest.mark.parametrize(
    "service", ["acm", "autoscaling", "codedeploy", "costs", "ec2", "github", "iam", "route53"]
)
def test_services_know_the_kernel_and_no_other_service(service: str) -> None:
    paths = CHECKOUT.glob(f"module_utils/{service}/*.py")
    assert {each.parent.name for path in paths for each in reached(path)} <= {"aws", service}


def test_modules_have_one_name() -> None:
    """No collection and no editor knows the other one, `ansible.module_utils...`."""
    other = re.compile(rf"ansible\.module_utils\.({NAMES})\b")
    folders = ("library", "module_utils", "action_plugins", "scripts", "tests", "roles")
    files = [path for folder in folders for path in CHECKOUT.glob(f"{folder}/**/*.py")]
    assert [of(path) for path in files if other.search(path.read_text())] == []


def test_scripts_import_no_test() -> None:
    scripts = sorted(CHECKOUT.glob("scripts/*.py"))
    assert [of(path) for path in scripts for each in reached(path) if of(each).startswith("tests/")] == []


def test_nobody_edits_the_path_of_imports() -> None:
    edit = re.compile(r"\bsys\.path\b *(\[|\.|=|\+)")
    folders = ("library", "module_utils", "*_plugins", "scripts", "tests")
    files = [path for folder in folders for path in CHECKOUT.glob(f"{folder}/**/*.py")]
    assert [of(path) for path in files if edit.search(path.read_text())] == []
