"""CodeDeploy in moto's shape, complete: all operations of the API, and deployments that really run.

From above: `responses` and `agents` (the agents' protocol) ask `models`, which start `runs`;
`records` is what all know. Nothing calls upwards.
"""

from local_cloud.aws.codedeploy.models import codedeploy_backends
from local_cloud.aws.codedeploy.options import options

__all__ = ["codedeploy_backends", "options", "wake"]


def wake() -> None:
    """Tell running deployments that instances, Auto Scaling groups or alarms may have changed."""
    for regions in list(codedeploy_backends.values()):
        for backend in list(regions.values()):
            backend.deployer.wake()
