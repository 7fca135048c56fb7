"""Modules on the controller, ad hoc and for a host, on a machine that has more than one Python."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_cloud.testing.clouds import ACCESS_KEY, SECRET_KEY, LocalCloud, running

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with running(tmp_path_factory.mktemp("local_cloud")) as cloud:
        yield cloud


@pytest.fixture
def environment(cloud: LocalCloud, tmp_path: Path) -> dict[str, str]:
    """AWS's variables, and a PATH whose newest Python is of no use."""
    for name in ("python3.14", "python3.13", "python3.12"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 127\n")
        (tmp_path / name).chmod(0o755)
    return os.environ | {
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }


def ad_hoc(environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    tool = Path(sys.executable).with_name("ansible")
    done = subprocess.run(
        [str(tool), "localhost", *arguments],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    _, _, result = done.stdout.partition(" => ")
    return dict(yaml.safe_load(result))


@pytest.mark.parametrize(
    "options",
    [
        ("--inventory=localhost,",),
        ("--inventory=localhost,", "--connection=local"),
        ("--inventory=inventory/local/hosts.yml",),
    ],
    ids=["an inventory of one's own", "a connection too", "ours"],
)
def test_a_module_runs_with_the_python_that_runs_ansible(
    environment: dict[str, str], options: tuple[str, ...]
) -> None:
    result = ad_hoc(environment, *options, "--check", "-m", "codedeploy_application", "-a", "name=shop")
    assert result["changed"] is True
    assert result["application"]["application_name"] == "shop"


def test_a_module_has_its_full_name_too(environment: dict[str, str]) -> None:
    module = "codedeploy.pipeline.codedeploy_application_info"
    assert ad_hoc(environment, "--inventory=localhost,", "-m", module)["applications"] == []


def test_what_a_host_delegates_runs_with_it_too(environment: dict[str, str], tmp_path: Path) -> None:
    """The host's own Python is looked for, and is of no use here."""
    address = environment["AWS_ENDPOINT_URL"].rpartition("/")[2]
    host, _, port = address.rpartition(":")
    task = {
        "name": "Get a page",
        "page_info": {"address": host, "port": int(port), "use_proxy": False},
        "delegate_to": "localhost",
    }
    play = {"name": "Ask for a page", "hosts": "web", "gather_facts": False, "tasks": [task]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            *("--inventory=inventory/local/hosts.yml", "--inventory=web,", str(tmp_path / "play.yml")),
        ],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
