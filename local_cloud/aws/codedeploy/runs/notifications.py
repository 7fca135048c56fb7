"""Triggers: what happens to a deployment and its instances, told to SNS topics."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.sns.models import sns_backends
from werkzeug.exceptions import HTTPException

from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import (
    Creator,
    Deployment,
    DeploymentStatus,
    Status,
    Target,
)
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import permissions

log = logging.getLogger(__name__)

_DEPLOYMENT_EVENTS = {
    DeploymentStatus.IN_PROGRESS: "DeploymentStart",
    DeploymentStatus.SUCCEEDED: "DeploymentSuccess",
    DeploymentStatus.FAILED: "DeploymentFailure",
    DeploymentStatus.STOPPED: "DeploymentStop",
}
_INSTANCE_EVENTS = {
    Status.IN_PROGRESS: "InstanceStart",
    Status.SUCCEEDED: "InstanceSuccess",
    Status.FAILED: "InstanceFailure",
}


@dataclass(frozen=True, kw_only=True)
class Notification:
    topic_arn: str
    subject: str
    message: str


def topic_exists(backend: CodeDeployBase, arn: str) -> bool:
    region = arn.split(":")[3] if arn.count(":") >= 5 else backend.region_name  # noqa: PLR2004 - an ARN's parts
    return arn in sns_backends[backend.account_id][region].topics


def publish(backend: CodeDeployBase, group: DeploymentGroup, notifications: list[Notification]) -> None:
    """Send what has been collected. A topic that is gone, or closed, does not disturb a deployment."""
    for notification in notifications:
        if not permissions.may(backend, group, "sns:Publish", notification.topic_arn):
            log.warning("%s may not publish to %s", group.service_role_arn, notification.topic_arn)
            continue
        region = notification.topic_arn.split(":")[3]
        try:
            sns_backends[backend.account_id][region].publish(
                arn=notification.topic_arn, subject=notification.subject, message=notification.message
            )
        except (ServiceException, HTTPException) as error:
            log.warning("%s could not be notified: %s", notification.topic_arn, error)


def set_up(backend: CodeDeployBase, group: DeploymentGroup, trigger: dict[str, Any]) -> Notification:
    """The notice that a topic gets when a trigger is created or updated."""
    message = {
        "region": backend.region_name,
        "accountId": backend.account_id,
        "eventTriggerName": trigger["triggerName"],
        "applicationName": group.application_name,
        "deploymentGroupName": group.deployment_group_name,
        "triggerEvents": trigger["triggerEvents"],
    }
    return Notification(
        topic_arn=trigger["triggerTargetArn"],
        subject=f"Trigger set up for {group.deployment_group_name}"[:99],
        message=json.dumps(message),
    )


def for_deployment(
    backend: CodeDeployBase, deployment: Deployment, triggers: list[dict[str, Any]]
) -> Iterator[Notification]:
    event = _DEPLOYMENT_EVENTS[deployment.status]
    if deployment.creator is Creator.ROLLBACK and deployment.status is DeploymentStatus.IN_PROGRESS:
        event = "DeploymentRollback"
    details = {
        "createTime": deployment.create_time.ctime(),
        "completeTime": deployment.complete_time.ctime() if deployment.complete_time else None,
        "status": deployment.status.upper(),
        "deploymentOverview": json.dumps(deployment.deployment_overview),
        "errorInformation": json.dumps(deployment.error_information),
        "rollbackInformation": json.dumps(deployment.rollback_info),
    }
    return _notify(backend, deployment, triggers, event, details)


def for_instance(
    backend: CodeDeployBase, deployment: Deployment, target: Target, triggers: list[dict[str, Any]]
) -> Iterator[Notification]:
    events = [
        {"LifecycleEvent": event.lifecycle_event_name, "LifecycleEventStatus": event.status}
        for event in target.lifecycle_events
    ]
    details = {
        "instanceId": target.target_arn,
        "lastUpdatedAt": target.last_updated_at.ctime(),
        "instanceStatus": target.status.upper(),
        "lifecycleEvents": json.dumps(events),
    }
    return _notify(backend, deployment, triggers, _INSTANCE_EVENTS.get(target.status, ""), details)


def _notify(
    backend: CodeDeployBase,
    deployment: Deployment,
    triggers: list[dict[str, Any]],
    event: str,
    details: dict[str, Any],
) -> Iterator[Notification]:
    for trigger in triggers:
        if event in trigger.get("triggerEvents", []):
            message = {
                "region": backend.region_name,
                "accountId": backend.account_id,
                "eventTriggerName": trigger["triggerName"],
                "applicationName": deployment.application_name,
                "deploymentId": deployment.deployment_id,
                "deploymentGroupName": deployment.deployment_group_name,
            }
            yield Notification(
                topic_arn=trigger["triggerTargetArn"],
                subject=f"{event} {deployment.deployment_id} {deployment.application_name}"[:99],
                message=json.dumps(message | details),
            )
