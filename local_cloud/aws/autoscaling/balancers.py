# ruff: noqa: ANN401 - moto's objects are duck-typed
"""The narrow door to load balancers: a group's instances go in and out, and are seen as healthy or not.

Whatever is behind it (moto's records, or a balancer that really asks), nothing else here knows.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from moto.core.exceptions import ServiceException

from local_cloud.aws.autoscaling import acts
from local_cloud.aws.moto.elbv2 import targets

UNHEALTHY = frozenset({"unhealthy"})


def register(group: Any, instance_id: str) -> None:
    """Into every target group and classic load balancer of the group. One that is gone is passed over."""
    for target_group in _target_groups(group):
        # moto refuses an instance that is not running.
        with suppress(ServiceException):
            target_group.register([{"Id": instance_id, "Port": target_group.port}])
            _tell(group, "RegisterTargets", target_group.arn, instance_id)
    for name in _classic(group):
        group.autoscaling_backend.elb_backend.register_instances(name, [instance_id], from_autoscaling=True)


def deregister(group: Any, instance_id: str) -> None:
    for target_group in _target_groups(group):
        if instance_id in target_group.targets:
            target_group.deregister([{"Id": instance_id}])
            _tell(group, "DeregisterTargets", target_group.arn, instance_id)
    for name in _classic(group):
        group.autoscaling_backend.elb_backend.deregister_instances(name, [instance_id], from_autoscaling=True)


def finds_unhealthy(group: Any, instance_id: str) -> bool:
    """Does one of the group's target groups say so? What waits, drains or is out is not."""
    ec2 = group.ec2_backend
    return any(
        target_group.health_for({"Id": instance_id}, ec2).status in UNHEALTHY
        for target_group in _target_groups(group)
        if instance_id in target_group.targets
    )


def drains(group: Any, instance_id: str) -> bool:
    """Is the instance out, and what it was asked before still waited for?"""
    return any(
        each.target_id == instance_id
        for target_group in _target_groups(group)
        for each in targets.leaving(target_group)
    )


def _tell(group: Any, action: str, arn: str, instance_id: str) -> None:
    about = {"TargetGroupArn": arn, "Targets": [{"Id": instance_id}]}
    acts.tell(group, f"elasticloadbalancing:{action}", about)


def _target_groups(group: Any) -> Iterator[Any]:
    known = group.autoscaling_backend.elbv2_backend.target_groups
    yield from (known[arn] for arn in group.target_group_arns if arn in known)


def _classic(group: Any) -> Iterator[str]:
    known = group.autoscaling_backend.elb_backend.load_balancers
    yield from (name for name in group.load_balancer_names if name in known)
