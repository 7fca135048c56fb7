"""How long things take, side by side: each figure with what it is compared to, as a table in Markdown.

    python -m tests.bench.run [--runs 5] [--base REVISION] [--parts reads runs nothing test]

The local cloud runs as `make demo` leaves it. Every figure is the median of several runs, interleaved. With
a revision to compare with, its build is checked out below .cache, and each build is measured with a local
cloud and a site of its own: they take turns, since what one configures the other would change. Two parts are
measured only where they are named, since they take long, and without a local cloud in this checkout, which is
ended for them: `nothing`, which is `make demo` in a new clone without caches each time, and `test`, which is
`make test`. Nothing is asserted: whoever reads compares a ratio with the goal beside it.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench.measure import CommandError, Cost, Variant, adopt_orphans, interleaved, median
from tests.bench.reads import FIRST_READS, account_reads, clients
from tests.bench.same_tests import functions

CHECKOUT = Path(__file__).resolve().parents[2]
BASE = CHECKOUT / ".cache" / "bench" / "base"
PARTS = ("reads", "runs", "nothing", "test")
ALONE = frozenset(("nothing", "test"))  # without the local cloud of this checkout
TASKS = 50  # of the playbook that shows what one costs


@dataclass(frozen=True)
class Row:
    """A figure, what it is compared to, and the ratio of the two that is wanted."""

    figure: str
    this: Variant
    other: Variant
    goal: str
    of: str = "wall"


@dataclass
class Turns:
    """Whose local cloud runs. There is one at a time: both builds want the same ports and addresses."""

    checkout: Path = CHECKOUT

    def of(self, checkout: Path) -> Callable[[], None]:
        """What has to be done before a command of this build."""

        def turn() -> None:
            if self.checkout == checkout:
                return
            for target, there in (("down", self.checkout), ("demo", checkout)):
                subprocess.run(
                    ["make", target], cwd=there, env=environment(there), check=True, capture_output=True
                )
            self.checkout = checkout

        return turn


def environment(checkout: Path, endpoint: str = "") -> dict[str, str]:
    """That of commands of a checkout; nothing of this one's interpreter."""
    path = os.environ["PATH"].replace(f"{CHECKOUT}/.venv/bin{os.pathsep}", "")
    given = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "MAKEFLAGS"}}
    cloud = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIALOCALCLOUDEXAMPL",
        "AWS_SECRET_ACCESS_KEY": "local-cloud-accepts-any-secret-access-key",
    }
    return given | {"PATH": f"{checkout}/.venv/bin{os.pathsep}{path}"} | (cloud if endpoint else {})


def playbook(endpoint: str, checkout: Path, turns: Turns, *arguments: str) -> Variant:
    """A run of a build's playbook."""
    named = " ".join(Path(each).name for each in arguments)
    name = named if checkout == CHECKOUT else f"{named} of the base"
    command = [["ansible-playbook", *arguments]]
    return Variant(name, command, checkout, environment(checkout, endpoint), turns.of(checkout))


def beside_reads(endpoint: str) -> Iterator[Row]:
    """Of a run and of the reads behind it, in the account as it is: no turn may come between."""
    here = environment(CHECKOUT, endpoint)

    def script(name: str, reads: Sequence[str]) -> Variant:
        return Variant(name, [["aws", *each.split()] for each in reads], CHECKOUT, here)

    reads = account_reads(clients(here))
    process = [[sys.executable, "-m", "tests.bench.reads"]]
    same = script(f"AWS CLI script of the same {len(reads)} reads", reads)
    first = script(f"AWS CLI script of the {len(FIRST_READS)} reads of the first pipeline", FIRST_READS)
    in_one = Variant("the same reads in one process with boto3", process, CHECKOUT, here)
    run = playbook(endpoint, CHECKOUT, Turns(), "playbooks/site.yml")
    for other, goal in ((same, "<= 0.8"), (first, "-"), (in_one, "-")):
        yield Row("no-change site.yml", run, other, goal)


def beside_base(endpoint: str, base: Path, tasks: Path, turns: Turns) -> Iterator[Row]:
    """Of this build and of another one."""
    site = "playbooks/site.yml"
    for figure, arguments, goal in (
        ("no-change site.yml", (site,), "<= 0.4"),
        ("dry run of site.yml (drift)", ("--check", site), "<= 0.4"),
        ("show-status.yml", ("playbooks/show-status.yml",), "<= 0.4"),
        (f"{TASKS} no-change tasks of iam_role", (str(tasks),), "<= 0.25"),
    ):
        here, there = (playbook(endpoint, each, turns, *arguments) for each in (CHECKOUT, base))
        yield Row(figure, here, there, goal)
    here, there = (playbook(endpoint, each, turns, site) for each in (CHECKOUT, base))
    yield Row("no-change site.yml, processor time", here, there, "<= 0.3", "processor")
    here_again, there_again = (
        Variant(f"make demo, {name}", [["make", "demo"]], each, environment(each), turns.of(each))
        for name, each in (("this", CHECKOUT), ("base", base))
    )
    yield Row("second make demo", here_again, there_again, "<= 0.45")


