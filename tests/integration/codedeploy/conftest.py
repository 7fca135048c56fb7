"""The modules' real main(), against the local cloud in this process."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.loaders import create_loader

from local_cloud.testing.clouds import ACCESS_KEY, SECRET_KEY, LocalCloud, reset_codedeploy
from local_cloud.testing.fixtures import aws_session, client, running_cloud

pytest.register_assert_rewrite("tests.integration.codedeploy.runner")
from tests.integration.codedeploy.runner import Module  # noqa: E402 - after it is to be rewritten

CHECKOUT = Path(__file__).resolve().parents[3]

__all__ = ["aws_session", "client", "running_cloud"]

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_REGION": "us-east-1",
}


@pytest.fixture(scope="session", autouse=True)
def shared_loader() -> Iterator[None]:
    """Reads botocore's descriptions of the services once, not for every run of a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", functools.cache(create_loader))
        yield


@pytest.fixture
def local_cloud(running_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> LocalCloud:
    """A local cloud whose account is as new, and where the environment says that AWS is."""
    reset_codedeploy(running_cloud)
    monkeypatch.setenv("AWS_ENDPOINT_URL", running_cloud.endpoint_url)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return running_cloud


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
