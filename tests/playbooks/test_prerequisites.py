"""check-prerequisites.yml says all that is missing in one run, and what to do about it."""

from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.aws import codedeploy
from local_cloud.server import LocalCloud

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_all_that_is_missing_is_said_at_once(
    ansible_playbook: Callable[..., Any],
    cloud: LocalCloud,
    addresses: dict[str, Any],
    client: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(codedeploy.options, "github_connection", None)
    client("codedeploy").create_application(applicationName="test.codeDeploy.001")
    cloud.log.clear()

    result = ansible_playbook(
        "check-prerequisites.yml",
        **addresses
        | {
            "pipeline_domain_zone": "nobodys.example",
            "pipeline_domain_record": "www.nobodys.example",
            "pipeline_commit": COMMIT,
            "pipeline_ssh_public_key_file": "nowhere.pub",
        },
    )

    assert result.returncode != 0
    said = " ".join(result.stdout.split())
    for missing in (
        "Zone nobodys.example. does not exist in Route53",
        f"answered 422 for commit {COMMIT} of OWNER/codedeploy.nginx.001",
        "test.codeDeploy.001 is not linked to GitHub, which no API can do: open https://us-east-1.console",
        "nowhere.pub is not a file",
    ):
        assert missing in said
    assert cloud.log.entries(mutating=True) == []
