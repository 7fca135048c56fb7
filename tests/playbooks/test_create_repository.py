"""create-repository.yml: the site's repository from nothing, and never a second time."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from local_cloud.testing.clouds import LocalCloud

REPOSITORY = "OWNER/codedeploy.nginx.001"
Play = Callable[..., Any]


@pytest.fixture
def settings(cloud: LocalCloud, addresses: dict[str, Any]) -> dict[str, Any]:
    """Settings that ask for the repository, in an account of GitHub's that has none."""
    settings = addresses | {"pipeline_github_create_repository": True}
    gone = requests.delete(address(settings), headers=headers(settings), timeout=30)
    assert gone.status_code == 204
    cloud.log.clear()
    return settings


def address(settings: dict[str, Any]) -> str:
    return f"{settings['pipeline_github_api_url']}/repos/{REPOSITORY}"


def headers(settings: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings['pipeline_github_token']}"}


@pytest.mark.long
def test_a_dry_run_tells_and_makes_nothing(
    ansible_playbook: Play, cloud: LocalCloud, settings: dict[str, Any]
) -> None:
    first = [f"playbooks/{name}.yml" for name in ("create-repository", "provision-iam", "configure-github")]
    result = ansible_playbook("deploy-site.yml", "--check", "--diff", *first, **settings)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "would set IAMROLE_GITHUB_ARN, AWS_REGION" in " ".join(result.stdout.split())
    assert requests.get(address(settings), headers=headers(settings), timeout=30).status_code == 404
    assert cloud.log.entries(mutating=True) == []


@pytest.mark.long
def test_the_site_is_there_once(ansible_playbook: Play, settings: dict[str, Any]) -> None:
    first = ansible_playbook("create-repository.yml", **settings)
    assert "changed=1" in first.stdout, first.stdout
    made = requests.get(address(settings), headers=headers(settings), timeout=30).json()
    assert made["private"] is True
    commits = requests.get(f"{address(settings)}/commits", headers=headers(settings), timeout=30).json()
    assert [each["commit"]["message"] for each in commits] == ["Publish the site [skip ci]"]

    second = ansible_playbook("create-repository.yml", **settings)
    assert "changed=0" in second.stdout


def test_nothing_is_made_unless_asked(ansible_playbook: Play, settings: dict[str, Any]) -> None:
    result = ansible_playbook(
        "create-repository.yml", **settings | {"pipeline_github_create_repository": False}
    )

    assert result.returncode == 0
    assert requests.get(address(settings), headers=headers(settings), timeout=30).status_code == 404
