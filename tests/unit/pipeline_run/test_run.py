"""When a run that others find is over, and under which name it is kept."""

import os
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from plugins.module_utils.pipeline.run import FORGOTTEN, beginning, outermost, parameter_name, this_run

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


def test_who_is_refused_is_told_what_can_be_seen_and_how_to_get_it() -> None:
    mine = this_run("arn:me", os.getpid(), NOW)
    seen = mine.refusal("shop", mine)
    assert f"{mine}" in seen
    assert "is held by" in seen
    assert "end that process" in seen

    theirs = replace(mine, holder="arn:anna", host="build-7", process=4711)
    unseen = theirs.refusal("shop", mine)
    assert "arn:anna, on build-7, process 4711, since 2026-11-23T09:30:00+00:00" in unseen
    assert "cannot be seen from here" in unseen
    assert "-e take_over=true" in unseen
    assert "From 2026-11-23T15:30:00+00:00 on the next run breaks it" in unseen


def test_whose_place_was_taken_is_told_with_the_reason() -> None:
    mine = this_run("me", os.getpid(), NOW)
    assert "because its process is gone" in replace(mine, started="1").farewell("shop", mine, NOW)
    theirs = replace(mine, host="build-7")
    assert "as take_over asks" in theirs.farewell("shop", mine, NOW)
    later = NOW + FORGOTTEN + timedelta(seconds=1)
    assert "older than 6 hours" in theirs.farewell("shop", mine, later)
