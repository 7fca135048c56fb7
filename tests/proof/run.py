"""The proof: every experiment with its figure and its goal, as one table in Markdown.

    python -m tests.proof.run [--parts way kills ...] [--seed N] [--runs N] [--kills N] [--rounds N]

With hosts, on this machine: hosts. Without: revisions, skin, scale, suites, races, kills, removal, access,
way. What an experiment does by chance it does by the seed. The table goes to build/proof.md
too, after each experiment anew. Progress is told on standard error. The status is 1 where a goal is missed.
"""

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from typing import TypeVar

from tests.bench.run import CHECKOUT, machine
from tests.proof import access, kills, races, removal, revisions, scale, skin, suites, way
from tests.proof.table import Figure, counted, markdown

WRITTEN = CHECKOUT / "build" / "proof.md"
Given = TypeVar("Given")


def attempted(name: str, experiments: Callable[[Given], Iterable[Figure]], given: Given) -> Iterator[Figure]:
    """Their figures. One that breaks is a goal that was missed: hours of others are not lost for it."""
    try:
        yield from experiments(given)
    except Exception as error:  # noqa: BLE001 - whatever it is
        traceback.print_exc()
        yield counted(f"{name}: the experiment itself broke", 0, 1, faults=[repr(error)])


PARTS: dict[str, Callable[[argparse.Namespace], Iterable[Figure]]] = {
    "hosts": lambda _: suites.figures(suites.WITH_HOSTS),
    "revisions": lambda _: revisions.figures(),
    "skin": lambda _: skin.figures(),
    "scale": lambda _: scale.figures(),
    "suites": lambda _: suites.figures(suites.SIMULATED, jobs=2),
    "races": lambda options: races.figures(options.rounds, options.seed),
    "kills": lambda options: kills.figures(options.kills, options.seed, options.jobs),
    "removal": lambda options: removal.figures(options.seed, options.removals),
    "access": lambda options: access.figures(options.seed, options.accesses),
    "way": lambda options: way.figures(options.runs, options.seed, options.jobs),
}
"""In this order: what is measured comes before what takes all there is of the machine."""


def report(options: argparse.Namespace, figures: Iterable[Figure], seconds: float) -> str:
    given = (
        f"{machine()}. Seed {options.seed}, {options.runs} runs a rate, {options.kills} kills a playbook,"
        f" {options.rounds} races of each kind; {seconds / 60:.0f} minutes."
    )
    return f"{given}\n\n{markdown(figures)}\n"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=25, help="provisionings at each rate of spoilt calls")
    parser.add_argument("--kills", type=int, default=50, help="of each playbook")
    parser.add_argument("--removals", type=int, default=5, help="calls of a removal whose answer is lost")
    parser.add_argument("--accesses", type=int, default=8, help="provisionings whose credentials expire")
    parser.add_argument("--rounds", type=int, default=3, help="races of two, and of four operators")
    parser.add_argument(
        "--jobs",
        type=int,
        default=4,
        help="provisionings over a bad line, or accounts with kills, at a time",
    )
    options = parser.parse_args()
    figures: list[Figure] = []
    begun = time.monotonic()
    WRITTEN.parent.mkdir(exist_ok=True)
    try:
        for part in (each for each in PARTS if each in options.parts):
            with redirect_stdout(sys.stderr):
                for figure in attempted(part, PARTS[part], options):
                    figures.append(figure)
                    print(figure.row(), *figure.faults, sep="\n  ", flush=True)
                    WRITTEN.write_text(report(options, figures, time.monotonic() - begun))
    except KeyboardInterrupt:
        print("interrupted: what follows are the experiments until then", file=sys.stderr)
        status = 128 + signal.SIGINT
    else:
        status = 0 if all(figure.met for figure in figures) else 1
    print(report(options, figures, time.monotonic() - begun))
    return status


if __name__ == "__main__":
    sys.exit(main())
