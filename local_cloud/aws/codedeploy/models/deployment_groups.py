"""Deployment groups: where an application is deployed to, and how."""

from collections.abc import Iterable, Mapping
from typing import Any

from moto.autoscaling.models import autoscaling_backends

from local_cloud.aws.codedeploy import exceptions as errors
from local_cloud.aws.codedeploy import styles, validation
from local_cloud.aws.codedeploy.models.applications import ApplicationBackend
from local_cloud.aws.codedeploy.models.deployment_configs import DEFAULTS, DeploymentConfigBackend
from local_cloud.aws.codedeploy.records.applications import Application, DeploymentGroup, Fields
from local_cloud.aws.codedeploy.records.deployment_configs import DeploymentConfig
from local_cloud.aws.codedeploy.roles import check_service_role
from local_cloud.aws.codedeploy.runs import notifications, scaling

_LIMIT = 1000
_MOST_HOOKS = 50
"""Of an Auto Scaling group."""


class DeploymentGroupBackend(ApplicationBackend, DeploymentConfigBackend):
    def create_deployment_group(
        self,
        application_name: str,
        deployment_group_name: str,
        service_role_arn: str | None = None,
        tags: list[dict[str, str]] | None = None,
        **settings: Any,  # noqa: ANN401 - the other settings, as they are
    ) -> DeploymentGroup:
        application = self.get_application(application_name)
        validation.deployment_group_name(deployment_group_name)
        pairs = validation.tags(tags, errors.InvalidTagsToAddException)
        if deployment_group_name in application.groups:
            raise errors.DeploymentGroupAlreadyExistsException(name=deployment_group_name)
        validation.room(application.groups, _LIMIT, errors.DeploymentGroupLimitExceededException)
        settings["deployment_config_name"] = (
            settings.get("deployment_config_name") or DEFAULTS[application.compute_platform]
        )
        group = DeploymentGroup(
            application=application,
            deployment_group_name=deployment_group_name,
            service_role_arn=self._service_role(service_role_arn),
            **self._settings(application, settings, current={}),
        )
        self._check_hooks(group, group.auto_scaling_group_names)
        application.groups[deployment_group_name] = group
        scaling.place_hooks(self, group)
        self.tagger.tag_resource(self.deployment_group_arn(application_name, deployment_group_name), pairs)
        self._announce_triggers(group)
        return group

    def get_deployment_group(self, application_name: str, deployment_group_name: str) -> DeploymentGroup:
        application = self.get_application(application_name)
        validation.deployment_group_name(deployment_group_name)
        if deployment_group_name not in application.groups:
            raise errors.DeploymentGroupDoesNotExistException(name=deployment_group_name)
        return application.groups[deployment_group_name]

    def batch_get_deployment_groups(
        self, application_name: str, deployment_group_names: list[str]
    ) -> tuple[list[DeploymentGroup], str | None]:
        """The groups that exist, and a message about the first that does not."""
        application = self.get_application(application_name)
        validation.batch(deployment_group_names, errors.DeploymentGroupNameRequiredException)
        names = [validation.deployment_group_name(name) for name in deployment_group_names]
        missing = next((name for name in names if name not in application.groups), None)
        message = f"No Deployment Group found for name: {missing}" if missing else None
        return [application.groups[name] for name in names if name in application.groups], message

    def list_deployment_groups(self, application_name: str) -> list[str]:
        return list(self.get_application(application_name).groups)

    def update_deployment_group(
        self,
        application_name: str,
        current_deployment_group_name: str,
        new_deployment_group_name: str | None = None,
        service_role_arn: str | None = None,
        **settings: Any,  # noqa: ANN401 - the other settings, as they are
    ) -> DeploymentGroup:
        group = self.get_deployment_group(application_name, current_deployment_group_name)
        application = group.application
        changed = self._settings(application, settings, current=vars(group))
        if service_role_arn is not None:
            changed["service_role_arn"] = self._service_role(service_role_arn)
        if new_deployment_group_name and new_deployment_group_name != current_deployment_group_name:
            self._rename_group(group, new_deployment_group_name)
        added = set(changed.get("auto_scaling_group_names", ())) - set(group.auto_scaling_group_names)
        self._check_hooks(group, added)
        for name, value in changed.items():
            setattr(group, name, value)
        scaling.place_hooks(self, group)
        self._announce_triggers(group)
        return group

    def delete_deployment_group(
        self, application_name: str, deployment_group_name: str
    ) -> DeploymentGroup | None:
        """The group that was removed. Deleting what does not exist is done already."""
        validation.application_name(application_name)
        validation.deployment_group_name(deployment_group_name)
        application = self.applications.get(application_name)
        group = application.groups.pop(deployment_group_name, None) if application else None
        if group:
            self.tagger.delete_all_tags_for_resource(
                self.deployment_group_arn(application_name, deployment_group_name)
            )
        return group

    def uses_of_config(self, name: str) -> list[str]:
        return [
            group.deployment_group_name for group in self.groups() if group.deployment_config_name == name
        ]

    def _rename_group(self, group: DeploymentGroup, new_name: str) -> None:
        validation.deployment_group_name(new_name)
        groups = group.application.groups
        if new_name in groups:
            raise errors.DeploymentGroupAlreadyExistsException(name=new_name)
        old_arn = self.deployment_group_arn(group.application_name, group.deployment_group_name)
        self.tagger.copy_tags(old_arn, self.deployment_group_arn(group.application_name, new_name))
        self.tagger.delete_all_tags_for_resource(old_arn)
        groups[new_name] = groups.pop(group.deployment_group_name)
        group.deployment_group_name = new_name

    def _service_role(self, arn: str | None) -> str:
        return check_service_role(
            arn, account_id=self.account_id, region=self.region_name, partition=self.partition
        )

    def _settings(self, application: Application, given: Fields, current: Mapping[str, Any]) -> Fields:
        """What was given, checked together with what is in force, and nothing else."""
        checked = {name: value for name, value in given.items() if value is not None}
        if "auto_scaling_groups" in checked:
            checked["auto_scaling_group_names"] = self._auto_scaling_groups(
                checked.pop("auto_scaling_groups")
            )
        if application.compute_platform != "Server":
            self._check_names(application, checked)
            return checked
        if checked.get("ecs_services"):
            raise errors.InvalidECSServiceException
        self._check_names(application, checked)
        self._check_selection(checked)
        _exchange_selections(checked)
        _check_shape(checked, current)
        return checked

    def config_for(self, application: Application, name: str) -> DeploymentConfig:
        """The deployment configuration, which must be of the application's compute platform."""
        config = self.get_deployment_config(name)
        if config.compute_platform != application.compute_platform:
            raise errors.InvalidTrafficRoutingConfigurationException
        return config

    def _check_names(self, application: Application, checked: Fields) -> None:
        if "deployment_config_name" in checked:
            self.config_for(application, checked["deployment_config_name"])
        validation.choice(
            checked.get("outdated_instances_strategy"),
            ("UPDATE", "IGNORE"),
            errors.InvalidInputException,
            message="outdatedInstancesStrategy must be UPDATE or IGNORE.",
        )
        if "trigger_configurations" in checked:
            validation.trigger_configurations(
                checked["trigger_configurations"], lambda arn: notifications.topic_exists(self, arn)
            )
        for name, check in (
            ("alarm_configuration", validation.alarm_configuration),
            ("auto_rollback_configuration", validation.auto_rollback_configuration),
            ("ec2_deployment_options", validation.ec2_deployment_options),
        ):
            if name in checked:
                checked[name] = check(checked[name])

    def _check_selection(self, checked: Fields) -> None:
        validation.ec2_selection(checked.get("ec2_tag_filters"), checked.get("ec2_tag_set"))
        validation.on_premises_selection(
            checked.get("on_premises_instance_tag_filters"), checked.get("on_premises_tag_set")
        )

    def _auto_scaling_groups(self, names: list[str]) -> list[str]:
        known = autoscaling_backends[self.account_id][self.region_name].autoscaling_groups
        for name in names:
            if name not in known:
                raise errors.InvalidAutoScalingGroupException(name=name)
        return names

    def _check_hooks(self, group: DeploymentGroup, names: Iterable[str]) -> None:
        """The service role may put its hooks on these Auto Scaling groups, which have room for them."""
        missing = scaling.missing_right(self, group, names)
        if missing:
            # No recorded answer of AWS's is known: these words are ours.
            raise errors.InvalidRoleException(
                "AWS CodeDeploy does not have the permissions required to manage lifecycle hooks with the"
                f" role {group.service_role_arn}: {missing}."
            )
        if scaling.crowded(self, names, _MOST_HOOKS):
            raise errors.LifecycleHookLimitExceededException

    def _announce_triggers(self, group: DeploymentGroup) -> None:
        """AWS sends a set-up notice to every topic, on each create and update."""
        notices = [notifications.set_up(self, group, trigger) for trigger in group.trigger_configurations]
        notifications.publish(self, group, notices)


