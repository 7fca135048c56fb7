"""The modules' real main(), against the local cloud in this process."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.loaders import create_loader

from local_cloud.aws.codedeploy import codedeploy_backends
from local_cloud.request_log import Entry
from local_cloud.server import LocalCloud
from local_cloud.settings import Settings

pytest.register_assert_rewrite("tests.integration.codedeploy.runner")
from tests.integration.codedeploy.runner import Client, Module  # noqa: E402 - after it is to be rewritten

CHECKOUT = Path(__file__).resolve().parents[3]
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIALOCALCLOUDTESTS0",
    "AWS_SECRET_ACCESS_KEY": "a-long-and-random-looking-secret-of-the-tests",
    "AWS_REGION": "us-east-1",
}


OF_CODEDEPLOY = {"codedeploy", "codedeploy-commands"}
ALWAYS_THE_SAME = {"CreateRole", "CreateTopic"}


def written(cloud: LocalCloud) -> list[Entry]:
    return [entry for entry in cloud.log.entries() if entry.mutating]


@pytest.fixture(scope="session")
def running_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The one local cloud of this test process; `local_cloud` gives it emptied."""
    cloud = LocalCloud(Settings.in_process(tmp_path_factory.mktemp("local_cloud")))
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture(scope="session", autouse=True)
def shared_loader() -> Iterator[None]:
    """Reads botocore's descriptions of the services once, not for every run of a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", functools.cache(create_loader))
        yield


@pytest.fixture
def local_cloud(running_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> LocalCloud:
    """A local cloud whose account is as new, and where the environment says that AWS is.

    To make all of moto anew takes longer than most tests, so what only CodeDeploy knows is emptied alone; the
    roles and topics that tests make are always the same.
    """
    if all(
        entry.service in OF_CODEDEPLOY or entry.action in ALWAYS_THE_SAME for entry in written(running_cloud)
    ):
        codedeploy_backends.reset()
        running_cloud.log.clear()
    else:
        running_cloud.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL", running_cloud.endpoint_url)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return running_cloud


@pytest.fixture
def client(local_cloud: LocalCloud) -> Client:
    """`client("ec2")`: a boto3 client of the local cloud, any region."""
    session: Any = boto3.Session()

    def make(service: str, region: str = "us-east-1") -> Any:
        return session.client(service, region, endpoint_url=local_cloud.endpoint_url)

    return make


@pytest.fixture
def module(local_cloud: LocalCloud) -> Callable[[str], Module]:
    """`module("codedeploy_application")`, to be called with options."""
    return lambda name: Module(name, local_cloud)


@pytest.fixture
def application(module: Callable[[str], Module]) -> Module:
    return module("codedeploy_application")


@pytest.fixture
def deployment_group(module: Callable[[str], Module]) -> Module:
    return module("codedeploy_deployment_group")


@pytest.fixture
def deployment(module: Callable[[str], Module]) -> Module:
    """Waits a minute at most, for a deployment that hangs must fail the test."""
    runner = module("codedeploy_deployment")
    runner.defaults = {"wait_timeout": 60}
    return runner


@pytest.fixture
def oidc_provider(module: Callable[[str], Module]) -> Module:
    return module("iam_oidc_provider")
