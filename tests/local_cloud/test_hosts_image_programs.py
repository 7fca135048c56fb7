"""What making an image runs ends with the local cloud, also where that is killed."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local_cloud.hosts import programs

PATIENCE = 30
KILLED = -9


@pytest.fixture
def begun() -> Iterator[None]:
    programs.begin()
    yield
    programs.begin()


def read_number(fifo: Path) -> int:
    """What the program writes when it runs: its process id."""
    return int(fifo.read_text())


def test_programs_die_with_the_process_that_is_killed(tmp_path: Path) -> None:
    fifo = tmp_path / "pid"
    os.mkfifo(fifo)
    program = ["sh", "-c", f"echo $$ >{fifo}; exec sleep 600"]
    source = f"from local_cloud.hosts.image import programs; programs.run({program!r})"
    with subprocess.Popen([sys.executable, "-c", source]) as maker:
        descriptor = os.pidfd_open(read_number(fifo))
        maker.kill()
    assert select.select([descriptor], [], [], PATIENCE)[0], "the program lives on"
    os.close(descriptor)


@pytest.mark.usefixtures("begun")
def test_giving_up_ends_what_runs_and_starts_no_more(tmp_path: Path) -> None:
    fifo = tmp_path / "pid"
    os.mkfifo(fifo)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(programs.run, ["sh", "-c", f"echo $$ >{fifo}; exec sleep 600"])
        read_number(fifo)
        programs.give_up()
        assert running.result(PATIENCE).returncode == KILLED
    with pytest.raises(programs.GivenUpError, match="not needed any longer"):
        programs.run(["true"])
    programs.begin()
    assert programs.run(["echo", "again"]).stdout == "again\n"
