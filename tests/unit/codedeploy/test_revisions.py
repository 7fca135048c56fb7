"""Revisions: what is the same, and how it is said."""

from typing import Any

import pytest

from plugins.module_utils.codedeploy import revisions

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GITHUB = {
    "revisionType": "GitHub",
    "gitHubLocation": {"repository": "OWNER/shop", "commitId": COMMIT},
}


def s3(**location: Any) -> dict[str, Any]:
    return {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k.zip", **location}}


class TestFromOptions:
    def test_github(self) -> None:
        given = {"github_location": {"repository": "OWNER/shop", "commit_id": COMMIT.upper()}}
        assert revisions.from_options(given) == GITHUB

    def test_app_spec_with_its_digest(self) -> None:
        made = revisions.from_options({"app_spec_content": "version: 0.0"})
        assert made is not None
        assert made["revisionType"] == "AppSpecContent"
        assert len(made["appSpecContent"]["sha256"]) == 64

    def test_none(self) -> None:
        assert revisions.from_options({}) is None

    @pytest.mark.parametrize(
        ("key", "kind"),
        [
            ("a.zip", "zip"),
            ("a.TAR", "tar"),
            ("a.tar.gz", "tgz"),
            ("a.tgz", "tgz"),
            ("a.yaml", "YAML"),
            ("a.json", "JSON"),
            ("a", None),
        ],
    )
    def test_the_key_tells_the_kind_of_bundle(self, key: str, kind: str | None) -> None:
        assert revisions.bundle_type(key) == kind


class TestSame:
    @pytest.mark.parametrize(
        ("asked", "actual", "same"),
        [
            (GITHUB, GITHUB, True),
            (GITHUB, None, False),
            (GITHUB, s3(), False),
            (s3(), s3(eTag='"1"', version="2"), True),
            (s3(eTag="1"), s3(eTag='"1"'), True),
            (s3(eTag="1"), s3(), False),
            (s3(version="1"), s3(version="2"), False),
            (
                {"revisionType": "AppSpecContent", "appSpecContent": {"content": "a"}},
                {
                    "revisionType": "String",
                    "string": {
                        "sha256": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
                    },
                },
                True,
            ),
        ],
    )
    def test_compares_what_is_asked_for(
        self, asked: dict[str, Any], actual: dict[str, Any] | None, same: bool
    ) -> None:
        assert revisions.same(asked, actual) is same


@pytest.mark.parametrize(
    ("revision", "label"),
    [
        (None, "nothing"),
        (GITHUB, "OWNER/shop@0123456789ab"),
        (s3(version="7"), "s3://b/k.zip (version 7)"),
        ({"appSpecContent": {"content": "a"}}, "AppSpec ca978112ca1b"),
    ],
)
def test_label(revision: dict[str, Any] | None, label: str) -> None:
    assert revisions.label(revision) == label
