"""The arithmetic of minimum healthy hosts: how many may be deployed to at once, when a deployment is lost."""

from collections import Counter
from typing import Any

from local_cloud.aws.codedeploy.records.deployments import Status


def minimum_healthy(minimum_healthy_hosts: dict[str, Any], total: int) -> int:
    """How many of `total` hosts must stay healthy. A percentage is rounded up."""
    value = int(minimum_healthy_hosts["value"])
    match minimum_healthy_hosts["type"]:
        case "FLEET_PERCENT":
            return -(-total * value // 100)
        case "MOST_CONCURRENCY":
            return max(total - value, 0)
        case _:
            return value


def may_start(counts: Counter[Status], total: int, minimum: int) -> int:
    """How many more targets may be taken out of service now."""
    healthy = total - counts[Status.FAILED] - counts[Status.IN_PROGRESS]
    return max(healthy - minimum, 0)


def is_possible(total: int, minimum: int) -> bool:
    """Whether at least one host may be taken out of service at all."""
    return minimum < total


def succeeded(counts: Counter[Status], minimum: int, status: Status = Status.SUCCEEDED) -> bool:
    """The verdict when every target is done: enough came to the status, and never none at all."""
    return counts[status] >= max(minimum, 1)
