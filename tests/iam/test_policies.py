"""The policies say what they are for, are right by AWS's own reference, and grant only what is used."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.iam import page, policies, whole, whole_fleet
from tests.iam.linter import findings

MANAGED = 6144
"""How many characters a managed policy may have, spaces between its parts apart."""
OTHER_WAYS: dict[str, Any] = {
    "pipeline_alarms": ["site-errors"],
    "pipeline_connection": "ssm",
    "pipeline_connection_bucket": "travels",
    "pipeline_notification_topic": "arn:aws-cn:sns:cn-north-1:123456789012:news",
    "pipeline_revision_source": "s3",
    "pipeline_revision_bucket": "theirs",
}
NAMES = (*policies.OF_ROLES, *policies.OF_OPERATORS)


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_has_a_reason(name: str) -> None:
    for way in ("", *policies.WAYS):
        for statement in policies.beside(name, way) if way else policies.statements(name):
            assert statement.keys() <= {"sid", "reason", "rarely", "actions", "resources", "condition"}
            assert len(statement["reason"]) > 15
            assert statement["actions"] == sorted(statement["actions"], key=str.lower)


def test_the_linter_finds_nothing_in_what_a_fleet_has(tmp_path: Path) -> None:
    """Under the longest name that a load balancer may have."""
    settings = whole_fleet.FLEET | whole_fleet.BLUE_GREEN
    written = policies.write(**settings, policy_folder=str(tmp_path))
    for name in ("codedeploy", *policies.OF_FLEETS):
        assert list(findings(written[name])) == []
        assert len(json.dumps(written[name], separators=(",", ":"))) <= MANAGED


@pytest.mark.parametrize("name", NAMES)
def test_the_linter_finds_nothing(written: dict[str, Any], name: str) -> None:
    assert list(findings(written[name])) == []
    assert len(json.dumps(written[name], separators=(",", ":"))) <= MANAGED


@pytest.mark.long
def test_through_s3_the_bucket_is_granted_beside(written: dict[str, Any], through_s3: dict[str, Any]) -> None:
    bucket = "arn:aws:s3:::test-codedeploy-001-123456789012-us-east-1"

    for name in NAMES:
        beside = granted_beside(written[name], through_s3[name])
        expected = [each["actions"] for way in ("s3", "bucket") for each in policies.beside(name, way)]
        assert [each["Action"] for each in beside] == expected
        on = ([bucket], [f"{bucket}/test.codeDeploy.001/*"], ["*"])
        assert all(each["Resource"] in on for each in beside)
    assert [name for name in NAMES if through_s3[name] != written[name]] == [
        "github",
        "ec2",
        "operator_deploy",
    ]


def granted_beside(policy: dict[str, Any], more: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements that one policy has beside another's; the linter finds nothing in it."""
    assert list(findings(more)) == []
    assert len(json.dumps(more, separators=(",", ":"))) <= MANAGED
    assert more["Statement"][: len(policy["Statement"])] == policy["Statement"]
    return list(more["Statement"][len(policy["Statement"]) :])


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


@pytest.mark.parametrize(
    ("region", "partition", "settings"),
    [
        ("cn-north-1", "aws-cn", OTHER_WAYS),
        pytest.param("us-gov-west-1", "aws-us-gov", {}, marks=pytest.mark.long),
    ],
)
def test_other_partitions_have_their_own_arns(
    tmp_path: Path, region: str, partition: str, settings: dict[str, Any]
) -> None:
    text = json.dumps(policies.write(pipeline_region=region, policy_folder=str(tmp_path), **settings))

    assert f"arn:{partition}:iam::" in text
    assert f"arn:{partition}:codedeploy:{region}:" in text
    assert "arn:aws:" not in text
    if settings:
        check_other_ways(json.loads((tmp_path / "operator_deploy.json").read_text()))


def check_other_ways(policy: dict[str, Any]) -> None:
    """Alarms, promotion, a topic, sessions and a bucket of others are granted beside; none is made."""
    expected = [each["sid"] for each in policies.statements("operator_deploy")]
    ways = ("alarms", "notifications", "promote", "s3", "ssm")
    expected += [each["sid"] for way in ways for each in policies.beside("operator_deploy", way)]
    assert [each["Sid"] for each in policy["Statement"]] == expected
    assert list(findings(policy)) == []
    assert len(json.dumps(policy, separators=(",", ":"))) <= MANAGED
    resources = {resource for each in policy["Statement"] for resource in each["Resource"]}
    buckets = {each.rpartition(":")[2] for each in resources if ":s3:::" in each}
    assert buckets == {"theirs", "theirs/test.codeDeploy.001/*", "travels", "travels/i-*"}


@pytest.mark.long
def test_the_lock_of_an_application_whose_name_has_other_signs_is_granted(tmp_path: Path) -> None:
    found = policies.write(pipeline_application="shop_a+b", policy_folder=str(tmp_path))
    lock = "arn:aws:ssm:us-east-1:123456789012:parameter/pipeline/shop_5fa_2bb/run"
    for name in ("operator", "destroy"):
        assert [each for each in found[name]["Statement"] if lock in each["Resource"]], name


def test_the_page_says_what_the_policies_say() -> None:
    assert page.PAGE.read_text() == page.page(whole.known()), "docs/iam.md is stale: run make docs"


def test_the_page_names_tests_that_are_there() -> None:
    tests = "".join(
        (Path(__file__).parent / f"test_{name}_grants.py").read_text() for name in ("role", "fleet")
    )
    named = [*page.TESTS.values(), *(test for *_, test in page.TAKERS)]
    assert [name for name in named if f"def {name.partition('[')[0]}(" not in tests] == []
