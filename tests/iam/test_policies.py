"""The policies say what they are for, are right by AWS's own reference, and grant only what is used."""

import json
import sys
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
