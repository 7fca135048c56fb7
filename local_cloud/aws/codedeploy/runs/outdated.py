"""Instances that came too late for a deployment, and those that were launched with the revision before it."""

from collections.abc import Callable

from local_cloud.aws.autoscaling.records import PENDING
from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import Creator, Deployment
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import targets

Deploy = Callable[..., Deployment]
"""Starts a deployment: what `Deployer.deploy` takes."""

_ROOT = "autoUpdateOutdatedInstancesRootDeploymentId"
_UPDATES = "autoUpdateOutdatedInstancesDeploymentIds"


def update(backend: CodeDeployBase, deployment: Deployment, group: DeploymentGroup, deploy: Deploy) -> None:
    """Deploy the same to instances that joined the group meanwhile, if it says so."""
    selected = frozenset(each.target_id for each in targets.select(backend, group))
    outdated = _outdated(backend, deployment, group, selected)
    if group.outdated_instances_strategy == "IGNORE":
        group.ignored_instances |= outdated
        return
    launching = frozenset(each.id for each in targets.auto_scaling_instances(backend, group, PENDING))
    group.late_instances |= launching
    if outdated:
        _deploy(backend, deployment, group, outdated, deploy)


def update_late(backend: CodeDeployBase, group: DeploymentGroup, deploy: Deploy) -> None:
    """Those that were being launched when a deployment ended, and are in service now."""
    good = group.last_successful_deployment_record
    if not group.late_instances or good is None or backend.active_deployment(group):
        return
    in_service = frozenset(each.id for each in targets.auto_scaling_instances(backend, group))
    launching = frozenset(each.id for each in targets.auto_scaling_instances(backend, group, PENDING))
    ready = _outdated(backend, good, group, group.late_instances & in_service)
    group.late_instances &= launching
    if ready:
        _deploy(backend, good, group, ready, deploy)


def _deploy(
    backend: CodeDeployBase,
    deployment: Deployment,
    group: DeploymentGroup,
    outdated: frozenset[str],
    deploy: Deploy,
) -> None:
    root = backend.deployments[(deployment.related_deployments or {}).get(_ROOT, deployment.deployment_id)]
    made = deploy(
        group,
        deployment.revision,
        Creator.AUTO_UPDATE,
        config_name=deployment.deployment_config_name,
        file_exists_behavior=deployment.file_exists_behavior,
        only_instances=outdated,
        related_deployments={_ROOT: root.deployment_id},
    )
    root.related_deployments = root.related_deployments or {}
    root.related_deployments.setdefault(_UPDATES, []).append(made.deployment_id)


def _outdated(
    backend: CodeDeployBase, deployment: Deployment, group: DeploymentGroup, instances: frozenset[str]
) -> frozenset[str]:
    """Those that the deployment did not go to, that have another revision or none, and are not ignored."""
    found = set()
    for instance in instances - group.ignored_instances - deployment.targets.keys():
        result = backend.last_result(group, instance)
        if result is None or result[0] != deployment.revision:
            found.add(instance)
    return frozenset(found)
