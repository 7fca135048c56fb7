"""Who is deployed to: the instances that a deployment group selects."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.moto_api._internal import mock_random

from local_cloud.aws.codedeploy.options import options
from local_cloud.aws.codedeploy.records.applications import DeploymentGroup, Selection
from local_cloud.aws.codedeploy.records.deployments import (
    FOR_LIFECYCLE_HOOKS,
    Deployment,
    Label,
    Status,
    Target,
)
from local_cloud.aws.codedeploy.records.on_premises_instances import OnPremisesInstance
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import lifecycle

Tags = Mapping[str, str | None]
TagFilter = Mapping[str, str]

_SELECTABLE_STATES = frozenset({"pending", "running"})
_LIVING_STATES = frozenset({"pending", "running", "rebooting"})


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An instance that a deployment could go to."""

    target_id: str
    target_arn: str
    host: str
    """The key under which its agent asks for commands."""
    zone: str = ""


def add(deployment: Deployment, found: list[Candidate], label: Label | None = None) -> list[Target]:
    """Make them targets of the deployment; those that are new."""
    if options.shuffles_targets:
        mock_random.shuffle(found)
    added = [
        Target(
            deployment_id=deployment.deployment_id,
            target_id=each.target_id,
            target_arn=each.target_arn,
            host=each.host,
            lifecycle_events=lifecycle.events(deployment, label),
            instance_label=label,
            zone=each.zone,
        )
        for each in found
        if each.target_id not in deployment.targets
    ]
    deployment.targets |= {target.target_id: target for target in added}
    return added


def select(backend: CodeDeployBase, group: Selection) -> list[Candidate]:
    """Every instance that is selected, once, in a stable order."""
    chosen = [
        *(_ec2_candidate(backend, instance) for instance in _tagged_ec2_instances(backend, group)),
        *(_ec2_candidate(backend, instance) for instance in auto_scaling_instances(backend, group)),
        *(_on_premises_candidate(instance) for instance in _tagged_on_premises_instances(backend, group)),
    ]
    return list({candidate.target_id: candidate for candidate in chosen}.values())


def candidates(backend: CodeDeployBase, deployment: Deployment, group: DeploymentGroup) -> list[Candidate]:
    """Whom a deployment goes to, those whose last one failed first."""
    if deployment.creator in FOR_LIFECYCLE_HOOKS:
        waiting = deployment.only_instances or frozenset()
        instances = [each for each in _ec2_instances(backend) if each.id in waiting]
        return [_ec2_candidate(backend, i) for i in instances if i.state in _SELECTABLE_STATES]
    selected = select(backend, group)
    if deployment.only_instances is not None:
        selected = [c for c in selected if c.target_id in deployment.only_instances]
    if deployment.update_outdated_instances_only:
        up_to_date = (deployment.revision, Status.SUCCEEDED)
        selected = [c for c in selected if backend.last_result(group, c.target_id) != up_to_date]
    return sorted(selected, key=lambda c: not _is_unhealthy(backend, group, c.target_id))


def candidate_again(target: Target) -> Candidate:
    """The same instance, for another deployment."""
    return Candidate(
        target_id=target.target_id, target_arn=target.target_arn, host=target.host, zone=target.zone
    )


def exists(backend: CodeDeployBase, name: str) -> bool:
    """Is there such an Auto Scaling group?"""
    return name in autoscaling_backends[backend.account_id][backend.region_name].autoscaling_groups


def is_complete(backend: CodeDeployBase, name: str) -> bool:
    """Has an Auto Scaling group all its instances in service?"""
    group = autoscaling_backends[backend.account_id][backend.region_name].autoscaling_groups.get(name)
    if group is None:
        return False
    states = [member.lifecycle_state for member in list(group.instance_states)]
    return states.count("InService") == len(states) == group.desired_capacity


def in_groups(backend: CodeDeployBase, names: Iterable[str]) -> set[str]:
    """The instances of Auto Scaling groups, in whatever state."""
    known = autoscaling_backends[backend.account_id][backend.region_name].autoscaling_groups
    return {
        member.instance_id for name in names if name in known for member in list(known[name].instance_states)
    }


