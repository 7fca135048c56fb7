# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Processes of Auto Scaling groups that stand still while a deployment goes on (`ec2DeploymentOptions`)."""

from typing import Any

from moto.autoscaling.models import autoscaling_backends

from local_cloud.aws import autoscaling
from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import FOR_LIFECYCLE_HOOKS, Deployment
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import permissions

SUSPEND, RESUME = "autoscaling:SuspendProcesses", "autoscaling:ResumeProcesses"


def suspend(backend: CodeDeployBase, deployment: Deployment, group: DeploymentGroup) -> None:
    """Those that are not suspended already: only these are resumed."""
    options = deployment.ec2_deployment_options or {}
    wanted = options.get("autoScalingGroupProcessesToSuspend", [])
    if not wanted or deployment.creator in FOR_LIFECYCLE_HOOKS:
        return
    known = _groups(backend)
    for found in (known[name] for name in group.auto_scaling_group_names if name in known):
        before = _suspended(found)
        added = [process for process in wanted if process not in before]
        if added and permissions.uses(backend, group, SUSPEND, found.arn, **_about(found.name, added)):
            found.suspended_processes = [*before, *added]
            deployment.suspended_processes[found.name] = added


def resume(backend: CodeDeployBase, deployment: Deployment, group: DeploymentGroup) -> None:
    """They stand still where the service role may not let them go on."""
    known = _groups(backend)
    for name, processes in deployment.suspended_processes.items():
        if name in known and permissions.uses(
            backend, group, RESUME, known[name].arn, **_about(name, processes)
        ):
            before = _suspended(known[name])
            known[name].suspended_processes = [each for each in before if each not in processes]
    if deployment.suspended_processes:
        autoscaling.wake()


def _about(group: str, processes: list[str]) -> dict[str, Any]:
    return {"AutoScalingGroupName": group, "ScalingProcesses": processes}


def _groups(backend: CodeDeployBase) -> dict[str, Any]:
    return dict(autoscaling_backends[backend.account_id][backend.region_name].autoscaling_groups)


def _suspended(group: Any) -> list[str]:
    return [each["ProcessName"] for each in group.suspended_processes]
