"""Normalised deployment groups: two spellings of the same thing are equal."""

from typing import Any

import pytest
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from plugins.module_utils.aws.reconcile import changes
from plugins.module_utils.codedeploy.deployment_groups import (
    ATTRIBUTES,
    DEFAULT_CONFIG,
    normalise,
    requested,
    to_request,
)

MODEL: Any = get_session().get_service_model("codedeploy")
NAMES = st.sampled_from(["one", "two", "three"])
# What AWS answers in another form than it asks for.
ANSWERS = {"autoScalingGroups": st.lists(st.fixed_dictionaries({"name": NAMES, "hook": NAMES}), max_size=3)}


def values(shape: Any) -> st.SearchStrategy[Any]:
    """Valid values of a shape of the API's model."""
    if shape.type_name == "structure":
        required = {"triggerEvents", "triggerName", "triggerTargetArn", "name"}
        members = {name: values(member) for name, member in shape.members.items()}
        return st.fixed_dictionaries(
            {name: made for name, made in members.items() if name in required},
            optional={name: made for name, made in members.items() if name not in required},
        )
    if shape.type_name == "list":
        return st.lists(values(shape.member), max_size=3)
    if shape.type_name == "boolean":
        return st.booleans()
    if shape.type_name == "integer":
        return st.integers(0, 3000)
    return st.sampled_from(shape.enum) if shape.enum else NAMES


INFO = MODEL.shape_for("DeploymentGroupInfo")
GROUPS = st.fixed_dictionaries(
    {},
    optional={
        **{name: values(INFO.members[name]) for name in ATTRIBUTES},
        **ANSWERS,
        "computePlatform": st.sampled_from(["Server", "Lambda", "ECS"]),
    },
)


class TestNormalise:
    @given(GROUPS)
    def test_twice_is_once(self, group: dict[str, Any]) -> None:
        once = normalise(group)
        assert changes(once, normalise(once)) == {}

    @given(GROUPS, GROUPS)
    def test_changes_lead_from_one_to_the_other(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        before, after = normalise(one), normalise(other)
        assert normalise({**before, **changes(before, after)}) == after

    @given(GROUPS)
    def test_what_is_sent_is_what_comes_back(self, group: dict[str, Any]) -> None:
        attributes = {name: value for name, value in normalise(group).items() if name in ATTRIBUTES}
        sent = to_request(attributes) | {"computePlatform": group.get("computePlatform") or "Server"}
        assert changes(normalise(group), normalise(sent)) == {}

    @given(st.permutations([{"Key": "a"}, {"Key": "b"}, {"Value": "c"}]))
    def test_the_order_of_filters_does_not_matter(self, filters: list[Any]) -> None:
        asked = [{"Key": "a"}, {"Key": "b"}, {"Value": "c"}]
        assert normalise({"ec2TagFilters": filters}) == normalise({"ec2TagFilters": asked})

    @pytest.mark.parametrize(("platform", "config"), DEFAULT_CONFIG.items())
    def test_fills_in_the_default_configuration(self, platform: str, config: str) -> None:
        assert normalise({"computePlatform": platform})["deploymentConfigName"] == config

    def test_knows_every_attribute_of_the_api(self) -> None:
        settable = set(MODEL.shape_for("UpdateDeploymentGroupInput").members)
        names = {"applicationName", "currentDeploymentGroupName", "newDeploymentGroupName"}
        assert settable - names == set(ATTRIBUTES)


class TestRequested:
    def test_is_nothing_where_nothing_is_asked(self) -> None:
        assert requested({"ec2_tag_filters": None, "deployment_style": None}) == {}

    def test_an_empty_list_is_asked(self) -> None:
        assert requested({"ec2_tag_filters": []}) == {"ec2TagFilters": []}

    @pytest.mark.parametrize(
        ("option", "other"),
        [
            ("ec2_tag_filters", "ec2TagSet"),
            ("on_premises_instance_tag_filters", "onPremisesTagSet"),
        ],
    )
    def test_one_kind_of_filter_excludes_the_other(self, option: str, other: str) -> None:
        assert requested({option: [{"key": "a"}]})[other] == []
