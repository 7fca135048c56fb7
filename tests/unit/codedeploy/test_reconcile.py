"""From what is there to what is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.module_utils.aws.errors import ModuleError
from plugins.module_utils.aws.reconcile import changes, reconcile

if TYPE_CHECKING:
    from collections.abc import Callable

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.fixed_dictionaries({"name": st.text(max_size=3), "one": VALUES, "two": VALUES})


class TestChanges:
    @given(RECORDS)
    def test_are_none_where_nothing_differs(self, record: dict[str, Any]) -> None:
        assert changes(record, record) == {}

    @given(RECORDS, RECORDS)
    def test_lead_from_one_to_the_other(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        assert {**one, **changes(one, other)} == other

    @given(RECORDS)
    def test_of_a_creation_are_everything(self, record: dict[str, Any]) -> None:
        assert changes(None, record) == record

    @given(RECORDS)
    def test_of_a_removal_are_everything_gone(self, record: dict[str, Any]) -> None:
        assert changes(record, None) == dict.fromkeys(record)

    def test_of_nothing_to_nothing_are_none(self) -> None:
        assert changes(None, None) == {}


class Cupboard:
    """A resource in memory: a record that can be there or not."""

    already_exists = "AlreadyThere"
    managed = ("size",)

    def __init__(self, there: dict[str, Any] | None, wanted: dict[str, Any] | None) -> None:
        self.there = there
        self.wanted = wanted
        self.calls: list[str] = []
        self.before_apply: Callable[[], None] = lambda: None

    def describe(self) -> dict[str, Any] | None:
        self.calls.append("describe")
        return self.there

    def desired(self, current: Any) -> Any:
        return self.wanted if self.wanted is None or current is None else {**current, **self.wanted}

    def apply(self, current: Any, wanted: Any) -> dict[str, Any]:
        self.before_apply()
        self.calls.append("apply")
        if current is None and self.there is not None:
            raise ModuleError("It is there already.", code="AlreadyThere")
        self.there = wanted and {"id": 7, **wanted}
        return {}


class TestReconcile:
    def test_creates_and_reads_again(self) -> None:
        cupboard = Cupboard(None, {"size": 1})
        outcome = reconcile(cupboard, dry_run=False)
        assert cupboard.calls == ["describe", "apply", "describe"]
        assert outcome.as_result("cupboard") == {
            "changed": True,
            "cupboard": {"id": 7, "size": 1},
            "diff": {"before": {}, "after": {"size": 1}},
        }

    def test_does_nothing_where_nothing_differs(self) -> None:
        cupboard = Cupboard({"id": 7, "size": 1}, {"size": 1})
        assert not reconcile(cupboard, dry_run=False).changed
        assert cupboard.calls == ["describe"]

    @pytest.mark.parametrize("there", [None, {"id": 7, "size": 1}])
    @pytest.mark.parametrize("wanted", [None, {"size": 2}])
    def test_a_dry_run_predicts_the_run(self, there: Any, wanted: Any) -> None:
        dry = Cupboard(there, wanted)
        predicted = reconcile(dry, dry_run=True).as_result("cupboard")
        made = reconcile(Cupboard(there, wanted), dry_run=False).as_result("cupboard")
        assert dry.calls == ["describe"]
        assert dry.there == there
        assert predicted["changed"] == made["changed"]
        assert predicted["diff"] == made["diff"]

    def test_settles_with_who_created_it_first(self) -> None:
        cupboard = Cupboard(None, {"size": 1})

        def somebody_else() -> None:
            cupboard.before_apply = lambda: None
            cupboard.there = {"id": 8, "size": 3}

        cupboard.before_apply = somebody_else
        outcome = reconcile(cupboard, dry_run=False)
        assert cupboard.calls == ["describe", "apply", "describe", "apply", "describe"]
        assert outcome.as_result("cupboard")["diff"] == {"before": {"size": 3}, "after": {"size": 1}}

    def test_other_errors_reach_the_user(self) -> None:
        cupboard = Cupboard({"size": 1}, {"size": 2})

        def fail() -> None:
            raise ModuleError("No.", code="AlreadyThere")

        cupboard.before_apply = fail
        with pytest.raises(ModuleError, match="No"):
            reconcile(cupboard, dry_run=False)
