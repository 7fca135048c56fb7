"""Where the runs of these tests leave their temporary files."""

import tempfile
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def temporary_folder() -> Iterator[None]:
    """Holds what killed modules leave. Its name is short: in it ansible-core 2.21 listens on a socket."""
    with tempfile.TemporaryDirectory(prefix="warm-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", folder)
        yield
