"""Applications with their revisions and deployment groups, as they are known."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.common_models import BaseModel
from moto.moto_api._internal import mock_random

from local_cloud.aws.autoscaling.records import LAUNCHING, TERMINATING
from local_cloud.aws.codedeploy import styles
from local_cloud.aws.codedeploy.records.deployments import Deployment, Revision, now

Fields = dict[str, Any]


@dataclass(kw_only=True, eq=False)
class RegisteredRevision(BaseModel):
    """A RevisionInfo; it is its own genericRevisionInfo."""

    revision_location: Revision
    description: str | None = None
    register_time: datetime = field(default_factory=now)
    first_used_time: datetime | None = None
    last_used_time: datetime | None = None
    deployment_groups: list[str] = field(default_factory=list)

    @property
    def generic_revision_info(self) -> "RegisteredRevision":
        return self

    @property
    def revision(self) -> Revision:
        return self.revision_location

    @property
    def revision_info(self) -> "RegisteredRevision":
        return self


@dataclass(kw_only=True, eq=False)
class Application(BaseModel):
    application_name: str
    compute_platform: str
    git_hub_account_name: str | None
    application_id: str = field(default_factory=lambda: str(mock_random.uuid4()))
    create_time: datetime = field(default_factory=now)
    groups: dict[str, "DeploymentGroup"] = field(default_factory=dict)
    revisions: dict[str, RegisteredRevision] = field(default_factory=dict)

    @property
    def linked_to_git_hub(self) -> bool:
        return self.git_hub_account_name is not None

    def register(self, revision: Revision, description: str) -> RegisteredRevision:
        """The revision as it is registered; `description` is for one that was not."""
        registered = RegisteredRevision(revision_location=revision, description=description)
        return self.revisions.setdefault(revision_key(revision), registered)


def revision_key(revision: Revision) -> str:
    return json.dumps(revision, sort_keys=True)


@dataclass(kw_only=True, eq=False)
class Selection:
    """Which instances are meant."""

    ec2_tag_filters: list[Fields] | None = field(default_factory=list)
    ec2_tag_set: Fields | None = None
    on_premises_instance_tag_filters: list[Fields] | None = field(default_factory=list)
    on_premises_tag_set: Fields | None = None
    auto_scaling_group_names: list[str] = field(default_factory=list)


def target_instances(given: Fields | None) -> Selection:
    """What a TargetInstances means."""
    given = given or {}
    return Selection(
        ec2_tag_filters=given.get("tagFilters", []),
        ec2_tag_set=given.get("ec2TagSet"),
        auto_scaling_group_names=given.get("autoScalingGroups", []),
    )


@dataclass(kw_only=True, eq=False)
class DeploymentGroup(Selection, BaseModel):
    application: Application
    deployment_group_name: str
    service_role_arn: str
    deployment_config_name: str
    trigger_configurations: list[Fields] = field(default_factory=list)
    alarm_configuration: Fields | None = None
    auto_rollback_configuration: Fields | None = None
    outdated_instances_strategy: str = "UPDATE"
    deployment_style: Fields = field(default_factory=lambda: styles.deployment_style(None))
    blue_green_deployment_configuration: Fields | None = None
    load_balancer_info: Fields | None = None
    ecs_services: list[Fields] | None = None
    ec2_deployment_options: Fields | None = None
    termination_hook_enabled: bool = False
    deployment_group_id: str = field(default_factory=lambda: str(mock_random.uuid4()))
    last_successful_deployment_record: Deployment | None = None
    last_attempted_deployment_record: Deployment | None = None
    ignored_instances: frozenset[str] = frozenset()
    """Joined while they were to be ignored: no deployment goes to them by itself."""
    late_instances: frozenset[str] = frozenset()
    """Being launched with an older revision than the group's: they are updated once they are in service."""
    hooks: dict[tuple[str, str], str] = field(default_factory=dict)
    """The names of the lifecycle hooks on Auto Scaling groups, by the group's name and the transition."""

    @property
    def application_name(self) -> str:
        return self.application.application_name

    @property
    def compute_platform(self) -> str:
        return self.application.compute_platform

    @property
    def auto_scaling_groups(self) -> list[Fields]:
        members = {"hook": LAUNCHING, "terminationHook": TERMINATING}
        return [
            {"name": name}
            | {
                member: self.hooks[name, transition]
                for member, transition in members.items()
                if (name, transition) in self.hooks
            }
            for name in self.auto_scaling_group_names
        ]

    @property
    def target_revision(self) -> Revision | None:
        record = self.last_successful_deployment_record
        return record.revision if record else None

    @property
    def last_successful_deployment(self) -> Fields | None:
        return _last(self.last_successful_deployment_record)

    @property
    def last_attempted_deployment(self) -> Fields | None:
        return _last(self.last_attempted_deployment_record)


def _last(deployment: Deployment | None) -> Fields | None:
    if deployment is None:
        return None
    return {
        "deploymentId": deployment.deployment_id,
        "status": deployment.status,
        "createTime": deployment.create_time,
        "endTime": deployment.complete_time,
    }
