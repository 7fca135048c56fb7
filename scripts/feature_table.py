"""What of the CodeDeploy API the modules offer, from botocore's model and the modules' argument specs."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.session import get_session

from plugins.module_utils.aws.transformations import snake_name

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs" / "codedeploy-features.md"

MODEL = get_session().get_service_model("codedeploy")


@dataclass(frozen=True)
class Coverage:
    """How a module's options cover an operation's members, where the names alone do not say it."""

    module: str
    options: dict[str, str]  # beginning of a member's path -> beginning of the option's path
    reasons: dict[str, str]  # member's path -> why there is no option


PLACE = {"applicationName": "application_name", "deploymentGroupName": "deployment_group_name"}
SETS = {
    "ec2TagSet.ec2TagSetList": "ec2_tag_set",
    "onPremisesTagSet.onPremisesTagSetList": "on_premises_tag_set",
}
GROUP = {"serviceRoleArn": "service_role", **SETS}
TAGS = {"tags.Key": "tags", "tags.Value": "tags"}
DIGEST = "computed from the content"
OLD_STRING = "AWS replaced it by appSpecContent"
OPERATIONS = {
    "CreateApplication": Coverage("codedeploy_application", {"applicationName": "name", **TAGS}, {}),
    "UpdateApplication": Coverage(
        "codedeploy_application", {"applicationName": "name", "newApplicationName": "new_name"}, {}
    ),
    "CreateDeploymentGroup": Coverage(
        "codedeploy_deployment_group", {"deploymentGroupName": "name", **GROUP, **TAGS}, {}
    ),
    "UpdateDeploymentGroup": Coverage(
        "codedeploy_deployment_group",
        {"currentDeploymentGroupName": "name", "newDeploymentGroupName": "new_name", **GROUP},
        {},
    ),
    "CreateDeploymentConfig": Coverage("codedeploy_deployment_config", {"deploymentConfigName": "name"}, {}),
    "CreateDeployment": Coverage(
        "codedeploy_deployment",
        {
            **PLACE,
            "revision.revisionType": "s3_location",
            "revision.s3Location": "s3_location",
            "revision.gitHubLocation": "github_location",
            "revision.appSpecContent.content": "app_spec_content",
            "targetInstances.ec2TagSet.ec2TagSetList": "target_instances.ec2_tag_set",
        },
        {
            "revision.appSpecContent.sha256": DIGEST,
            "revision.string.content": OLD_STRING,
            "revision.string.sha256": OLD_STRING,
        },
    ),
    "StopDeployment": Coverage("codedeploy_deployment", {}, {}),
    "ListDeployments": Coverage(
        "codedeploy_deployment_info",
        {
            "includeOnlyStatuses": "statuses",
            "createTimeRange.start": "created_after",
            "createTimeRange.end": "created_before",
        },
        {"nextToken": "all pages are read"},
    ),
}
# The operations whose members are no options, with what they serve.
SERVED = {
    "BatchGetApplications": "codedeploy_application_info",
    "BatchGetDeploymentGroups": "codedeploy_deployment_group_info",
    "BatchGetDeploymentTargets": "codedeploy_deployment, codedeploy_deployment_info",
    "BatchGetDeployments": "codedeploy_deployment, codedeploy_deployment_info",
    "DeleteApplication": "codedeploy_application",
    "DeleteDeploymentConfig": "codedeploy_deployment_config",
    "DeleteDeploymentGroup": "codedeploy_deployment_group",
    "GetApplication": "codedeploy_application, codedeploy_application_info",
    "GetDeployment": "codedeploy_deployment",
    "GetDeploymentConfig": "codedeploy_deployment_config",
    "GetDeploymentGroup": "codedeploy_deployment_group, codedeploy_deployment",
    "ListApplications": "codedeploy_application_info",
    "ListDeploymentGroups": "codedeploy_deployment_group_info",
    "ListDeploymentTargets": "codedeploy_deployment, codedeploy_deployment_info",
    "ListTagsForResource": "every module with `tags`",
    "RegisterApplicationRevision": "codedeploy_deployment (`source_dir`)",
    "TagResource": "every module with `tags`",
    "UntagResource": "every module with `tags`",
}
ON_PREMISES = "on-premises hosts are registered with `aws deploy register`, which also sets them up"
INSTANCES = "AWS replaced it by the operations on targets"
UNSERVED = {
    "AddTagsToOnPremisesInstances": ON_PREMISES,
    "BatchGetApplicationRevisions": "a deployment registers its revision; nothing lists them",
    "BatchGetDeploymentInstances": INSTANCES,
    "BatchGetOnPremisesInstances": ON_PREMISES,
    "ContinueDeployment": "a person's decision during a blue/green deployment, made in the console",
    "DeleteGitHubAccountToken": "the link to GitHub belongs to the account, and cannot be made by an API",
    "DeleteResourcesByExternalId": "for AWS CloudFormation's use",
    "DeregisterOnPremisesInstance": ON_PREMISES,
    "GetApplicationRevision": "a deployment registers its revision; nothing lists them",
    "GetDeploymentInstance": INSTANCES,
    "GetDeploymentTarget": "BatchGetDeploymentTargets tells the same of 25 targets",
    "GetOnPremisesInstance": ON_PREMISES,
    "ListApplicationRevisions": "a deployment registers its revision; nothing lists them",
    "ListDeploymentConfigs": "codedeploy_deployment_config asks for one by name",
    "ListDeploymentInstances": INSTANCES,
    "ListGitHubAccountTokenNames": "an application tells itself whether it is linked (`linked_to_github`)",
    "ListOnPremisesInstances": ON_PREMISES,
    "PutLifecycleEventHookExecutionStatus": "for the Lambda function that is a hook",
    "RegisterOnPremisesInstance": ON_PREMISES,
    "RemoveTagsFromOnPremisesInstances": ON_PREMISES,
    "SkipWaitTimeForInstanceTermination": "AWS replaced it by ContinueDeployment",
}


@dataclass(frozen=True)
class Row:
    operation: str
    member: str
    choices: tuple[str, ...]
    module: str
    option: str  # "" where there is none
    reason: str


def rows() -> Iterator[Row]:
    """A row for every leaf of the request of every operation with options, in the model's order."""
    for operation, coverage in OPERATIONS.items():
        shape = MODEL.operation_model(operation).input_shape
        for member, choices in _leaves(shape, ""):
            reason = coverage.reasons.get(member, "")
            option = "" if reason else _option(member, coverage.options)
            yield Row(operation, member, choices, coverage.module, option, reason)


