"""Presigned addresses of S3 end, and hold for nothing but what was signed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config

from local_cloud.aws import presigned
from local_cloud.server import LocalCloud

Client = Callable[..., Any]


@pytest.fixture
def bucket(client: Client) -> None:
    """With an object in it."""
    s3 = client("s3")
    s3.create_bucket(Bucket="bundles")
    s3.put_object(Bucket="bundles", Key="a site.zip", Body=b"content")


@pytest.fixture
def signer(local_cloud: LocalCloud, bucket: None) -> Callable[[str], Any]:  # noqa: ARG001 - it is what is signed
    """A client with the root's key that signs in the older (`s3`) or the newer way (`s3v4`)."""
    settings = local_cloud.settings

    def make(version: str) -> Any:
        return boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=local_cloud.endpoint_url,
            aws_access_key_id=settings.root_access_key,
            aws_secret_access_key=settings.root_secret_key,
            config=Config(signature_version=version),
        )

    return make


@pytest.fixture(params=["s3", "s3v4"])
def signed(request: pytest.FixtureRequest, signer: Callable[[str], Any]) -> Callable[..., str]:
    """An address of the account's object, signed by the root's key in the older or the newer way."""
    client = signer(request.param)

    def sign(operation: str = "get_object", expires: int = 60, **more: Any) -> str:
        url: str = client.generate_presigned_url(
            operation, Params={"Bucket": "bundles", "Key": "a site.zip", **more}, ExpiresIn=expires
        )
        return url

    return sign


def test_a_good_one_holds(signed: Callable[..., str]) -> None:
    assert requests.get(signed(), timeout=30).text == "content"
    assert requests.get(signed(ResponseContentType="text/x"), timeout=30).headers["Content-Type"] == "text/x"
    assert requests.head(signed("head_object"), timeout=30).status_code == 200
    assert requests.put(signed("put_object"), b"other", timeout=30).status_code == 200
    assert requests.get(signed(), timeout=30).content == b"other"


def test_what_is_signed_of_a_request_is_looked_at(signed: Callable[..., str]) -> None:
    url = signed("put_object", ContentType="text/x", Metadata={"by": "me"})
    given = {"Content-Type": "text/x", "x-amz-meta-by": "me"}
    assert requests.put(url, b"other", headers=given, timeout=30).status_code == 200
    if "X-Amz-SignedHeaders" in url:
        for wrong in ({}, given | {"Content-Type": "text/y"}, given | {"x-amz-meta-by": "you"}):
            assert requests.put(url, b"other", headers=wrong, timeout=30).status_code == 403


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_bucket_by_itself(signer: Callable[[str], Any], version: str) -> None:
    client = signer(version)
    for operation in ("list_objects_v2", "get_bucket_location"):
        url = client.generate_presigned_url(operation, Params={"Bucket": "bundles"})
        assert requests.get(url, timeout=30).status_code == 200


def test_one_that_was_tampered_with_is_refused(signed: Callable[..., str]) -> None:
    url = signed()
    name = "X-Amz-Signature=" if "X-Amz-Signature" in url else "&Signature="
    for wrong in (url.replace(name, f"{name}0"), url.replace("bundles/", "bundles/x"), signed("put_object")):
        answer = requests.get(wrong, timeout=30)
        assert (answer.status_code, "<Code>SignatureDoesNotMatch</Code>" in answer.text) == (403, True)


def test_an_expired_one_is_refused(signed: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    url = signed(expires=60)

    later = datetime.now(UTC) + timedelta(seconds=62)
    monkeypatch.setattr(presigned, "_now", lambda: later)
    answer = requests.get(url, timeout=30)

    assert (answer.status_code, "<Message>Request has expired</Message>" in answer.text) == (403, True)
    assert "<Code>AccessDenied</Code>" in answer.text


def test_the_newer_ones_end_within_a_week(signed: Callable[..., str]) -> None:
    url = signed(expires=604_801)
    if "X-Amz-Expires" in url:
        answer = requests.get(url, timeout=30)
        assert (answer.status_code, "AuthorizationQueryParametersError" in answer.text) == (400, True)


@pytest.mark.parametrize("wrong", ["X-Amz-Date=today", "X-Amz-Expires=soon", "X-Amz-Credential=me"])
def test_parameters_that_can_not_be_read_are_refused(local_cloud: LocalCloud, wrong: str) -> None:
    now = datetime.now(UTC).strftime(presigned.DATE)
    credential = f"AKIALOCALCLOUDTESTS0/{now[:8]}/us-east-1/s3/aws4_request"
    query = f"X-Amz-Signature=0&X-Amz-SignedHeaders=host&{wrong}"
    for name, value in {"X-Amz-Date": now, "X-Amz-Expires": "60", "X-Amz-Credential": credential}.items():
        if name not in wrong:
            query += f"&{name}={value}"

    answer = requests.get(f"{local_cloud.endpoint_url}/bundles/key?{query}", timeout=30)

    assert answer.status_code == 400
    assert "<Code>AuthorizationQueryParametersError</Code>" in answer.text


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.usefixtures("bucket")
def test_a_users_and_a_sessions_keys_are_known(client: Client, local_cloud: LocalCloud, version: str) -> None:
    iam = client("iam")
    iam.create_user(UserName="jane")
    key = iam.create_access_key(UserName="jane")["AccessKey"]

    def get(secret: str) -> int:
        signer = boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=local_cloud.endpoint_url,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=secret,
            config=Config(signature_version=version),
        )
        url = signer.generate_presigned_url("get_object", Params={"Bucket": "bundles", "Key": "a site.zip"})
        return requests.get(url, timeout=30).status_code

    assert get(key["SecretAccessKey"]) == 200
    assert get("another") == 403
