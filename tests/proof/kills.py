"""Runs of playbooks that are killed at random moments, each followed by one that is not.

A run is interrupted as by Ctrl-C, which reaches its whole process group, or killed, which only it gets. What
is counted is how long any process of it lives on, and whether the next run comes to what one over a quiet
account comes to, without being told to take over the pipeline lock.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from local_cloud.testing.agents import agents_everywhere, succeed
from local_cloud.testing.clouds import publish
from local_cloud.testing.shop import running_instances
from tests.faults.way_to_aws import Line, differences
from tests.iam.pipeline import CHECKOUT, REPOSITORY, PlaybookError, agent_at_work
from tests.proof.table import Figure, counted

SECONDS_TO_END = 5
PATIENCE = 60
MARK = "PROOF_OF_RUN"
"""In the environment of all that a run starts."""
APPLICATION = "test.codeDeploy.001"
PROVISION = ("site.yml", "--skip-tags=hosts,deploy")
DESTROY = ("destroy.yml", f"--extra-vars=confirm={APPLICATION}")
BLUE_GREEN = {
    "pipeline_fleet": True,
    "pipeline_deployment_style": "blue_green",
    "pipeline_deployment_config": "CodeDeployDefault.AllAtOnce",
    "pipeline_blue_green_termination_wait": 0,
    "pipeline_addresses": [],
}
"""A new group of hosts for each deployment; the former one ends with it."""
DEPLOY = ("deploy-site.yml", "--extra-vars={pipeline_addresses: []}")
"""Nothing serves the page where there are no hosts."""


@dataclass(frozen=True)
class Kill:
    """`after` so many seconds; how long a process of the run lived on; whether it had ended before."""

    signal: signal.Signals
    after: float
    lived: float
    late: bool

    def __str__(self) -> str:
        return f"{self.signal.name} after {self.after:.2f} s, ended in {self.lived:.1f} s"


def left_of(run: str) -> list[int]:
    """The processes that are still there of a run: workers of Ansible have sessions of their own."""
    there = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={run}".encode() in (process / "environ").read_bytes().split(b"\0"):
                there.append(int(process.name))
    return there


def killed(line: Line, playbook: tuple[str, ...], after: float, with_signal: signal.Signals) -> Kill:
    """Start a run, kill it after so many seconds, wait until nothing of it is left."""
    name, *options = playbook
    run = uuid4().hex
    process = subprocess.Popen(
        [
            Path(sys.executable).parent / "ansible-playbook",
            f"--inventory={line.pipeline.inventory(line.pipeline.root)}",
            *options,
            f"playbooks/{name}",
        ],
        cwd=CHECKOUT,
        env={name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GITHUB_"))}
        | {MARK: run},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    late = False
    try:
        process.wait(after)
        late = True
    except subprocess.TimeoutExpired:
        if with_signal is signal.SIGINT:
            os.killpg(process.pid, with_signal)
        else:
            process.send_signal(with_signal)
    begun = time.monotonic()
    while process.poll() is None or left_of(run):
        if time.monotonic() - begun > PATIENCE:
            for each in left_of(run):
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
            process.wait()
            break
        time.sleep(0.05)
    return Kill(with_signal, after, time.monotonic() - begun, late)


@dataclass
class Rounds:
    """One account, on which one playbook is killed again and again."""

    line: Line
    playbook: tuple[str, ...]
    before: Callable[[], object]
    """Makes what each killed run finds."""

    def clean(self) -> tuple[str, float]:
        """What a run that is not killed says where it fails, and its seconds."""
        begun = time.monotonic()
        try:
            self.line.pipeline.play(*self.playbook)
        except PlaybookError as error:
            return str(error)[-300:], time.monotonic() - begun
        return "", time.monotonic() - begun

    def run(self, kills: int, seed: int) -> Iterator[tuple[Kill, str]]:
        """Each kill, and what is wrong after it; nothing where nothing is."""
        chance = random.Random(seed)  # noqa: S311 - a seed is the point
        self.before()
        said, usual = self.clean()
        assert not said, said
        wanted = self.line.holdings()
        for number in range(kills):
            kill = self.kill(chance, usual, signal.SIGINT if number % 2 else signal.SIGKILL)
            said, _ = self.clean()
            wrong = [said] if said else list(differences(wanted, self.line.holdings()))
            if kill.lived > SECONDS_TO_END:
                wrong.append(f"something of it lived on for {kill.lived:.0f} s")
            yield kill, "; ".join(wrong)

    def kill(self, chance: random.Random, usual: float, with_signal: signal.Signals) -> Kill:
        """Within a run: one that had ended before is made anew, and another moment chosen."""
        while True:
            self.before()
            kill = killed(self.line, self.playbook, chance.uniform(0, usual), with_signal)
            if not kill.late:
                return kill


def commit(line: Line, folder: Path) -> str:
    """Push the site with another page than the last time; the commit's SHA."""
    if not folder.exists():
        shutil.copytree(CHECKOUT / "site", folder)
    (folder / "index.html").write_text(f"<p>{time.monotonic_ns()}</p>\n")
    return publish(line.cloud, folder, REPOSITORY)


def of_a_fleet(line: Line) -> str:
    """The option with its settings; any image will do where nothing boots."""
    images = line.pipeline.client("ec2").describe_images(Owners=["amazon"])["Images"]
    image = next(each["ImageId"] for each in images if each["Architecture"] == "x86_64")
    return f"--extra-vars={json.dumps(BLUE_GREEN | {'pipeline_instance_image': image})}"


@contextmanager
def rounds(name: str) -> Iterator[Rounds]:
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        line = Line(Path(folder))
        try:
            line.empty()
            provision = partial(line.pipeline.play, *PROVISION)
            if name == "provision":
                yield Rounds(line, PROVISION, line.empty)
            elif name == "destroy":
                yield Rounds(line, DESTROY, provision)
            elif name == "blue/green deployment":
                settings = of_a_fleet(line)
                for playbook in ("provision-iam.yml", "provision-fleet.yml", "configure-codedeploy.yml"):
                    line.pipeline.play(playbook, settings)
                hosts = partial(running_instances, line.pipeline.client("ec2"))
                with agents_everywhere(line.cloud.endpoint_url, hosts, lambda _: succeed):
                    commits = partial(commit, line, Path(folder) / "site")
                    yield Rounds(line, ("deploy-site.yml", settings), commits)
            else:
                provision()
                with agent_at_work(line.pipeline):
                    yield Rounds(line, DEPLOY, partial(commit, line, Path(folder) / "site"))
        finally:
            line.close()


def figure(name: str, kills: int, seed: int) -> Figure:
    """`name` is one of `rounds`. Both signals by turns, at moments by the seed."""
    # A runner in the background of a shell ignores it, and so would its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    begun, good, longest, faults = time.monotonic(), 0, 0.0, []
    with rounds(name) as at_work:
        for kill, wrong in at_work.run(kills, seed):
            good, longest = good + (not wrong), max(longest, kill.lived)
            if wrong:
                faults.append(f"{kill}: {wrong}")
            print(f"{name}: {kill}: {wrong or 'ok'}", file=sys.stderr, flush=True)  # noqa: T201 - progress
    experiment = f"{name} killed (SIGKILL, SIGINT by turns), then run again; all ended within {longest:.1f} s"
    return counted(experiment, good, kills, seconds=time.monotonic() - begun, faults=faults)
