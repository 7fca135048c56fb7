"""Removal over a line that loses answers: whatever is lost, nothing of the pipeline is left."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults.proxy import Call, Plan, every_answer_lost_once, lost_answer
from tests.faults.way_to_aws import Line, differences
from tests.iam.pipeline import PlaybookError
from tests.proof.kills import DESTROY
from tests.proof.table import Figure, counted


def removed(line: Line, plan: Plan, empty: list[str]) -> str:
    """Provision over a good line, remove over this one; what is wrong then, nothing where nothing is."""
    line.empty()
    said = line.provision()
    assert not said, said
    line.spoil(plan, plan)
    try:
        line.pipeline.play(*DESTROY)
    except PlaybookError as error:
        return str(error)[-300:]
    finally:
        line.heal()
    return "; ".join(differences(empty, line.holdings()))


def figures(seed: int, most: int) -> Iterator[Figure]:
    """`most` runs with one answer lost each, from the seed on; and one with every answer lost once."""
    begun, seen, faults = time.monotonic(), 0, []

    def count(call: Call) -> None:
        nonlocal seen
        seen += call.mutating

    with tempfile.TemporaryDirectory(prefix="removal-") as folder:
        line = Line(Path(folder))
        try:
            line.empty()
            removed(line, count, [])
            empty = line.holdings()
            # Other seeds begin elsewhere, so that some runs of few calls meet them all.
            numbers = [(seed + offset) % seen + 1 for offset in range(min(most, seen))]
            plans = {"every answer lost once": every_answer_lost_once()}
            plans |= {f"answer {number} lost": lost_answer(number) for number in numbers}
            for name, plan in plans.items():
                wrong = removed(line, plan, empty)
                faults += [f"{name}: {wrong}"] if wrong else []
        finally:
            line.close()
    name = f"removed with answers lost, {len(numbers)} of {seen} changing calls and all of them: nothing left"
    took = time.monotonic() - begun
    yield counted(name, len(plans) - len(faults), len(plans), seconds=took, faults=faults)
