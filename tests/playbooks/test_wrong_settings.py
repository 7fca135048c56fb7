"""Wrong settings stop a real run before anything is asked of AWS, and say what to do."""

import re
from collections.abc import Callable
from typing import Any

Play = Callable[..., Any]

WRONG: dict[str, tuple[Any, str]] = {
    "pipeline_region": ("useast1", "the name of an AWS region"),
    "pipeline_domain_zone": ("Example.com", "the name of a hosted zone"),
    "pipeline_ssh_cidr": ("192.0.2.7", "an IPv4 range"),
    "pipeline_github_repository": ("codedeploy.nginx.001", "OWNER/NAME"),
    "pipeline_instance_type": ("nano", "an EC2 instance type"),
    "pipeline_instance_count": (0, "a whole number, at least 1"),
    "pipeline_commit": ("main", "40 hexadecimal digits"),
    "pipeline_iam_timestamp": ("yesterday", "20241024T000000"),
    "pipeline_github_environment": ("Prod*", "without wildcards"),
    "pipeline_deployment_group": ("group\n", "letters, digits"),
}
TAGS = {"Team": 7, "Ort": "Zürich", "aws:a": "b", "None": None, "List": ["a"], "": "c", "Line": "a\n"}


def test_all_wrong_values_are_named_at_once(ansible_playbook: Play) -> None:
    result = ansible_playbook("site.yml", **{name: value for name, (value, _) in WRONG.items()})

    assert result.returncode != 0
    said = " ".join(result.stdout.split())
    for name, (value, allowed) in WRONG.items():
        assert " ".join(f"{name} is '{value}': allowed is".split()) in said
        assert allowed in said
    assert "Get the caller's identity" not in result.stdout


def test_tags_that_aws_does_not_take_are_named(ansible_playbook: Play) -> None:
    result = ansible_playbook("site.yml", pipeline_tags=TAGS)

    assert result.returncode != 0
    named = set(
        re.findall("pipeline_tags has (.*?):? allowed", result.stdout.replace(": allowed", " allowed"))
    )
    assert named == {'"aws:a": "b"', '"None": null', '"List": ["a"]', '"": "c"', '"Line": "a\\n"'}


def test_an_aws_inventory_that_was_not_filled_in_names_what_is_missing(ansible_playbook: Play) -> None:
    result = ansible_playbook("site.yml", inventory="aws")

    assert result.returncode != 0
    for name in (
        "pipeline_domain_zone",
        "pipeline_domain_record",
        "pipeline_github_repository",
        "pipeline_ssh_cidr",
    ):
        assert f"{name} is '':" in result.stdout
    assert "set it beside the inventory" in " ".join(result.stdout.split())


def test_nothing_is_destroyed_that_was_not_named(ansible_playbook: Play) -> None:
    result = ansible_playbook("destroy.yml", confirm="another", pipeline_github_token="")

    assert result.returncode != 0
    assert "confirm=test.codeDeploy.001" in result.stdout
    assert "Delete the application" not in result.stdout
