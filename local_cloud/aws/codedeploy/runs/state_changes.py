"""What EventBridge hears of deployments and of their instances.

Source: the events of AWS's documentation ("AWS CodeDeploy events", "Monitoring deployments with Amazon
CloudWatch Events"). They go to the default bus, whoever's rules are there.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from moto.core.exceptions import ServiceException
from moto.core.utils import unix_time
from moto.events.models import events_backends
from werkzeug.exceptions import HTTPException

from local_cloud.aws.codedeploy.records.deployments import Deployment, DeploymentStatus, Status, Target
from local_cloud.aws.codedeploy.records.place import CodeDeployBase

LOG = logging.getLogger(__name__)
SOURCE = "aws.codedeploy"
OF_DEPLOYMENTS = {
    DeploymentStatus.IN_PROGRESS: "START",
    DeploymentStatus.READY: "READY",
    DeploymentStatus.SUCCEEDED: "SUCCESS",
    DeploymentStatus.FAILED: "FAILURE",
    DeploymentStatus.STOPPED: "STOP",
}
OF_INSTANCES = {
    Status.IN_PROGRESS: "START",
    Status.READY: "READY",
    Status.SUCCEEDED: "SUCCESS",
    Status.FAILED: "FAILURE",
}


@dataclass(frozen=True, kw_only=True)
class StateChange:
    """One event, without what the bus adds."""

    detail_type: str
    resources: list[str]
    detail: dict[str, str]


def of_deployment(backend: CodeDeployBase, deployment: Deployment) -> Iterator[StateChange]:
    state = OF_DEPLOYMENTS.get(deployment.status)
    if state:
        yield StateChange(
            detail_type="CodeDeploy Deployment State-change Notification",
            resources=list(reversed(_resources(backend, deployment))),
            detail=_detail(backend, deployment, state),
        )


def of_instance(backend: CodeDeployBase, deployment: Deployment, target: Target) -> Iterator[StateChange]:
    state = OF_INSTANCES.get(target.status)
    if state:
        yield StateChange(
            detail_type="CodeDeploy Instance State-change Notification",
            resources=[target.target_arn, *_resources(backend, deployment)],
            detail={"instanceId": target.target_id} | _detail(backend, deployment, state),
        )


def _resources(backend: CodeDeployBase, deployment: Deployment) -> list[str]:
    application, group = deployment.application_name, deployment.deployment_group_name
    return [
        backend.arn(f"deploymentgroup:{application}/{group}"),
        backend.arn(f"application:{application}"),
    ]


def _detail(backend: CodeDeployBase, deployment: Deployment, state: str) -> dict[str, str]:
    return {
        "region": backend.region_name,
        "state": state,
        "application": deployment.application_name,
        "deploymentId": deployment.deployment_id,
        "instanceGroupId": deployment.deployment_group_id,
        "deploymentGroup": deployment.deployment_group_name,
    }


def publish(backend: CodeDeployBase, changes: list[StateChange]) -> None:
    """To the targets of every rule that matches. What is gone or refuses disturbs no deployment."""
    events: Any = events_backends[backend.account_id][backend.region_name]
    for change in changes:
        message = {
            "version": "0",
            # Not of the seed's numbers: calls are answered meanwhile, and their ids shall come again.
            "id": str(uuid4()),
            "detail-type": change.detail_type,
            "source": SOURCE,
            "account": backend.account_id,
            "time": unix_time(),
            "ingestion-time": unix_time(),
            "region": backend.region_name,
            "resources": change.resources,
            "detail": change.detail,
        }
        for rule in list(events.describe_event_bus("default").rules.values()):
            if rule.state == "ENABLED":
                _send(rule, message)


def _send(rule: Any, message: dict[str, Any]) -> None:  # noqa: ANN401 - moto's
    try:
        rule.send_to_targets(json.loads(json.dumps(message)))
    except (ServiceException, HTTPException, NotImplementedError, LookupError) as error:
        LOG.warning("the targets of the rule %s were not told: %s", rule.name, type(error).__name__)
