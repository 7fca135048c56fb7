"""The policies say what they are for, are right by AWS's own reference, and grant only what is used."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.iam import policies, whole
from tests.iam.linter import findings

sys.path.append(str(policies.CHECKOUT / "scripts"))

import iam_docs

MANAGED = 6144
"""How many characters a managed policy may have, spaces between its parts apart."""
NAMES = (*policies.OF_ROLES, *policies.OF_OPERATORS)


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_has_a_reason(name: str) -> None:
    for statement in policies.statements(name):
        assert statement.keys() <= {"sid", "reason", "rarely", "actions", "resources", "condition"}
        assert len(statement["reason"]) > 15
        assert statement["actions"] == sorted(statement["actions"], key=str.lower)


@pytest.mark.parametrize("name", NAMES)
def test_the_linter_finds_nothing(written: dict[str, Any], name: str) -> None:
    assert list(findings(written[name])) == []
    assert len(json.dumps(written[name], separators=(",", ":"))) <= MANAGED


def test_through_s3_the_bucket_is_granted_beside(written: dict[str, Any], tmp_path: Path) -> None:
    through_s3 = policies.write(pipeline_revision_source="s3", policy_folder=str(tmp_path))

    objects = ["arn:aws:s3:::test-codedeploy-001-123456789012-us-east-1/test.codeDeploy.001/*"]
    for name in NAMES:
        assert list(findings(through_s3[name])) == []
        beside = [each for each in through_s3[name]["Statement"] if each not in written[name]["Statement"]]
        assert [each["Action"] for each in beside] == [each["actions"] for each in policies.through_s3(name)]
        assert all(each["Resource"] == objects for each in beside)
    assert [name for name in NAMES if through_s3[name] != written[name]] == ["github", "ec2"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"Action": ["codedeploy:CreateDeploiment"]}, "is no action"),
        ({"Action": ["codedeploy:*"]}, "is no action"),
        ({"Action": ["codedeploy:CreateApplication"]}, "is never asked for on"),
        ({"Action": ["codedeploy:StopDeployment"]}, "knows no resource"),
        (
            {"Resource": ["arn:aws:codedeploy:us-east-1:1:deploymentgroup:a/b", "arn:aws:s3:::x"]},
            "no action is",
        ),
        ({"Condition": {"StringEquals": {"ec2:CreateAction": "x"}}}, "has no condition key"),
        ({"Sid": "with space"}, "is no Sid"),
    ],
)
def test_the_linter_finds_mistakes(change: dict[str, Any], found: str) -> None:
    right = {
        "Sid": "Deploy",
        "Action": ["codedeploy:CreateDeployment"],
        "Resource": ["arn:aws:codedeploy:us-east-1:1:deploymentgroup:a/b"],
    }
    assert list(findings({"Statement": [right]})) == []

    said = list(findings({"Statement": [right | change]}))

    assert any(found in line for line in said), said


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_other_partitions_have_their_own_arns(region: str, partition: str) -> None:
    text = json.dumps(policies.write(pipeline_region=region))

    assert f"arn:{partition}:iam::" in text
    assert f"arn:{partition}:codedeploy:{region}:" in text
    assert "arn:aws:" not in text


def test_the_page_says_what_the_policies_say() -> None:
    assert iam_docs.PAGE.read_text() == iam_docs.page(whole.known()), "docs/iam.md is stale: run make docs"
