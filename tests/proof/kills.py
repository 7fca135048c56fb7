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
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
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
Names = tuple[str, ...]
THERE_AND_AWAY = ("provision", "destroy")
IN_PLACE = ("deploy",)
IN_TURN = ("blue/green deployment",)
"""What is killed on one account."""


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
class Killed:
    """A playbook that is killed again and again; `before` makes what it finds, where that is not there."""

    name: str
    line: Line
    playbook: tuple[str, ...]
    before: Callable[[], object]
    usual: float = 0
    """Seconds of a run that is not killed."""
    wanted: Sequence[str] = ()
    """What there is after it."""

    def clean(self) -> tuple[str, float]:
        """What a run that is not killed says where it fails, and its seconds."""
        begun = time.monotonic()
        try:
            self.line.pipeline.play(*self.playbook)
        except PlaybookError as error:
            return str(error)[-300:], time.monotonic() - begun
        return "", time.monotonic() - begun

    def begin(self) -> None:
        self.before()
        said, self.usual = self.clean()
        assert not said, said
        self.wanted = self.line.holdings()

    def round(self, chance: random.Random, with_signal: signal.Signals) -> tuple[Kill, str]:
        """A kill, and what is wrong after the run that follows; nothing where nothing is."""
        kill = self.kill(chance, with_signal)
        said, _ = self.clean()
        wrong = [said] if said else list(differences(self.wanted, self.line.holdings()))
        if kill.lived > SECONDS_TO_END:
            wrong.append(f"something of it lived on for {kill.lived:.0f} s")
        return kill, "; ".join(wrong)

    def kill(self, chance: random.Random, with_signal: signal.Signals) -> Kill:
        """Within a run: one that had ended before is made anew, and another moment chosen."""
        while True:
            self.before()
            kill = killed(self.line, self.playbook, chance.uniform(0, self.usual), with_signal)
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


def there_and_away(line: Line) -> Sequence[Killed]:
    """Provisioning and removal by turns, on one account: each finds what the other has left."""
    line.empty()
    nothing = line.holdings()

    def remove() -> None:
        if line.holdings() != nothing:
            line.empty()

    def provide() -> None:
        if line.holdings() != provision.wanted:
            line.pipeline.play(*PROVISION)

    there, away = THERE_AND_AWAY
    provision = Killed(there, line, PROVISION, remove)
    return provision, Killed(away, line, DESTROY, provide)


@contextmanager
def turns(names: Names, line: Line) -> Iterator[Sequence[Killed]]:
    """What has these names, to be killed by turns."""
    commits = partial(commit, line, line.pipeline.directory / "site")
    if names == IN_TURN:
        line.empty()
        settings = of_a_fleet(line)
        for playbook in ("provision-iam.yml", "provision-fleet.yml", "configure-codedeploy.yml"):
            line.pipeline.play(playbook, settings)
        hosts = partial(running_instances, line.pipeline.client("ec2"))
        with agents_everywhere(line.cloud.endpoint_url, hosts, lambda _: succeed):
            yield [Killed(*names, line, ("deploy-site.yml", settings), commits)]
    elif names == IN_PLACE:
        line.empty()
        line.pipeline.play(*PROVISION)
        with agent_at_work(line.pipeline):
            yield [Killed(*names, line, DEPLOY, commits)]
    else:
        yield there_and_away(line)


@dataclass
class Tally:
    """What became of the kills of one playbook on one account."""

    good: int = 0
    longest: float = 0
    seconds: float = 0
    faults: list[str] = field(default_factory=list)


def tallies(names: Names, kills: int, seed: int) -> dict[str, Tally]:
    """By name: both signals by turns, at moments by the seed. What breaks keeps what it had."""
    # A runner in the background of a shell ignores it, and so would its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    found = {name: Tally() for name in names}
    try:
        for name, kill, wrong, seconds in kill_by_turns(names, kills, seed):
            tally = found[name]
            tally.good += not wrong
            tally.longest = max(tally.longest, kill.lived)
            tally.seconds += seconds
            tally.faults += [f"{kill}: {wrong}"] if wrong else []
            print(f"{name}: {kill}: {wrong or 'ok'}", file=sys.stderr, flush=True)  # noqa: T201 - progress
    except Exception as error:  # noqa: BLE001 - whatever it is, the other accounts go on
        traceback.print_exc()
        for tally in found.values():
            tally.faults.append(f"the experiment itself broke: {error!r}")
    return found


def kill_by_turns(names: Names, kills: int, seed: int) -> Iterator[tuple[str, Kill, str, float]]:
    """Each round on an account of its own: of which, the kill, what was wrong then, seconds."""
    chance = random.Random(seed)  # noqa: S311 - a seed is the point
    with (
        tempfile.TemporaryDirectory(prefix="kills-") as folder,
        closing(Line(Path(folder))) as line,
        turns(names, line) as at_work,
    ):
        for each in at_work:
            each.begin()
        for number in range(kills):
            for each in at_work:
                begun = time.monotonic()
                kill, wrong = each.round(chance, signal.SIGINT if number % 2 else signal.SIGKILL)
                yield each.name, kill, wrong, time.monotonic() - begun


def figures(kills: int, seed: int, jobs: int) -> Iterator[Figure]:
    """So many kills of each playbook, of which the two that take longest have two accounts."""
    accounts = (
        (THERE_AND_AWAY, kills - kills // 2),
        (THERE_AND_AWAY, kills // 2),
        (IN_PLACE, kills),
        (IN_TURN, kills),
    )
    seen: defaultdict[str, list[Tally]] = defaultdict(list)
    with ProcessPoolExecutor(jobs) as workers:
        begun = [
            workers.submit(tallies, names, number, seed + account)
            for account, (names, number) in enumerate(accounts)
        ]
        for future in begun:
            for name, tally in future.result().items():
                seen[name].append(tally)
    for name, found in seen.items():
        yield figure(name, found, kills)


def figure(name: str, found: Sequence[Tally], kills: int) -> Figure:
    longest = max(each.longest for each in found)
    return counted(
        f"{name} killed (SIGKILL, SIGINT by turns), then run again; all ended within {longest:.1f} s",
        sum(each.good for each in found),
        kills,
        seconds=sum(each.seconds for each in found),
        faults=[fault for each in found for fault in each.faults],
    )
