"""When a run that others find is over, and under which name it is kept."""

import os
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible.module_utils.pipeline_run import FORGOTTEN, beginning, outermost, parameter_name, this_run

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("application", ["test.codeDeploy.001", "a+b=c,d@e", "x_y", "x" * 100, "@" * 100])
def test_a_name_is_one_that_systems_manager_takes(application: str) -> None:
    name = parameter_name(application)
    assert re.fullmatch(r"/pipeline/[A-Za-z0-9_.-]+/run", name)
    assert len(name) <= 1011


def test_different_applications_have_different_names() -> None:
    assert len({parameter_name(name) for name in ("a+b", "a=b", "a_b", "a_2bb", "a.b")}) == 5


def test_a_run_goes_on_as_long_as_its_process() -> None:
    mine = this_run("me", os.getpid(), NOW)
    assert not mine.is_over(mine, NOW + timedelta(minutes=1))
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    assert replace(mine, process=ended.pid).is_over(mine, NOW)
    # The number is somebody else's by now.
    assert replace(mine, started="1").is_over(mine, NOW)


def test_of_a_process_elsewhere_only_the_age_is_known() -> None:
    mine = this_run("me", os.getpid(), NOW)
    for theirs in (
        replace(mine, host="elsewhere", started="1"),
        replace(mine, space="pid:[1]", started="1"),
        replace(mine, started=""),
    ):
        assert not theirs.is_over(mine, NOW + FORGOTTEN)
        assert theirs.is_over(mine, NOW + FORGOTTEN + timedelta(seconds=1))


def test_the_run_is_the_whole_ansible_playbook_and_not_one_of_its_workers() -> None:
    """The test's own process stands for a worker: what it starts under that name is above nothing of it."""
    assert outermost(os.getpid()) == os.getpid()
    script = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(60)"
    whole = subprocess.Popen(
        ["/bin/bash", "-c", f"exec -a ansible-playbook /bin/bash -c \"python3 -c '{script}' & wait\""],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert whole.stdout
        worker = int(whole.stdout.readline())
        assert outermost(worker) == whole.pid
        assert beginning(worker)
    finally:
        os.killpg(whole.pid, 9)
        whole.wait()