def from_nothing(base: Path, folder: Path) -> Iterator[Row]:
    """`make demo` in a new clone with an empty home."""

    def demo(checkout: Path) -> Variant:
        clone = folder / checkout.name
        (folder / "home").mkdir(exist_ok=True)
        given = environment(clone) | {"HOME": str(folder / "home")}

        def renew() -> None:
            if clone.exists():
                subprocess.run(["make", "clean"], cwd=clone, env=given, check=True, capture_output=True)
                shutil.rmtree(clone)
            subprocess.run(["git", "clone", "--quiet", str(checkout), str(clone)], check=True)

        return Variant(
            f"make demo of {checkout.name}", [["make", "demo"], ["make", "down"]], clone, given, renew
        )

    yield Row("make demo and make down, from nothing", demo(CHECKOUT), demo(base), "<= 0.7")


def whole_tests(base: Path) -> Iterator[Row]:
    """`make test` of each build; of this one with the base's tests alone, since more of them take longer."""
    plugin = {"PYTHONPATH": str(CHECKOUT), "PYTEST_ADDOPTS": "-p tests.bench.same_tests"}
    same = plugin | {"SAME_TESTS": str(base)}
    here, there = (
        Variant(f"make test of {name}", [["make", "test"]], each, environment(each) | given)
        for name, each, given in (("this build", CHECKOUT, same), ("the base", base, {}))
    )
    theirs = functions(base)
    left = len(theirs & functions(CHECKOUT))
    yield Row(f"make test, {left} of the base's {len(theirs)} test functions", here, there, "<= 0.6")


def prepare_base(revision: str) -> Path:
    """A checkout of the revision, with its environment and its hosts' image."""
    if not BASE.exists():
        subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(BASE)], check=True)
    subprocess.run(["git", "checkout", "--quiet", "--detach", revision], cwd=BASE, check=True)
    subprocess.run(["make", "engine"], cwd=BASE, env=environment(BASE), check=True, stdout=subprocess.DEVNULL)
    return BASE


def tasks_playbook(folder: Path) -> Path:
    """A playbook that does one thing often."""
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = {
        "name": "bench-role",
        "assume_role_policy_document": {"Version": "2012-10-17", "Statement": [trust]},
        "create_instance_profile": False,
    }
    task = {"name": "Create the role", "amazon.aws.iam_role": role}
    play = {"name": "Change nothing", "hosts": "localhost", "gather_facts": False, "tasks": [task] * TASKS}
    path = folder / "tasks.yml"
    path.write_text(json.dumps([play]))
    return path


def measured(rows: Sequence[Row], runs: int) -> Iterator[str]:
    """The rows of the table."""
    variants = {each.name: each for row in rows for each in (row.this, row.other)}
    costs: dict[str, list[Cost]] = {name: [] for name in variants}
    # By build, so that the turns of a round are few.
    in_turn = sorted(variants.values(), key=lambda each: each.folder != CHECKOUT)
    for name, cost in interleaved(in_turn, runs):
        costs[name].append(cost)
        print(f"bench: {name}: {cost.wall:.1f} s", file=sys.stderr, flush=True)
    for row in rows:
        this, other = (getattr(median(costs[each.name]), row.of) for each in (row.this, row.other))
        ratio = f"**{this / other:.2f}**"
        yield f"| {row.figure} | {this:.1f} s | {row.other.name} | {other:.1f} s | {ratio} | {row.goal} |"


def machine() -> str:
    """What the figures are true for."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=CHECKOUT, check=True, capture_output=True, text=True
    ).stdout.strip()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} x {model}, Python {platform.python_version()}, "
        f"ansible-core {version('ansible-core')}, boto3 {version('boto3')}, revision {commit}"
    )


def running_endpoint() -> str:
    """The local cloud's. Raises CommandError where none is running."""
    try:
        status = json.loads((CHECKOUT / ".local_cloud/status.json").read_text())
    except FileNotFoundError:
        raise CommandError("no local cloud is running: run make demo first") from None
    return str(status["endpoint"])


def compared(
    parts: Collection[str], endpoint: str, base: Path | None, folder: Path, turns: Turns
) -> Iterator[list[Row]]:
    """The rows of each part; what a part needs is got ready when the one before has been measured."""
    if "reads" in parts:
        yield list(beside_reads(endpoint))
    if base is None:
        return
    if "runs" in parts:
        yield list(beside_base(endpoint, base, tasks_playbook(folder), turns))
    if not ALONE.isdisjoint(parts):
        turns.of(CHECKOUT)()
        subprocess.run(["make", "down"], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    if "nothing" in parts:
        yield list(from_nothing(base, folder))
    if "test" in parts:
        yield list(whole_tests(base))


def main() -> int:
    """Print the table; 1 where no demo is running."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="of each variant (5)")
    parser.add_argument("--base", metavar="REVISION", help="the build to compare with")
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="reads, and with a base runs")
    options = parser.parse_args()
    parts = set(options.parts or (PARTS[:2] if options.base else PARTS[:1]))
    if options.base is None and (without := parts - {"reads"}):
        parser.error(f"{', '.join(sorted(without))}: compared with another build, which --base names")
    try:
        endpoint = "" if parts <= ALONE else running_endpoint()
    except CommandError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    adopt_orphans()
    base, turns = prepare_base(options.base) if options.base else None, Turns()
    print(f"{machine()}; medians of {options.runs} interleaved runs\n")
    print("| figure | this build | compared with | its figure | ratio | goal |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        try:
            for rows in compared(parts, endpoint, base, Path(name), turns):
                print("\n".join(measured(rows, options.runs)), flush=True)
        except CommandError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
        finally:
            turns.of(CHECKOUT)()
    return 0


if __name__ == "__main__":
    sys.exit(main())
