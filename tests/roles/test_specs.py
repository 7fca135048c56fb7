"""A role's argument specification, its defaults and its README say the same."""

import ast
import re
from typing import Any

import pytest
import yaml

from tests.imports import CHECKOUT, reached

ROLES = CHECKOUT / "roles"
OURS = ["codedeploy_agent", "host_repair", "nginx", "site_checkout", "swap"]


def read(role: str, file: str) -> Any:
    return yaml.safe_load((ROLES / role / file).read_text())


def options(role: str) -> dict[str, Any]:
    found: dict[str, Any] = read(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    return found


@pytest.mark.parametrize("role", OURS)
class TestRole:
    def test_defaults_are_those_of_the_specification(self, role: str) -> None:
        assert {name: option["default"] for name, option in options(role).items()} == read(
            role, "defaults/main.yml"
        )

    def test_every_variable_is_named_after_its_role(self, role: str) -> None:
        assert [name for name in options(role) if not name.startswith(f"{role}_")] == []

    def test_private_variables_look_private(self, role: str) -> None:
        private = [
            name
            for file in (ROLES / role / "vars").glob("*.yml")
            for name in yaml.safe_load(file.read_text())
            if not name.startswith(f"__{role}_")
        ]
        assert private == []

    def test_the_readme_has_a_row_for_every_variable(self, role: str) -> None:
        rows = re.findall(r"^\| `(\w+)` \|", (ROLES / role / "README.md").read_text(), re.MULTILINE)
        assert sorted(rows) == sorted(options(role))

    def test_every_task_has_the_roles_tag(self, role: str) -> None:
        # What a repair is about is chosen by the look, whose tasks always run.
        tag = "always" if role == "host_repair" else role
        for task in read(role, "tasks/main.yml"):
            assert tag in task.get("tags", tag if "ansible.builtin.meta" in task else ""), task["name"]


ON_HOSTS = (
    "certificate_info",
    "codedeploy_agent_info",
    "codedeploy_agent_package",
    "host_findings",
    "log_cut",
    "nginx_info",
    "nginx_upgrade",
    "package_files",
    "package_updates_info",
    "page_info",
    "swap_file",
    "text_files",
)


# It starts ansible-playbook.
ON_CONTROLLER = ("pipeline_drift_info",)


@pytest.mark.parametrize("module", ON_HOSTS)
def test_what_runs_on_hosts_is_written_for_their_python(module: str) -> None:
    for path in reached(CHECKOUT / "library" / f"{module}.py"):
        ast.parse(path.read_text(), feature_version=(3, 8))


def test_no_module_that_runs_on_hosts_is_left_out() -> None:
    """They are what works with Ansible alone: AWS's libraries and GitHub's are on the controller."""
    of_the_controller = re.compile(
        r"^\s*(from|import) (ansible_collections|boto|github|jinja2|dns|nacl|yaml)", re.MULTILINE
    )
    alone = [
        path.stem
        for path in (CHECKOUT / "library").glob("*.py")
        if not any(of_the_controller.search(each.read_text()) for each in reached(path))
    ]
    assert sorted(alone) == sorted((*ON_HOSTS, *ON_CONTROLLER))
