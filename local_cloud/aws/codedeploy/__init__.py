"""CodeDeploy in moto's shape, complete: all operations of the API, and deployments that really run.

The agents' side of it is `local_cloud.aws.codedeploy.agents`.
"""

from local_cloud.aws.codedeploy.models import codedeploy_backends
from local_cloud.aws.codedeploy.options import options

__all__ = ["codedeploy_backends", "options", "wake"]


def wake() -> None:
    """Tell running deployments that instances, Auto Scaling groups or alarms may have changed."""
    for regions in list(codedeploy_backends.values()):
        for backend in list(regions.values()):
            backend.deployer.wake()
