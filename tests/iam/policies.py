"""The policies as their files say them, and as the playbook writes them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "playbooks" / "policies"
WRITTEN = CHECKOUT / "build" / "iam"
OF_ROLES = ("github", "codedeploy", "ec2")
OF_OPERATORS = ("operator_iam", "operator", "operator_deploy", "destroy")
OF_FLEETS = ("operator_fleet", "operator_balancer", "destroy_fleet")
"""What whoever works on a fleet has besides."""

WAYS = {
    "alarms": "alarms",
    "notifications": "notifications",
    "topic": "notifications",
    "promote": "promotion",
    "dns": "https",
    "s3": "revisions",
    "bucket": "revisions",
    "ssm": "sessions",
    "image": "image",
    "fleet": "fleet",
    "balancer": "fleet",
    "blue_green": "fleet",
}
"""What a policy's name ends in, where it is granted beside another -> the file that it is in."""

FLEET_WAYS = ("fleet", "balancer", "blue_green")
"""Those of a fleet, which has an account of its own when what is used is recorded."""

Statement = dict[str, Any]


def statements(name: str) -> list[Statement]:
    """As the file has them: reasons too, and Jinja where a setting goes."""
    content = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    found: list[Statement] = content[f"policy_{name}"]
    return found


def beside(name: str, way: str) -> list[Statement]:
    """What is granted beside, where the settings take another way."""
    content = yaml.safe_load((FOLDER / f"{WAYS[way]}.yml").read_text())
    found: list[Statement] = content.get(f"policy_{name}_{way}", [])
    return found


def fleet_names() -> dict[str, str]:
    """How the statements of a fleet call the ARNs that they share."""
    content = yaml.safe_load((FOLDER / "fleet.yml").read_text())
    found: dict[str, str] = content["policy_fleet_names"]
    return found


def write(**settings: Any) -> dict[str, dict[str, Any]]:
    """Every policy by name, as write-policies.yml writes it for an account without asking any cloud."""
    given = {
        "aws_account": "123456789012",
        "pipeline_github_token": "",
        "policy_folder": str(WRITTEN),
    } | settings
    subprocess.run(
        [
            Path(sys.executable).parent / "ansible-playbook",
            "--inventory=inventory/local/hosts.yml",
            f"--extra-vars={json.dumps(given)}",
            "playbooks/write-policies.yml",
        ],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
    )
    folder = Path(given["policy_folder"])
    names = (*OF_ROLES, *OF_OPERATORS, *(OF_FLEETS if given.get("pipeline_fleet") else ()))
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in names}


def is_documented_only(statement: Statement) -> bool:
    """Is it what AWS's documentation demands, and the local cloud never asks for?"""
    return str(statement.get("rarely", "")).startswith("documented")


def grants(name: str, way: str = "") -> list[tuple[str, str]]:
    """Every action that a policy grants, or one beside it, with its statement."""
    granted = beside(name, way) if way else statements(name)
    return [(each["sid"], action) for each in granted for action in each["actions"]]


def without(document: dict[str, Any], sid: str, action: str) -> dict[str, Any]:
    """The same policy less one grant."""
    kept = []
    for statement in document["Statement"]:
        actions = [each for each in statement["Action"] if (statement["Sid"], each) != (sid, action)]
        if actions:
            kept.append(statement | {"Action": actions})
    return document | {"Statement": kept}
