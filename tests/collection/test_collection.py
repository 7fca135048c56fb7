"""The collection as its users have it: an archive, installed into an empty place, used from outside."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from local_cloud.testing.clouds import LocalCloud, github_token, running
from scripts import collection
from tests.unit.pipeline_status.facts import facts

HERE = Path(__file__).parent
MODULES = sorted(path.stem for path in (collection.CHECKOUT / "library").glob("*.py"))
OPTIONS_OF_GROUPS = {"aws": "amazon.aws.common.modules", "github": "codedeploy.pipeline.github_api"}
ROLES = ("certificate", "codedeploy_agent", "nginx", "packages", "swap")


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place that holds the installed collection and nothing else of ours."""
    root = tmp_path_factory.mktemp("collections")
    collection.install(collection.build(tmp_path_factory.mktemp("built")), root)
    return root


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """AWS with a role that CodeDeploy may take, and GitHub without a repository."""
    with running(tmp_path_factory.mktemp("local_cloud")) as cloud:
        session: Any = boto3.Session(
            aws_access_key_id="AKIALOCALCLOUDTESTS0", aws_secret_access_key="a-long-and-random-looking-secret"
        )
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "codedeploy.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        session.client("iam", "us-east-1", endpoint_url=cloud.endpoint_url).create_role(
            RoleName="service", AssumeRolePolicyDocument=json.dumps(trust)
        )
        yield cloud


def run(program: str, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name(program)
    return subprocess.run(
        [str(tool), *arguments],
        cwd=root,
        env=collection.environment(root),
        capture_output=True,
        text=True,
        check=False,
    )


def quiet_playbook(root: Path) -> Path:
    """A playbook in a project's folder that changes nothing."""
    playbook = root / "playbooks" / "site.yml"
    playbook.parent.mkdir(exist_ok=True)
    task = {"name": "Show nothing", "ansible.builtin.debug": {"msg": ""}}
    play = {"name": "Change nothing", "hosts": "localhost", "gather_facts": False, "tasks": [task]}
    playbook.write_text(json.dumps([play]))
    return playbook


def play(root: Path, cloud: LocalCloud, *options: str) -> subprocess.CompletedProcess[str]:
    log = root / "access.log"
    (root / "status.html.j2").write_text("{{ settings.zone }}")
    log.write_text("a line of a log\n" * 1000)
    settings = {
        "ansible_pipelining": True,
        "ansible_python_interpreter": sys.executable,
        "endpoint": cloud.endpoint_url,
        "github_api": f"{cloud.github_url}/api/v3",
        "github_token": github_token(cloud),
        "facts": facts(),
        "log": str(log),
        "quiet_playbook": str(quiet_playbook(root)),
        "prices": str(collection.CHECKOUT / "playbooks/files/costs/prices.csv"),
        "status_template": str(root / "status.html.j2"),
    }
    extra = f"--extra-vars={json.dumps(settings)}"
    return run("ansible-playbook", root, "--inventory=localhost,", extra, *options, str(HERE / "foreign.yml"))


class TestFromOutside:
    @pytest.mark.long
    def test_every_module_runs_by_its_full_name_and_a_dry_run_after_it_is_silent(
        self, collections: Path, cloud: LocalCloud
    ) -> None:
        first = play(collections, cloud)
        assert first.returncode == 0, first.stdout
        cloud.log.clear()
        second = play(collections, cloud, "--check")
        assert second.returncode == 0, second.stdout
        assert [entry.action for entry in cloud.log.entries() if entry.mutating] == []
        changed = [task.split("]")[0] for task in second.stdout.split("TASK [") if "\nchanged:" in task]
        # The log was written anew for this run, and nobody has deployed yet.
        assert changed == [
            "Deploy a revision, as far as a dry run goes",
            "Install a package of the agent, as far as a dry run goes",
            "Cut a log",
        ]

    def test_every_module_is_in_the_playbook(self) -> None:
        tasks = yaml.safe_load((HERE / "foreign.yml").read_text())[0]["tasks"]
        used = {key.removeprefix("codedeploy.pipeline.") for task in tasks for key in task}
        assert set(MODULES) - used == set()

    @pytest.mark.parametrize(("group", "options"), OPTIONS_OF_GROUPS.items())
    def test_every_module_with_a_groups_options_is_in_it(self, group: str, options: str) -> None:
        groups = yaml.safe_load((collection.CHECKOUT / "meta/runtime.yml").read_text())["action_groups"]
        having = [
            name
            for name in MODULES
            if f"- {options}\n" in (collection.CHECKOUT / "library" / f"{name}.py").read_text()
        ]
        assert groups[group] == having

    def test_ansible_doc_shows_every_module(self, collections: Path) -> None:
        names = [f"{collection.NAME}.{name}" for name in MODULES]
        done = run("ansible-doc", collections, "--json", *names)
        assert done.returncode == 0, done.stderr
        assert sorted(json.loads(done.stdout)) == sorted(names)

    @pytest.mark.parametrize("role", ROLES)
    def test_roles_are_in_it_with_their_arguments(self, collections: Path, role: str) -> None:
        done = run("ansible-doc", collections, "--type=role", "--json", f"{collection.NAME}.{role}")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)[f"{collection.NAME}.{role}"]["entry_points"]["main"]["options"]

    @pytest.mark.long
    def test_roles_find_their_modules(self, collections: Path) -> None:
        done = self.roles(collections, size=0)
        assert done.returncode == 0, done.stdout

    def test_roles_check_their_arguments(self, collections: Path) -> None:
        done = self.roles(collections, size="much")
        assert done.returncode != 0
        assert "'swap_size_mb'" in done.stdout
        assert "Make swap" not in done.stdout

    def roles(self, root: Path, size: object) -> subprocess.CompletedProcess[str]:
        settings = {"ansible_pipelining": True, "ansible_python_interpreter": sys.executable, "size": size}
        extra = f"--extra-vars={json.dumps(settings)}"
        return run(
            "ansible-playbook", root, "--inventory=localhost,", "--check", extra, str(HERE / "roles.yml")
        )

    def test_nothing_else_is_packed(self, collections: Path) -> None:
        folder = collections / "ansible_collections" / collection.NAME.replace(".", "/")
        assert sorted(path.name for path in folder.iterdir()) == [
            "CHANGELOG.md",
            "FILES.json",
            "LICENSE",
            "MANIFEST.json",
            "README.md",
            "docs",
            "examples",
            "extensions",
            "meta",
            "plugins",
            "roles",
        ]
        # Links are followed by some tools and not by others.
        assert [path for path in folder.rglob("*") if path.is_symlink()] == []
        assert sorted(path.name for path in (folder / "roles").iterdir()) == sorted(ROLES)
