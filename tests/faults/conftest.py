"""One pipeline for the fault runs of a file."""

from collections.abc import Iterator

import pytest

from tests.faults.developer import Developer
from tests.faults.pipeline_runs import BINDING, Pipeline

VALIDITY = 120
"""So short that certificates are renewed while tests look."""


@pytest.fixture(scope="module")
def validity() -> int:
    """Of the authority's certificates, in seconds."""
    return VALIDITY


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, validity: int) -> Iterator[Pipeline]:
    """A local cloud with the site's repository, and nothing in the account."""
    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "binding").write_text(BINDING)
    # By HTTP, but where a test is about HTTPS.
    it = Pipeline(folder, options=("--extra-vars=pipeline_https=none",))
    started = it.cloud("start", f"--acme-validity={validity}", f"--acme-binding={folder / 'binding'}")
    assert started.returncode == 0, started.stderr
    try:
        it.publish()
        yield it
    finally:
        it.cloud("stop")


@pytest.fixture(scope="module")
def empty_account(started: Pipeline) -> str:
    """What the account holds without the pipeline."""
    return started.holdings()


@pytest.fixture(scope="module")
def pipeline(started: Pipeline, empty_account: str) -> Pipeline:
    """A pipeline that is up, with the site live."""
    assert "test.codeDeploy.001" not in empty_account
    provisioned = started.playbook("site.yml")
    assert provisioned.returncode == 0, provisioned.stdout
    return started


@pytest.fixture(scope="module")
def author(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    return Developer.of(pipeline, tmp_path_factory.mktemp("developer"))
