"""Auto Scaling's groups live (`local_cloud.aws.autoscaling`) where moto's are records only."""

from typing import Any

from local_cloud.aws.moto.autoscaling import instances, lifecycle, policies, refreshes, sizes

REPLACED: tuple[tuple[Any, str, Any], ...] = (
    *instances.REPLACED,
    *lifecycle.REPLACED,
    *policies.REPLACED,
    *sizes.REPLACED,
)
ADDED: tuple[tuple[Any, str, Any], ...] = (*lifecycle.ADDED, *refreshes.ADDED)
"""Owner, name and operation of what moto has not."""
