"""What the activity history says. The words are those of recorded answers, but where they are marked.

Recorded: AWS's CLI and API references, and what its users published of their groups between 2009 and 2026.
"""

from collections.abc import Iterable
from datetime import datetime

HEALTH_CAUSES = {
    "EC2": "an EC2 health check indicating it has been terminated or stopped.",
    "EC2 status": "an EC2 instance status checks failure.",
    "ELB": "an ELB system health check failure.",
    "user": "a user health-check.",
}
"""What found an instance unhealthy -> how a cause ends. `EC2 status` is inferred."""
PROTECTED = "Could not scale to desired capacity because all remaining instances are protected from scale-in."


def at(moment: datetime, what: str) -> str:
    """One sentence of a cause."""
    return f"At {moment:%Y-%m-%dT%H:%M:%SZ} {what}"


def together(*sentences: str | None) -> str:
    return "  ".join(sentence for sentence in sentences if sentence)[:1023]


def created(after: int) -> str:
    return f"a user request created an AutoScalingGroup changing the desired capacity from 0 to {after}."


def updated(minimum: int, maximum: int, before: int, after: int, *, by: str = "user request") -> str:
    """`by` is `user request` or `scheduled action`."""
    return (
        f"a {by} update of AutoScalingGroup constraints to min: {minimum}, max: {maximum},"
        f" desired: {after} changing the desired capacity from {before} to {after}."
    )


def capacity_set(before: int, after: int) -> str:
    return (
        "a user request explicitly set group desired capacity changing the desired capacity"
        f" from {before} to {after}."
    )


def policy_executed(policy: str, before: int, after: int, alarm: str | None = None) -> str:
    by = f"a monitor alarm {alarm} in state ALARM triggered" if alarm else "a user request executed"
    return f"{by} policy {policy} changing the desired capacity from {before} to {after}."


def started(before: int, after: int) -> str:
    return (
        "an instance was started in response to a difference between desired and actual capacity,"
        f" increasing the capacity from {before} to {after}."
    )


BALANCING = "an instance was launched to aid in balancing the group's zones."
REFRESHED = "an instance was taken out of service in response to an instance refresh."
REFRESHING = "an instance was launched in response to an instance refresh."
REPLACING = "an instance was launched in response to an unhealthy instance needing to be replaced."


def shrunk(before: int, after: int) -> str:
    return (
        "an instance was taken out of service in response to a difference between desired and actual"
        f" capacity, shrinking the capacity from {before} to {after}."
    )


def selected(instance_ids: Iterable[str]) -> list[str]:
    return [f"instance {each} was selected for termination." for each in instance_ids]


def unhealthy(reason: str) -> str:
    return f"an instance was taken out of service in response to {HEALTH_CAUSES[reason]}"


def asked_for(instance_id: str, what: str, before: int, after: int) -> str:
    """What a user asked of one instance: `was detached`, `was taken out of service`, ..."""
    change = "increasing" if after > before else "shrinking"
    capacity = "" if before == after else f", {change} the capacity from {before} to {after}"
    return f"instance {instance_id} {what} in response to a user request{capacity}."


def abandoned(token: str, reason: str) -> str:
    return (
        "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token"
        f" {token} was abandoned: {reason}"
    )


COMPLETED = "Lifecycle Action Completed with ABANDON Result"
HEARTBEAT = "Heartbeat Timeout"
