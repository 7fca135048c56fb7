"""The deployment out of its envelope, and the signature of what the agent asks."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from local_cloud.agent.codedeploy_agent import signing, specification
from local_cloud.agent.codedeploy_agent.errors import AgentError

DATA: dict[str, Any] = {
    "ApplicationName": "app",
    "DeploymentId": "d-TEST00000",
    "DeploymentGroupName": "group",
    "DeploymentGroupId": "1234",
    "Revision": {
        "RevisionType": "GitHub",
        "GitHubRevision": {"Account": "OWNER", "Repository": "site", "CommitId": "abc"},
    },
}


class TestEnvelope:
    @pytest.fixture
    def signer(self, tmp_path: Path) -> tuple[str, str]:
        key, certificate = str(tmp_path / "k.pem"), str(tmp_path / "c.pem")
        subject = ["-subj", "/CN=signer", "-nodes", "-newkey", "rsa:2048"]
        subprocess.run(
            ["openssl", "req", "-x509", *subject, "-keyout", key, "-out", certificate],
            check=True,
            capture_output=True,
        )
        return certificate, key

    def sealed(self, signer: tuple[str, str], content: bytes) -> str:
        certificate, key = signer
        command = ["openssl", "smime", "-sign", "-binary", "-nodetach", "-outform", "PEM"]
        command += ["-signer", certificate, "-inkey", key]
        return subprocess.run(command, input=content, check=True, capture_output=True).stdout.decode()

    def test_a_self_signed_one_is_opened(self, signer: tuple[str, str]) -> None:
        payload = self.sealed(signer, json.dumps(DATA).encode())
        opened = specification.parse({"Format": "PKCS7/JSON", "Payload": payload})
        assert (opened.deployment_id, opened.revision["CommitId"]) == ("d-TEST00000", "abc")

    def test_bare_json_is_refused(self) -> None:
        with pytest.raises(AgentError, match="Validation of PKCS7 signed message failed"):
            specification.parse({"Format": "PKCS7/JSON", "Payload": json.dumps(DATA)})

    def test_another_format_is_refused(self) -> None:
        with pytest.raises(AgentError, match="Unsupported DeploymentSpecification format: TEXT/JSON"):
            specification.parse({"Format": "TEXT/JSON", "Payload": json.dumps(DATA)})


class TestFields:
    @pytest.mark.parametrize(
        "name", ["ApplicationName", "DeploymentId", "DeploymentGroupName", "DeploymentGroupId"]
    )
    def test_what_is_missing_is_named(self, name: str) -> None:
        with pytest.raises(AgentError, match=f"Deployment Spec has no {name}"):
            specification.from_data({**DATA, name: ""})

    def test_an_arn_is_a_deployment_id_too(self) -> None:
        arn = "arn:aws:codedeploy:us-east-1:123456789012:deployment/d-TEST00000"
        assert specification.from_data({**DATA, "DeploymentId": arn}).deployment_id == "d-TEST00000"

    def test_the_override_may_have_any_case(self) -> None:
        overrides = {"AgentOverrides": {"FileExistsBehavior": "overwrite"}}
        data = {**DATA, "AgentActionOverrides": overrides}
        assert specification.from_data(data).file_exists_behavior == "OVERWRITE"

    def test_existing_files_are_not_touched_unless_asked(self) -> None:
        assert specification.from_data(DATA).file_exists_behavior == "DISALLOW"

    def test_scripts_learn_where_an_s3_bundle_came_from(self) -> None:
        fields = {"Bucket": "b", "Key": "k", "BundleType": "zip", "ETag": '"e"'}
        data = {**DATA, "Revision": {"RevisionType": "S3", "S3Revision": fields}}
        assert specification.from_data(data).bundle_environment == {
            "BUNDLE_BUCKET": "b",
            "BUNDLE_KEY": "k",
            "BUNDLE_ETAG": '"e"',
        }

    @pytest.mark.parametrize(
        ("revision", "message"),
        [
            ({"RevisionType": "Floppy"}, "Exactly one of"),
            (
                {"RevisionType": "S3", "S3Revision": {"Bucket": "b"}},
                "must specify Bucket, Key and BundleType",
            ),
            (
                {"RevisionType": "S3", "S3Revision": {"Bucket": "b", "Key": "k", "BundleType": "rar"}},
                "must be tar, tgz or zip",
            ),
            (
                {"RevisionType": "GitHub", "GitHubRevision": {"Account": "a"}},
                "Account, Repository and CommitId",
            ),
        ],
    )
    def test_revisions_that_cannot_be_fetched_are_refused(
        self, revision: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(AgentError, match=message):
            specification.from_data({**DATA, "Revision": revision})

    def test_the_token_does_not_show(self) -> None:
        secret = "canary-of-the-tests"
        assert secret not in repr(specification.from_data({**DATA, "GitHubAccessToken": secret}))


class TestSignature:
    KEYS = signing.Credentials("AKIATESTS00000000000", "a-secret-of-the-tests", "a-token-of-the-tests")

    def reference(self, request: AWSRequest, service: str) -> str:
        """What botocore signs, at the same second."""
        keys = BotocoreCredentials(
            self.KEYS.access_key_id, self.KEYS.secret_access_key, self.KEYS.session_token
        )
        (S3SigV4Auth if service == "s3" else SigV4Auth)(keys, service, "us-east-1").add_auth(request)
        return str(request.headers["Authorization"])

    @pytest.mark.parametrize(
        ("service", "method", "url", "body"),
        [
            ("codedeploy-commands", "POST", "https://codedeploy-commands.us-east-1.amazonaws.com/", b"{}"),
            ("s3", "GET", "https://s3.us-east-1.amazonaws.com/bucket/a%20key/%2B.zip?versionId=a%2Fb", b""),
        ],
    )
    def test_it_is_the_one_that_botocore_makes(
        self, service: str, method: str, url: str, body: bytes
    ) -> None:
        # botocore takes the time for itself; a second may pass between the two.
        for _ in range(3):
            headers = {"content-type": "application/x-amz-json-1.1"} if body else {}
            ours = signing.sign(
                self.KEYS,
                method=method,
                url=url,
                headers=headers,
                body=body,
                region="us-east-1",
                service=service,
            )
            request = AWSRequest(method, url, headers=headers, data=body)
            request.headers["X-Amz-Content-SHA256"] = ours["x-amz-content-sha256"]
            theirs = self.reference(request, service)
            if request.headers["X-Amz-Date"] == ours["x-amz-date"]:
                break
        assert ours["authorization"] == theirs

    def test_keys_do_not_show(self) -> None:
        assert "a-secret-of-the-tests" not in repr(self.KEYS)
