"""Fixtures for a conftest.py to import: a control plane in the process, and clients of it."""

import signal
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from local_cloud.testing.clouds import ACCESS_KEY, SECRET_KEY, LocalCloud, running

__all__ = ["aws_session", "client", "interrupts_heeded", "local_cloud", "running_cloud"]


@pytest.fixture(scope="session")
def running_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The one local cloud of this test process; `local_cloud` gives it emptied."""
    with running(tmp_path_factory.mktemp("local_cloud")) as cloud:
        yield cloud


@pytest.fixture
def local_cloud(running_cloud: LocalCloud) -> LocalCloud:
    """A local cloud whose account is as new."""
    running_cloud.reset()
    return running_cloud


@pytest.fixture(scope="session")
def aws_session() -> Any:
    """One for all tests: a session loads each service's model once, which takes longer than a test."""
    return boto3.Session(
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name="us-east-1"
    )


@pytest.fixture
def client(local_cloud: LocalCloud, aws_session: Any) -> Callable[..., Any]:
    """`client("ec2")`: a boto3 client of the local cloud, any region."""

    def make(service: str, region: str = "us-east-1", **options: Any) -> Any:
        return aws_session.client(
            service, region_name=region, endpoint_url=local_cloud.endpoint_url, **options
        )

    return make


@pytest.fixture
def interrupts_heeded() -> Iterator[None]:
    """What the test starts heeds SIGINT; a shell's job in the background inherits that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
