"""Where moto's EC2 is not as AWS's."""

from typing import Any

import moto.ec2.models.elastic_ip_addresses
import moto.ec2.models.elastic_network_interfaces
from moto import settings as moto_settings

from local_cloud.aws.moto.ec2 import (
    addresses,
    captured_images,
    images,
    instances,
    interfaces,
    launch_templates,
    launches,
    profiles,
    requests,
    security_groups,
    subnets,
    tags,
)
from local_cloud.settings import Settings

ADDED: tuple[tuple[Any, str, Any], ...] = launch_templates.ADDED


def replaced(settings: Settings) -> tuple[tuple[Any, str, Any], ...]:
    """Owner, attribute, and what takes its place. Public addresses begin anew."""
    public = addresses.public_addresses(settings.public_cidr)
    return (
        *addresses.REPLACED,
        *captured_images.REPLACED,
        *images.REPLACED,
        *instances.REPLACED,
        *interfaces.REPLACED,
        *launch_templates.REPLACED,
        *launches.replaced(settings),
        *profiles.REPLACED,
        *requests.REPLACED,
        *security_groups.REPLACED,
        *subnets.REPLACED,
        *tags.REPLACED,
        (moto.ec2.models.elastic_ip_addresses, "random_ip", public.__next__),
        (moto.ec2.models.elastic_network_interfaces, "random_public_ip", public.__next__),
        (moto_settings, "ENABLE_AMI_VALIDATION", True),
        (moto_settings, "EC2_ENABLE_INSTANCE_TYPE_VALIDATION", True),
    )
