"""What every playbook has, read from the files."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
PLAYBOOKS = CHECKOUT / "playbooks"
FILES = sorted(PLAYBOOKS.glob("*.yml"))
LOCAL_ACTIONS = ("ansible.builtin.", "ansible.legacy.")
CHECK = "tasks/check-settings.yml"
VERBS = re.compile(
    "(Acquire|Add|Assert|Associate|Break|Check|Clean|Compare|Configure|Converge|Copy|Create|Delete|Deploy|Destroy|"
    "Disable|Download|Enable|End|Enforce|Estimate|Expire|Fail|Find|Gather|Get|Import|Install|Launch|Plan|Prepare|"
    "Provision|Push|Refresh|Reinstall|Release|Reload|Remove|Renew|Repair|Request|Restart|Restore|Revoke|Roll|Set|Show|Start|Stop|"
    "Tag|Terminate|Truncate|Update|Upgrade|Upload|Verify|Wait|Write) "
)
"""With which the name of a task or a play begins: Ansible's, AWS's and systemd's own."""
NO_NOUNS = re.compile(
    r"(?i)\b(it|its|this|these|those|there|they|them|their|what|who|whom|whose|which|we|us|our|ours|you|your|he|his|"
    r"she|her|somebody|anybody|nobody|say|says|tell|ask|look|learn|remember|refuse|forget|let)\b"
)
"""Which no such name has: whoever searches a console for a thing finds it by its name."""


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
            elif key in {"ansible.builtin.include_tasks", "ansible.builtin.import_tasks"}:
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
def test_every_play_has_the_settings_and_a_tag(path: Path) -> None:
    for play in plays(path):
        assert {"role": "pipeline"} in play["roles"]
        assert play["tags"]
        assert play["gather_facts"] is False


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_settings_are_checked_once_and_first(path: Path) -> None:
    """By the first play; and by those on hosts, which --limit may make the first. site.yml is its parts."""
    whole = yaml.safe_load(path.read_text())
    if "ansible.builtin.import_playbook" in whole[0]:
        path = PLAYBOOKS / whole[0]["ansible.builtin.import_playbook"]
    first, *others = plays(path)
    assert [first["hosts"], *checks(first)] == ["localhost", 0]
    for play in others:
        assert checks(play) == ([] if play["hosts"] == "localhost" else [0])


def checks(play: dict[str, Any]) -> list[int]:
    """Which of a play's own tasks check the settings."""
    tasks = play.get("pre_tasks", []) + play.get("tasks", [])
    return [number for number, task in enumerate(tasks) if task.get("ansible.builtin.import_tasks") == CHECK]


def test_the_check_is_left_out_where_there_was_one_and_by_no_tags() -> None:
    [task] = yaml.safe_load((PLAYBOOKS / CHECK).read_text())
    included = {"name": "pipeline_check", "rolespec_validate": False, "apply": {"tags": "always"}}
    assert task["ansible.builtin.include_role"] == included
    assert (task["when"], task["tags"]) == ("pipeline_unchecked", "always")


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
            first, *_ = task["until"] if isinstance(task["until"], list) else [task["until"]]
            assert first in {f"{register} is settled", f"{register} is not failed"}, task["name"]
            assert task["retries"]


def test_the_whole_is_its_parts_in_an_order_that_hurts_no_visitor() -> None:
    parts = yaml.safe_load((PLAYBOOKS / "site.yml").read_text())
    order = [each.get("ansible.builtin.import_playbook", each["name"]) for each in parts]
    assert order[0] == "check-prerequisites.yml"
    assert order[1] == "Acquire the pipeline lock"
    # The record leads to a host that has the page, and nothing ends before the record leads elsewhere.
    # Pushes are led to staging when it serves.
    assert order[-6:] == [
        "deploy-site.yml",
        "provision-dns.yml",
        "provision-certificate.yml",
        "configure-promotion.yml",
        "remove-unused.yml",
        "Release the pipeline lock",
    ]
    assert order.index("provision-iam.yml") < order.index("provision-ec2.yml")
    # What does not depend on a booting host comes while it boots.
    assert order.index("configure-codedeploy.yml") < order.index("configure-hosts.yml")
    # It would go to every task of the part: also to those that take none, and warn of it.
    assert not [part for part in parts if "when" in part]


