"""The in-process cloud answers real clients."""

import http.client
from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.server import LocalCloud

Client = Callable[..., Any]


def ask(
    cloud: LocalCloud, method: str, path: str, headers: dict[str, str] | None = None
) -> http.client.HTTPResponse:
    """One plain request to the AWS endpoint."""
    link = http.client.HTTPConnection(cloud.endpoint_url.removeprefix("http://"))
    link.request(method, path, headers=headers or {})
    answer = link.getresponse()
    answer.read()
    link.close()
    return answer


def test_a_new_account_has_the_default_vpc_and_the_hosted_zone(client: Client) -> None:
    vpcs = client("ec2").describe_vpcs()["Vpcs"]
    zones = client("route53").list_hosted_zones()["HostedZones"]

    assert [vpc["CidrBlock"] for vpc in vpcs] == ["172.31.0.0/16"]
    assert [zone["Name"] for zone in zones] == ["local-cloud.example."]


@pytest.mark.parametrize("path", ["/_local_cloud/status", "/_local_cloud/requests", "/"])
def test_pages_of_other_sites_are_not_answered(local_cloud: LocalCloud, path: str) -> None:
    for site in ("cross-site", "same-site", "same-origin"):
        assert ask(local_cloud, "GET", path, {"Sec-Fetch-Site": site}).status == 403


def test_the_admin_api_is_for_those_who_name_it_by_loopback(local_cloud: LocalCloud) -> None:
    assert ask(local_cloud, "GET", "/_local_cloud/status", {"Host": "rebound.example:4580"}).status == 403
    assert ask(local_cloud, "GET", "/_local_cloud/status", {"Host": "localhost:4580"}).status == 200
    assert ask(local_cloud, "GET", "/_local_cloud/nothing").status == 404


@pytest.mark.parametrize("door", ["data.json", "seed", "config", "recorder/start-recording"])
def test_motos_own_doors_are_closed(local_cloud: LocalCloud, door: str) -> None:
    assert ask(local_cloud, "POST", f"/moto-api/{door}").status == 404


def test_motos_reset_empties_the_account_for_this_machine_only(
    client: Client, local_cloud: LocalCloud
) -> None:
    client("s3").create_bucket(Bucket="a-bucket-of-the-test")

    assert ask(local_cloud, "POST", "/moto-api/reset", {"Host": "rebound.example:4580"}).status == 403
    assert ask(local_cloud, "GET", "/moto-api/reset").status == 404
    assert client("s3").list_buckets()["Buckets"]
    assert ask(local_cloud, "POST", "/moto-api/reset").status == 200
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("route53").list_hosted_zones()["HostedZones"]


def test_the_agents_commands_are_answered_at_the_same_endpoint(local_cloud: LocalCloud) -> None:
    target = {"X-Amz-Target": "CodeDeployCommandService_v20141006.PutHostCommandComplete"}

    assert ask(local_cloud, "POST", "/", target).status == 400

    [entry] = local_cloud.log.entries()
    assert (entry.service, entry.action, entry.status) == (
        "codedeploy-commands",
        "PutHostCommandComplete",
        400,
    )


def test_reset_makes_the_account_as_new(client: Client, local_cloud: LocalCloud) -> None:
    client("s3").create_bucket(Bucket="a-bucket-of-the-test")

    local_cloud.reset()

    names = [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]
    assert "a-bucket-of-the-test" not in names
