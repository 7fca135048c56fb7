"""Runs a workflow as it is written, against a local cloud."""

from local_cloud.github.workflows.run import Cloud, Run, run

__all__ = ["Cloud", "Run", "run"]
