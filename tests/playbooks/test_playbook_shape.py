"""What every playbook has, read from the files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
FILES = sorted(PLAYBOOKS.glob("*.yml"))
LOCAL_ACTIONS = ("ansible.builtin.", "ansible.legacy.")


def plays(path: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(path.read_text())
    return [play for play in loaded if "hosts" in play]


def included(name: str) -> Path:
    """A file of tasks, named by a play or by another such file."""
    path = PLAYBOOKS / name
    return path if path.exists() else PLAYBOOKS / "tasks" / name


def modules(tasks: list[dict[str, Any]]) -> set[str]:
    """The names of the modules that tasks call, those of blocks and included files too."""
    found: set[str] = set()
    for task in tasks:
        for key, value in task.items():
            if key in {"block", "rescue", "always"}:
                found |= modules(value)
            elif key == "ansible.builtin.include_tasks":
                found |= modules(yaml.safe_load(included(value).read_text()))
            # A module without options has nothing behind its name.
            elif isinstance(value, dict | None) and key not in {"vars", "loop_control", "environment"}:
                found.add(key)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_playbook_begins_with_its_purpose_and_usage(path: Path) -> None:
    document, *lines = path.read_text().splitlines()
    header = [
        line
        for line in lines[: lines.index(next(line for line in lines if not line.startswith("#")))]
        if line
    ]
    assert document == "---"
    assert any(line.startswith(f"# Usage: ansible-playbook playbooks/{path.name}") for line in header)
    assert not header[0].startswith("# Usage")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_play_has_the_settings_looks_at_them_once_and_has_a_tag(path: Path) -> None:
    for play in plays(path):
        assert {"role": "pipeline", "when": "pipeline_unchecked"} in play["roles"]
        assert play["tags"]
        assert play["gather_facts"] is False


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_play_that_talks_to_aws_has_the_environment_and_no_other_has(path: Path) -> None:
    for play in plays(path):
        asks_aws = any(not name.startswith(LOCAL_ACTIONS) for name in modules(play.get("tasks", [])))
        expected = "{{ pipeline_aws_environment }}" if asks_aws else None
        assert play.get("environment") == expected


def tasks_of(things: Any) -> Iterator[dict[str, Any]]:
    """Every task of a file, those of plays and blocks too."""
    for thing in things:
        lists = [value for key, value in thing.items() if key in {"tasks", "block", "rescue", "always"}]
        for inner in lists:
            yield from tasks_of(inner)
        if not lists:
            yield thing


@pytest.mark.parametrize("path", sorted(PLAYBOOKS.rglob("*.yml")), ids=lambda path: path.name)
def test_every_task_of_a_collection_runs_again_where_the_way_to_aws_failed(path: Path) -> None:
    loaded = yaml.safe_load(path.read_text())
    for task in tasks_of(loaded if isinstance(loaded, list) else []):
        if any(key.startswith(("amazon.aws.", "community.aws.")) for key in task):
            register = task["register"]
            assert task["until"] in {f"{register} is settled", f"{register} is not failed"}, task["name"]
            assert task["retries"]


def test_the_whole_is_its_parts_in_an_order_that_hurts_no_visitor() -> None:
    parts = yaml.safe_load((PLAYBOOKS / "site.yml").read_text())
    order = [each.get("ansible.builtin.import_playbook", each["name"]) for each in parts]
    assert order[0] == "check-prerequisites.yml"
    assert order[1] == "Begin the run"
    # The record leads to a host that has the page, and nothing ends before the record leads elsewhere.
    assert order[-4:] == ["deploy-site.yml", "provision-dns.yml", "remove-unused.yml", "End the run"]
    assert order.index("provision-iam.yml") < order.index("provision-ec2.yml")
    # What does not depend on a booting host comes while it boots.
    assert order.index("configure-codedeploy.yml") < order.index("configure-hosts.yml")
