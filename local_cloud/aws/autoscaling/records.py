# ruff: noqa: ANN401 - moto's objects are duck-typed
"""What is known of a group's life. Attribute names are the API's in snake_case: the response serialiser finds
them by the service model. Whoever reads or writes holds moto's lock.
"""

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

LAUNCHING, TERMINATING = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"
PENDING = frozenset({"Pending", "Pending:Wait", "Pending:Proceed"})
COUNTED = PENDING | {"InService"}
"""The states in which an instance is part of the group's capacity."""
ENDING = frozenset({"Terminating", "Terminating:Wait", "Terminating:Proceed"})


@dataclass(kw_only=True, eq=False)
class Activity:
    """One entry of the activity history."""

    auto_scaling_group_name: str
    auto_scaling_group_arn: str
    cause: str
    description: str
    details: str = "{}"
    status_code: str = "InProgress"
    status_message: str | None = None
    progress: int = 0
    start_time: datetime = field(default_factory=utcnow)
    end_time: datetime | None = None
    auto_scaling_group_state: str | None = None
    """`Deleted` once the group is."""
    activity_id: str = field(default_factory=lambda: str(mock_random.uuid4()))

    def end(self, status_code: str, message: str | None = None) -> None:
        self.status_code, self.progress, self.end_time = status_code, 100, utcnow()
        if message:
            self.status_message = message[:255]
            self.description += f".  Status Reason: {message}"


@dataclass(kw_only=True, eq=False)
class Hook:
    """A lifecycle hook, in the shape of moto's."""

    lifecycle_hook_name: str
    auto_scaling_group_name: str
    lifecycle_transition: str
    heartbeat_timeout: int = 3600
    default_result: str = "ABANDON"
    notification_target_arn: str | None = None
    role_arn: str | None = None
    notification_metadata: str | None = None

    @property
    def name(self) -> str:
        return self.lifecycle_hook_name

    @property
    def global_timeout(self) -> int:
        """The longest time in the wait state (PutLifecycleHook): 48 hours or 100 heartbeats."""
        return min(172800, 100 * self.heartbeat_timeout)

    def parameters(self) -> dict[str, Any]:
        """Those of PutLifecycleHook."""
        given = {
            "AutoScalingGroupName": self.auto_scaling_group_name,
            "LifecycleHookName": self.name,
            "LifecycleTransition": self.lifecycle_transition,
            "HeartbeatTimeout": self.heartbeat_timeout,
            "DefaultResult": self.default_result,
            "NotificationTargetARN": self.notification_target_arn,
            "RoleARN": self.role_arn,
            "NotificationMetadata": self.notification_metadata,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(kw_only=True, eq=False)
class Action:
    """A hook that has fired for one instance, and waits."""

    hook: Hook
    instance_id: str
    begun_at: float
    heartbeat_at: float
    """Both on the options' clock."""
    token: str = field(default_factory=lambda: str(mock_random.uuid4()))
    result: str | None = None
    reason: str = ""
    """Of an ABANDON, in AWS's words."""

    @property
    def deadline(self) -> float:
        hook = self.hook
        return min(self.heartbeat_at + hook.heartbeat_timeout, self.begun_at + hook.global_timeout)


@dataclass(kw_only=True, eq=False)
class Member:
    """An instance of a group, in the shape of moto's InstanceState."""

    instance: Any
    """moto's, of EC2."""
    auto_scaling_group: Any
    """moto's."""
    launch_configuration_name: str | None = None
    launch_template: dict[str, Any] | None = None
    """Id, name and the number of the version that it was launched from."""
    protected_from_scale_in: bool = False
    lifecycle_state: str = "Pending"
    health_status: str = "Healthy"
    launched_at: float
    """On the options' clock, as the next one."""
    in_service_at: float | None = None
    activity: Activity | None = None
    """The one that is under way."""
    actions: list[Action] = field(default_factory=list)
    """Of the wait state that it is in."""
    unhealthy_by: str | None = None
    """What found it unhealthy: a key of `wording.HEALTH_CAUSES`."""
    failed: str | None = None
    """Why its launch is given up."""

    @property
    def instance_id(self) -> str:
        return str(self.instance.id)

    @property
    def instance_type(self) -> str:
        return str(self.instance.instance_type)

    @property
    def image_id(self) -> str:
        return str(self.instance.image_id)

    @property
    def availability_zone(self) -> str:
        return str(self.instance.placement.zone)

    @property
    def auto_scaling_group_name(self) -> str:
        return str(self.auto_scaling_group.name)

    @property
    def counts(self) -> bool:
        return self.lifecycle_state in COUNTED


@dataclass(kw_only=True, eq=False)
class Life:
    """What a group has beside moto's record of it."""

    why: str | None = None
    """The cause of the latest change of the desired capacity, until it was acted upon."""
    replacing: int = 0
    """Unhealthy instances that were ended and not replaced yet."""
    balancing: int = 0
    """Instances beyond the desired capacity, while zones are being made even."""
    refreshing: int = 0
    """Those that an instance refresh replaces."""
    refreshes: list[Any] = field(default_factory=list)
    """The group's instance refreshes, the latest first."""
    failures: int = 0
    """Launches that failed, one after the other."""
    retry_at: float | None = None
    cooled_at: float = 0.0
    """When a simple scaling policy may be executed again."""


@dataclass(kw_only=True, eq=False)
class Message:
    """To a topic or a queue, about one group."""

    target_arn: str
    subject: str
    body: dict[str, Any]


@dataclass(kw_only=True, eq=False)
class Known:
    """Of one account and region, beside moto's backend."""

    activities: deque[Activity] = field(default_factory=lambda: deque(maxlen=10000))
    """The latest first."""
    notifications: dict[tuple[str, str, str], None] = field(default_factory=dict)
    """Group, topic and type of each notification that is configured."""
    outbox: deque[Message] = field(default_factory=deque)
    executed: dict[tuple[str, str], float] = field(default_factory=dict)
    """When an alarm that is in ALARM has last executed a policy: by the policy's and its name."""


def life(group: Any) -> Life:
    """They live as long as the account does: a reset leaves nothing of a backend."""
    found: Life = group.__dict__.setdefault("_local_cloud_life", Life())
    return found


def known(backend: Any) -> Known:
    found: Known = backend.__dict__.setdefault("_local_cloud_known", Known())
    return found


def begin(group: Any, description: str, cause: str, instance: Any = None, **more: Any) -> Activity:
    """A new activity of a group, in its history."""
    activity = Activity(
        auto_scaling_group_name=group.name,
        auto_scaling_group_arn=group.arn,
        description=description,
        cause=cause,
        details=_details(instance),
        **more,
    )
    known(group.autoscaling_backend).activities.appendleft(activity)
    return activity


def _details(instance: Any) -> str:
    if instance is None:
        return "{}"
    return json.dumps(
        {"Subnet ID": instance.subnet_id, "Availability Zone": instance.placement.zone}, separators=(",", ":")
    )
