"""The state of CodeDeploy, an account and a region at a time."""

from moto.core.base_backend import BackendDict

from local_cloud.aws.codedeploy.models.deployments import DeploymentBackend


class CodeDeployBackend(DeploymentBackend):
    def reset(self) -> None:
        with self.lock:
            self.deployer.close()
            super().reset()


codedeploy_backends = BackendDict(CodeDeployBackend, "codedeploy")
