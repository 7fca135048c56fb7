"""Whether a group's instances are healthy, as EC2, load balancers and users see it.

Source: "Health checks for instances in an Auto Scaling group". What is not running is unhealthy at once, the
rest after the grace period.
"""

from local_cloud.aws.autoscaling import balancers
from local_cloud.aws.autoscaling.options import options
from local_cloud.aws.autoscaling.records import PENDING, Member

LIVING = frozenset({"pending", "running"})


def in_grace(member: Member) -> bool:
    period = member.auto_scaling_group.health_check_grace_period or 0
    return member.in_service_at is None or options.clock.now() < member.in_service_at + period


def grace_ends(member: Member) -> float | None:
    """When an instance's grace period ends; None where it is over or has not begun."""
    if member.in_service_at is None or not in_grace(member):
        return None
    return member.in_service_at + (member.auto_scaling_group.health_check_grace_period or 0)


def verdict(member: Member) -> str | None:
    """What finds the instance unhealthy, a key of `wording.HEALTH_CAUSES`; None where nothing does."""
    if member.lifecycle_state not in PENDING | {"InService"}:
        return None
    if member.instance.state not in LIVING:
        return "EC2"
    if member.lifecycle_state in PENDING or in_grace(member):
        return None
    if "impaired" in {member.instance.instance_status["Status"], member.instance.system_status["Status"]}:
        return "EC2 status"
    group = member.auto_scaling_group
    if "ELB" in (group.health_check_type or "").split(",") and balancers.finds_unhealthy(
        group, member.instance_id
    ):
        return "ELB"
    return None
