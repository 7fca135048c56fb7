"""The filters of roll-back-site.yml: which commit a revision is, and which commits have proved good."""

from typing import Any

import pytest

from tests.plugins import load

PLUGIN = "roles/pipeline/filter_plugins/revisions.py"
A, B = "a" * 40, "b" * 40


@pytest.fixture(scope="module")
def filters() -> Any:
    return load(PLUGIN).FilterModule().filters()


def on_github(commit: str) -> dict[str, Any]:
    return {"revision_type": "GitHub", "github_location": {"repository": "o/r", "commit_id": commit}}


def in_s3(name: str) -> dict[str, Any]:
    location = {"bucket": "b", "key": f"app/{name}.tgz", "bundle_type": "tgz", "etag": "1"}
    return {"revision_type": "S3", "s3_location": location}


@pytest.mark.parametrize(
    ("revision", "commit"),
    [
        (on_github(A), A),
        (in_s3(A), A),
        (in_s3("a-bundle-by-hand"), ""),
        (in_s3(A[:-1]), ""),
        ({"revision_type": "AppSpecContent", "app_spec_content": {"sha256": A}}, ""),
        ({}, ""),
    ],
)
def test_the_commit_of_a_revision(filters: Any, revision: dict[str, Any], commit: str) -> None:
    assert filters["commit_of"](revision) == commit


def test_what_did_not_succeed_or_is_no_commit_is_not_good(filters: Any) -> None:
    deployments = [
        {"status": "Failed", "revision": on_github(A)},
        {"status": "Succeeded"},
        {"status": "Succeeded", "revision": in_s3("a-bundle-by-hand")},
        {"status": "Succeeded", "revision": on_github(B)},
    ]
    location = {"github_location": {"repository": "o/r", "commit_id": B}}
    assert filters["good_revisions"](deployments, "github") == {B: location}


def test_a_commit_that_came_both_ways_is_taken_from_where_revisions_come_from_now(filters: Any) -> None:
    deployments = [
        {"status": "Succeeded", "revision": each} for each in (in_s3(A), on_github(B), on_github(A))
    ]
    through_github = filters["good_revisions"](deployments, "github")
    assert list(through_github) == [B, A]
    assert all("github_location" in location for location in through_github.values())
    through_s3 = filters["good_revisions"](deployments, "s3")
    assert {commit: list(location) for commit, location in through_s3.items()} == {
        A: ["s3_location"],
        B: ["github_location"],
    }


def deployed(revision: dict[str, Any], status: str = "Succeeded", at: str = "2") -> dict[str, Any]:
    return {"deployment_id": f"d-{at}", "status": status, "revision": revision, "create_time": at}


@pytest.mark.parametrize("revision", [on_github(A), in_s3(A)])
def test_what_is_live_is_promoted(filters: Any, revision: dict[str, Any]) -> None:
    # Of two groups, that of the newer deployment.
    found = filters["promotion"]([deployed(in_s3(B), at="1"), deployed(revision)], "app", "O/r")
    assert found == {"problem": "", "commit": A, "deployment_id": "d-2"}


@pytest.mark.parametrize(
    ("deployments", "problem"),
    [
        ([], "Nothing was ever deployed to app (pipeline_promote_from)"),
        (
            [deployed(on_github(A), "InProgress")],
            "d-2, the last deployment to app (pipeline_promote_from), is InProg",
        ),
        (
            [deployed(on_github(A), "Failed")],
            "is Failed: wait for its end, or deploy there again, or roll back",
        ),
        ([deployed(in_s3("by-hand"))], "is of no commit: deploy one there with deploy-site.yml."),
    ],
)
def test_what_nobody_knows_to_be_good_is_not_promoted(
    filters: Any, deployments: list[dict[str, Any]], problem: str
) -> None:
    assert problem in filters["promotion"](deployments, "app", "o/r")["problem"]


def test_a_commit_of_another_repository_is_not_promoted(filters: Any) -> None:
    problem = filters["promotion"]([deployed(on_github(A))], "app", "o/other")["problem"]
    assert "is of o/r, not of o/other (pipeline_github_repository)." in problem