def _leaves(shape: Any, path: str) -> Iterator[tuple[str, tuple[str, ...]]]:  # noqa: ANN401 - a Shape
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from _leaves(member, f"{path}.{name}" if path else name)
    elif shape.type_name == "list":
        yield from _leaves(shape.member, path)
    else:
        yield path, tuple(getattr(shape, "enum", ()))


def _option(member: str, known: dict[str, str]) -> str:
    for beginning, option in known.items():
        if member == beginning or member.startswith(f"{beginning}."):
            rest = member[len(beginning) :].strip(".")
            # Below a list of lists the argument spec knows no names.
            return option if not rest or option.endswith("_tag_set") else f"{option}.{_snake(rest)}"
    return _snake(member)


def _snake(member: str) -> str:
    return ".".join(snake_name(part) for part in member.split("."))


def specification(module: str) -> dict[str, Any]:
    """A module's argument spec, with attributes."""
    loaded = importlib.import_module(f"plugins.modules.{module}")
    return {**loaded.ARGUMENT_SPEC, **getattr(loaded, "ATTRIBUTES", {})}


def find(module: str, option: str) -> dict[str, Any] | None:
    """The part of an argument spec that says what an option like `a.b` is; None where there is none."""
    options, found = specification(module), None
    for name in option.split("."):
        if name not in options:
            return None
        found = options[name]
        options = found.get("options", {})
    return found


def page() -> str:
    """The table in Markdown."""
    lines = [
        "# What of CodeDeploy the modules offer",
        "",
        "Generated by `make docs` from botocore's model of the API and the modules' argument specs.",
        "A test keeps it complete.",
    ]
    previous = ""
    for row in rows():
        if row.operation != previous:
            lines += ["", f"## {row.operation}: `{row.module}`", "", "| member | option |", "|---|---|"]
            previous = row.operation
        lines.append(f"| `{row.member}` | {f'`{row.option}`' if row.option else f'none: {row.reason}'} |")
    lines += ["", "## Operations without options of their own", "", "| operation | used by |", "|---|---|"]
    lines += [f"| {name} | {used} |" for name, used in SERVED.items()]
    lines += ["", "## Operations that no module uses", "", "| operation | why |", "|---|---|"]
    lines += [f"| {name} | {why} |" for name, why in UNSERVED.items()]
    return "\n".join([*lines, ""])


def used_operations() -> set[str]:
    """The operations of CodeDeploy that module_utils/codedeploy/api.py calls."""
    text = (CHECKOUT / "module_utils" / "codedeploy" / "api.py").read_text(encoding="utf-8")
    called = set(re.findall(r"client\.(\w+)\(\*\*", text)) | set(
        re.findall(r'get_paginator\("(\w+)"\)', text)
    )
    return {"".join(word.capitalize() for word in name.split("_")) for name in called} & set(
        MODEL.operation_names
    )


def write() -> None:
    PAGE.write_text(page(), encoding="utf-8")
