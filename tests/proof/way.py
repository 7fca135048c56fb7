"""The way to AWS as figures: see tests/faults/way_to_aws.py."""

from argparse import Namespace
from collections.abc import Iterator, Sequence

from tests.faults.way_to_aws import GOALS, Outcome, outcomes
from tests.proof.table import Figure, counted


def figures(runs: int, seed: int, jobs: int) -> Iterator[Figure]:
    """Of so many runs at each rate, from this seed on, and of one for each answer that is lost."""
    done: list[Outcome] = []
    try:
        for each in outcomes(Namespace(runs=runs, seed=seed, rates=sorted(GOALS), lost="each", jobs=jobs)):
            done.append(each)  # noqa: PERF402 - what there is when it is interrupted counts too
    except KeyboardInterrupt:
        yield from of(done)
        raise
    yield from of(done)


def of(done: Sequence[Outcome]) -> Iterator[Figure]:
    """Their figures."""
    groups = {
        f"provisioned with {rate} % of the calls spoilt": ([o for o in done if o.trial.rate == rate], goal)
        for rate, goal in GOALS.items()
    }
    lost = [each for each in done if each.trial.lost is not None]
    name = "provisioned with an answer lost, of each changing call once and of all at once: nothing doubled"
    groups[name] = (lost, 1.0)
    yield from (_figure(name, group, goal) for name, (group, goal) in groups.items())
    converged = sum(each.converged for each in done)
    after = "nothing more, nothing less after each of these, or after the next run where it failed"
    yield counted(after, converged, len(done))


def _figure(name: str, group: list[Outcome], goal: float) -> Figure:
    faults = [f"{each.trial}: {'; '.join(each.left) or 'failed'}" for each in group if not each.good]
    # Several at a time: the seconds are those of the runs, not of the clock.
    seconds = sum(each.seconds for each in group)
    return counted(name, sum(e.good for e in group), len(group), share=goal, seconds=seconds, faults=faults)
