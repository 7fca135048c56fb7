"""The whole pipeline with policies enforced: provisioned, deployed to and removed by who is meant to."""

from typing import Any

import pytest

from tests.iam import page, policies, whole
from tests.iam.pipeline import Pipeline


@pytest.mark.long
def test_everybody_can_do_their_part_and_every_grant_is_used_or_says_when(
    pipeline: Pipeline,
    written: dict[str, dict[str, Any]],
    through_s3: dict[str, dict[str, Any]],
    notified: dict[str, dict[str, Any]],
) -> None:
    used = whole.run(pipeline, written, through_s3, notified)

    unused = [
        f"{name} {statement['sid']} {action}"
        for name in (*policies.OF_ROLES, *policies.OF_OPERATORS)
        for way in ("", *policies.WAYS)
        if way not in policies.FLEET_WAYS
        for statement in (policies.beside(name, way) if way else policies.statements(name))
        # What a test of its own takes away is known to be needed.
        if "rarely" not in statement and (not way or (name, way) not in page.TESTS)
        for action in statement["actions"]
        if action not in used.get(name, {}).get(statement["sid"], {})
    ]
    assert unused == []
