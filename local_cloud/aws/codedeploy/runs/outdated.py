"""Instances that came too late for a deployment, and those that Auto Scaling launches later."""

from collections.abc import Callable, Iterable

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
    newcomers = _newcomers(backend, group, (each.target_id for each in targets.select(backend, group)))
    if group.outdated_instances_strategy == "IGNORE":
        group.ignored_instances |= newcomers
    elif newcomers:
        root = backend.deployments[
            (deployment.related_deployments or {}).get(_ROOT, deployment.deployment_id)
        ]
        made = deploy(
            group,
            deployment.revision,
            Creator.AUTO_UPDATE,
            config_name=deployment.deployment_config_name,
            file_exists_behavior=deployment.file_exists_behavior,
            only_instances=newcomers,
            related_deployments={_ROOT: root.deployment_id},
        )
        root.related_deployments = root.related_deployments or {}
        root.related_deployments.setdefault(_UPDATES, []).append(made.deployment_id)


def deploy_to_launched(backend: CodeDeployBase, group: DeploymentGroup, deploy: Deploy) -> None:
    """What an Auto Scaling group launches gets the deployment group's last good revision."""
    good = group.last_successful_deployment_record
    if good is None or backend.active_deployment(group):
        return
    launched = (instance.id for instance in targets.auto_scaling_instances(backend, group))
    newcomers = _newcomers(backend, group, launched)
    if newcomers:
        deploy(
            group,
            good.revision,
            Creator.AUTOSCALING,
            config_name="CodeDeployDefault.AllAtOnce",
            file_exists_behavior=good.file_exists_behavior,
            only_instances=newcomers,
        )


def _newcomers(backend: CodeDeployBase, group: DeploymentGroup, target_ids: Iterable[str]) -> frozenset[str]:
    """Those that no deployment of the group has been to, nor is meant to pass by."""
    unknown = frozenset(target for target in target_ids if not backend.last_result(group, target))
    return unknown - group.ignored_instances
