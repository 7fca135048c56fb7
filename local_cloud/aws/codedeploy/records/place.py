"""All that is known in one account and region."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BaseBackend, backend_lock

from local_cloud.aws.codedeploy.records.applications import Application, DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import Deployment, Revision, Status

if TYPE_CHECKING:
    from local_cloud.aws.codedeploy.records.deployment_configs import DeploymentConfig
    from local_cloud.aws.codedeploy.records.on_premises_instances import OnPremisesInstance


class CodeDeployBase(BaseBackend):
    """One account and region. Whoever reads or writes holds `lock`.

    It is moto's own lock, which every look at another service's state takes, and a reset holds: a
    second lock beside it could only be taken in the wrong order.
    """

    lock: Any = backend_lock

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.applications: dict[str, Application] = {}
        self.deployment_configs: dict[str, DeploymentConfig] = {}
        self.deployments: dict[str, Deployment] = {}
        self.on_premises_instances: dict[str, OnPremisesInstance] = {}
        self.last_results: dict[tuple[str, str], tuple[Revision, Status]] = {}
        """What a group's last deployment to an instance brought, and how it ended there, by their ids."""

    def arn(self, resource: str) -> str:
        return f"arn:{self.partition}:codedeploy:{self.region_name}:{self.account_id}:{resource}"

    def execution_id(self, deployment: Deployment) -> str:
        """Names a deployment to its agents, who ask for what to do by it. Recorded, agents' logs 2017."""
        place = f"{self.region_name}:{self.account_id}"
        arn = f"arn:{self.partition}:sds:{place}:deployment/{deployment.deployment_id}"
        return f"CodeDeploy/{self.region_name}/Prod/{arn}"

    def groups(self) -> Iterator[DeploymentGroup]:
        for application in self.applications.values():
            yield from application.groups.values()

    def find_group(self, group_id: str) -> DeploymentGroup | None:
        return next((group for group in self.groups() if group.deployment_group_id == group_id), None)

    def deployments_of(self, group: DeploymentGroup) -> list[Deployment]:
        return [d for d in self.deployments.values() if d.deployment_group_id == group.deployment_group_id]

    def active_deployment(self, group: DeploymentGroup) -> Deployment | None:
        return next((d for d in self.deployments_of(group) if not d.finished), None)

    def last_result(self, group: DeploymentGroup, target_id: str) -> tuple[Revision, Status] | None:
        return self.last_results.get((group.deployment_group_id, target_id))
