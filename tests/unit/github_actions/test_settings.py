"""What is written, decided without GitHub."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.module_utils.github import fingerprints
from plugins.module_utils.github.api import Level
from plugins.module_utils.github.errors import GitHubActionsError
from plugins.module_utils.github.rules import Rules, WantedRules, rules
from plugins.module_utils.github.settings import (
    Changes,
    Found,
    Outcome,
    Settings,
    changes,
    from_parameters,
    predict,
)

LEVEL = Level("OWNER/repository", "Prod")
WRITTEN = "2026-11-22T21:47:41Z"
NAMES = st.sampled_from(["A", "B", "C", "D"])
VARIABLES = st.dictionaries(NAMES, st.sampled_from(["1", "2"]))


def parameters(**given: Any) -> dict[str, Any]:
    defaults = {
        "repository": "OWNER/repository",
        "environment": None,
        "state": "present",
        "variables": None,
        "secrets": None,
        "purge_variables": False,
        "purge_secrets": False,
        "update_secrets": "changed",
        "deployment_branches": None,
        "owner": None,
        "reviewers": None,
        "prevent_self_review": None,
        "wait_timer": None,
    }
    return defaults | given


def found(**values: str) -> Found:
    """An environment with these secrets, written by the module."""
    return Found(
        exists=True,
        secrets=dict.fromkeys(values, WRITTEN),
        fingerprints={name: fingerprints.fingerprint(text, WRITTEN) for name, text in values.items()},
    )


class TestFromParameters:
    def test_names_are_in_capitals_and_values_are_text(self) -> None:
        asked = from_parameters(parameters(variables={"count": 3, "flag": True}, secrets={"key": "v"}))
        assert asked.variables == {"COUNT": "3", "FLAG": "true"}
        assert asked.secrets == {"KEY": "v"}

    def test_what_is_not_given_is_not_asked_for(self) -> None:
        asked = from_parameters(parameters())
        assert (asked.variables, asked.secrets, asked.level.environment) == (None, None, None)

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            ({"repository": "repository"}, "OWNER/NAME"),
            ({"repository": "a/b/c"}, "OWNER/NAME"),
            ({"variables": {"GITHUB_X": "v"}}, "no GITHUB_ in front"),
            ({"variables": {"1ST": "v"}}, "no digit first"),
            ({"secrets": {"A-B": "v"}}, "letters, digits"),
            ({"variables": {"ANSIBLE_SECRET_FINGERPRINTS": "v"}}, "ANSIBLE_SECRET_FINGERPRINTS"),
            ({"variables": {"a": "1", "A": "2"}}, "A is given twice"),
            ({"variables": {"A": {"b": "c"}}}, "A is not text"),
            ({"variables": {"A": [1]}}, "to_json"),
            ({"secrets": {"A": "x" * 49_153}}, "48 KB"),
        ],
    )
    def test_refuses_what_github_would(self, given: dict[str, Any], reason: str) -> None:
        with pytest.raises(GitHubActionsError, match=reason):
            from_parameters(parameters(**given))

    def test_never_repeats_the_value_of_a_secret(self) -> None:
        with pytest.raises(GitHubActionsError) as refused:
            from_parameters(parameters(secrets={"A": ["canary"]}))
        assert "canary" not in str(refused.value)


class TestVariables:
    @given(VARIABLES, VARIABLES, st.booleans())
    def test_after_the_changes_nothing_is_left_to_do(
        self, there: dict[str, str], wanted: dict[str, str], purge: bool
    ) -> None:
        asked = Settings(level=LEVEL, variables=wanted, purge_variables=purge)
        after = predict(
            Found(exists=True, variables=there), changes(Found(exists=True, variables=there), asked)
        )
        assert not changes(after, asked)
        assert after.variables == (wanted if purge else there | wanted)

    def test_that_are_not_given_are_left_alone(self) -> None:
        assert not changes(Found(exists=True, variables={"A": "1"}), Settings(level=LEVEL))

    def test_a_missing_environment_is_created(self) -> None:
        assert changes(Found(exists=False), Settings(level=LEVEL)).create


class TestSecrets:
    def test_with_the_recorded_value_stay(self) -> None:
        assert not changes(found(A="value"), Settings(level=LEVEL, secrets={"A": "value"}))

    @pytest.mark.parametrize(
        "there",
        [
            Found(exists=True),
            found(A="other"),
            Found(exists=True, secrets={"A": WRITTEN}),
            Found(
                exists=True,
                secrets={"A": "2026-11-22T22:00:00Z"},
                fingerprints={"A": fingerprints.fingerprint("value", WRITTEN)},
            ),
        ],
        ids=["missing", "another value", "never written by the module", "written by somebody else"],
    )
    def test_that_may_differ_are_written(self, there: Found) -> None:
        planned = changes(there, Settings(level=LEVEL, secrets={"A": "value"}))
        assert planned.set_secrets == {"A": "value"}

    def test_always(self) -> None:
        asked = Settings(level=LEVEL, secrets={"A": "value"}, update_secrets="always")
        assert changes(found(A="value"), asked)

    def test_on_create(self) -> None:
        asked = Settings(level=LEVEL, secrets={"A": "other"}, update_secrets="on_create")
        assert not changes(found(A="value"), asked)
        assert changes(Found(exists=True), asked)

    def test_purge(self) -> None:
        asked = Settings(level=LEVEL, secrets={"A": "a"}, purge_secrets=True)
        assert changes(found(A="a", B="b"), asked) == Changes(drop_secrets=("B",))

    def test_a_diff_tells_that_one_changes_and_never_what(self) -> None:
        asked = Settings(level=LEVEL, secrets={"A": "canary-new", "B": "canary-kept"})
        there = found(A="canary-old", B="canary-kept")
        result = Outcome(settings=asked, before=there, changes=changes(there, asked)).as_result()
        assert result["diff"]["before"]["secrets"] == {"A": "set", "B": "set"}
        assert result["diff"]["after"]["secrets"] == {"A": "a new value", "B": "set"}
        assert "canary" not in str(result)


class TestBranches:
    def test_that_are_not_given_are_left_alone(self) -> None:
        there = Found(exists=True, branches=frozenset({"main"}))
        assert not changes(there, Settings(level=LEVEL))

    @given(st.frozensets(NAMES), st.frozensets(NAMES))
    def test_are_replaced(self, there: frozenset[str], wanted: frozenset[str]) -> None:
        asked = Settings(level=LEVEL, branches=wanted)
        planned = changes(Found(exists=True, branches=there), asked)
        assert planned.set_branches == (None if there == wanted else wanted)
        assert not changes(predict(Found(exists=True, branches=there), planned), asked)

    def test_the_other_rules_are_what_a_put_takes(self) -> None:
        reviewers = [
            {"type": "User", "reviewer": {"id": 1, "login": "somebody"}},
            {"type": "Team", "reviewer": {"id": 2, "slug": "ops"}},
        ]
        environment = {
            "protection_rules": [
                {"id": 1, "type": "wait_timer", "wait_timer": 5},
                {"id": 2, "type": "required_reviewers", "prevent_self_review": True, "reviewers": reviewers},
                {"id": 3, "type": "branch_policy"},
            ]
        }
        found = rules(environment, "OWNER")
        assert list(found.reviewers) == ["somebody", "OWNER/ops"]
        assert found.as_body() == {
            "wait_timer": 5,
            "prevent_self_review": True,
            "reviewers": [{"type": "User", "id": 1}, {"type": "Team", "id": 2}],
        }
        assert rules({}, "OWNER").as_body() == {}


class TestAbsent:
    def test_keeps_an_environment_that_people_guard(self) -> None:
        asked = Settings(level=LEVEL, state="absent", variables={"A": ""})
        there = Found(exists=True, variables={"A": "1"}, rules=Rules(wait_timer=5))
        assert changes(there, asked) == Changes(drop_variables=("A",))
        assert changes(there, replace(asked, rules=WantedRules(wait_timer=0))) == Changes(delete=True)

    def test_removes_what_is_named(self) -> None:
        asked = Settings(level=LEVEL, state="absent", variables={"A": "whatever"})
        there = Found(exists=True, variables={"A": "1", "B": "2"})
        assert changes(there, asked) == Changes(drop_variables=("A",))

    def test_removes_the_environment_when_nothing_else_is_left(self) -> None:
        asked = Settings(level=LEVEL, state="absent", variables={"A": ""}, secrets={"S": ""})
        there = Found(exists=True, variables={"A": "1"}, secrets={"S": WRITTEN})
        assert changes(there, asked) == Changes(delete=True)

    def test_of_what_is_not_there_is_done(self) -> None:
        assert not changes(Found(exists=False), Settings(level=LEVEL, state="absent"))

    def test_of_a_repositorys_settings_keeps_the_repository(self) -> None:
        asked = Settings(level=Level("OWNER/repository"), state="absent", variables={"A": ""})
        there = Found(exists=True, variables={"A": "1"})
        assert changes(there, asked) == Changes(drop_variables=("A",))
