"""What the CodeDeploy agent makes of a revision, an appspec, its configuration; the packages it comes in."""

from local_cloud.agent import archives, packages
from local_cloud.agent.check import check
from local_cloud.agent.codedeploy_agent import appspec, bundle, config, installer, metadata
from local_cloud.agent.codedeploy_agent.errors import AgentError
from local_cloud.agent.codedeploy_agent.plan import Plan

__all__ = [
    "AgentError",
    "Plan",
    "appspec",
    "archives",
    "bundle",
    "check",
    "config",
    "installer",
    "metadata",
    "packages",
]
