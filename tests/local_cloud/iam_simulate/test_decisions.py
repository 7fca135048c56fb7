"""What the local cloud decides of policies, beside an implementation by others: iam-simulate.

`make faults` installs it. It is one of those whose authors compare it with AWS.
"""

import json
import subprocess
from pathlib import Path

import pytest

from local_cloud.aws.authorization.policies import decide
from tests.local_cloud.iam_simulate.generate import Case, Generator

HERE = Path(__file__).parent
PACKAGES = HERE.parents[2] / ".cache/iam-simulate/package.json"
CASES = 3000


def ours(case: Case) -> str:
    decision = decide(case.policies, case.access)
    if decision.allowed:
        return "Allowed"
    return "ExplicitlyDenied" if "explicit deny" in decision.reason else "ImplicitlyDenied"


def theirs(cases: list[Case]) -> list[str]:
    said = subprocess.run(
        ["node", str(HERE / "simulate.js"), str(PACKAGES)],
        input="".join(json.dumps(case.simulation()) + "\n" for case in cases),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in said.stdout.splitlines()]
    assert [each["errors"] for each in answers if "errors" in each] == []
    return [each["result"] for each in answers]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 6))
def test_decisions_are_those_of_iam_simulate(seed: int) -> None:
    generator = Generator(seed)
    cases = [generator.case() for _ in range(CASES)]
    decided = list(zip(cases, map(ours, cases), theirs(cases), strict=True))
    differing = [(case, this, other) for case, this, other in decided if this != other]
    assert differing == []
    # Each is decided often: cases that are all refused would show nothing.
    for decision in ("Allowed", "ExplicitlyDenied", "ImplicitlyDenied"):
        assert sum(this == decision for _, this, _ in decided) > CASES // 10
