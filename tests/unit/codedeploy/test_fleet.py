"""Which instances a deployment group's tags choose."""

import pytest

from plugins.module_utils.codedeploy.fleet import matches

NAME = {"Key": "Name", "Value": "web", "Type": "KEY_AND_VALUE"}
STAGE = {"Key": "Stage", "Type": "KEY_ONLY"}
LIVE = {"Value": "live", "Type": "VALUE_ONLY"}


@pytest.mark.parametrize(
    ("groups", "tags", "chosen"),
    [
        ([[NAME]], {"Name": "web"}, True),
        ([[NAME]], {"Name": "db"}, False),
        ([[NAME]], {}, False),
        ([[NAME, STAGE]], {"Stage": "x"}, True),
        ([[NAME], [STAGE]], {"Name": "web"}, False),
        ([[NAME], [STAGE]], {"Name": "web", "Stage": ""}, True),
        ([[LIVE]], {"Anything": "live"}, True),
        ([[LIVE]], {"live": "x"}, False),
    ],
)
def test_any_filter_of_every_group(
    groups: list[list[dict[str, str]]], tags: dict[str, str], chosen: bool
) -> None:
    assert matches(tags, groups) is chosen
