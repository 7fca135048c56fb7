"""The lifecycle events of a deployment: which, in which order, and what their failures mean."""

from local_cloud.aws.codedeploy.records.deployments import (
    Creator,
    Deployment,
    Label,
    LifecycleEvent,
    Status,
    Target,
)

BLOCK_TRAFFIC = "BlockTraffic"
ALLOW_TRAFFIC = "AllowTraffic"
SERVICE_EVENTS = frozenset({BLOCK_TRAFFIC, ALLOW_TRAFFIC})
"""Done by the service; no agent hears of them."""

_BEFORE_TRAFFIC_STOPS = ("BeforeBlockTraffic", BLOCK_TRAFFIC, "AfterBlockTraffic")
_INSTALLATION = (
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
)
_RESTART = ("ApplicationStop", "ApplicationStart", "ValidateService")
BEFORE_ALLOW_TRAFFIC = "BeforeAllowTraffic"
_BEFORE_TRAFFIC_RESUMES = (BEFORE_ALLOW_TRAFFIC, ALLOW_TRAFFIC, "AfterAllowTraffic")

_IGNORABLE = frozenset({"ApplicationStop", "BeforeBlockTraffic", "AfterBlockTraffic"})

AGENT_SILENT = (
    "CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs on your "
    "host and make sure the agent is running and can connect to the CodeDeploy server."
)
NO_STATUS_CALLBACK = (
    "The deployment timed out while waiting for a status callback from the instance. CodeDeploy expects "
    "the CodeDeploy agent to report on a lifecycle event within one hour."
)
TRAFFIC_OVERDUE = (
    "The load balancers did not find the instance in the state that was waited for within one hour."
)
INTERRUPTED = "The deployment was stopped before the load balancers were done."
"""Both are inferred."""
INSTANCE_GONE = "The instance was stopped or terminated during the deployment."


def events(deployment: Deployment, label: Label | None = None) -> list[LifecycleEvent]:
    """All events of one target, pending, in their order; `label` is its colour.

    Source: "Lifecycle event hook availability" and "Run order of hooks in a deployment".
    """
    names: tuple[str, ...] = _RESTART if deployment.deployment_mode == "RESTART" else _INSTALLATION
    if label:
        names = _of_colour(deployment, label)
    elif deployment.creator is Creator.TERMINATION:
        names = (*_BEFORE_TRAFFIC_STOPS, "ApplicationStop")
    elif deployment.balancers:
        # No traffic reaches an instance before it is in service.
        stops = () if deployment.creator is Creator.AUTOSCALING else _BEFORE_TRAFFIC_STOPS
        names = stops + names + _BEFORE_TRAFFIC_RESUMES
    return [LifecycleEvent(lifecycle_event_name=name) for name in names]


def _of_colour(deployment: Deployment, label: Label) -> tuple[str, ...]:
    """A rollback leads traffic back to the original instances, and installs nothing."""
    if deployment.rolled_back is not None:
        return _BEFORE_TRAFFIC_RESUMES if label is Label.BLUE else _BEFORE_TRAFFIC_STOPS
    return _BEFORE_TRAFFIC_STOPS if label is Label.BLUE else _INSTALLATION + _BEFORE_TRAFFIC_RESUMES


def installs(target: Target) -> bool:
    """Does the target have another revision afterwards, or the same once more?"""
    names = {event.lifecycle_event_name for event in target.lifecycle_events}
    return target.instance_label is None or "Install" in names


def failure_is_ignored(deployment: Deployment, event: LifecycleEvent) -> bool:
    return deployment.ignore_application_stop_failures and event.lifecycle_event_name in _IGNORABLE


def overdue(event: LifecycleEvent | None) -> str:
    """Why the agent's time is over: it never came for the event, or never came back."""
    if event is not None and event.status is Status.IN_PROGRESS:
        return TRAFFIC_OVERDUE if event.lifecycle_event_name in SERVICE_EVENTS else NO_STATUS_CALLBACK
    return AGENT_SILENT
