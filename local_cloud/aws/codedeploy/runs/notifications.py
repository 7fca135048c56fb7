"""Triggers: what happens to a deployment and its instances, told to SNS topics."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.sns.models import sns_backends
from requests import RequestException
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

_ENDS = {
    DeploymentStatus.SUCCEEDED: "DeploymentSuccess",
    DeploymentStatus.FAILED: "DeploymentFailure",
    DeploymentStatus.STOPPED: "DeploymentStop",
}
_COUNTED = ("Succeeded", "Failed", "Skipped", "InProgress", "Pending")
"""Members of a message's overview, in this order; GetDeployment's has one more."""
_INSTANCE_EVENTS = {
    Status.IN_PROGRESS: "InstanceStart",
    Status.SUCCEEDED: "InstanceSuccess",
    Status.FAILED: "InstanceFailure",
    Status.READY: "InstanceReady",
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
    """Send what has been collected. What is gone, closed or does not answer does not disturb a deployment."""
    for notification in notifications:
        if not permissions.may(backend, group, "sns:Publish", notification.topic_arn):
            log.warning("%s may not publish to %s", group.service_role_arn, notification.topic_arn)
            continue
        region = notification.topic_arn.split(":")[3]
        try:
            sns_backends[backend.account_id][region].publish(
                arn=notification.topic_arn, subject=notification.subject, message=notification.message
            )
        except (ServiceException, HTTPException, RequestException) as error:
            # Words of the error may have an endpoint's address, which is a secret of its owner's.
            log.warning("%s could not be notified: %s", notification.topic_arn, type(error).__name__)


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
    """As accounts have recorded it: a start is told with the status before it, a rollback's start twice."""
    if deployment.finished:
        told = [(_ENDS[deployment.status], deployment.status.upper())]
    elif deployment.status is DeploymentStatus.READY:
        # Inferred from the others.
        told = [("DeploymentReady", "READY")]
    else:
        told = [("DeploymentStart", "CREATED")]
        if deployment.creator is Creator.ROLLBACK:
            told.append(("DeploymentRollback", "IN_PROGRESS"))
    for event, status in told:
        region, application = backend.region_name, deployment.application_name
        subject = f"{status}: AWS CodeDeploy {deployment.deployment_id} in {region} to {application}"
        details = {
            "createTime": _time(deployment.create_time),
            "completeTime": _time(deployment.complete_time) if deployment.complete_time else None,
            "status": status,
            **_outcome(deployment),
        }
        yield from _notify(backend, deployment, triggers, event, subject=subject, details=details)


def _outcome(deployment: Deployment) -> dict[str, str]:
    """Strings of JSON; what does not apply is left out."""
    outcome = {}
    counts = deployment.deployment_overview
    if counts is not None:
        outcome["deploymentOverview"] = json.dumps({name: counts[name] for name in _COUNTED})
    error = deployment.error_information
    if error:
        outcome["errorInformation"] = json.dumps(
            {"ErrorCode": error["code"], "ErrorMessage": error["message"]}
        )
    if deployment.rollback_info is not None:
        rollback = {f"{name[0].upper()}{name[1:]}": text for name, text in deployment.rollback_info.items()}
        outcome["rollbackInformation"] = json.dumps(rollback)
    return outcome


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%a %b %d %H:%M:%S UTC %Y")


def for_instance(
    backend: CodeDeployBase, deployment: Deployment, target: Target, triggers: list[dict[str, Any]]
) -> Iterator[Notification]:
    """Inferred from documentation: no account's message is known."""
    events = [
        {"LifecycleEvent": event.lifecycle_event_name, "LifecycleEventStatus": event.status}
        for event in target.lifecycle_events
    ]
    details = {
        "instanceId": target.target_arn,
        "lastUpdatedAt": _time(target.last_updated_at),
        "instanceStatus": target.status.upper(),
        "lifecycleEvents": json.dumps(events),
    }
    event = _INSTANCE_EVENTS.get(target.status, "")
    subject = f"{event} {deployment.deployment_id} {deployment.application_name}"
    return _notify(backend, deployment, triggers, event, subject=subject, details=details)


def _notify(
    backend: CodeDeployBase,
    deployment: Deployment,
    triggers: list[dict[str, Any]],
    event: str,
    *,
    subject: str,
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
                subject=subject[:99],
                message=json.dumps(message | details),
            )
