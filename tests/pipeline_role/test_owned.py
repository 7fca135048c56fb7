"""What the roles' plugins tell apart: things of others by their tags, and the inventory's regions."""

from pathlib import Path
from types import ModuleType

import pytest

from tests.plugins import load

TAGS = {"ManagedBy": "us", "Application": "app"}


def plugin(path: str, role: str = "pipeline") -> ModuleType:
    return load(f"roles/{role}/{path}")


@pytest.mark.parametrize(
    ("tags", "owned"),
    [
        (TAGS, True),
        (TAGS | {"Owner": "me"}, True),
        (TAGS | {"Application": "other"}, False),
        ({"ManagedBy": "us"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_what_lacks_one_of_the_tags_is_not_owned(tags: dict[str, str] | None, owned: bool) -> None:
    thing = {"name": "x", "tags": tags}
    assert plugin("filter_plugins/owned.py").not_owned([thing], TAGS) == ([] if owned else [thing])


def test_roles_are_named_by_the_setting_that_asks_for_them() -> None:
    results = [
        {"item": "pipeline_iam_ec2_role", "iam_roles": [{"role_name": "ec2", "tags": TAGS}]},
        {"item": "pipeline_iam_github_role", "iam_roles": []},
    ]
    named = plugin("filter_plugins/owned.py").named_by_setting(results)
    assert named == [{"setting": "pipeline_iam_ec2_role", "name": "ec2", "tags": TAGS}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("regions: [eu-west-1, us-east-1, eu-west-1]", ["eu-west-1", "us-east-1"]),
        ("regions: ['{{ where }}']", []),
        ("plugin: amazon.aws.aws_ec2", []),
    ],
)
def test_regions_are_those_of_the_plugins_file(tmp_path: Path, text: str, found: list[str]) -> None:
    (tmp_path / "aws_ec2.yml").write_text(text)
    (tmp_path / "hosts.yml").write_text("regions: [not-read]")
    regions = plugin("lookup_plugins/inventory_regions.py", "pipeline_check").regions
    assert regions([str(tmp_path)]) == found
    assert regions([str(tmp_path / "aws_ec2.yml"), str(tmp_path / "hosts.yml")]) == found
    assert regions(["a-host,", str(tmp_path / "nothing")]) == []
