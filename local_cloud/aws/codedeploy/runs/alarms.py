"""CloudWatch alarms that stop a deployment."""

from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from local_cloud.aws.codedeploy.records.deployments import Creator, Deployment
from local_cloud.aws.codedeploy.records.place import CodeDeployBase


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
