"""What the kinds of deployments have in common for the run that drives them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployment_configs import DeploymentConfig
from local_cloud.aws.codedeploy.records.deployments import Deployment, DeploymentStatus
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs.events import TargetEvents
from local_cloud.aws.codedeploy.runs.waits import Steps, Waits

Error = dict[str, str]
Outcome = tuple[DeploymentStatus, Error | None]


class StopReason(StrEnum):
    """The values are the events of an automatic rollback configuration."""

    REQUEST = "DEPLOYMENT_STOP_ON_REQUEST"
    ALARM = "DEPLOYMENT_STOP_ON_ALARM"


@dataclass(frozen=True, eq=False)
class Task:
    """A deployment, and by what it is carried out."""

    backend: CodeDeployBase
    deployment: Deployment
    group: DeploymentGroup
    events: TargetEvents
    waits: Waits
    tell: Callable[[], None]
    """Topics hear of the deployment's status."""

    @property
    def config(self) -> DeploymentConfig:
        return self.backend.deployment_configs[self.deployment.deployment_config_name]


class Strategy(Protocol):
    """How one kind of deployment goes. Everything is called under the run's lock."""

    waits_for: str | None
    """The wait that ContinueDeployment would end, in its words."""
    is_final: bool
    """Is it too late to stop or to fail?"""

    def look(self) -> Error | None:
        """Find the targets, or say why it cannot begin."""

    def steps(self) -> Steps[Outcome]:
        """What is done, and how it ends. May raise ServiceError, which is a failure."""

    def retreat(self, *, rolls_back: bool) -> Steps[None]:
        """What is done before it ends without success, when no target is at work any more. Where a rollback
        follows, that one sees to the traffic. Raises no ServiceError."""

    def proceed(self) -> None:
        """End the wait."""
