"""A run that is interrupted ends within seconds, whatever it does at this moment, without a second signal."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.testing.clouds import running
from local_cloud.testing.fixtures import interrupts_heeded
from tests.iam.pipeline import CHECKOUT, Pipeline

__all__ = ["interrupts_heeded"]

pytestmark = pytest.mark.usefixtures("interrupts_heeded")
SECONDS_TO_END = 5
KILLS = 12


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    directory = tmp_path_factory.mktemp("interrupts")
    with running(directory) as cloud:
        pipeline = Pipeline(cloud, directory)
        pipeline.publish()
        yield pipeline


def interrupted(pipeline: Pipeline, *, tasks: int, after: float) -> tuple[float, str]:
    """Seconds that destroy.yml takes to end that gets SIGINT so many tasks and seconds after its beginning.

    And what it said. It is killed where it does not end.
    """
    process = subprocess.Popen(
        [
            Path(sys.executable).parent / "ansible-playbook",
            f"--inventory={pipeline.inventory(pipeline.root)}",
            "--extra-vars=confirm=test.codeDeploy.001",
            "playbooks/destroy.yml",
        ],
        cwd=CHECKOUT,
        env={name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GITHUB_"))}
        | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    said, left = "", tasks
    while left:
        line = process.stdout.readline()
        assert line, said
        said, left = said + line, left - line.startswith("TASK [")
    time.sleep(after)
    assert process.poll() is None, said
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    try:
        rest, _ = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        rest, _ = process.communicate()
    return time.monotonic() - begun, said + rest


def moments(seed: int, *, tasks: range, seconds: float) -> list[tuple[int, float]]:
    chance = random.Random(seed)  # noqa: S311 - a seed is the point
    return [(chance.choice(tasks), round(chance.uniform(0, seconds), 3)) for _ in range(KILLS)]


@pytest.mark.parametrize(("tasks", "after"), moments(1, tasks=range(1), seconds=0.5))
def test_in_the_first_half_second(account: Pipeline, tasks: int, after: float) -> None:
    seconds, said = interrupted(account, tasks=tasks, after=after)
    assert seconds < SECONDS_TO_END, said


# Before its first task Ansible ends as Python does, and the last of its tasks take no half second.
@pytest.mark.parametrize(("tasks", "after"), moments(2, tasks=range(1, 12), seconds=0.4))
def test_within_destroy(account: Pipeline, tasks: int, after: float) -> None:
    seconds, said = interrupted(account, tasks=tasks, after=after)
    assert seconds < SECONDS_TO_END, said
    assert "User interrupted execution" in said
