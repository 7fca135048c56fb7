"""A whole fleet with policies enforced: provisioned, deployed to and removed by who is meant to."""

from pathlib import Path

import pytest

from tests.iam import policies, whole_fleet
from tests.iam.pipeline import Pipeline


@pytest.mark.long
def test_everybody_can_do_their_part_of_a_fleet_and_every_grant_is_used_or_says_when(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    used = whole_fleet.run(pipeline, tmp_path)

    unused = [
        f"{name}_{way} {statement['sid']} {action}"
        for name, way in (("operator", "fleet"), ("operator", "balancer"), ("destroy", "fleet"))
        for statement in policies.beside(name, way)
        if "rarely" not in statement
        for action in statement["actions"]
        if action not in used.get(f"{name}_{way}", {}).get(statement["sid"], {})
    ]
    assert unused == []
