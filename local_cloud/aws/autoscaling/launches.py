# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""What a group launches an instance from: a launch template or configuration, in RunInstances' parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moto.autoscaling.models import ASG_NAME_TAG

from local_cloud.aws.autoscaling import acts, capacity
from local_cloud.aws.autoscaling.options import options
from local_cloud.aws.autoscaling.records import Member
from local_cloud.aws.moto.ec2.launches import launch

Parameters = dict[str, Any]


def places(group: Any, present: Sequence[Member], count: int) -> list[Parameters]:
    """Where `count` new instances go: a zone each, and within it the subnet with the fewest of the group."""
    subnets = _subnets(group)
    zones = list(dict.fromkeys(group.availability_zones))
    chosen = capacity.zones_to_launch_in((each.availability_zone for each in present), zones, count)
    if not subnets:
        return [{"Placement": {"AvailabilityZone": zone}} for zone in chosen]
    used = [str(each.instance.subnet_id) for each in present]
    found = []
    for zone in chosen:
        there = [subnet.id for subnet in subnets if subnet.availability_zone == zone]
        used.append(min(there, key=used.count))
        found.append({"SubnetId": used[-1]})
    return found


def _subnets(group: Any) -> list[Any]:
    ids = [each.strip() for each in (group.vpc_zone_identifier or "").split(",") if each.strip()]
    return list(group.ec2_backend.describe_subnets(subnet_ids=ids)) if ids else []


@dataclass(frozen=True, kw_only=True)
class Source:
    """A launch template, in moto's attributes of a group."""

    ec2_launch_template: Any
    launch_template_version: str
    provided_launch_template_version: str | None
    mixed_instances_policy: Parameters | None

    @classmethod
    def desired(cls, group: Any, configuration: Parameters) -> "Source":
        """What a DesiredConfiguration names. Raises EC2's error for a template that is not there."""
        policy = configuration.get("MixedInstancesPolicy")
        given = policy["LaunchTemplate"]["LaunchTemplateSpecification"] if policy else {}
        given = configuration.get("LaunchTemplate") or given
        template = group.ec2_backend._get_template_from_args(given).template
        return cls(
            ec2_launch_template=template,
            launch_template_version=given.get("Version") or "$Default",
            provided_launch_template_version=given.get("Version"),
            mixed_instances_policy=policy,
        )

    def apply(self, group: Any) -> None:
        """The group launches from it from now on."""
        for name, value in vars(self).items():
            setattr(group, name, value)
        group.launch_config = group.launch_configuration_name = None


def launched(group: Any, place: Parameters, source: Source | None = None) -> Member:
    """A new instance of the group; `source` is what it is launched from, if not what the group says. Raises
    what EC2 says."""
    specification = template_specification(group, source)
    parameters = (
        _from_template(source or group, specification) if specification else _from_configuration(group)
    )
    parameters = parameters | place | {"TagSpecifications": _tags(group)}
    instance = launch(group.ec2_backend, parameters)
    told = {key: value for key, value in parameters.items() if key != "UserData"}
    acts.tell(group, "ec2:RunInstances", told, {"InstancesSet": {"Items": [{"InstanceId": instance.id}]}})
    return member(group, instance, source)


def member(group: Any, instance: Any, source: Source | None = None) -> Member:
    """The instance as the group's, launched from what is launched from now."""
    specification = template_specification(group, source)
    instance.autoscaling_group = group
    return Member(
        instance=instance,
        auto_scaling_group=group,
        launch_template=specification,
        launch_configuration_name=None if specification else group.launch_configuration_name,
        protected_from_scale_in=bool(group.new_instances_protected_from_scale_in),
        launched_at=options.clock.now(),
    )


def template_specification(group: Any, source: Source | None = None) -> Parameters | None:
    """Id, name and number of the version that `$Latest`, `$Default` or a number name now."""
    template = (source or group).ec2_launch_template
    if template is None:
        return None
    version = template.get_version((source or group).launch_template_version)
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": str(version.number),
    }


def vintage(found: Member) -> tuple[float, ...]:
    """How old what an instance was launched from is, for termination policies: configurations come before
    templates, other templates before the group's, and then the older version."""
    group = found.auto_scaling_group
    if found.launch_template is None:
        known = group.autoscaling_backend.launch_configurations.get(found.launch_configuration_name)
        is_current = group.ec2_launch_template is None and known is not None
        return (0, known.created_time.timestamp() if known and is_current else 0)
    template = group.ec2_launch_template
    is_current = template is not None and template.id == found.launch_template["LaunchTemplateId"]
    return (2 if is_current else 1, int(found.launch_template["Version"]))


def _from_template(group: Any, specification: Parameters) -> Parameters:
    template = {"LaunchTemplateId": specification["LaunchTemplateId"], "Version": specification["Version"]}
    overrides = (group.mixed_instances_policy or {}).get("LaunchTemplate", {}).get("Overrides", [])
    # Of a list by priority, the first one is always to be had here.
    given = {"InstanceType": overrides[0].get("InstanceType")} if overrides else {}
    return {"LaunchTemplate": template, **{key: value for key, value in given.items() if value}}


def _from_configuration(group: Any) -> Parameters:
    configuration = group.launch_config
    groups = configuration.security_groups or []
    profile = configuration.iam_instance_profile
    parameters = {
        "ImageId": configuration.image_id,
        "InstanceType": configuration.instance_type,
        "KeyName": configuration.key_name,
        "UserData": configuration.user_data and str(configuration.user_data),
        "SecurityGroupIds": [each for each in groups if each.startswith("sg-")],
        "SecurityGroups": [each for each in groups if not each.startswith("sg-")],
        "IamInstanceProfile": {"Arn" if profile.startswith("arn:") else "Name": profile} if profile else None,
        "EbsOptimized": configuration.ebs_optimized,
        "BlockDeviceMappings": configuration.block_device_mapping_dict,
        "MetadataOptions": configuration.metadata_options,
        "Monitoring": {"Enabled": True} if configuration.instance_monitoring_enabled else None,
        "AssociatePublicIpAddress": configuration.associate_public_ip_address or None,
        "InstanceMarketOptions": {"MarketType": "spot"} if configuration.spot_price else None,
    }
    return {key: value for key, value in parameters.items() if value}


def _tags(group: Any) -> list[Parameters]:
    """Those of the group that are for its instances, and the group's name. They win over the template's."""
    tags = {tag["Key"]: tag.get("Value") or "" for tag in group.tags if tag.get("PropagateAtLaunch")}
    tags[ASG_NAME_TAG] = group.name
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": "instance", "Tags": pairs}]
