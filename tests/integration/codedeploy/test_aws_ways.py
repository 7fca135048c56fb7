"""What AWS does that a quiet account does not: races, delays, other partitions, old libraries."""

import copy
import importlib
import os
import threading
import time
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.loaders
import pytest

from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.clouds import codedeploy_options as options
from local_cloud.testing.shop import make_role
from tests.integration.codedeploy.runner import Client, Module

PLACE: dict[str, Any] = {"application_name": "shop", "name": "web"}


@pytest.fixture
def roles_are_young(local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - goes first
    """New service roles cannot be used, until somebody has waited for one."""
    waiters = importlib.import_module("plugins.module_utils.aws.waiters")

    def sleep(_seconds: float) -> None:
        options.role_propagation = 0

    monkeypatch.setattr(options, "role_propagation", 600)
    monkeypatch.setattr(waiters, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))


@pytest.mark.usefixtures("roles_are_young")
class TestEventualConsistency:
    def test_a_fresh_role_is_waited_for_on_create(
        self, application: Module, deployment_group: Module, client: Client
    ) -> None:
        application(name="shop")
        make_role(client)
        result = deployment_group(**PLACE, service_role="deployer")
        assert result["changed"]
        assert result.calls.count("CreateDeploymentGroup") == 2

    def test_a_fresh_role_is_waited_for_on_update(
        self, application: Module, deployment_group: Module, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(options, "role_propagation", 0)
            application(name="shop")
            make_role(client)
            deployment_group(**PLACE, service_role="deployer")
        make_role(client, "other")
        result = deployment_group(**PLACE, service_role="other")
        assert result["changed"]
        assert result.calls.count("UpdateDeploymentGroup") == 2

    def test_no_longer_than_asked(
        self, application: Module, deployment_group: Module, client: Client
    ) -> None:
        application(name="shop")
        make_role(client)
        result = deployment_group.refuse(**PLACE, service_role="deployer", wait_timeout=0)
        assert "trust codedeploy.amazonaws.com" in result["msg"]
        assert "wait_timeout" in result["msg"]
        assert "\n" not in result["msg"]
        assert result.calls.count("CreateDeploymentGroup") == 1


class TestRaces:
    def test_two_at_once_create_one(self, application: Module, client: Client) -> None:
        connection = importlib.import_module("plugins.module_utils.codedeploy.applications")
        client("codedeploy").create_application(applicationName="shop")
        looks = iter([None])
        real = connection.api.get_application
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connection.api, "get_application", lambda *args: next(looks, real(*args)))
            result = application(name="shop", tags={"Stage": "test"})
        assert result["changed"]
        assert result["application"]["tags"] == {"Stage": "test"}
        assert result.writes == ["CreateApplication", "TagResource"]

    def test_what_somebody_else_deleted_is_deleted(self, application: Module) -> None:
        connection = importlib.import_module("plugins.module_utils.codedeploy.applications")
        there = {"applicationName": "shop", "computePlatform": "Server"}
        looks = iter([there])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connection.api, "get_application", lambda *_: next(looks, None))
            assert application(name="shop", state="absent")["changed"]


class TestPartitions:
    @pytest.fixture(params=[("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
    def elsewhere(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
        """A region of another partition; returns the partition."""
        region, partition = request.param
        monkeypatch.setenv("AWS_REGION", region)
        return str(partition)

    def test_arns_have_the_partition_of_the_region(
        self, application: Module, elsewhere: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection = importlib.import_module("plugins.module_utils.aws.connection")
        asked: list[str] = []
        tags = importlib.import_module("plugins.module_utils.codedeploy.tags")

        def no_tags(_client: object, request: dict[str, str]) -> list[Any]:
            asked.append(request["ResourceArn"])
            return []

        monkeypatch.setattr(tags.api, "list_tags", no_tags)
        identity = {"Arn": f"arn:{elsewhere}:iam::123456789012:user/somebody"}
        monkeypatch.setattr(connection, "get_caller_identity", lambda *_: identity)
        application(name="shop")
        application.check(name="shop", tags={"Stage": "test"})
        assert [arn.split(":")[:3] for arn in asked] == [["arn", elsewhere, "codedeploy"]]

    def test_the_console_has_the_address_of_the_partition(self, elsewhere: str) -> None:
        connection = importlib.import_module("plugins.module_utils.aws.connection")
        session: Any = boto3.Session(region_name=os.environ["AWS_REGION"])
        url = connection.Connection(session.client).console_url("codesuite/codedeploy/applications/shop")
        host = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}[elsewhere]
        assert f".{host}/codesuite/codedeploy/applications/shop" in url


class TestAnOldLibrary:
    def test_is_named_when_it_does_not_know_an_option(
        self, application: Module, deployment_group: Module, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        application(name="shop")
        make_role(client)
        real = botocore.loaders.Loader.load_service_model

        def older(loader: Any, service: str, kind: str, **rest: Any) -> Any:
            model = copy.deepcopy(real(loader, service, kind, **rest))
            for shape in ("CreateDeploymentGroupInput", "UpdateDeploymentGroupInput"):
                if service == "codedeploy" and kind == "service-2":
                    del model["shapes"][shape]["members"]["ec2DeploymentOptions"]
            return model

        monkeypatch.setattr(botocore.loaders.Loader, "load_service_model", older)
        processes = {"auto_scaling_group_processes_to_suspend": ["Terminate"]}
        result = deployment_group.refuse(**PLACE, service_role="deployer", ec2_deployment_options=processes)
        assert "The installed botocore does not know ec2DeploymentOptions" in result["msg"]
        assert result.writes == []


class TestManyAtOnce:
    def test_runs_of_the_same_task_agree(self, client: Client) -> None:
        """Ten clients that make the same group: one wins, the others find it."""
        client("codedeploy").create_application(applicationName="shop")
        role = make_role(client)
        groups = importlib.import_module("plugins.module_utils.codedeploy.deployment_groups")
        connection = importlib.import_module("plugins.module_utils.aws.connection")
        reconcile = importlib.import_module("plugins.module_utils.aws.reconcile").reconcile
        outcomes: list[Any] = []
        barrier = threading.Barrier(10)

        def run() -> None:
            group = groups.DeploymentGroup(
                connection.Connection(client),
                application_name="shop",
                name="web",
                attributes={"ec2_tag_filters": [{"key": "Name", "value": "web"}]},
                service_role=role,
            )
            barrier.wait()
            outcomes.append(reconcile(group, dry_run=False))

        threads = [threading.Thread(target=run) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 10
        assert sum(outcome.before is None for outcome in outcomes) == 1
