"""What is known about a deployment. Attribute names are the API's in snake_case: the response
serialiser finds them by the service model."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from moto.core.common_models import BaseModel

Revision = dict[str, Any]
"""A RevisionLocation as the API has it (camelCase)."""


class DeploymentStatus(StrEnum):
    CREATED = "Created"
    QUEUED = "Queued"
    IN_PROGRESS = "InProgress"
    READY = "Ready"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"


FINAL_STATUSES = frozenset({DeploymentStatus.SUCCEEDED, DeploymentStatus.FAILED, DeploymentStatus.STOPPED})


class Status(StrEnum):
    """Of a target, and of one of its lifecycle events."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    READY = "Ready"
    """Of a target of a blue/green deployment: all is installed, and it waits for traffic."""


class Label(StrEnum):
    """Of a blue/green deployment's targets: the original instances, and those that replace them."""

    BLUE = "Blue"
    GREEN = "Green"


class Creator(StrEnum):
    USER = "user"
    AUTOSCALING = "autoscaling"
    ROLLBACK = "codeDeployRollback"
    AUTO_UPDATE = "CodeDeployAutoUpdate"
    TERMINATION = "autoscalingTermination"


FOR_LIFECYCLE_HOOKS = frozenset({Creator.AUTOSCALING, Creator.TERMINATION})
"""They are about one instance that Auto Scaling keeps waiting, and say nothing of the group's revision."""


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True, slots=True)
class Diagnostics:
    error_code: str
    script_name: str = ""
    message: str = ""
    log_tail: str = ""


@dataclass(kw_only=True, slots=True)
class LifecycleEvent:
    lifecycle_event_name: str
    status: Status = Status.PENDING
    start_time: datetime | None = None
    end_time: datetime | None = None
    diagnostics: Diagnostics | None = None

    def begin(self) -> None:
        self.status = Status.IN_PROGRESS
        self.start_time = now()

    def end(self, status: Status, diagnostics: Diagnostics) -> None:
        self.status = status
        self.diagnostics = diagnostics
        self.end_time = now()
        self.start_time = self.start_time or self.end_time


@dataclass(kw_only=True, eq=False, slots=True)
class Target:
    """One instance in one deployment."""

    deployment_id: str
    target_id: str
    target_arn: str
    host: str
    """The key under which this instance's agent asks for commands."""
    lifecycle_events: list[LifecycleEvent]
    status: Status = Status.PENDING
    last_updated_at: datetime = field(default_factory=now)
    deadline: float | None = None
    """On the monotonic clock; None while nothing is expected of the agent."""
    instance_label: Label | None = None
    zone: str = ""
    """The Availability Zone; none of an on-premises instance."""
    waits_before: str | None = None
    """The lifecycle event that the target is not taken into yet."""

    @property
    def told_status(self) -> Status:
        """As AWS tells it: a target waits until its agent has the first command. Recorded, Server 2026."""
        has_begun = any(event.start_time for event in self.lifecycle_events)
        return Status.PENDING if self.status is Status.IN_PROGRESS and not has_begun else self.status

    @property
    def current_event(self) -> LifecycleEvent | None:
        """The first event that is not over."""
        unfinished = (Status.PENDING, Status.IN_PROGRESS)
        return next((event for event in self.lifecycle_events if event.status in unfinished), None)

    def has_begun(self, name: str) -> bool:
        """Has a lifecycle event of this name begun, whatever came of it?"""
        untouched = (Status.PENDING, Status.SKIPPED)
        return any(
            event.lifecycle_event_name == name and event.status not in untouched
            for event in self.lifecycle_events
        )

    def update(self, status: Status) -> None:
        self.status = status
        self.touch()

    def touch(self) -> None:
        self.last_updated_at = now()

    def skip_remaining(self) -> None:
        for event in self.lifecycle_events:
            if event.status is Status.PENDING:
                event.status = Status.SKIPPED