def living_hosts(backend: CodeDeployBase) -> set[str]:
    """The hosts that exist and are not stopped, EC2 and on premises."""
    instances = {i.id for i in _ec2_instances(backend) if i.state in _LIVING_STATES}
    return instances | {i.host for i in backend.on_premises_instances.values() if not i.deregister_time}


def auto_scaling_instances(
    backend: CodeDeployBase, group: Selection, states: frozenset[str] = frozenset({"InService"})
) -> Iterator[Instance]:
    """The instances of selected Auto Scaling groups, those in service if nothing else is said."""
    known = autoscaling_backends[backend.account_id][backend.region_name].autoscaling_groups
    for name in group.auto_scaling_group_names:
        if name in known:
            for state in list(known[name].instance_states):
                if state.lifecycle_state in states and state.instance.state in _SELECTABLE_STATES:
                    yield state.instance


def matches(tags: Tags, tag_filter: TagFilter) -> bool:
    """One filter against an instance's tags. Without a type, what is given counts."""
    key, value = tag_filter.get("Key"), tag_filter.get("Value")
    match tag_filter.get("Type"):
        case "KEY_ONLY":
            return key in tags
        case "VALUE_ONLY":
            return value in tags.values()
        case "KEY_AND_VALUE":
            return key in tags and (tags.get(key or "") or "") == (value or "")
        case _:
            return (key is None or key in tags) and (value is None or tags.get(key or "") == value)


def matches_any(tags: Tags, tag_filters: Iterable[TagFilter]) -> bool:
    return any(matches(tags, tag_filter) for tag_filter in tag_filters)


def matches_every_list(tags: Tags, tag_set: Iterable[Iterable[TagFilter]]) -> bool:
    """A tag set: or within a list, and between lists."""
    lists = list(tag_set)
    return bool(lists) and all(matches_any(tags, tag_filters) for tag_filters in lists)


def _is_unhealthy(backend: CodeDeployBase, group: DeploymentGroup, target_id: str) -> bool:
    result = backend.last_result(group, target_id)
    return result is not None and result[1] is Status.FAILED


def _tagged_ec2_instances(backend: CodeDeployBase, group: Selection) -> Iterator[Instance]:
    tag_set = (group.ec2_tag_set or {}).get("ec2TagSetList", [])
    if not group.ec2_tag_filters and not tag_set:
        return
    tags_by_id = ec2_backends[backend.account_id][backend.region_name].tags
    for instance in _ec2_instances(backend):
        tags = dict(tags_by_id.get(instance.id, {}))
        selected = matches_any(tags, group.ec2_tag_filters or []) or matches_every_list(tags, tag_set)
        if selected and instance.state in _SELECTABLE_STATES:
            yield instance


def _tagged_on_premises_instances(backend: CodeDeployBase, group: Selection) -> Iterator[OnPremisesInstance]:
    tag_set = (group.on_premises_tag_set or {}).get("onPremisesTagSetList", [])
    for instance in backend.on_premises_instances.values():
        tags = {tag["Key"]: tag.get("Value") for tag in instance.tags}
        selected = matches_any(tags, group.on_premises_instance_tag_filters or []) or matches_every_list(
            tags, tag_set
        )
        if selected and not instance.deregister_time:
            yield instance


def _ec2_instances(backend: CodeDeployBase) -> list[Instance]:
    reservations = ec2_backends[backend.account_id][backend.region_name].reservations
    return [
        instance for reservation in list(reservations.values()) for instance in list(reservation.instances)
    ]


def _ec2_candidate(backend: CodeDeployBase, instance: Instance) -> Candidate:
    arn = f"arn:{backend.partition}:ec2:{backend.region_name}:{backend.account_id}:instance/{instance.id}"
    zone = str(instance.placement.zone)
    return Candidate(target_id=instance.id, target_arn=arn, host=instance.id, zone=zone)


def _on_premises_candidate(instance: OnPremisesInstance) -> Candidate:
    return Candidate(target_id=instance.instance_name, target_arn=instance.instance_arn, host=instance.host)
