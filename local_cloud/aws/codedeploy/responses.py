"""CodeDeploy's operations: parameters in, backend, answer out.

Parameters reach the backend as keyword arguments in snake_case; answers are the backend's own objects,
from which the serialiser picks what the service model names.
"""

import base64
import binascii
from typing import Any

from botocore import xform_name
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.core.utils import get_service_model

from local_cloud.aws.codedeploy.exceptions import InvalidNextTokenException
from local_cloud.aws.codedeploy.models import CodeDeployBackend, codedeploy_backends
from local_cloud.aws.codedeploy.records.deployments import Target

_PAGE_SIZE = 100


class CodeDeployResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="codedeploy")
        self.automated_parameter_parsing = True

    def call_action(self) -> TYPE_RESPONSE:
        with self.backend.lock:
            return super().call_action()

    @property
    def backend(self) -> CodeDeployBackend:
        return codedeploy_backends[self.current_account][self.region]

    # Applications and revisions.

    def create_application(self) -> ActionResult:
        return ActionResult(self.backend.create_application(**self._given()))

    def get_application(self) -> ActionResult:
        return ActionResult({"application": self.backend.get_application(**self._given())})

    def batch_get_applications(self) -> ActionResult:
        return ActionResult({"applicationsInfo": self.backend.batch_get_applications(**self._given())})

    def list_applications(self) -> ActionResult:
        return self._page("applications", self.backend.list_applications())

    def update_application(self) -> ActionResult:
        self.backend.update_application(**self._given())
        return EmptyResult()

    def delete_application(self) -> ActionResult:
        self.backend.delete_application(**self._given())
        return EmptyResult()

    def register_application_revision(self) -> ActionResult:
        self.backend.register_application_revision(**self._given())
        return EmptyResult()

    def get_application_revision(self) -> ActionResult:
        given = self._given()
        revision = self.backend.get_application_revision(**given)
        return ActionResult(
            {
                "applicationName": given["application_name"],
                "revision": revision.revision_location,
                "revisionInfo": revision,
            }
        )

    def batch_get_application_revisions(self) -> ActionResult:
        given = self._given()
        revisions = self.backend.batch_get_application_revisions(**given)
        return ActionResult({"applicationName": given["application_name"], "revisions": revisions})

    def list_application_revisions(self) -> ActionResult:
        return self._page("revisions", self.backend.list_application_revisions(**self._given()))

    def list_git_hub_account_token_names(self) -> ActionResult:
        return self._page("tokenNameList", self.backend.list_git_hub_account_token_names())

    def delete_git_hub_account_token(self) -> ActionResult:
        return ActionResult({"tokenName": self.backend.delete_git_hub_account_token(**self._given())})

    # Deployment configurations.

    def create_deployment_config(self) -> ActionResult:
        return ActionResult(self.backend.create_deployment_config(**self._given()))

    def get_deployment_config(self) -> ActionResult:
        return ActionResult({"deploymentConfigInfo": self.backend.get_deployment_config(**self._given())})

    def list_deployment_configs(self) -> ActionResult:
        return self._page("deploymentConfigsList", self.backend.list_deployment_configs())

    def delete_deployment_config(self) -> ActionResult:
        self.backend.delete_deployment_config(**self._given())
        return EmptyResult()

    # Deployment groups.

    def create_deployment_group(self) -> ActionResult:
        return ActionResult(self.backend.create_deployment_group(**self._given()))

    def get_deployment_group(self) -> ActionResult:
        return ActionResult({"deploymentGroupInfo": self.backend.get_deployment_group(**self._given())})

    def batch_get_deployment_groups(self) -> ActionResult:
        groups, message = self.backend.batch_get_deployment_groups(**self._given())
        return ActionResult({"deploymentGroupsInfo": groups, "errorMessage": message})

    def list_deployment_groups(self) -> ActionResult:
        given = self._given()
        groups = self.backend.list_deployment_groups(**given)
        return self._page("deploymentGroups", groups, applicationName=given["application_name"])

    def update_deployment_group(self) -> ActionResult:
        self.backend.update_deployment_group(**self._given())
        return ActionResult({"hooksNotCleanedUp": []})

    def delete_deployment_group(self) -> ActionResult:
        self.backend.delete_deployment_group(**self._given())
        return ActionResult({"hooksNotCleanedUp": []})

    # Deployments.

    def create_deployment(self) -> ActionResult:
        return ActionResult({"deploymentId": self.backend.create_deployment(**self._given()).deployment_id})

    def get_deployment(self) -> ActionResult:
        return ActionResult({"deploymentInfo": self.backend.get_deployment(**self._given())})

    def batch_get_deployments(self) -> ActionResult:
        return ActionResult({"deploymentsInfo": self.backend.batch_get_deployments(**self._given())})

    def list_deployments(self) -> ActionResult:
        return self._page("deployments", self.backend.list_deployments(**self._given()))

    def stop_deployment(self) -> ActionResult:
        return ActionResult(self.backend.stop_deployment(**self._given()))

    def continue_deployment(self) -> ActionResult:
        self.backend.continue_deployment(**self._given())
        return EmptyResult()

    def skip_wait_time_for_instance_termination(self) -> ActionResult:
        self.backend.skip_wait_time_for_instance_termination(**self._given())
        return EmptyResult()

    def put_lifecycle_event_hook_execution_status(self) -> ActionResult:
        self.backend.put_lifecycle_event_hook_execution_status(**self._given())
        return EmptyResult()

    def delete_resources_by_external_id(self) -> ActionResult:
        self.backend.delete_resources_by_external_id(**self._given())
        return EmptyResult()

    def list_deployment_targets(self) -> ActionResult:
        return self._page("targetIds", self.backend.list_deployment_targets(**self._given()))

    def get_deployment_target(self) -> ActionResult:
        return ActionResult(
            {"deploymentTarget": _target(self.backend.get_deployment_target(**self._given()))}
        )

    def batch_get_deployment_targets(self) -> ActionResult:
        targets = self.backend.batch_get_deployment_targets(**self._given())
        return ActionResult({"deploymentTargets": [_target(target) for target in targets]})

    def list_deployment_instances(self) -> ActionResult:
        return self._page("instancesList", self.backend.list_deployment_instances(**self._given()))

    def get_deployment_instance(self) -> ActionResult:
        return ActionResult(
            {"instanceSummary": _summary(self.backend.get_deployment_instance(**self._given()))}
        )

    def batch_get_deployment_instances(self) -> ActionResult:
        instances, message = self.backend.batch_get_deployment_instances(**self._given())
        summaries = [_summary(each) for each in instances]
        return ActionResult({"instancesSummary": summaries, "errorMessage": message})

    # On-premises instances.

    def register_on_premises_instance(self) -> ActionResult:
        self.backend.register_on_premises_instance(**self._given())
        return EmptyResult()

    def deregister_on_premises_instance(self) -> ActionResult:
        self.backend.deregister_on_premises_instance(**self._given())
        return EmptyResult()

    def get_on_premises_instance(self) -> ActionResult:
        return ActionResult({"instanceInfo": self.backend.get_on_premises_instance(**self._given())})

    def batch_get_on_premises_instances(self) -> ActionResult:
        return ActionResult({"instanceInfos": self.backend.batch_get_on_premises_instances(**self._given())})

    def list_on_premises_instances(self) -> ActionResult:
        return self._page("instanceNames", self.backend.list_on_premises_instances(**self._given()))

    def add_tags_to_on_premises_instances(self) -> ActionResult:
        self.backend.add_tags_to_on_premises_instances(**self._given())
        return EmptyResult()

    def remove_tags_from_on_premises_instances(self) -> ActionResult:
        self.backend.remove_tags_from_on_premises_instances(**self._given())
        return EmptyResult()

    # Tags.

    def list_tags_for_resource(self) -> ActionResult:
        return self._page("Tags", self.backend.list_tags_for_resource(**self._given()), member="NextToken")

    def tag_resource(self) -> ActionResult:
        self.backend.add_tags(**self._given())
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        self.backend.remove_tags(**self._given())
        return EmptyResult()

    def _given(self) -> dict[str, Any]:
        """The request's parameters as keyword arguments; the page token is for `_page`.

        Required ones that it lacks are None: the backend has an error of its own for each.
        """
        shape = get_service_model("codedeploy").operation_model(self._get_action()).input_shape
        required = dict.fromkeys(shape.required_members if shape else ())
        return {
            xform_name(name): value
            for name, value in (required | self._get_params()).items()
            if name not in {"nextToken", "NextToken"}
        }

    def _page(
        self, name: str, items: list[Any], *, member: str = "nextToken", **others: object
    ) -> ActionResult:
        start = _position(self._get_param(member))
        end = start + _PAGE_SIZE
        token = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else None
        return ActionResult({name: items[start:end], member: token, **others})


def _target(target: Target) -> dict[str, Any]:
    told = _told(target) | {
        "targetId": target.target_id,
        "targetArn": target.target_arn,
        "instanceLabel": target.instance_label,
    }
    return {"deploymentTargetType": "InstanceTarget", "instanceTarget": told}


def _summary(target: Target) -> dict[str, Any]:
    """What the deprecated instance operations say of a target."""
    return _told(target) | {"instanceId": target.target_arn, "instanceType": target.instance_label}


def _told(target: Target) -> dict[str, Any]:
    return {
        "deploymentId": target.deployment_id,
        "status": target.told_status,
        "lastUpdatedAt": target.last_updated_at,
        "lifecycleEvents": target.lifecycle_events,
    }


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError):
        raise InvalidNextTokenException from None
