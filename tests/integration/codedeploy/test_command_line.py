"""The modules and the action plugin through the real ansible-playbook."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.agents import agents_on, failing_at
from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.shop import Shop
from tests.integration.codedeploy.runner import Client

CHECKOUT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
DEPLOY: dict[str, Any] = {
    "name": "Deploy the commit",
    "codedeploy_deployment": {
        "application_name": "shop",
        "deployment_group_name": "web",
        "github_location": {
            "repository": "OWNER/shop",
            "commit_id": "0123456789abcdef0123456789abcdef01234567",
        },
        "wait_timeout": 60,
    },
}


@pytest.fixture
def play(tmp_path: Path, local_cloud: LocalCloud) -> Any:
    """Runs tasks on the controller, where AWS is the local cloud."""

    def run(*tasks: dict[str, Any], arguments: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        environment = {
            "AWS_ENDPOINT_URL": local_cloud.endpoint_url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
        }
        book = [{"hosts": "localhost", "gather_facts": False, "environment": environment, "tasks": tasks}]
        file = tmp_path / "playbook.yml"
        file.write_text(json.dumps(book))
        return subprocess.run(
            [PLAYBOOK, "-i", "localhost,", "-c", "local", *arguments, file],
            cwd=CHECKOUT,
            env=os.environ
            | {
                "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
                "ANSIBLE_HOME": str(tmp_path / "ansible"),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.long
def test_resources_are_made_once(play: Any, client: Client) -> None:
    role = "arn:aws:iam::123456789012:role/deployer"
    Shop.open(client, 0)
    tasks = (
        {"codedeploy_application": {"name": "store", "tags": {"Stage": "test"}}},
        {
            "codedeploy_deployment_group": {
                "application_name": "store",
                "name": "web",
                "service_role": role,
                "ec2_tag_filters": [{"key": "Name", "value": "web"}],
                "auto_rollback": {"events": ["DEPLOYMENT_FAILURE"]},
            }
        },
        {
            "iam_oidc_provider": {
                "url": "https://token.actions.githubusercontent.com",
                "client_ids": ["sts.amazonaws.com"],
            }
        },
    )
    for arguments, changed in ((("--check", "--diff"), 3), ((), 3), ((), 0)):
        done = play(*tasks, arguments=arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"ok=3    changed={changed}" in done.stdout
        assert "WARNING" not in done.stderr


def without_elapsed(output: str) -> list[str]:
    """Its lines; those of progress begin with the seconds that have passed."""
    return [re.sub(r"^ *\d+ s(?=  )", "", line) for line in output.splitlines()]


def test_shows_what_happens_on_the_hosts(play: Any, client: Client, local_cloud: LocalCloud) -> None:
    shop = Shop.open(client)
    with agents_on(local_cloud.endpoint_url, shop.instances):
        done = play(DEPLOY)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = without_elapsed(done.stdout)
    events = [
        line.split()[1]
        for line in lines
        if line.startswith(f"  {shop.instances[0]}") and " Succeeded" in line
    ]
    assert events[0] == "ApplicationStop"
    assert events[-1] == "ValidateService"
    assert "  hosts: 1 done, 0 left of 1" in lines
    assert lines.index("changed: [localhost]") > lines.index("  hosts: 1 done, 0 left of 1")


def test_shows_where_and_why_it_failed(play: Any, client: Client, local_cloud: LocalCloud) -> None:
    shop = Shop.open(client)
    work = failing_at("ValidateService", script_name="scripts/validate.sh", log="[stderr]no page\n")
    with agents_on(local_cloud.endpoint_url, shop.instances, work):
        done = play(DEPLOY)
    shown = done.stdout + done.stderr
    assert done.returncode == 2
    assert f"  {shop.instances[0]}  ValidateService FAILED in scripts/validate.sh" in shown
    assert f"{shop.instances[0]}: ValidateService failed in scripts/validate.sh (ScriptFailed)" in shown
    assert "  | [stderr]no page" in shown
    assert "Traceback" not in shown


def test_plans_without_a_word_of_progress(play: Any, client: Client) -> None:
    shop = Shop.open(client)
    done = play(DEPLOY, arguments=("--check", "--diff"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "+            commit_id: 0123456789abcdef0123456789abcdef01234567" in done.stdout
    assert f"  {shop.instances[0]}  " not in done.stdout
