"""What the CodeDeploy agent makes of an appspec and of its configuration, and the packages it comes in."""

from local_cloud.agent import archives, packages
from local_cloud.agent.check import check
from local_cloud.agent.codedeploy_agent import appspec, config, metadata
from local_cloud.agent.codedeploy_agent.plan import Plan

__all__ = ["Plan", "appspec", "archives", "check", "config", "metadata", "packages"]