@dataclass(kw_only=True, eq=False, slots=True)
class Fleets:
    """What a blue/green deployment leads from and to, beside its targets."""

    blue_groups: list[str]
    """Auto Scaling groups, by their names."""
    green_groups: list[str] = field(default_factory=list)
    is_copied: bool = False
    """Was the green group made for this deployment? Such a one is removed where it fails."""
    before: dict[str, Any] | None = None
    """How the deployment group selected instances before it was led to the green ones; None until then."""


@dataclass(kw_only=True, eq=False, slots=True)
class Deployment(BaseModel):
    deployment_id: str
    application_name: str
    deployment_group_name: str
    deployment_group_id: str
    deployment_config_name: str
    revision: Revision
    previous_revision: Revision | None
    creator: Creator
    description: str | None
    ignore_application_stop_failures: bool
    update_outdated_instances_only: bool
    auto_rollback_configuration: dict[str, Any] | None
    deployment_style: dict[str, Any]
    load_balancer_info: dict[str, Any] | None
    file_exists_behavior: str
    deployment_mode: str | None
    override_alarm_configuration: dict[str, Any] | None
    ec2_deployment_options: dict[str, Any] | None
    agent_deployment_id: str
    """The deployment whose files the agents shall use: this one, but in mode RESTART."""
    only_instances: frozenset[str] | None = None
    """None: all that the deployment group selects."""
    status: DeploymentStatus = DeploymentStatus.CREATED
    create_time: datetime = field(default_factory=now)
    start_time: datetime | None = None
    complete_time: datetime | None = None
    error_information: dict[str, str] | None = None
    rollback_info: dict[str, str] | None = None
    deployment_status_messages: list[str] = field(default_factory=list)
    external_id: str | None = None
    related_deployments: dict[str, Any] | None = None
    blue_green_deployment_configuration: dict[str, Any] | None = None
    target_instances: dict[str, Any] | None = None
    compute_platform: str = "Server"
    instance_termination_wait_time_started: bool = False
    targets: dict[str, Target] = field(default_factory=dict)
    suspended_processes: dict[str, list[str]] = field(default_factory=dict)
    """Of Auto Scaling groups, by their names: those that the deployment has suspended."""
    fleets: "Fleets | None" = None
    """Of a blue/green deployment, and of the rollback of one."""
    rolled_back: "Deployment | None" = None
    """The blue/green deployment whose traffic this one, its rollback, leads back."""
    envelope: dict[str, str] | None = None
    """What agents are told, signed; made when the first one asks, and kept until the deployment has ended."""

    @property
    def finished(self) -> bool:
        return self.status in FINAL_STATUSES

    @property
    def is_blue_green(self) -> bool:
        return bool(self.deployment_style["deploymentType"] == "BLUE_GREEN")

    @property
    def balancers(self) -> dict[str, Any]:
        """Those whose traffic the deployment controls: a LoadBalancerInfo."""
        controls = self.deployment_style["deploymentOption"] == "WITH_TRAFFIC_CONTROL"
        return (self.load_balancer_info or {}) if controls else {}

    @property
    def deployment_overview(self) -> dict[str, int] | None:
        """None as long as there are no targets, and where there never were any."""
        if self.status is DeploymentStatus.CREATED or not self.targets:
            return None
        counts = Counter(target.told_status for target in self.targets.values())
        return {status: counts[status] for status in Status}

    def with_status(self, *statuses: Status) -> list[Target]:
        return [target for target in self.targets.values() if target.status in statuses]

    def labelled(self, label: Label) -> list[Target]:
        return [target for target in self.targets.values() if target.instance_label is label]

    def begin(self) -> None:
        self.status = DeploymentStatus.IN_PROGRESS

    def note_start(self) -> None:
        """Its first lifecycle event has begun; before, it has no start time. Recorded, Server 2026."""
        self.start_time = self.start_time or now()

    def end(self, status: DeploymentStatus, error: dict[str, str] | None = None) -> None:
        self.status = status
        self.error_information = error
        if status is not DeploymentStatus.SUCCEEDED:
            self.rollback_info = self.rollback_info or {}
        self.complete_time = now()
