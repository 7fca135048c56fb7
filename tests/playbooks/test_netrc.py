"""Whose credentials GitHub is shown where a user's ~/.netrc has some for it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has others for the machine that GitHub's stand-in runs on."""
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login somebody password of-another-service\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


@pytest.mark.usefixtures("netrc")
@pytest.mark.parametrize("playbook", ["check-prerequisites.yml", "provision-iam.yml"])
def test_the_token_of_the_settings_is_shown(
    ansible_playbook: Callable[..., Any], addresses: dict[str, Any], playbook: str
) -> None:
    played = ansible_playbook(playbook, **addresses)
    assert played.returncode == 0, played.stdout + played.stderr


def arguments(tasks: Any) -> Iterator[dict[str, Any]]:
    """What the modules of tasks are given, however deep they are."""
    if isinstance(tasks, list):
        for each in tasks:
            yield from arguments(each)
    elif isinstance(tasks, dict):
        if "headers" in tasks:
            yield tasks
        for value in tasks.values():
            yield from arguments(value)


def test_every_task_that_shows_the_token_leaves_netrc_alone() -> None:
    files = [*PLAYBOOKS.glob("*.yml"), *PLAYBOOKS.glob("tasks/*.yml")]
    shown = [
        (file.name, given)
        for file in files
        for given in arguments(yaml.safe_load(file.read_text()))
        if "pipeline_github_headers" in given["headers"]
    ]
    assert {"commit.yml", "revision.yml"} <= {name for name, _ in shown}
    assert [name for name, given in shown if given.get("use_netrc") is not False] == []
