"""Requests that fit no model of AWS's are refused in its words; what there is not is said plainly."""

import gzip
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.server import LocalCloud

Client = Callable[..., Any]
JSON = "application/x-amz-json-1.1"
FORM = "application/x-www-form-urlencoded"
COMMANDS = "CodeDeployCommandService_v20141006."
DEEP = b'{"a":' * 100_000


class Wire:
    """A connection that sends what no SDK would."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._link = http.client.HTTPConnection(cloud.endpoint_url.removeprefix("http://"), timeout=30)

    def post(
        self,
        service: str,
        body: bytes,
        *,
        target: str = "",
        content_type: str = JSON,
        method: str = "POST",
        path: str = "/",
        encoding: str = "",
    ) -> tuple[int, Any]:
        scope = f"Credential=AKIALOCALCLOUDTESTS0/20260101/us-east-1/{service}/aws4_request"
        signature = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"
        headers = {"Content-Type": content_type, "X-Amz-Target": target, "Authorization": signature}
        if not service:
            del headers["Authorization"]
        if encoding:
            headers["Content-Encoding"] = encoding
        self._link.request(method, path, body, headers)
        answer = self._link.getresponse()
        text = answer.read().decode()
        return answer.status, text if content_type == FORM else json.loads(text)

    def close(self) -> None:
        self._link.close()


@pytest.fixture
def wire(local_cloud: LocalCloud) -> Iterator[Wire]:
    link = Wire(local_cloud)
    yield link
    link.close()


NOT_AN_OBJECT = [
    b"[]",
    b"null",
    b"",
    b"5",
    b'"text"',
    b"{a:",
    b"\xff\xfe",
    b"[" * 100_000,
    DEEP,
    b"NaN",
    b'{"a":NaN}',
]


@pytest.mark.parametrize("body", NOT_AN_OBJECT, ids=lambda body: repr(body[:8]))
@pytest.mark.parametrize(
    ("service", "target"),
    [
        ("codedeploy", "CodeDeploy_20141006.ListApplications"),
        ("codedeploy", "CodeDeploy_20141006.GetApplication"),
        ("ssm", "AmazonSSM.GetParameter"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(wire: Wire, service: str, target: str, body: bytes) -> None:
    status, answer = wire.post(service, body, target=target)

    assert (status, answer["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize("body", [each for each in NOT_AN_OBJECT if each], ids=lambda body: repr(body[:8]))
def test_the_agents_side_refuses_it_too(wire: Wire, body: bytes) -> None:
    status, answer = wire.post("codedeploy-commands", body, target=f"{COMMANDS}PutHostCommandComplete")

    assert (status, answer["__type"]) == (400, "ClientException")


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("ListApplications", {"nextToken": 5}),
        ("GetApplication", {"applicationName": 5}),
        ("GetApplication", {"applicationName": ["shop"]}),
        ("GetApplication", {"applicationName": {"name": "shop"}}),
        ("BatchGetApplications", {"applicationNames": "shop"}),
        ("BatchGetApplications", {"applicationNames": [None]}),
        ("CreateDeploymentGroup", {"ec2TagFilters": [1]}),
        ("CreateDeploymentGroup", {"autoRollbackConfiguration": {"enabled": "yes"}}),
        ("CreateDeploymentConfig", {"minimumHealthyHosts": {"value": True}}),
        ("CreateDeploymentConfig", {"minimumHealthyHosts": {"value": 1.5}}),
        ("ListDeployments", {"createTimeRange": {"start": "yesterday"}}),
    ],
)
def test_a_value_of_another_type_is_refused(wire: Wire, operation: str, given: dict[str, Any]) -> None:
    body = json.dumps(given).encode()

    status, answer = wire.post("codedeploy", body, target=f"CodeDeploy_20141006.{operation}")

    assert (status, answer["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    "target", ["CodeDeploy_20141006.Nothing", "CodeDeploy_20141006.", "Nothing", "Other.GetApplication", ""]
)
def test_a_target_that_there_is_not_is_refused(wire: Wire, target: str) -> None:
    status, answer = wire.post("codedeploy", b"{}", target=target)

    assert (status, answer["__type"]) == (400, "UnknownOperationException")


def test_a_target_needs_a_signature(wire: Wire) -> None:
    status, answer = wire.post("", b"{}", target="CodeDeploy_20141006.ListApplications")

    assert (status, answer["__type"]) == (400, "MissingAuthenticationTokenException")


LIST = "CodeDeploy_20141006.ListApplications"


@pytest.mark.parametrize(
    "odd",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/json"},
        {"method": "GET"},
        {"method": "PUT"},
    ],
)
def test_a_call_in_json_says_that_it_is_one(wire: Wire, odd: dict[str, str]) -> None:
    status, answer = wire.post("codedeploy", b"{}", target=LIST, **odd)

    assert (status, answer["__type"]) == (400, "UnknownOperationException")


@pytest.mark.parametrize("odd", [{"content_type": f"{JSON}; charset=utf-8"}, {"path": "/?Action=Other"}])
def test_what_is_beside_a_call_in_json_changes_nothing(wire: Wire, odd: dict[str, str]) -> None:
    assert wire.post("codedeploy", b"{}", target=LIST, **odd) == (200, {"applications": []})


def test_a_compressed_body_is_read(wire: Wire) -> None:
    body = gzip.compress(b"{}")
    assert wire.post("codedeploy", body, target=LIST, encoding="gzip")[0] == 200
    for wrong in (b"{}", body[:-4], gzip.compress(b" " * 65 * 1024**2)):
        status, answer = wire.post("codedeploy", wrong, target=LIST, encoding="gzip")
        assert (status, answer["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    ("service", "operation"), [("ec2", "describe_instances"), ("codedeploy", "list_applications")]
)
def test_a_region_that_there_is_not_is_named(client: Client, service: str, operation: str) -> None:
    with pytest.raises(ClientError, match="Credential should be scoped to a valid region, not 'mars-1'"):
        getattr(client(service, "mars-1"), operation)()


def test_a_filter_that_there_is_not_is_named(client: Client) -> None:
    image = client("ec2").describe_images()["Images"][0]["ImageId"]
    client("ec2").run_instances(ImageId=image, MinCount=1, MaxCount=1)
    with pytest.raises(ClientError, match=r"The local cloud has no filter none of ec2 DescribeInstances\.$"):
        client("ec2").describe_instances(Filters=[{"Name": "none", "Values": ["a"]}])


def test_a_float_that_is_no_number_reaches_the_service(client: Client) -> None:
    """JSON has a word for it in the protocol, which is no value of another type."""
    with pytest.raises(ClientError, match="The value NaN"):
        client("cloudwatch").put_metric_data(
            Namespace="site", MetricData=[{"MetricName": "load", "Value": float("nan")}]
        )


def test_an_error_is_well_formed_whatever_it_is_about(client: Client) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        client("iam").create_role(RoleName="web", AssumeRolePolicyDocument="{}", Description="a\x07\ufffe")


def test_every_operation_of_codedeploy_has_a_word_for_what_is_left_out(client: Client, wire: Wire) -> None:
    model = client("codedeploy").meta.service_model
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        for given in ({}, dict.fromkeys(shape.members if shape else ()), _empty(shape)):
            body = json.dumps(given).encode()
            status, answer = wire.post("codedeploy", body, target=f"CodeDeploy_20141006.{operation}")
            assert status in {200, 400}, (operation, given, answer)
            assert "InternalFailure" not in str(answer)


def _empty(shape: Any) -> Any:
    """A value of the shape with nothing in it: each list has one such member."""
    if shape is None:
        return {}
    if shape.type_name == "structure":
        return {name: _empty(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [_empty(shape.member)]
    return {"map": {}, "boolean": False, "string": ""}.get(shape.type_name, 0)


@pytest.mark.parametrize(
    "diagnostics", [5, "text", [1], {"Payload": 5}, {"Payload": "[" * 100_000}, {"Payload": "null"}, None]
)
def test_an_agents_diagnostics_may_be_anything(wire: Wire, diagnostics: Any) -> None:
    given = {
        "HostCommandIdentifier": "123456789012/us-east-1/none",
        "CommandStatus": "Failed",
        "Diagnostics": diagnostics,
    }

    status, answer = wire.post(
        "codedeploy-commands", json.dumps(given).encode(), target=f"{COMMANDS}PutHostCommandComplete"
    )

    assert (status, answer["__type"]) == (400, "ClientException")


@pytest.mark.parametrize(
    ("service", "body", "words"),
    [
        (
            "ec2",
            b"Action=Nothing&Version=2016-11-15",
            "<Code>InvalidAction</Code><Message>The action Nothing is",
        ),
        (
            "iam",
            b"Action=Nothing&Version=2010-05-08",
            "<Message>Could not find operation Nothing for version 2010",
        ),
        ("sts", b"Version=2011-06-15", "<Code>InvalidAction</Code>"),
        ("ec2", b"Action=DescribeInstances&MaxResults=many", "<Code>InvalidParameterValue</Code>"),
        ("ec2", b"Action=DescribeInstances&InstanceId.1=\xff", "<Code>MalformedQueryString</Code>"),
        ("iam", b"Action=CreateRole&RoleName=web", "Value null at &apos;assumeRolePolicyDocument&apos;"),
        ("iam", b"Action=GetRole&Version=2010-05-08&RoleName=%ff", "<Code>ValidationError</Code>"),
    ],
)
def test_a_form_that_can_not_be_read_is_refused(wire: Wire, service: str, body: bytes, words: str) -> None:
    status, answer = wire.post(service, body, content_type=FORM)

    assert status == 400, answer
    assert words in answer.replace("'", "&apos;")


@pytest.mark.parametrize(
    ("service", "operation", "given"),
    [
        ("ssm", "DescribeInstanceInformation", {}),
        (
            "ssm",
            "SendCommand",
            {"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-00000000000000000"]},
        ),
        ("ssm", "StartSession", {"Target": "i-00000000000000000"}),
        ("ec2", "GetSerialConsoleAccessStatus", {}),
        ("iam", "GetContextKeysForCustomPolicy", {"PolicyInputList": ["{}"]}),
        ("route53", "ListTrafficPolicies", {}),
        ("pricing", "GetProducts", {"ServiceCode": "AmazonEC2"}),
        ("codebuild", "StartBuild", {"projectName": "site"}),
    ],
)
def test_what_there_is_not_is_named_and_not_tried_again(
    client: Client, local_cloud: LocalCloud, service: str, operation: str, given: dict[str, Any]
) -> None:
    calls = client(service)
    name = next(method for method, each in calls.meta.method_to_api_mapping.items() if each == operation)

    with pytest.raises(ClientError) as refused:
        getattr(calls, name)(**given)

    answer = refused.value.response
    assert answer["Error"]["Code"] == "NotImplemented"
    assert answer["Error"]["Message"] == f"The local cloud has no {service} {operation}."
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert answer["ResponseMetadata"]["RetryAttempts"] == 0
    assert [entry.status for entry in local_cloud.log.entries()] == [501]


def test_the_aws_cli_says_it_in_one_line(local_cloud: LocalCloud, tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("aws"), "ssm", "describe-instance-information"],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": local_cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": "AKIALOCALCLOUDTESTS0",
            "AWS_SECRET_ACCESS_KEY": "a-long-and-random-looking-secret-of-the-tests",
            "AWS_DEFAULT_REGION": "us-east-1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode != 0
    assert "The local cloud has no ssm DescribeInstanceInformation." in done.stderr
    assert len(local_cloud.log.entries()) == 1


def test_a_failure_of_its_own_is_in_the_services_form(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("as told")

    monkeypatch.setattr("moto.ec2.responses.vpcs.VPCs.describe_vpcs", fail)
    calls = client("ec2")
    calls.meta.events.unregister("needs-retry.ec2")

    with pytest.raises(ClientError) as refused:
        calls.describe_vpcs()

    assert refused.value.response["Error"] == {
        "Code": "InternalFailure",
        "Message": "The local cloud failed here; its log has the traceback.",
    }
