"""The tests that two builds have in common."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]


def build(folder: Path, text: str) -> Path:
    """A checkout whose tests are one file."""
    folder.mkdir(parents=True)
    (folder / "test_sum.py").write_text(text)
    return folder


@pytest.mark.parametrize("jobs", [(), ("-n", "2")], ids=["alone", "workers"])
def test_those_that_the_other_build_has_are_run_wherever_they_are(
    tmp_path: Path, jobs: tuple[str, ...]
) -> None:
    build(
        tmp_path / "other" / "tests", "def test_kept(): ...\nclass TestIt:\n    def test_its_own(self): ...\n"
    )
    this = build(
        tmp_path / "this" / "tests" / "unit",
        "import pytest\n"
        "@pytest.mark.parametrize('value', [1, 2])\n"
        "def test_kept(value): ...\n"
        "def test_new(): ...\n"
        "class TestIt:\n"
        "    def test_its_own(self): ...\n",
    )
    (this / "test_product.py").write_text("def test_kept(): ...\n")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-c", os.devnull, "--rootdir", this, *jobs, this],
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONPATH": str(CHECKOUT),
            "PYTEST_ADDOPTS": "-p tests.bench.same_tests -p no:cacheprovider",
            "SAME_TESTS": str(tmp_path / "other"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert "3 passed" in ran.stdout, ran.stdout + ran.stderr
    assert "test_sum.py::test_kept[1]" in ran.stdout
    assert "test_sum.py::TestIt::test_its_own" in ran.stdout
    assert "test_new" not in ran.stdout
    assert "test_product" not in ran.stdout
