# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""Launch templates, whose own tags are none of the things that they launch: moto has them among these.

A version has what its source has, but for what is given: moto forgets the source. Versions are deleted,
which moto does not know; their numbers are not given again.
"""

from copy import deepcopy
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidLaunchTemplateVersionNotFound
from moto.ec2.models.launch_templates import (
    LaunchTemplate,
    LaunchTemplateBackend,
    LaunchTemplateVersion,
)
from moto.ec2.responses.launch_templates import LaunchTemplates

OWN = "launch-template"

_original_create = LaunchTemplateBackend.create_launch_template
_original_create_version: Any = LaunchTemplates.create_launch_template_version


def create(
    backend: Any, name: str, description: str, template_data: dict[str, Any], tag_spec: dict[str, Any]
) -> Any:
    given = template_data.pop("TagSpecifications", [])
    launched = [each for each in given if each.get("ResourceType") != OWN]
    data = template_data | ({"TagSpecifications": launched} if launched else {})
    return _original_create(backend, name, description, data, tag_spec)


def create_version(response: Any) -> Any:
    source = response._get_param("SourceVersion")
    if source:
        inherited = deepcopy(_template(response).get_version(source).data)
        given = response._get_param("LaunchTemplateData", {})
        response.params = response.params | {"LaunchTemplateData": inherited | given}
    return _original_create_version(response)


def _template(response: Any) -> Any:
    """The one that is asked for."""
    name, identifier = response._get_param("LaunchTemplateName"), response._get_param("LaunchTemplateId")
    backend = response.ec2_backend
    return (
        backend.get_launch_template(identifier) if identifier else backend.get_launch_template_by_name(name)
    )


def add_version(template: Any, data: dict[str, Any], description: str) -> LaunchTemplateVersion:
    template.last_number = getattr(template, "last_number", 0) + 1
    version = LaunchTemplateVersion(template, template.last_number, data, description)
    template.versions.append(version)
    return version


def version_of(template: Any, number: Any) -> Any:
    if str(number).lower() == "$latest":
        return template.versions[-1]
    wanted = template.default_version_number if str(number).lower() == "$default" else number
    for version in template.versions:
        if str(version.number) == str(wanted):
            return version
    raise InvalidLaunchTemplateVersionNotFound(template_id=template.id, version=number)


def default_version(template: Any) -> Any:
    return version_of(template, "$Default")


def delete_versions(response: Any) -> ActionResult:
    """Each for itself. The code of the default one, which stays, is inferred."""
    response.error_on_dryrun()
    template = _template(response)
    deleted, kept = [], []
    for number in response._get_param("Versions", []):
        told = {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "VersionNumber": int(number),
        }
        found = [each for each in template.versions if each.number == int(number)]
        if not found:
            error = (
                "launchTemplateVersionDoesNotExist",
                f"The launch template version {number} does not exist.",
            )
        elif template.is_default(found[0]):
            error = ("unexpectedError", "The default version of a launch template cannot be deleted.")
        else:
            template.versions.remove(found[0])
            deleted.append(told)
            continue
        kept.append(told | {"ResponseError": dict(zip(("Code", "Message"), error, strict=True))})
    return ActionResult(
        {
            "SuccessfullyDeletedLaunchTemplateVersions": deleted,
            "UnsuccessfullyDeletedLaunchTemplateVersions": kept,
        }
    )


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (LaunchTemplateBackend, "create_launch_template", create),
    (LaunchTemplates, "create_launch_template_version", create_version),
    (LaunchTemplate, "create_version", add_version),
    (LaunchTemplate, "get_version", version_of),
    (LaunchTemplate, "default_version", default_version),
)
ADDED: tuple[tuple[Any, str, Any], ...] = (
    (LaunchTemplates, "delete_launch_template_versions", delete_versions),
)
