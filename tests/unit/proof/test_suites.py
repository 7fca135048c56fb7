"""Suites that are interrupted."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local_cloud.testing.fixtures import interrupts_heeded
from local_cloud.testing.shop import wait_for
from tests.bench.run import CHECKOUT

__all__ = ["interrupts_heeded"]

SUITE = """\
import time
from pathlib import Path

import pytest

@pytest.fixture
def cloud():
    yield
    time.sleep(1)
    Path("{ended}").touch()

def test_interrupted(cloud):
    Path("{begun}").touch()
    time.sleep(60)
"""


@pytest.mark.usefixtures("interrupts_heeded")
def test_one_that_is_interrupted_ends_what_it_has_started(tmp_path: Path) -> None:
    suite, begun, ended = (tmp_path / name for name in ("test_suite.py", "begun", "ended"))
    suite.write_text(SUITE.format(begun=begun, ended=ended))
    run = f"from tests.proof.suites import pytest; pytest({str(suite)!r})"
    with subprocess.Popen(
        [sys.executable, "-c", run], cwd=CHECKOUT, start_new_session=True, stderr=subprocess.DEVNULL
    ) as process:
        wait_for(begun.exists)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)
    assert process.returncode == -signal.SIGINT
    assert ended.exists()
