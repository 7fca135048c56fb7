"""Looking at deployments and their targets."""

from collections.abc import Mapping
from datetime import UTC, datetime

from local_cloud.aws.codedeploy import exceptions as errors
from local_cloud.aws.codedeploy import validation
from local_cloud.aws.codedeploy.models.deployment_groups import DeploymentGroupBackend
from local_cloud.aws.codedeploy.records.deployments import Deployment, DeploymentStatus, Target

_STATUSES = ("Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready")
_TARGET_STATUSES = ("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Unknown", "Ready")
_LABELS = ("Blue", "Green", "BLUE", "GREEN")
_BATCH_LIMIT = 25


class DeploymentQueries(DeploymentGroupBackend):
    def get_deployment(self, deployment_id: str | None) -> Deployment:
        validation.deployment_id(deployment_id)
        if deployment_id not in self.deployments:
            raise errors.DeploymentDoesNotExistException(id=deployment_id)
        return self.deployments[deployment_id]

    def batch_get_deployments(self, deployment_ids: list[str]) -> list[Deployment]:
        validation.batch(deployment_ids, errors.DeploymentIdRequiredException, limit=_BATCH_LIMIT)
        identifiers = [validation.deployment_id(identifier) for identifier in deployment_ids]
        return [self.deployments[identifier] for identifier in identifiers if identifier in self.deployments]

    def list_deployments(
        self,
        application_name: str | None = None,
        deployment_group_name: str | None = None,
        external_id: str | None = None,
        include_only_statuses: list[str] | None = None,
        create_time_range: Mapping[str, datetime] | None = None,
    ) -> list[str]:
        """Newest first."""
        validation.external_id(external_id)
        for status in include_only_statuses or []:
            validation.choice(status, _STATUSES, errors.InvalidDeploymentStatusException, status=status)
        if external_id and (application_name or deployment_group_name):
            raise errors.InvalidInputException("An external ID stands alone: give no application with it.")
        start, end = _time_range(create_time_range)
        chosen = self._list_scope(application_name, deployment_group_name)
        return [
            deployment.deployment_id
            for deployment in reversed(chosen)
            if (not include_only_statuses or deployment.status in include_only_statuses)
            and (external_id is None or deployment.external_id == external_id)
            and (start is None or start <= deployment.create_time)
            and (end is None or deployment.create_time <= end)
        ]

    def _list_scope(self, application: str | None, group: str | None) -> list[Deployment]:
        if application and group:
            return self.deployments_of(self.get_deployment_group(application, group))
        if group:
            raise errors.ApplicationNameRequiredException
        if application:
            self.get_application(application)
            raise errors.DeploymentGroupNameRequiredException
        return list(self.deployments.values())

    def list_deployment_targets(
        self, deployment_id: str | None = None, target_filters: Mapping[str, list[str]] | None = None
    ) -> list[str]:
        deployment = self._started(deployment_id)
        filters = dict(target_filters or {})
        statuses = filters.pop("TargetStatus", None)
        labels = filters.pop("ServerInstanceLabel", None)
        if filters:
            raise errors.InvalidTargetFilterNameException(name=next(iter(filters)))
        for status in statuses or []:
            validation.choice(status, _TARGET_STATUSES, errors.InvalidInstanceStatusException, status=status)
        _check_labels(deployment, labels)
        wanted = {label.capitalize() for label in labels or []}
        return [
            t.target_id
            for t in deployment.targets.values()
            if (not statuses or t.told_status in statuses) and (not wanted or t.instance_label in wanted)
        ]

    def get_deployment_target(self, deployment_id: str | None, target_id: str | None) -> Target:
        deployment = self._started(deployment_id)
        target_id = validation.target_id(target_id)
        target = _find_target(deployment, target_id)
        if target is None:
            raise errors.DeploymentTargetDoesNotExistException(target=target_id, id=deployment_id)
        return target

    def batch_get_deployment_targets(
        self, deployment_id: str | None = None, target_ids: list[str] | None = None
    ) -> list[Target]:
        if not target_ids:
            self.get_deployment(deployment_id)
            raise errors.DeploymentTargetIdRequiredException
        if len(target_ids) > _BATCH_LIMIT:
            raise errors.DeploymentTargetListSizeExceededException(limit=_BATCH_LIMIT)
        return [self.get_deployment_target(deployment_id, target_id) for target_id in target_ids]

    def list_deployment_instances(
        self,
        deployment_id: str,
        instance_status_filter: list[str] | None = None,
        instance_type_filter: list[str] | None = None,
    ) -> list[str]:
        filters = {"TargetStatus": instance_status_filter, "ServerInstanceLabel": instance_type_filter}
        given = {name: values for name, values in filters.items() if values}
        return self.list_deployment_targets(deployment_id, given)

    def get_deployment_instance(self, deployment_id: str, instance_id: str) -> Target:
        deployment = self.get_deployment(deployment_id)
        if not instance_id:
            raise errors.InstanceIdRequiredException
        target = _find_target(deployment, instance_id)
        if target is None:
            raise errors.InstanceDoesNotExistException(instance=instance_id, id=deployment_id)
        return target

    def batch_get_deployment_instances(
        self, deployment_id: str, instance_ids: list[str]
    ) -> tuple[list[Target], str | None]:
        """The instances of the deployment, and a message about the first that is none."""
        deployment = self.get_deployment(deployment_id)
        validation.batch(instance_ids, errors.InstanceIdRequiredException, limit=_BATCH_LIMIT)
        found = {name: _find_target(deployment, name) for name in instance_ids}
        missing = next((name for name, target in found.items() if target is None), None)
        message = (
            f"The instance {missing} does not exist in the deployment {deployment_id}." if missing else None
        )
        return [target for target in found.values() if target], message

    def _started(self, deployment_id: str | None) -> Deployment:
        deployment = self.get_deployment(deployment_id)
        if deployment.status is DeploymentStatus.CREATED:
            raise errors.DeploymentNotStartedException(id=deployment_id)
        return deployment


def _check_labels(deployment: Deployment, labels: list[str] | None) -> None:
    for label in labels or []:
        validation.choice(label, _LABELS, errors.InvalidInstanceTypeException, type=label)
    if labels and not deployment.is_blue_green:
        raise errors.InvalidDeploymentInstanceTypeException


def _find_target(deployment: Deployment, name: str) -> Target | None:
    """By its id or, as the deprecated operations call it, its ARN."""
    by_arn = (target for target in deployment.targets.values() if target.target_arn == name)
    return deployment.targets.get(name) or next(by_arn, None)


def _time_range(given: Mapping[str, datetime] | None) -> tuple[datetime | None, datetime | None]:
    start, end = ((given or {}).get(name) for name in ("start", "end"))
    start, end = (moment and moment.replace(tzinfo=UTC) for moment in (start, end))
    if start and end and start >= end:
        raise errors.InvalidTimeRangeException
    return start, end
