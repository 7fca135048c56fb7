"""Runs a workflow as it is written, against a local cloud."""

from local_cloud.errors import WorkflowError
from local_cloud.github.workflows.cloud import Cloud
from local_cloud.github.workflows.run import Run, run

__all__ = ["Cloud", "Run", "WorkflowError", "run"]
