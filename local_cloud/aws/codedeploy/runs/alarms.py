"""CloudWatch alarms that stop a deployment, or keep it from beginning."""

from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import Creator, Deployment
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import endings, permissions

Error = dict[str, str]


def configuration(deployment: Deployment, group_configuration: dict[str, Any] | None) -> dict[str, Any]:
    """The deployment's own alarms override those of its group. A rollback goes on whatever they say."""
    if deployment.creator is Creator.ROLLBACK:
        return {}
    return deployment.override_alarm_configuration or group_configuration or {}


def active(backend: CodeDeployBase, alarm_configuration: dict[str, Any]) -> list[str]:
    """The names of the configured alarms that are in state ALARM."""
    if not alarm_configuration.get("enabled"):
        return []
    alarms = cloudwatch_backends[backend.account_id][backend.region_name].alarms
    names = [alarm["name"] for alarm in alarm_configuration.get("alarms", [])]
    return [name for name in names if name in alarms and alarms[name].state_value == "ALARM"]


def refused(backend: CodeDeployBase, deployment: Deployment, group: DeploymentGroup) -> Error | None:
    """The error of a deployment whose service role may not look at them."""
    watched = configuration(deployment, group.alarm_configuration)
    return permissions.refused_alarms(backend, group, watched)


def stop(backend: CodeDeployBase, deployment: Deployment, group: DeploymentGroup) -> Error | None:
    """Why a deployment is stopped now."""
    watched = configuration(deployment, group.alarm_configuration)
    error = permissions.refused_alarms(backend, group, watched)
    names = [] if error else active(backend, watched)
    if names:
        listed = " ".join(f"<{name}>" for name in names)
        return {"code": "ALARM_ACTIVE", "message": endings.ALARM_ACTIVE + listed}
    return error
