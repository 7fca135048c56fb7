"""Several environments of one account: what they share is said once, and each run says which it is about."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.inventories import KEYS, Side, inventory

INVENTORY = Path(__file__).parents[2] / "inventory"
Play = Callable[..., Any]


@pytest.mark.parametrize("where", ["aws", "local"])
def test_what_environments_share_is_said_once(where: str) -> None:
    own = {"hosts.yml", "group_vars/staging.yml"}
    staging, production = INVENTORY / f"{where}-staging", INVENTORY / where
    found = (Path(folder) / name for folder, _, names in os.walk(staging, followlinks=True) for name in names)
    files = {str(path.relative_to(staging)): path.resolve() for path in found}
    shared = {str(path.relative_to(production)): path for path in production.rglob("*") if path.is_file()}
    del shared["hosts.yml"], shared["group_vars/production.yml"]
    assert {name: path for name, path in files.items() if name not in own} == shared
    assert own < set(files)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("local", "production, test.codeDeploy.001 in us-east-1"),
        ("local-staging", "staging, test.codeDeploy.001-staging in us-east-1"),
    ],
)
def test_a_run_says_at_its_beginning_and_its_end_which_it_is_about(
    ansible_playbook: Play, place: str, said: str
) -> None:
    result = ansible_playbook("estimate-cost.yml", inventory=place)
    assert result.returncode == 0, result.stdout
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    first = lines.index(f"ok: [localhost] => {said}")
    assert first < 5, result.stdout
    assert lines.index(f"environment  {said}") > len(lines) - 4
    assert f"What {said.partition(',')[0]} builds" in result.stdout


def test_an_application_that_two_environments_would_have_is_refused(ansible_playbook: Play) -> None:
    refused = ansible_playbook("estimate-cost.yml", inventory="local-staging", pipeline_application="shop")
    assert refused.returncode != 0
    said = " ".join(refused.stdout.split())
    assert "pipeline_application is 'shop' and pipeline_environment is 'staging'" in said.replace("''", "'")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "",
            "name the application of the environment before production, such as test.codeDeploy.001-staging",
        ),
        ("shop-test", "Nothing was ever deployed to shop-test (pipeline_promote_from): deploy there first."),
    ],
)
def test_there_must_be_something_to_promote(cloud: Any, tmp_path: Path, source: str, said: str) -> None:
    production = Side(inventory(tmp_path / "production", cloud, *KEYS, pipeline_promote_from=source))
    refused = production.play("promote-site.yml")
    assert refused.returncode != 0
    assert said in " ".join(refused.stdout.split()).replace("''", "'")
    assert cloud.log.entries(mutating=True) == []


def test_reviewers_whom_github_does_not_know_are_named_before_anything_is_made(
    cloud: Any, tmp_path: Path
) -> None:
    reviewers = ["local-developer", "carol", "OWNER/releases"]
    production = Side(inventory(tmp_path / "production", cloud, *KEYS, pipeline_github_reviewers=reviewers))
    refused = production.play("check-prerequisites.yml")
    assert refused.returncode != 0
    said = " ".join(refused.stdout.split()).replace("''", "'")
    for name in ("carol", "OWNER/releases"):
        assert f"pipeline_github_reviewers has '{name}', whom GitHub does not know: correct it" in said
    assert "has 'local-developer'" not in said
