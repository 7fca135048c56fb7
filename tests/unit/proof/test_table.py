"""The table of the proof does not flatter."""

from pathlib import Path

import pytest

from tests.proof import suites
from tests.proof.table import bounded, counted, markdown


@pytest.mark.parametrize(
    ("good", "of", "share", "met"),
    [(0, 0, 1, False), (9, 10, 1, False), (10, 10, 1, True), (8, 10, 0.8, True), (7, 10, 0.8, False)],
)
def test_a_goal_is_met_by_enough_of_some(good: int, of: int, share: float, *, met: bool) -> None:
    assert counted("a run", good, of, share=share).met is met


def test_a_bound_is_met_by_what_is_not_larger() -> None:
    assert bounded("memory", 10, 10, "MiB").met
    assert not bounded("memory", 10.1, 10, "MiB").met


def test_what_went_wrong_is_below_the_table() -> None:
    text = markdown([counted("a run", 1, 2, seconds=3, faults=["seed 7 failed"])])
    assert "| a run | 1 of 2 | all | **no** | 3 |" in text
    assert text.endswith("- a run: seed 7 failed")


def test_only_tests_that_passed_are_good(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite>"
        '<testcase classname="m" name="passes"><properties/></testcase>'
        '<testcase classname="m" name="fails"><failure/></testcase>'
        '<testcase classname="m" name="breaks"><error/></testcase>'
        '<testcase classname="m" name="is_skipped"><skipped/></testcase>'
        "</testsuite></testsuites>"
    )
    figure = suites.figure("some", report, 1)
    assert (figure.seen, figure.met) == ("1 of 4", False)
    assert figure.faults == ("m.fails", "m.breaks", "m.is_skipped")


def test_tests_that_did_not_run_prove_nothing(tmp_path: Path) -> None:
    assert not suites.figure("none", tmp_path / "missing.xml", 1).met


def test_what_was_told_comes_last() -> None:
    lines = markdown([counted("a", 1, 2, faults=["broke"], told=["900 visits, answers {'200': 900}"])])

    assert lines.splitlines()[-3:] == ["- a: broke", "", "- a: 900 visits, answers {'200': 900}"]
