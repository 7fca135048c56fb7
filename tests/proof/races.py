"""Operators who provision the same pipeline at once."""

import random
import re
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.way_to_aws import Line, differences
from tests.iam.pipeline import PlaybookError
from tests.proof.kills import PROVISION
from tests.proof.table import Figure, counted

TOLD = re.compile(r"is\s+held\s+by")


def run(line: Line, after: float) -> str:
    """What it said where it failed, as an operator's command does it who begins so much later."""
    time.sleep(after)
    try:
        line.pipeline.play(*PROVISION)
    except PlaybookError as error:
        return str(error)
    return ""


def race(line: Line, operators: int, chance: random.Random, wanted: list[str]) -> str:
    """What is wrong after it; nothing where nothing is."""
    line.empty()
    # Made before, since all write the same inventory.
    line.pipeline.inventory(line.pipeline.root)
    starts = [chance.uniform(0, 3) for _ in range(operators)]
    with ThreadPoolExecutor(operators) as pool:
        said = list(pool.map(lambda after: run(line, after), starts))
    if all(said):
        return "nobody won"
    untold = [each[-300:] for each in said if each and not TOLD.search(each)]
    return "; ".join([*untold, *differences(wanted, line.holdings())])


def figures(rounds: int, seed: int) -> Iterator[Figure]:
    chance = random.Random(seed)  # noqa: S311 - a seed is the point
    with tempfile.TemporaryDirectory(prefix="races-") as folder:
        line = Line(Path(folder))
        try:
            line.mutating_calls()
            wanted = line.holdings()
            for operators in (2, 4):
                begun = time.monotonic()
                ended = [race(line, operators, chance, wanted) for _ in range(rounds)]
                faults = [each for each in ended if each]
                yield counted(
                    f"{operators} operators at once: one wins, others are told who, nothing is doubled",
                    rounds - len(faults),
                    rounds,
                    seconds=time.monotonic() - begun,
                    faults=faults,
                )
        finally:
            line.close()
