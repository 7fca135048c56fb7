"""A control plane in this process, reached over real HTTP by real clients."""

from local_cloud.testing.fixtures import (
    aws_session,
    client,
    interrupts_heeded,
    local_cloud,
    running_cloud,
)

__all__ = ["aws_session", "client", "interrupts_heeded", "local_cloud", "running_cloud"]
