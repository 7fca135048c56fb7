"""How the warm interpreter ends, and what becomes of modules when it, a run or a part of it is killed."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.shop import wait_for
from tests.warm.runs import CHECKOUT, command, environment, misbehave, play, run

ENDED = "the warm interpreter has ended"
GONE = ("the warm interpreter does not answer: BrokenPipeError", ENDED)


def parent(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("PPid:")[2].split()[0])


def ended(process: int) -> bool:
    """Whether it is not there any more, or a zombie."""
    try:
        return "State:\tZ" in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


@contextmanager
def sleeping(folder: Path, *more: dict[str, Any]) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A run whose module waits: the run, the module's process, and the warm interpreter's."""
    noted = folder / "noted"
    wait = f"sh -c 'echo $PPID > {noted}.part; mv {noted}.part {noted}; exec sleep 60'"
    plays = play([{"name": "wait", "ansible.builtin.command": wait}, *more])
    with subprocess.Popen(
        command(folder, plays, options=["-vvv"]),
        cwd=CHECKOUT,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as started:
        module = int(wait_for(lambda: noted.read_text() if noted.exists() else ""))
        try:
            yield started, module, parent(parent(module))
        finally:
            started.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_run_ends_the_module_and_what_it_started(tmp_path: Path, number: int) -> None:
    with sleeping(tmp_path) as (started, module, server):
        [child] = Path(f"/proc/{module}/task/{module}/children").read_text().split()
        started.send_signal(number)
        for process in (module, int(child), server):
            wait_for(partial(ended, process), seconds=20)
        assert started.wait(20) != 0


def test_it_ends_with_a_run_that_is_killed(tmp_path: Path) -> None:
    with sleeping(tmp_path) as (started, module, server):
        worker = [int(each) for each in children(started.pid)]
        assert not ended(server)
        started.kill()
        # Elsewhere too a worker outlives the run that was killed, until its module has ended.
        os.kill(module, signal.SIGKILL)
        for process in (*worker, server):
            wait_for(partial(ended, process), seconds=20)


def children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def test_it_ends_with_a_run_that_comes_to_its_end(tmp_path: Path) -> None:
    done = run(tmp_path / "run", play([{"name": "look", "process_state": None}]))
    # The process that stands for the shell is gone with its module; nothing else reads this run's socket.
    held = [each for each in Path("/proc").glob("[0-9]*/environ") if mark(each, str(tmp_path / "run"))]
    wait_for(lambda: all(ended(int(each.parent.name)) for each in held), seconds=20)
    assert done.of("look")["read"] == ""


def mark(environ: Path, folder: str) -> bool:
    try:
        return f"RECORDED={folder}".encode() in environ.read_bytes()
    except OSError:  # it has ended since
        return False


def test_a_module_goes_on_without_it_and_the_next_goes_the_ordinary_way(tmp_path: Path) -> None:
    """The middle of a module's run is no place where it is needed any more."""
    tasks = (
        misbehave("kill_the_warm_interpreter"),
        {"name": "next", "ansible.builtin.command": "echo out"},
        misbehave("differ"),
    )
    done = run(tmp_path / "run", play(tasks), options=["-vvv"])
    assert [how for how, _, _, _ in done.results] == ["ok", "ok", "ok"]
    first, *rest = done.ways
    assert first == "warm"
    assert len(rest) == 2
    assert set(rest) <= set(GONE)


def test_what_has_begun_is_not_run_again(tmp_path: Path) -> None:
    """It may have changed something. It failed, as where its shell is killed elsewhere."""
    for warm in (True, False):
        counted = tmp_path / f"counted-{warm}"
        tasks = (misbehave("count_and_lose_the_shell", str(counted)), misbehave("differ"))
        done = run(tmp_path / "run", play(tasks), options=["-vvv"], warm=warm)
        assert counted.read_text() == "begun\n"
        assert done.ways[0] == ("warm" if warm else "there is no warm interpreter")
        assert done.of("differ")["changed"]
