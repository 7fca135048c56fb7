"""The state of CodeDeploy, an account and a region at a time."""

from moto.core.base_backend import BackendDict

from .deployment_groups import DeploymentGroup
from .deployments import DeploymentBackend
from .on_premises_instances import OnPremisesInstance

__all__ = ["CodeDeployBackend", "DeploymentGroup", "OnPremisesInstance", "codedeploy_backends"]


class CodeDeployBackend(DeploymentBackend):
    def reset(self) -> None:
        with self.lock:
            self.close()
            super().reset()


codedeploy_backends = BackendDict(CodeDeployBackend, "codedeploy")
