# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked of the account, and what was seen there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

PREFIX = "pipeline_"
"""A field of Wanted, or a key of its roles, is the setting of this name without the prefix."""

STANDARD_FAMILIES = "acdhimrtz"
"""Families that begin so share one quota, in vCPUs: "Running On-Demand Standard instances"."""


@dataclass(frozen=True)
class Wanted:
    """The settings that can be wrong in a way that only AWS, GitHub or the file system knows."""

    region: str
    alarms: Sequence[str]
    application: str
    commit: str
    connection_bucket: str
    deployment_config: str
    domain_record: str
    domain_zone: str
    fleet: Mapping[str, Any]
    """Empty for single hosts; else `name`, `max_size`, `blue_green`, `hosts_subnets`, `balancer_subnets`."""
    github_api_url: str
    github_create_repository: bool
    github_environment: str
    github_repository: str
    github_reviewers: Sequence[str]
    github_token: str
    github_token_name: str
    https: str
    https_acme_directory: str
    https_acme_eab_key_id: str
    https_ca_file: str
    https_certificate_file: str
    https_key_file: str
    iam_permissions_boundary: str
    image_parameter: str
    instance_count: int
    instance_image: str
    instance_name: str
    instance_replace: bool
    instance_root_device: str
    instance_type: str
    instance_volume_size: int
    notification_topic: str
    owned_tags: Mapping[str, str]
    revision_bucket: str
    revision_source: str
    roles: Mapping[str, str]  # setting without its prefix -> name
    security_group: str
    ssh_key_name: str
    ssh_public_key_file: str
    vpc_id: str
    vpc_subnet_id: str

    @property
    def instance_profile(self) -> str:
        return self.roles["iam_ec2_role"]


@dataclass(frozen=True)
class Unseen:
    """What could not be looked at, and why."""

    reason: str


Seen: TypeAlias = Mapping[str, Any]
"""By the name of the reader: what it saw, None for what is not there, or Unseen."""


@dataclass
class Findings:
    """Sentences for a person: what stops the pipeline, and what is only good to know."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
