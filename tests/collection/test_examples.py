"""The examples of the collection as they are packed, run as a user would from the installed archive."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
import yaml

from local_cloud.testing.agents import agents_on
from local_cloud.testing.clouds import LocalCloud, github_token, publish, running
from local_cloud.testing.shop import make_role, run_instances
from scripts import collection

REGION = "eu-west-1"
ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collections")
    collection.install(collection.build(tmp_path_factory.mktemp("built")), folder)
    return folder


@pytest.fixture(scope="module")
def examples(root: Path) -> Path:
    return root / "ansible_collections" / collection.NAME.replace(".", "/") / "examples"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with running(tmp_path_factory.mktemp("local_cloud")) as cloud:
        yield cloud


def client(cloud: LocalCloud, service: str, region: str = REGION) -> Any:
    keys = {
        "aws_access_key_id": cloud.settings.root_access_key,
        "aws_secret_access_key": "a-long-secret-of-tests",
    }
    return boto3.client(service, region, endpoint_url=cloud.endpoint_url, **keys)  # type: ignore[call-overload]


def play(cloud: LocalCloud, root: Path, playbook: Path, **settings: Any) -> str:
    """Run an example; what it said."""
    told = {"ansible_python_interpreter": sys.executable, **settings}
    environment = collection.environment(root) | {
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_ACCESS_KEY_ID": cloud.settings.root_access_key,
        "AWS_SECRET_ACCESS_KEY": "a-long-secret-of-tests",
        "AWS_REGION": REGION,
        "GITHUB_TOKEN": github_token(cloud),
    }
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            "-i",
            "localhost,",
            "-e",
            json.dumps(told),
            playbook,
        ],
        cwd=root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_a_folder_is_deployed_and_a_second_time_nothing_changes(
    cloud: LocalCloud, root: Path, examples: Path, tmp_path: Path
) -> None:
    role = make_role(lambda service, region=REGION: client(cloud, service, region))
    client(cloud, "s3").create_bucket(
        Bucket="revisions-of-the-shop", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    instances = run_instances(
        lambda service, region=REGION: client(cloud, service, region), region=REGION, Application="shop"
    )
    (tmp_path / "appspec.yml").write_text(
        "version: 0.0\nos: linux\nfiles:\n  - source: index.html\n    destination: /srv/www\n"
    )
    (tmp_path / "index.html").write_text("<!DOCTYPE html><title>Shop</title>\n")
    settings = {"folder": str(tmp_path), "bucket": "revisions-of-the-shop", "service_role": role}
    with agents_on(cloud.endpoint_url, instances, region=REGION):
        first = play(cloud, root, examples / "deploy-folder.yml", **settings)
        assert ": Succeeded" in first
        assert "changed=0" in play(cloud, root, examples / "deploy-folder.yml", **settings)


@pytest.mark.long
def test_a_repository_gets_a_role_and_what_its_workflow_needs(
    cloud: LocalCloud, root: Path, examples: Path, tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text("A shop\n")
    publish(cloud, tmp_path, "shops/window")
    # The only thing in it that is not a user's: where GitHub is.
    written = yaml.safe_load((examples / "github-oidc.yml").read_text())
    written[0]["module_defaults"]["group/codedeploy.pipeline.github"] = {
        "api_url": f"{cloud.github_url}/api/v3"
    }
    playbook = tmp_path / "github-oidc.yml"
    playbook.write_text(yaml.safe_dump(written))
    settings = {"repository": "shops/window", "account": ACCOUNT}
    play(cloud, root, playbook, **settings)
    assert "changed=0" in play(cloud, root, playbook, **settings)
    trust = client(cloud, "iam").get_role(RoleName="deploys-the-shop")["Role"]["AssumeRolePolicyDocument"]
    [statement] = trust["Statement"]
    assert statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"] == (
        "repo:shops/window:environment:Prod"
    )
    url = f"{cloud.github_url}/api/v3/repos/shops/window/environments/Prod/variables"
    headers = {"Authorization": f"Bearer {github_token(cloud)}"}
    variables = requests.get(url, headers=headers, timeout=30).json()["variables"]
    assert {each["name"] for each in variables} >= {"AWS_REGION", "CODEDEPLOY_APPLICATION_NAME"}


def test_every_example_is_tried_or_is_one_for_hosts(examples: Path) -> None:
    """Hosts are in extensions/molecule, whose scenarios use the same roles."""
    tried = {"deploy-folder.yml", "github-oidc.yml"}
    assert {path.name for path in examples.iterdir()} == tried | {"host.yml"}
    roles = yaml.safe_load((examples / "host.yml").read_text())[0]["roles"]
    scenarios = {path.name for path in (examples.parent / "extensions" / "molecule").iterdir()}
    assert {each["role"].rpartition(".")[2] for each in roles} <= scenarios
