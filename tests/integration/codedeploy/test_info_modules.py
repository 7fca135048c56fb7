"""The modules that list what is there."""

from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.testing.agents import agents_on
from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.shop import GITHUB, Shop, make_role
from tests.integration.codedeploy.runner import Client, Module

Modules = Callable[[str], Module]


class TestApplications:
    @pytest.fixture
    def info(self, module: Modules) -> Module:
        return module("codedeploy_application_info")

    def test_of_an_empty_account(self, info: Module) -> None:
        assert info()["applications"] == []
        assert info(names=["shop"])["applications"] == []

    def test_by_name_and_all(self, info: Module, application: Module) -> None:
        for name in ("b", "a", "c"):
            application(name=name, compute_platform="Lambda")
        assert [item["application_name"] for item in info()["applications"]] == ["a", "b", "c"]
        asked = info(names=["c", "nobody", "a"])["applications"]
        assert [item["application_name"] for item in asked] == ["a", "c"]
        assert asked[0]["compute_platform"] == "Lambda"

    def test_one_takes_one_call(self, info: Module, application: Module) -> None:
        application(name="shop")
        assert info(names=["shop"]).calls == ["GetApplication"]

    def test_tags(self, info: Module, application: Module) -> None:
        application(name="shop", tags={"Stage": "test"})
        assert "tags" not in info()["applications"][0]
        assert info(include_tags=True)["applications"][0]["tags"] == {"Stage": "test"}

    def test_hundreds_are_read_in_batches(self, info: Module, client: Client) -> None:
        codedeploy = client("codedeploy")
        for number in range(205):
            codedeploy.create_application(applicationName=f"shop-{number:03}")
        result = info()
        assert len(result["applications"]) == 205
        assert result.calls.count("BatchGetApplications") == 3
        assert result.writes == []


class TestDeploymentGroups:
    @pytest.fixture
    def info(self, module: Modules) -> Module:
        return module("codedeploy_deployment_group_info")

    def test_of_an_application_that_is_not_there(self, info: Module) -> None:
        assert info(application_name="shop")["deployment_groups"] == []
        assert info(application_name="shop", names=["web"])["deployment_groups"] == []

    def test_by_name_and_all(
        self, info: Module, application: Module, deployment_group: Module, client: Client
    ) -> None:
        application(name="shop")
        role = make_role(client)
        for name in ("web", "api"):
            deployment_group(application_name="shop", name=name, service_role=role, tags={"Name": name})
        found = info(application_name="shop", include_tags=True)["deployment_groups"]
        assert [item["deployment_group_name"] for item in found] == ["api", "web"]
        assert [item["tags"] for item in found] == [{"Name": "api"}, {"Name": "web"}]
        asked = info(application_name="shop", names=["web", "nobody"])["deployment_groups"]
        assert [item["deployment_group_name"] for item in asked] == ["web"]


class TestDeployments:
    @pytest.fixture
    def info(self, module: Modules) -> Module:
        return module("codedeploy_deployment_info")

    @pytest.fixture
    def three(self, client: Client, local_cloud: LocalCloud) -> list[str]:
        """Three deployments, newest first: one running, one stopped, one successful."""
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            first = shop.deploy()
            shop.finish(first)
        second = shop.deploy()
        shop.codedeploy.stop_deployment(deploymentId=second)
        shop.finish(second)
        return [shop.deploy(), second, first]

    def test_newest_first_and_limited(self, info: Module, three: list[str]) -> None:
        assert ids(info()) == three
        assert ids(info(limit=1)) == three[:1]
        assert ids(info(application_name="shop", deployment_group_name="web", limit=2)) == three[:2]

    @pytest.mark.parametrize(
        ("statuses", "expected"),
        [(["Succeeded"], [2]), (["Stopped", "InProgress"], [0, 1]), (["Failed"], [])],
    )
    def test_by_status(
        self, info: Module, three: list[str], statuses: list[str], expected: list[int]
    ) -> None:
        assert ids(info(statuses=statuses)) == [three[number] for number in expected]

    def test_by_time(self, info: Module, three: list[str]) -> None:
        assert ids(info(created_after="3600")) == three
        assert ids(info(created_before="3600")) == []
        assert ids(info(created_after="2001-01-01", created_before="2002-01-01T00:00:00Z")) == []

    def test_by_the_id_that_another_service_gave(self, info: Module, three: list[str]) -> None:
        assert three
        result = info(external_id="stack")
        assert ids(result) == []
        assert result.calls == ["ListDeployments"]

    def test_by_id(self, info: Module, three: list[str]) -> None:
        result = info(deployment_ids=three[1:])
        assert ids(result) == three[1:]
        assert result.calls == ["BatchGetDeployments"]

    def test_targets_on_request(self, info: Module, three: list[str]) -> None:
        found = info(deployment_ids=three[2:], include_targets=True)["deployments"][0]
        assert [item["lifecycle_event_name"] for item in found["targets"][0]["lifecycle_events"]][-1] == (
            "ValidateService"
        )
        assert found["revision"]["github_location"]["repository"] == GITHUB["gitHubLocation"]["repository"]
        assert "targets" not in info(deployment_ids=three[2:])["deployments"][0]

    def test_of_what_is_not_there(self, info: Module) -> None:
        assert info()["deployments"] == []
        assert info(application_name="shop")["deployments"] == []

    def test_filters_do_not_go_with_ids(self, info: Module) -> None:
        assert "mutually exclusive" in info.refuse(deployment_ids=["d-1"], application_name="shop")["msg"]


def ids(result: Any) -> list[str]:
    return [item["deployment_id"] for item in result["deployments"]]
