# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is replaced or asked of them is private
"""Stacks that are made as they say, or fail: moto says CREATE_COMPLETE of what it passes over."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import moto.cloudformation.parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
from moto.cloudformation.parsing import resource_class_from_type
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from yaml import YAMLError

from local_cloud.aws.codedeploy import cloudformation

METADATA = "AWS::CDK::Metadata"
"""In every stack of the CDK, and nothing by itself."""
HERE = cloudformation.__name__
"""Imported for its classes: moto finds resource types by them."""

_original_create = Stack.create_resources
_original_execute = CloudFormationBackend.execute_change_set


def _checking(original: Callable[[Any], None]) -> Callable[[Any], None]:
    """moto's way to read a template, with CloudFormation's errors for what is none."""

    def parse_template(owner: Any) -> None:
        try:
            original(owner)
        except (YAMLError, ValueError) as failure:
            raise ValidationError(message="Template format error: YAML not well-formed.") from failure
        resources = _resources(owner.template_dict)
        types = {str(each.get("Type")) for each in resources.values()}
        unknown = sorted(name for name in types if not _is_known(name))
        if unknown:
            raise ValidationError(
                message=f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
            )

    return parse_template


def _resources(template: Any) -> dict[str, Any]:
    resources = template.get("Resources") if isinstance(template, dict) else template
    if template is not None and not isinstance(resources, dict | None):
        raise ValidationError(message="Template format error: unsupported structure.")
    if not resources:
        raise ValidationError(message="Template format error: At least one Resources member must be defined.")
    if not all(isinstance(each, dict) for each in resources.values()):
        raise ValidationError(message="Template format error: Every Resources object must be an object.")
    return dict(resources)


def _is_known(resource_type: str) -> bool:
    nothing = (*moto.cloudformation.parsing.NULL_MODELS, METADATA)
    return resource_type in nothing or resource_class_from_type(resource_type) is not None


def create_resources(stack: Any) -> None:
    """CreateStack is answered before the resources are made: what fails is for the stack to tell."""
    try:
        _original_create(stack)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the stack has failed
        _roll_back(stack, failure)


def execute_change_set(backend: Any, change_set_name: str, stack_name: str | None = None) -> None:
    """The same of a stack that is made by a change set, as the CDK and `aws cloudformation deploy` do."""
    named = [
        each
        for each in backend.change_sets.values()
        if change_set_name in {each.change_set_name, each.change_set_id}
    ]
    try:
        _original_execute(backend, change_set_name, stack_name)
    except Exception as failure:
        if not named or named[-1].change_set_type != "CREATE":
            raise
        _roll_back(backend.stacks[named[-1].stack_id], failure)


def _roll_back(stack: Any, failure: Exception) -> None:
    reason = getattr(failure, "message", "") or str(failure)
    stack._add_stack_event("ROLLBACK_IN_PROGRESS", resource_status_reason=reason)
    with suppress(Exception):
        stack.resource_map.delete()
    stack.status, stack.stack_status_reason = "ROLLBACK_COMPLETE", reason
    stack._add_stack_event("ROLLBACK_COMPLETE")


def create_instance(
    _resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
) -> Instance:
    """An `AWS::EC2::Instance`, launched as RunInstances would."""
    properties = cloudformation_json["Properties"]
    backend = ec2_backends[account_id][region_name]
    reservation = backend.run_instances(
        properties.get("ImageId"),
        1,
        properties.get("UserData"),
        # A template's SecurityGroups are names.
        properties.get("SecurityGroups", []),
        region_name=region_name,
        instance_type=properties.get("InstanceType", "m1.small"),
        is_instance_type_default=not properties.get("InstanceType"),
        placement=properties.get("AvailabilityZone"),
        subnet_id=properties.get("SubnetId"),
        key_name=properties.get("KeyName"),
        private_ip=properties.get("PrivateIpAddress"),
        security_group_ids=properties.get("SecurityGroupIds", []),
        block_device_mappings=properties.get("BlockDeviceMappings", {}),
    )
    [instance] = reservation.instances
    instance.add_tags({tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])})
    if properties.get("IamInstanceProfile"):
        backend.associate_iam_instance_profile(
            instance_id=instance.id, iam_instance_profile_name=properties["IamInstanceProfile"]
        )
    return instance


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (Stack, "_parse_template", _checking(Stack._parse_template)),
    (ChangeSet, "_parse_template", _checking(ChangeSet._parse_template)),
    (Stack, "create_resources", create_resources),
    (CloudFormationBackend, "execute_change_set", execute_change_set),
    (Instance, "create_from_cloudformation_json", staticmethod(create_instance)),
)
