"""What decides on a workflow's jobs."""

from typing import Any

import pytest

from local_cloud.errors import WorkflowError
from local_cloud.github.workflows import expressions

CONTEXTS: dict[str, Any] = {
    "vars": {"STAGING": "Staging", "EMPTY": ""},
    "github": {"event_name": "push"},
    "needs": {"good": {"result": "success"}, "left-out": {"result": "skipped"}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("vars.STAGING", "Staging"),
        ("vars.NONE", None),
        ("vars.STAGING == 'staging'", True),
        ("vars.NONE != ''", False),
        ("vars.EMPTY || 'it''s'", "it's"),
        ("vars.STAGING && 7", 7),
        ("!(true && false) || null", True),
        ("needs.left-out.result == 'skipped'", True),
        ("false || true && false", False),
        ("(true || true) && false", False),
        ("!success()", True),
        ("failure() || cancelled()", False),
    ],
)
def test_an_expression_has_githubs_value(text: str, value: Any) -> None:
    assert expressions.evaluate(text, CONTEXTS) == value


@pytest.mark.parametrize(
    "text", ["", "vars.A ==", "(true", "true)", "secrets.A", "contains('a', 'b')", "a $ b", "== 1"]
)
def test_what_is_not_understood_is_named(text: str) -> None:
    with pytest.raises(WorkflowError, match="is not understood at"):
        expressions.evaluate(text, CONTEXTS)


@pytest.mark.parametrize(
    ("text", "results", "runs"),
    [
        (None, {}, True),
        (None, {"a": "success"}, True),
        (None, {"a": "skipped"}, False),
        (None, {"a": "failure"}, False),
        ("vars.STAGING != ''", {"a": "failure"}, False),
        ("${{ !cancelled() && needs.a.result != 'failure' }}", {"a": "skipped"}, True),
        ("${{ !cancelled() && needs.a.result != 'failure' }}", {"a": "failure"}, False),
        ("always()", {"a": "failure"}, True),
        ("failure()", {"a": "failure"}, True),
    ],
)
def test_a_job_runs_after_the_success_of_those_it_needs_unless_it_asks(
    text: str | None, results: dict[str, str], runs: bool
) -> None:
    needs = {name: {"result": result} for name, result in results.items()}
    assert expressions.condition(text, CONTEXTS | {"needs": needs}) is runs


def test_places_in_a_text_are_filled() -> None:
    assert (
        expressions.filled("to ${{ vars.STAGING }}${{ vars.NONE }}, ${{ true }}", CONTEXTS)
        == "to Staging, true"
    )