def _exchange_selections(checked: Fields) -> None:
    """Filters and a tag set exclude each other: setting the one clears the other.

    A group with tag sets has no filters at all, not even empty ones, and tag sets of both kinds. Documented:
    the AWS CLI's examples.
    """
    if checked.get("ec2_tag_set") and not checked.get("on_premises_instance_tag_filters"):
        checked.setdefault("on_premises_tag_set", {"onPremisesTagSetList": []})
        checked["on_premises_instance_tag_filters"] = None
    elif checked.get("ec2_tag_filters"):
        checked.setdefault("on_premises_instance_tag_filters", [])
    pairs = (("ec2_tag_filters", "ec2_tag_set"), ("on_premises_instance_tag_filters", "on_premises_tag_set"))
    for filters, tag_set in pairs:
        if checked.get(filters):
            checked[tag_set] = None
        elif checked.get(tag_set):
            checked[filters] = None


def _check_shape(checked: Fields, current: Mapping[str, Any]) -> None:
    """Style, load balancers and blue/green settings must fit each other."""
    style = styles.deployment_style(checked.get("deployment_style", current.get("deployment_style")))
    balancers = checked.get("load_balancer_info", current.get("load_balancer_info"))
    styles.traffic_control(style, balancers)
    styles.blue_green(style, checked.get("blue_green_deployment_configuration"))
