# ruff: noqa: ANN401 - moto's objects are duck-typed
"""One instance on its way through the lifecycle: "Amazon EC2 Auto Scaling instance lifecycle"."""

from typing import Any

from local_cloud.aws.autoscaling import acts, balancers, hooks, messages, wording
from local_cloud.aws.autoscaling.options import options
from local_cloud.aws.autoscaling.records import (
    ENDING,
    LAUNCHING,
    PENDING,
    TERMINATING,
    Action,
    Activity,
    Member,
    begin,
    life,
)


def is_suspended(group: Any, process: str) -> bool:
    return any(each["ProcessName"] == process for each in group.suspended_processes)


def begin_termination(member: Member, cause: str) -> Activity:
    """Take an instance out of service; `advance` does the rest."""
    group = member.auto_scaling_group
    _give_up_launch(member, None)
    member.actions.clear()
    activity = begin(group, f"Terminating EC2 instance: {member.instance_id}", cause, member.instance)
    _leave_service(member, "Terminating", activity)
    return activity


def end_at_once(member: Member) -> None:
    """With its group: nobody is asked, no hook fires."""
    _give_up_launch(member, None)
    member.actions.clear()
    activity = member.activity if member.lifecycle_state in ENDING else None
    _leave_service(member, "Terminating:Proceed", activity)
    _terminate(member)


def _leave_service(member: Member, state: str, activity: Activity | None) -> None:
    balancers.deregister(member.auto_scaling_group, member.instance_id)
    member.lifecycle_state, member.activity = state, activity


def advance(member: Member) -> bool:
    """A step further, if there is one now: was there?"""
    step = STEPS.get(member.lifecycle_state)
    return step(member) if step else False


def _begin_launch_hooks(member: Member) -> bool:
    if member.instance.state != "running":
        return False
    member.actions = hooks.fire(member, LAUNCHING)
    if member.actions:
        _under_way(member, "Pending:Wait", "MidLifecycleAction", 40)
    else:
        _enter_service(member)
    return True


def _end_launch_hooks(member: Member) -> bool:
    rejected = hooks.rejected(member.actions)
    if rejected:
        _abandon(member, rejected)
    elif all(action.result for action in member.actions):
        member.lifecycle_state = "Pending:Proceed"
        member.actions.clear()
    else:
        return False
    return True


def _abandon(member: Member, rejected: Action) -> None:
    """The launch has failed. AWS ends the instance without a further entry in the history."""
    member.failed = wording.abandoned(rejected.token, rejected.reason)
    group = member.auto_scaling_group
    activity = _give_up_launch(member, member.failed)
    member.actions.clear()
    life(group).failures += 1
    life(group).retry_at = hooks.retry_at(life(group).failures)
    member.lifecycle_state, member.activity = "Terminating", None
    if activity:
        messages.of_activity(group, "EC2_INSTANCE_LAUNCH_ERROR", activity, member.instance_id)


def _give_up_launch(member: Member, reason: str | None) -> Activity | None:
    """End the entry of a launch that does not come to its end."""
    activity = member.activity
    if member.lifecycle_state not in PENDING or activity is None or activity.end_time:
        return None
    activity.end("Cancelled", reason)
    return activity


def _enter_service(member: Member) -> bool:
    group = member.auto_scaling_group
    member.lifecycle_state, member.in_service_at = "InService", options.clock.now()
    if not is_suspended(group, "AddToLoadBalancer"):
        balancers.register(group, member.instance_id)
    activity, member.activity = member.activity, None
    life(group).failures, life(group).retry_at = 0, None
    if activity:
        # Told with the progress that it has just before its end.
        activity.status_code, activity.progress = "InProgress", 50
        messages.of_activity(group, "EC2_INSTANCE_LAUNCH", activity, member.instance_id)
        activity.end("Successful")
    return True


def _begin_termination_hooks(member: Member) -> bool:
    """After it has drained, unless it has ended by itself."""
    if member.instance.state == "running" and balancers.drains(member.auto_scaling_group, member.instance_id):
        _under_way(member, "Terminating", "WaitingForELBConnectionDraining", 20)
        return False
    # Inferred: an instance that was never in service is ended without them.
    member.actions = [] if member.failed else hooks.fire(member, TERMINATING)
    if member.actions:
        _under_way(member, "Terminating:Wait", "MidLifecycleAction", 40)
    else:
        member.lifecycle_state = "Terminating:Proceed"
    return True


def _end_termination_hooks(member: Member) -> bool:
    """Either result lets it end; ABANDON does so without the other hooks."""
    if not hooks.rejected(member.actions) and not all(action.result for action in member.actions):
        return False
    member.actions.clear()
    member.lifecycle_state = "Terminating:Proceed"
    return True


def _terminate(member: Member) -> bool:
    group = member.auto_scaling_group
    if member.instance.state != "terminated":
        # Auto Scaling ends instances whatever their own protection from termination is.
        member.instance.terminate()
        ended = {"InstancesSet": {"Items": [{"InstanceId": member.instance_id}]}}
        acts.tell(group, "ec2:TerminateInstances", ended)
        group.autoscaling_backend.elbv2_backend.notify_terminate_instances([member.instance_id])
    member.lifecycle_state = "Terminated"
    group.instance_states = [each for each in group.instance_states if each is not member]
    activity, member.activity = member.activity, None
    if activity:
        activity.progress = 50
        messages.of_activity(group, "EC2_INSTANCE_TERMINATE", activity, member.instance_id)
        activity.end("Successful")
    return True


def _under_way(member: Member, state: str, status_code: str, progress: int) -> None:
    member.lifecycle_state = state
    if member.activity:
        member.activity.status_code, member.activity.progress = status_code, progress


STEPS = {
    "Pending": _begin_launch_hooks,
    "Pending:Wait": _end_launch_hooks,
    "Pending:Proceed": _enter_service,
    "Terminating": _begin_termination_hooks,
    "Terminating:Wait": _end_termination_hooks,
    "Terminating:Proceed": _terminate,
}
"""What comes after each state, where something does by itself."""
