# ruff: noqa: ANN401 - a template's properties are JSON, moto's classes have no types
"""CodeDeploy's resource types in a stack: `AWS::CodeDeploy::` Application, DeploymentGroup, DeploymentConfig.

A template's properties are the API's parameters with a capital first, but for a few.
"""

from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import ServiceException
from moto.core.utils import get_service_model

from local_cloud.aws.codedeploy.models import CodeDeployBackend, codedeploy_backends

Properties = dict[str, Any]


def parameters(operation: str, properties: Mapping[str, Any]) -> Properties:
    """The arguments of a backend's method, made of the properties of a resource."""
    shape = get_service_model("codedeploy").operation_model(operation).input_shape
    return {xform_name(name): value for name, value in _converted(shape, properties).items()}


def _converted(shape: Any, value: Any) -> Any:
    """A property as the API has it. Templates may write numbers and booleans as strings."""
    match shape.type_name, value:
        case "structure", Mapping():
            names = {name.lower(): name for name in shape.members}
            unknown = [name for name in value if name.lower() not in names]
            if unknown:
                raise ServiceException("InvalidRequest", f"Encountered unsupported property {unknown[0]}")
            return {
                names[name.lower()]: _converted(shape.members[names[name.lower()]], each)
                for name, each in value.items()
            }
        case "list", list():
            return [_converted(shape.member, each) for each in value]
        case "list", Mapping() if len(value) == 1:
            # A group of tag filters is an object in a template, and a list in the API.
            return _converted(shape, next(iter(value.values())))
        case (("integer" | "long"), str()) if value.isascii() and value.isdigit():
            return int(value)
        case "boolean", str():
            return value.lower() == "true"
    return value


class _Resource:
    """What a stack has made; the name is its physical id, and the answer to Ref."""

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:  # noqa: ARG003 - moto's signature
        return False

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: "_Resource",
        new_resource_name: str,  # noqa: ARG003 - moto's signature
        cloudformation_json: Properties,
        account_id: str,
        region_name: str,
    ) -> "_Resource":
        backend = codedeploy_backends[account_id][region_name]
        name = original_resource.physical_resource_id
        cls._update(backend, name, cloudformation_json["Properties"])
        return original_resource

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: Properties,
        account_id: str,
        region_name: str,
        **_: Any,
    ) -> "_Resource":
        cls._create(
            codedeploy_backends[account_id][region_name], resource_name, cloudformation_json["Properties"]
        )
        return cls(resource_name)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Properties, account_id: str, region_name: str
    ) -> None:
        cls._delete(
            codedeploy_backends[account_id][region_name], resource_name, cloudformation_json["Properties"]
        )

    @classmethod
    def _create(cls, backend: CodeDeployBackend, name: str, properties: Properties) -> None:
        raise NotImplementedError

    @classmethod
    def _update(cls, backend: CodeDeployBackend, name: str, properties: Properties) -> None:
        raise NotImplementedError

    @classmethod
    def _delete(cls, backend: CodeDeployBackend, name: str, properties: Properties) -> None:
        raise NotImplementedError


class ApplicationResource(_Resource, CloudFormationModel):
    @staticmethod
    def cloudformation_name_type() -> str:
        return "ApplicationName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CodeDeploy::Application"

    @classmethod
    def _create(cls, backend: CodeDeployBackend, name: str, properties: Properties) -> None:
        given = parameters("CreateApplication", properties)
        backend.create_application(**given | {"application_name": name})

    @classmethod
    def _update(cls, backend: CodeDeployBackend, name: str, properties: Properties) -> None:
        """Only tags can change without another application in its place."""
        wanted = properties.get("ComputePlatform", "Server")
        if backend.get_application(name).compute_platform != wanted:
            raise ServiceException(
                "ValidationError", "An application's ComputePlatform can't be changed here."
            )
        arn = backend.application_arn(name)
        backend.tagger.delete_all_tags_for_resource(arn)
        backend.tagger.tag_resource(arn, properties.get("Tags", []))

    @classmethod
    def _delete(cls, backend: CodeDeployBackend, name: str, properties: Properties) -> None:  # noqa: ARG003 - as the others
        backend.delete_application(application_name=name)


class DeploymentConfigResource(_Resource, CloudFormationModel):
    @staticmethod
    def cloudformation_name_type() -> str:
        return "DeploymentConfigName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CodeDeploy::DeploymentConfig"

    @classmethod
    def _create(cls, backend: CodeDeployBackend, name: str, properties: Properties) -> None:
        given = parameters("CreateDeploymentConfig", properties)
        backend.create_deployment_config(**given | {"deployment_config_name": name})

    @classmethod
    def _update(cls, backend: CodeDeployBackend, name: str, properties: Properties) -> None:  # noqa: ARG003 - as the others
        raise ServiceException(
            "ValidationError", "A deployment configuration can't be changed; give it another name."
        )

    @classmethod
    def _delete(cls, backend: CodeDeployBackend, name: str, properties: Properties) -> None:  # noqa: ARG003 - as the others
        backend.delete_deployment_config(deployment_config_name=name)


class DeploymentGroupResource(_Resource, CloudFormationModel):
    @staticmethod
    def cloudformation_name_type() -> str:
        return "DeploymentGroupName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CodeDeploy::DeploymentGroup"

    @classmethod
    def _create(cls, backend: CodeDeployBackend, name: str, properties: Properties) -> None:
        given = dict(properties)
        deployment = given.pop("Deployment", None)
        settings = parameters("CreateDeploymentGroup", given) | {"deployment_group_name": name}
        settings.setdefault("application_name", None)
        backend.create_deployment_group(**settings)
        if deployment:
            # AWS waits for its end; here it runs beside the stack.
            backend.create_deployment(
                **parameters("CreateDeployment", deployment),
                application_name=settings["application_name"],
                deployment_group_name=name,
            )

    @classmethod
    def _update(cls, backend: CodeDeployBackend, name: str, properties: Properties) -> None:
        given = {key: value for key, value in properties.items() if key not in {"Deployment", "Tags"}}
        given.pop("DeploymentGroupName", None)
        backend.update_deployment_group(
            **parameters("UpdateDeploymentGroup", given), current_deployment_group_name=name
        )

    @classmethod
    def _delete(cls, backend: CodeDeployBackend, name: str, properties: Properties) -> None:
        backend.delete_deployment_group(
            application_name=properties["ApplicationName"], deployment_group_name=name
        )
