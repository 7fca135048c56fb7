"""Operators who provision one pipeline at once; pushes at once, during a provisioning, during a removal."""

import random
import re
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.faults.way_to_aws import Line, differences
from tests.iam.pipeline import PlaybookError, agent_at_work
from tests.proof.kills import APPLICATION, DEPLOY, DESTROY, PROVISION, commit
from tests.proof.table import Figure, counted

GONE = re.compile(
    r"DoesNotExist|no running instance|There is no|Stopped|is not there|NO_INSTANCES|terminated"
)
"""How a deployment fails whose pipeline is removed meanwhile."""
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
    starts = [chance.uniform(0, 3) for _ in range(operators)]
    with ThreadPoolExecutor(operators) as pool:
        said = list(pool.map(lambda after: run(line, after), starts))
    if all(said):
        return "nobody won"
    untold = [each[-300:] for each in said if each and not TOLD.search(each)]
    return "; ".join([*untold, *differences(wanted, line.holdings())])


@dataclass(frozen=True)
class Pushed:
    """A pipeline with an agent at work. Each race returns what is wrong after it."""

    line: Line
    folder: Path
    empty: list[str]
    chance: random.Random

    def push(self) -> tuple[str, ...]:
        """A deployment of a new commit, as a command."""
        return (*DEPLOY, f"--extra-vars=pipeline_commit={commit(self.line, self.folder)}")

    def at_once(self, *playbooks: tuple[str, ...]) -> list[str]:
        """What each says that fails. They begin within seconds."""

        def play(playbook: tuple[str, ...]) -> str:
            time.sleep(self.chance.uniform(0, 3))
            try:
                self.line.pipeline.play(*playbook)
            except PlaybookError as error:
                return str(error)
            return ""

        with ThreadPoolExecutor(len(playbooks)) as pool:
            return list(pool.map(play, playbooks))

    def two_pushes(self) -> str:
        """The second waits for the first."""
        said = self.at_once(self.push(), self.push())
        return "; ".join(each[-300:] for each in said if each) or self._live()

    def while_provisioning(self) -> str:
        said = self.at_once(self.push(), PROVISION)
        return "; ".join(each[-300:] for each in said if each) or self._live()

    def while_removing(self) -> str:
        """The push may fail, with a word about what is gone; the removal may not, and is whole."""
        deployed, removed = self.at_once(self.push(), DESTROY)
        wrong = [removed[-300:]] if removed else list(differences(self.empty, self.line.holdings()))
        if "Traceback" in deployed or (deployed and not GONE.search(deployed)):
            wrong.append(f"the push: {deployed[-300:]}")
        return "; ".join(wrong)

    def _live(self) -> str:
        codedeploy = self.line.pipeline.client("codedeploy")
        [group] = codedeploy.list_deployment_groups(applicationName=APPLICATION)["deploymentGroups"]
        where = {"applicationName": APPLICATION, "deploymentGroupName": group}
        last = codedeploy.get_deployment_group(**where)["deploymentGroupInfo"]["lastAttemptedDeployment"]
        return "" if last["status"] == "Succeeded" else f"the last deployment is {last['status']}"


def pushes(line: Line, folder: Path, rounds: int, chance: random.Random) -> Iterator[Figure]:
    line.empty()
    empty = line.holdings()
    race = Pushed(line, folder, empty, chance)
    for name, run in (
        ("two pushes at once: both come live, one after the other", race.two_pushes),
        ("a push during a provisioning: both succeed", race.while_provisioning),
        ("a push during a removal: nothing is left", race.while_removing),
    ):
        begun, faults = time.monotonic(), []
        for _ in range(rounds):
            line.pipeline.play(*PROVISION)
            with agent_at_work(line.pipeline):
                faults += [wrong] if (wrong := run()) else []
        took = time.monotonic() - begun
        yield counted(name, rounds - len(faults), rounds, seconds=took, faults=faults)


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
            yield from pushes(line, Path(folder) / "site", rounds, chance)
        finally:
            line.close()
