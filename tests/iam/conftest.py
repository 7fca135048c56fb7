"""One account in which policies are enforced, and the policies as they are written for it."""

from collections.abc import Iterator
from typing import Any

import pytest

from local_cloud.testing.clouds import running
from tests.iam import policies, whole
from tests.iam.pipeline import Pipeline


@pytest.fixture(scope="session")
def written() -> dict[str, dict[str, Any]]:
    """Every policy by name, for the settings of the local inventory."""
    return policies.write()


@pytest.fixture(scope="session")
def through_s3(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every policy by name, where revisions go through S3."""
    folder = tmp_path_factory.mktemp("through_s3")
    return policies.write(pipeline_revision_source="s3", policy_folder=str(folder))


@pytest.fixture(scope="session")
def notified(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every policy by name, where somebody is told of deployments."""
    folder = tmp_path_factory.mktemp("notified")
    return policies.write(**whole.NOTIFIED, policy_folder=str(folder))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """An empty account and the site's repository, with policies enforced."""
    directory = tmp_path_factory.mktemp("iam")
    with running(directory) as cloud:
        whole = Pipeline(cloud, directory)
        whole.publish()
        cloud.gate.enforcing = True
        yield whole
