# ruff: noqa: S310 - every URL is one of the local cloud's
"""What was called, by whom, and whether it wrote."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import boto3
import pytest
from botocore.exceptions import ClientError

from local_cloud import request_log
from local_cloud.request_log import Entry, is_mutating
from local_cloud.server import LocalCloud

Client = Callable[..., Any]


def test_calls_are_noted_with_service_action_and_outcome(client: Client, local_cloud: LocalCloud) -> None:
    client("ec2").describe_vpcs()
    client("route53").list_hosted_zones()
    client("s3").create_bucket(Bucket="a-bucket-of-the-test")
    with pytest.raises(ClientError):
        client("iam").get_role(RoleName="nobody")

    noted = [(e.service, e.action, e.mutating, e.status) for e in local_cloud.log.entries()]

    assert noted == [
        ("ec2", "DescribeVpcs", False, 200),
        ("route53", "ListHostedZones", False, 200),
        ("s3", "CreateBucket", True, 200),
        ("iam", "GetRole", False, 404),
    ]


def test_a_dry_run_is_not_mutating(client: Client, local_cloud: LocalCloud) -> None:
    with pytest.raises(ClientError, match="DryRunOperation"):
        client("ec2").allocate_address(Domain="vpc", DryRun=True)

    assert local_cloud.log.entries(mutating=True) == []


def test_a_known_key_is_named_by_its_arn(client: Client, local_cloud: LocalCloud) -> None:
    iam = client("iam")
    iam.create_user(UserName="deployer")
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    boto3.client(
        "iam",
        endpoint_url=local_cloud.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    ).list_roles()

    callers = [entry.caller for entry in local_cloud.log.entries()]

    assert callers == ["AKIALOCALCLOUDTESTS0"] * 2 + ["arn:aws:iam::123456789012:user/deployer"]


def test_the_admin_api_lists_writes_and_a_file_keeps_them(client: Client, local_cloud: LocalCloud) -> None:
    client("iam").list_roles()
    client("iam").create_user(UserName="deployer")

    with urllib.request.urlopen(f"{local_cloud.endpoint_url}/_local_cloud/requests?mutating=1") as answer:
        listed = json.load(answer)

    assert [entry["action"] for entry in listed] == ["CreateUser"]
    assert set(listed[0]) == set(Entry.__annotations__)
    assert json.loads(local_cloud.log.path.read_text().splitlines()[-1]) == listed[0]


def test_what_ends_after_the_log_was_emptied_is_in_the_file_alone(tmp_path: Path) -> None:
    log = request_log.RequestLog(tmp_path / "requests.jsonl")

    def held(_: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        log.clear()
        start_response("200 OK", [])
        return []

    request: dict[str, Any] = {}
    setup_testing_defaults(request)
    app = request_log.logged(held, log, caller=lambda *_: "me", changed=lambda _: None)
    list(app(request, lambda *_: lambda _: None))

    assert log.entries() == []
    assert len(log.path.read_text().splitlines()) == 1


@pytest.fixture
def silent(local_cloud: LocalCloud) -> Iterator[LocalCloud]:
    local_cloud.log.enabled = False
    yield local_cloud
    local_cloud.log.enabled = True


def test_it_can_be_switched_off(client: Client, silent: LocalCloud) -> None:
    client("iam").list_roles()

    assert silent.log.entries() == []


@pytest.mark.parametrize(
    ("service", "action", "method", "expected"),
    [
        ("ec2", "RunInstances", "POST", True),
        ("ec2", "DescribeInstances", "POST", False),
        ("ec2", "GetConsoleOutput", "POST", False),
        ("codedeploy", "BatchGetDeploymentTargets", "POST", False),
        ("codedeploy", "CreateDeployment", "POST", True),
        ("codedeploy", "StopDeployment", "POST", True),
        ("iam", "ListRoles", "POST", False),
        ("iam", "GetRole", "POST", False),
        ("iam", "TagRole", "POST", True),
        ("sts", "AssumeRoleWithWebIdentity", "POST", False),
        ("sts", "GetCallerIdentity", "POST", False),
        ("s3", "PutObject", "PUT", True),
        ("s3", "GetObject", "GET", False),
        ("s3", "HeadBucket", "HEAD", False),
        ("s3", "DeleteObjects", "POST", True),
        ("route53", "ChangeResourceRecordSets", "POST", True),
        ("route53", "ListHostedZonesByName", "GET", False),
        ("ssm", "GetParameter", "POST", False),
        ("codedeploy-commands", "PollHostCommand", "POST", False),
        ("codedeploy-commands", "PutHostCommandComplete", "POST", True),
    ],
)
def test_which_actions_write(service: str, action: str, method: str, *, expected: bool) -> None:
    assert is_mutating(service, action, method) is expected


class TestFile:
    ENTRY = Entry(
        time="now",
        caller="me",
        service="s3",
        action="ListBuckets",
        mutating=False,
        status=200,
        milliseconds=1,
    )

    def test_has_each_entry_at_once(self, tmp_path: Path) -> None:
        log = request_log.RequestLog(tmp_path / "requests.jsonl")
        for count in (1, 2):
            log.add(self.ENTRY)
            assert len(log.path.read_text().splitlines()) == count

    def test_is_not_made_again_by_what_ends_after_the_local_cloud(self, tmp_path: Path) -> None:
        log = request_log.RequestLog(tmp_path / "requests.jsonl")
        log.add(self.ENTRY)
        log.close()
        log.path.unlink()
        log.add(self.ENTRY)
        assert not log.path.exists()

    def test_is_moved_aside_where_it_has_become_too_long(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(request_log, "MAXIMUM_FILE", 1)
        log = request_log.RequestLog(tmp_path / "requests.jsonl")
        for _ in range(2):
            log.add(self.ENTRY)
        assert [len(path.read_text().splitlines()) for path in sorted(tmp_path.iterdir())] == [1, 1]
