# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Launch templates, whose own tags are none of the things that they launch: moto has them among these."""

from typing import Any

from moto.ec2.models.launch_templates import LaunchTemplateBackend

OWN = "launch-template"

_original_create = LaunchTemplateBackend.create_launch_template


def create(
    backend: Any, name: str, description: str, template_data: dict[str, Any], tag_spec: dict[str, Any]
) -> Any:
    given = template_data.pop("TagSpecifications", [])
    launched = [each for each in given if each.get("ResourceType") != OWN]
    data = template_data | ({"TagSpecifications": launched} if launched else {})
    return _original_create(backend, name, description, data, tag_spec)


REPLACED: tuple[tuple[Any, str, Any], ...] = ((LaunchTemplateBackend, "create_launch_template", create),)
