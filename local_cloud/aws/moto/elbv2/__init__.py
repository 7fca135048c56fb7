"""Where moto's Elastic Load Balancing (application and network load balancers) is not as AWS's."""

from typing import Any

from local_cloud.aws.moto.elbv2 import attributes, balancers, counts, listeners, targets

COUNTS = counts.HostCounts
"""moto finds it by itself."""
REPLACED: tuple[tuple[Any, str, Any], ...] = (
    *attributes.REPLACED,
    *balancers.REPLACED,
    *listeners.REPLACED,
    *targets.REPLACED,
)
"""Owner, attribute, and what takes its place."""
