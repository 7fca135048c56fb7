"""Names, empty values, order, tag filters, tags."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from plugins.module_utils.aws.transformations import (
    as_set,
    camel_name,
    merged_tags,
    snake_name,
    tag_changes,
    tag_filter,
    tag_set,
    to_camel,
    to_snake,
    without_empty,
)

MODEL: Any = get_session().get_service_model("codedeploy")
MEMBERS = sorted(
    {
        member
        for name in MODEL.shape_names
        if MODEL.shape_for(name).type_name == "structure"
        for member in MODEL.shape_for(name).members
    }
)
TAGS = st.dictionaries(st.sampled_from(["a", "b", "aws:c"]), st.sampled_from(["1", "2"]))


class TestNames:
    @pytest.mark.parametrize(
        ("camel", "snake"),
        [
            ("ec2TagFilters", "ec2_tag_filters"),
            ("onPremisesTagSet", "on_premises_tag_set"),
            ("gitHubLocation", "github_location"),
            ("linkedToGitHub", "linked_to_github"),
            ("eTag", "etag"),
            ("elbInfoList", "elb_info_list"),
            ("InProgress", "in_progress"),
            ("targetGroupPairInfoList", "target_group_pair_info_list"),
        ],
    )
    def test_become_snake_case(self, camel: str, snake: str) -> None:
        assert snake_name(camel) == snake

    @pytest.mark.parametrize(
        "member", [name for name in MEMBERS if name[0].islower() and name != "linkedToGitHub"]
    )
    def test_come_back_but_for_one_that_is_only_in_answers(self, member: str) -> None:
        assert camel_name(snake_name(member)) == member


class TestToSnake:
    def test_goes_all_the_way_down_but_not_into_tags(self) -> None:
        record = {"lastDeployment": [{"endTime": datetime(2024, 10, 24, tzinfo=UTC)}], "tags": {"myTag": "x"}}
        assert to_snake(record) == {
            "last_deployment": [{"end_time": "2024-10-24T00:00:00+00:00"}],
            "tags": {"myTag": "x"},
        }


class TestToCamel:
    def test_leaves_out_what_is_not_given_and_keeps_what_is_empty(self) -> None:
        given = {"alarm_configuration": {"enabled": False, "alarms": None}, "ecs_services": []}
        assert to_camel(given) == {"alarmConfiguration": {"enabled": False}, "ecsServices": []}


class TestSets:
    @given(st.lists(st.dictionaries(st.text(max_size=2), st.integers()), max_size=5), st.randoms())
    def test_order_and_repetition_do_not_matter(self, items: list[Any], random: Any) -> None:
        shuffled = items + items
        random.shuffle(shuffled)
        assert as_set(shuffled) == as_set(items)
        assert as_set(as_set(items)) == as_set(items)


class TestTagFilters:
    @pytest.mark.parametrize(
        ("given", "filter_"),
        [
            (
                {"key": "Name", "value": "web", "type": None},
                {"Key": "Name", "Value": "web", "Type": "KEY_AND_VALUE"},
            ),
            ({"key": "Name", "value": None, "type": None}, {"Key": "Name", "Type": "KEY_ONLY"}),
            ({"key": None, "value": "web", "type": None}, {"Value": "web", "Type": "VALUE_ONLY"}),
            ({"Key": "Name", "Value": "", "Type": "KEY_ONLY"}, {"Key": "Name", "Type": "KEY_ONLY"}),
            ({"Key": "Name", "Value": ""}, {"Key": "Name", "Value": "", "Type": "KEY_AND_VALUE"}),
        ],
    )
    def test_the_type_follows_from_what_is_there(
        self, given: dict[str, str | None], filter_: dict[str, str]
    ) -> None:
        assert tag_filter(given) == filter_
        assert tag_filter(tag_filter(given)) == filter_

    def test_empty_groups_say_nothing(self) -> None:
        assert tag_set([[], [{"key": "a"}], []]) == [[{"Key": "a", "Type": "KEY_ONLY"}]]


class TestTags:
    @given(TAGS, TAGS)
    def test_purged_are_those_given_and_the_reserved(
        self, current: dict[str, str], given: dict[str, str]
    ) -> None:
        reserved = {key: value for key, value in current.items() if key.startswith("aws:")}
        assert merged_tags(current, given, purge=True) == reserved | given

    @given(TAGS, TAGS)
    def test_unpurged_are_both(self, current: dict[str, str], given: dict[str, str]) -> None:
        assert merged_tags(current, given, purge=False) == current | given

    @given(TAGS, TAGS)
    def test_changes_lead_from_one_to_the_other(
        self, current: dict[str, str], wanted: dict[str, str]
    ) -> None:
        fresh, obsolete = tag_changes(current, wanted)
        kept = {key: value for key, value in current.items() if key not in obsolete}
        assert kept | fresh == wanted
        assert not fresh.items() & current.items()


def test_without_empty_keeps_what_says_something() -> None:
    assert without_empty({"a": None, "b": [], "c": {}, "d": 0, "e": False, "f": ""}) == {
        "d": 0,
        "e": False,
        "f": "",
    }