def names() -> Iterator[tuple[str, str]]:
    """Every name of a play, a block and a task, with its file."""
    for folder in ("playbooks", "roles/*/tasks", "molecule"):
        for path in CHECKOUT.glob(f"{folder}/**/*.yml"):
            if path.name != "molecule.yml":
                for task in tasks(yaml.safe_load(path.read_text())):
                    yield str(path.relative_to(CHECKOUT)), task["name"]
    for path, example in examples():
        for task in tasks(example):
            yield str(path.relative_to(CHECKOUT)), task["name"]


def examples() -> Iterator[tuple[Path, Any]]:
    """What modules and pages show as an example, with its file."""
    for path in CHECKOUT.glob("library/*.py"):
        module = importlib.import_module(f"plugins.modules.{path.stem}")
        yield path, yaml.safe_load(module.EXAMPLES)
    for path in (*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md"), *CHECKOUT.glob("roles/*/*.md")):
        for block in re.findall(r"^```yaml\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL):
            yield path, yaml.safe_load(block)


def test_a_name_is_a_verb_and_a_noun() -> None:
    found = list(names())
    assert len(found) > 200
    assert [each for each in found if not VERBS.match(f"{each[1]} ")] == []
    assert [each for each in found if NO_NOUNS.search(each[1])] == []


def test_nothing_hangs_on_whether_the_last_of_several_tries_changed_something() -> None:
    """After a lost answer the next try finds the change, and changes nothing; but in a dry run."""
    found = [
        (path.name, task)
        for path in PLAYBOOKS.glob("**/*.yml")
        for task in tasks(yaml.safe_load(path.read_text()))
    ]
    tried = {task["register"] for _, task in found if "until" in task and "register" in task}
    assert {"launched", "elastic_ips"} <= tried
    hangs = re.compile(rf"\b(?:{'|'.join(tried)})(?: \| default\({{}}\))? is (?:not )?changed")
    conditions = [(name, task["name"], str(task.get("when", ""))) for name, task in found]
    dry = re.compile(r"(?<!not )ansible_check_mode")
    assert [each for each in conditions if hangs.search(each[2]) and not dry.search(each[2])] == []


def tasks(things: Any) -> Iterator[dict[str, Any]]:
    """All that has a name in plays, a block or a file: plays, blocks and tasks."""
    for thing in things if isinstance(things, list) else []:
        # A list of a policy's statements or of broken hosts has no tasks.
        if isinstance(thing, dict) and "name" in thing:
            yield thing
            for key in ("pre_tasks", "tasks", "block", "rescue", "always"):
                yield from tasks(thing.get(key))


USES = re.compile(
    # A task's module, a plugin that a setting names, a callback that the code names, an import.
    r"^\s*(?:- )?(\w+\.\w+)\.\w+:|\b(?:plugin|connection): \"?(\w+\.\w+)\.\w+"
    r"|^CALLBACK = \"(\w+\.\w+)\.\w+\"|\bansible_collections\.(\w+\.\w+)\.",
    re.MULTILINE,
)
OWN = {"ansible.builtin", "ansible.legacy", "codedeploy.pipeline"}


def test_every_collection_that_is_used_is_required() -> None:
    required = yaml.safe_load((CHECKOUT / "requirements.yml").read_text())["collections"]
    texts = [
        path.read_text()
        for folder in ("playbooks", "roles", "inventory", "inventory_plugins", "module_utils", "library")
        for path in CHECKOUT.glob(f"{folder}/**/*")
        if path.suffix in {".py", ".yml"}
    ]
    used = {name for text in texts for found in USES.findall(text) for name in found if name}
    assert used - OWN == {each["name"] for each in required}
