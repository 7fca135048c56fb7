"""A role's argument specification, its defaults and its README say the same."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[2] / "roles"
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


@pytest.mark.parametrize("path", sorted(ROLES.glob("*/library/*.py")), ids=lambda path: path.stem)
def test_a_modules_documentation_is_its_argument_specification(path: Path) -> None:
    """Both are read without running: modules run on hosts with their own Python."""
    text = path.read_text()
    documented = yaml.safe_load(re.search(r'DOCUMENTATION = r"""(.*?)"""', text, re.DOTALL)[1])  # type: ignore[index]
    keywords = next(
        {keyword.arg: keyword.value for keyword in node.keywords}
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "AnsibleModule"
    )
    spec = ast.literal_eval(keywords["argument_spec"])
    described = {
        name: {
            key: option[key]
            for key in ("type", "default", "choices", "required", "elements")
            if key in option
        }
        for name, option in documented["options"].items()
    }
    assert spec == described
    assert documented["module"] == path.stem


ON_HOSTS = [path for pattern in ("*/library/*.py", "*/module_utils/**/*.py") for path in ROLES.glob(pattern)]


@pytest.mark.parametrize("path", sorted(ON_HOSTS), ids=lambda path: path.stem)
def test_what_runs_on_hosts_is_written_for_their_python(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 8))
