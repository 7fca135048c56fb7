"""Real `ansible-playbook` runs, and a control plane in this process for those that need AWS and GitHub."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_cloud.testing.clouds import LocalCloud, github_token, publish
from local_cloud.testing.fixtures import running_cloud
from tests.playbooks.fleets import empty_fleet, fleet

__all__ = ["empty_fleet", "fleet", "running_cloud"]


CHECKOUT = Path(__file__).parents[2]
REPOSITORY = "OWNER/codedeploy.nginx.001"


@pytest.fixture(scope="session")
def ansible_playbook() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`ansible_playbook("site.yml", inventory="aws", pipeline_region="x")`: what a user would run and see.

    The inventory is the folder's hosts.yml with its group variables; its dynamic half would ask AWS.
    Options of ansible-playbook are positional. No token is given unless the test gives one.
    """

    def run(playbook: str, *options: str, inventory: str = "local", **settings: Any) -> Any:
        return subprocess.run(
            [
                Path(sys.executable).parent / "ansible-playbook",
                f"--inventory=inventory/{inventory}/hosts.yml",
                f"--extra-vars={json.dumps({'pipeline_github_token': ''} | settings)}",
                *options,
                f"playbooks/{playbook}",
            ],
            cwd=CHECKOUT,
            env={
                name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GITHUB_"))
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def cloud(running_cloud: LocalCloud) -> LocalCloud:
    """A control plane whose account is empty and whose GitHub has the site's repository."""
    running_cloud.reset()
    publish(running_cloud, CHECKOUT / "site", REPOSITORY)
    offer_agent(running_cloud)
    return running_cloud


def offer_agent(running_cloud: LocalCloud) -> None:
    """Hosts bring the agent's packages; a cloud without hosts is shown one all the same."""
    s3 = boto3.client(
        "s3",
        "us-east-1",
        endpoint_url=running_cloud.endpoint_url,
        aws_access_key_id="AKIALOCALCLOUDTESTS0",
        aws_secret_access_key="a-long-and-random-looking-secret",
    )
    s3.create_bucket(Bucket="aws-codedeploy-us-east-1")
    s3.put_object(Bucket="aws-codedeploy-us-east-1", Key="latest/install", Body=b"")
    running_cloud.log.clear()


@pytest.fixture
def addresses(cloud: LocalCloud) -> dict[str, Any]:
    """The settings that lead a playbook to `cloud` instead of the inventory's local cloud."""
    keys = {"access_key": "AKIALOCALCLOUDTESTS0", "secret_key": "a-long-and-random-looking-secret"}
    return {
        "pipeline_aws_connection": {"region": "us-east-1", "endpoint_url": cloud.endpoint_url, **keys},
        "pipeline_aws_environment": {
            "AWS_ENDPOINT_URL": cloud.endpoint_url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": keys["access_key"],
            "AWS_SECRET_ACCESS_KEY": keys["secret_key"],
        },
        # Nobody answers at the addresses of these hosts: they get no certificates.
        "pipeline_https": "none",
        "pipeline_github_api_url": f"{cloud.github_url}/api/v3",
        "pipeline_github_token": github_token(cloud),
        "pipeline_ssh_public_key_file": str(cloud.settings.state_dir / "ssh" / "id_ed25519.pub"),
    }


@pytest.fixture
def client(cloud: LocalCloud) -> Callable[..., Any]:
    """`client("ec2")`: a boto3 client of `cloud`, where asked of another region than the first."""
    session: Any = boto3.Session(
        aws_access_key_id="AKIALOCALCLOUDTESTS0",
        aws_secret_access_key="a-long-and-random-looking-secret",
        region_name="us-east-1",
    )

    def make(service: str, region: str = "us-east-1") -> Any:
        return session.client(service, region, endpoint_url=cloud.endpoint_url)

    return make


@pytest.fixture
def iam(client: Callable[[str], Any]) -> Any:
    """A client of the account's IAM."""
    return client("iam")
