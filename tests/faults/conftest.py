"""One pipeline for all fault runs."""

from collections.abc import Iterator

import pytest

from tests.faults.pipeline_runs import Pipeline


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A pipeline that is up, with the site live."""
    it = Pipeline(tmp_path_factory.mktemp("pipeline"))
    started = it.cloud("start")
    assert started.returncode == 0, started.stderr
    try:
        it.publish()
        provisioned = it.playbook("site.yml")
        assert provisioned.returncode == 0, provisioned.stdout
        yield it
    finally:
        it.cloud("stop")
