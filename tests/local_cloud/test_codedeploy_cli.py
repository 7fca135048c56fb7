"""The AWS CLI's own CodeDeploy commands, which do more than one call each."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_cloud.server import LocalCloud
from local_cloud.testing.agents import agents_on
from local_cloud.testing.shop import Shop

MakeClient = Callable[..., Any]
Aws = Callable[..., Any]


@pytest.fixture
def deploy(local_cloud: LocalCloud, aws_session: Any) -> Aws:
    """`deploy("list-applications")`: what `aws deploy` prints, parsed where it is JSON."""
    program = str(Path(sys.executable).with_name("aws"))
    credentials = aws_session.get_credentials()
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": local_cloud.endpoint_url,
        "AWS_PAGER": "",
    }

    def run(*arguments: str) -> Any:
        command = [program, "deploy", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout

    return run


def test_push_and_deploy(local_cloud: LocalCloud, client: MakeClient, deploy: Aws, tmp_path: Path) -> None:
    shop = Shop.open(client)
    client("s3").create_bucket(Bucket="bundles")
    (tmp_path / "appspec.yml").write_text("version: 0.0\nos: linux\n")

    deploy(
        *("push", "--application-name", "shop"),
        *("--s3-location", "s3://bundles/shop.zip", "--source", str(tmp_path)),
    )
    pushed = deploy("list-application-revisions", "--application-name", "shop")["revisions"][0]["s3Location"]
    location = f"bucket=bundles,key=shop.zip,bundleType=zip,eTag={pushed['eTag']}"
    with agents_on(local_cloud.endpoint_url, shop.instances):
        made = deploy(
            *("create-deployment", "--application-name", "shop", "--deployment-group-name", "web"),
            *("--s3-location", location),
        )
        shop.finish(made["deploymentId"])
        deploy("wait", "deployment-successful", "--deployment-id", made["deploymentId"])

    info = deploy("get-deployment", "--deployment-id", made["deploymentId"])["deploymentInfo"]
    assert info["status"] == "Succeeded"
    assert info["revision"]["s3Location"]["eTag"] == pushed["eTag"]


def test_stop(client: MakeClient, deploy: Aws) -> None:
    shop = Shop.open(client)
    deployment = shop.deploy()

    assert deploy("stop-deployment", "--deployment-id", deployment)["status"] == "Succeeded"
    shop.finish(deployment)
    listed = deploy("list-deployments", "--include-only-statuses", "Stopped")
    assert listed["deployments"] == [deployment]


def test_register_on_premises(client: MakeClient, deploy: Aws) -> None:
    user = client("iam").create_user(UserName="printer")["User"]["Arn"]
    deploy("register", "--instance-name", "printer", "--iam-user-arn", user, "--tags", "Key=floor,Value=3")

    info = deploy("get-on-premises-instance", "--instance-name", "printer")["instanceInfo"]
    assert info["iamUserArn"] == user
    assert info["tags"] == [{"Key": "floor", "Value": "3"}]
