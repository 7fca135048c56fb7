"""codedeploy_application."""

from typing import Any

import pytest

from tests.integration.codedeploy.runner import Client, Module


class TestPresent:
    def test_creates_once(self, application: Module, client: Client) -> None:
        result = application.four_beats(name="shop")

        assert result["changed"]
        assert result["application"]["compute_platform"] == "Server"
        assert result["application"]["application_id"]
        assert result.shown == {"application_name": (None, "shop"), "compute_platform": (None, "Server")}
        assert client("codedeploy").list_applications()["applications"] == ["shop"]

    @pytest.mark.parametrize("platform", ["Server", "Lambda", "ECS"])
    def test_for_every_compute_platform(self, application: Module, platform: str) -> None:
        result = application.four_beats(name="shop", compute_platform=platform)
        assert result["application"]["compute_platform"] == platform

    def test_refuses_another_compute_platform(self, application: Module) -> None:
        application(name="shop", compute_platform="Lambda")
        for check in (True, False):
            result = application.refuse(check=check, name="shop", compute_platform="ECS")
            assert "compute_platform: shop is for Lambda" in result["msg"]
            assert result.writes == []

    def test_leaves_the_compute_platform_alone_when_it_is_not_given(self, application: Module) -> None:
        application(name="shop", compute_platform="Lambda")
        assert not application(name="shop")["changed"]

    def test_makes_one_call_when_nothing_changes(self, application: Module) -> None:
        application(name="shop")
        assert application(name="shop").calls == ["GetApplication"]


class TestRename:
    def test_renames_once(self, application: Module, client: Client) -> None:
        application(name="shop")
        result = application.four_beats(name="shop", new_name="store")
        assert result.shown == {"application_name": ("shop", "store")}
        assert client("codedeploy").list_applications()["applications"] == ["store"]

    def test_creates_under_the_new_name(self, application: Module) -> None:
        assert (
            application.four_beats(name="shop", new_name="store")["application"]["application_name"]
            == "store"
        )

    def test_carries_the_tags_along(self, application: Module) -> None:
        application(name="shop", tags={"Stage": "test"})
        result = application.four_beats(name="shop", new_name="store", tags={"Stage": "test", "Team": "web"})
        assert result["application"]["tags"] == {"Stage": "test", "Team": "web"}

    def test_says_that_the_name_is_taken(self, application: Module) -> None:
        application(name="shop")
        application(name="store")
        assert not application(name="shop", new_name="store")["changed"]


class TestTags:
    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({"tags": {"Stage": "test", "Team": "web"}}, {"Stage": "test", "Team": "web"}),
            ({"tags": {"Stage": "production"}}, {"Stage": "production"}),
            ({"tags": {"Team": "web"}, "purge_tags": False}, {"Stage": "test", "Team": "web"}),
            ({"tags": {}}, {}),
        ],
    )
    def test_changes_them(
        self, application: Module, options: dict[str, Any], expected: dict[str, str]
    ) -> None:
        application(name="shop", tags={"Stage": "test"})
        result = application.four_beats(name="shop", **options)
        assert result["application"]["tags"] == expected
        assert result.shown == {"tags": ({"Stage": "test"}, expected or None)}

    def test_leaves_them_alone_when_they_are_not_given(self, application: Module) -> None:
        application(name="shop", tags={"Stage": "test"})
        assert not application(name="shop")["changed"]
        assert not application(name="shop", tags={}, purge_tags=False)["changed"]

    def test_a_value_may_be_a_number(self, application: Module) -> None:
        assert application.four_beats(name="shop", tags={"Cost": 7})["application"]["tags"] == {"Cost": "7"}

    def test_makes_three_calls_when_nothing_changes(self, application: Module) -> None:
        application(name="shop", tags={"Stage": "test"})
        result = application(name="shop", tags={"Stage": "test"})
        assert sorted(result.calls) == ["GetApplication", "GetCallerIdentity", "ListTagsForResource"]


class TestAbsent:
    def test_deletes_once(self, application: Module) -> None:
        application(name="shop")
        result = application.four_beats(name="shop", state="absent")
        assert result["changed"]
        assert result["application"] == {}
        assert result.shown == {"application_name": ("shop", None), "compute_platform": ("Server", None)}

    def test_of_what_was_never_there(self, application: Module) -> None:
        assert not application.four_beats(name="shop", state="absent")["changed"]
