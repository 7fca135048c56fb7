"""The filter that says in a deployment's description what came and who started it."""

import pytest

from tests.plugins import load

WHO = "arn:aws:sts::123456789012:assumed-role/Operator/jane"
COMMIT = "a" * 40


@pytest.mark.parametrize(
    ("who", "repository", "said"),
    [
        (WHO, "OWNER/site", f"OWNER/site@{COMMIT} by {WHO}"),
        ("x" * 206, "o/r", f"o/r@{COMMIT} by {'x' * 206}"[:256]),
        ("x" * 220, "o/r", f"{'a' * 12} by {'x' * 220}"),
        ("x" * 300, "o/r", f"{'a' * 12} by {'x' * 240}"),
    ],
)
def test_it_is_never_longer_than_codedeploy_takes(who: str, repository: str, said: str) -> None:
    describe = load("roles/pipeline/filter_plugins/descriptions.py").FilterModule().filters()
    found = describe["deployment_description"](who, repository, COMMIT)
    assert found == said
    assert len(found) <= 256
