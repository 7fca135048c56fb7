# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""Launch templates, whose own tags are none of the things that they launch: moto has them among these.

A version has what its source has, but for what is given: moto forgets the source.
"""

from copy import deepcopy
from typing import Any

from moto.ec2.models.launch_templates import LaunchTemplateBackend
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
        name, identifier = response._get_param("LaunchTemplateName"), response._get_param("LaunchTemplateId")
        backend = response.ec2_backend
        template = (
            backend.get_launch_template(identifier)
            if identifier
            else backend.get_launch_template_by_name(name)
        )
        inherited = deepcopy(template.get_version(source).data)
        given = response._get_param("LaunchTemplateData", {})
        response.params = response.params | {"LaunchTemplateData": inherited | given}
    return _original_create_version(response)


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (LaunchTemplateBackend, "create_launch_template", create),
    (LaunchTemplates, "create_launch_template_version", create_version),
)
