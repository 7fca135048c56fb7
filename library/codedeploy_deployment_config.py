#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: codedeploy_deployment_config
version_added: "0.2.0"
short_description: Manage AWS CodeDeploy deployment configurations
description:
  - Creates and deletes AWS CodeDeploy deployment configurations, which say how many hosts are changed at a time, or how
    fast traffic is shifted.
  - AWS cannot change a configuration. The module refuses a different one unless O(recreate=true).
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  name:
    description:
      - The name of the configuration, unique in the account and region.
      - Letters, digits and V(+=,.@_-), at most 100. V(CodeDeployDefault.) at the beginning is AWS's own.
    type: str
    required: true
    aliases: [deployment_config_name]
  state:
    description:
      - V(present) makes sure that the configuration is there as described, V(absent) that it is not.
    type: str
    choices: [present, absent]
    default: present
  compute_platform:
    description:
      - What it is for. Where it is not given, a new configuration is for V(Server).
    type: str
    choices: [Server, Lambda, ECS]
  minimum_healthy_hosts:
    description:
      - For V(Server), how many hosts have to stay healthy while others change. AWS wants it for a new configuration.
    type: dict
    suboptions:
      type:
        description: A number of hosts, or a share of them in percent.
        type: str
        choices: [HOST_COUNT, FLEET_PERCENT]
        required: true
      value:
        description: How many.
        type: int
        required: true
  zonal_config:
    description:
      - For V(Server), deploy to one availability zone after the other.
      - V({}) is no zonal configuration.
    type: dict
    suboptions:
      first_zone_monitor_duration_in_seconds:
        description: How long to watch the first zone before the next.
        type: int
      monitor_duration_in_seconds:
        description: How long to watch every other zone before the next.
        type: int
      minimum_healthy_hosts_per_zone:
        description: How many hosts of a zone have to stay healthy.
        type: dict
        suboptions:
          type:
            description: A number of hosts, or a share of them in percent.
            type: str
            choices: [HOST_COUNT, FLEET_PERCENT]
            required: true
          value:
            description: How many.
            type: int
            required: true
  traffic_routing_config:
    description:
      - For V(Lambda) and V(ECS), how traffic is shifted. AWS takes all at once where it is not given.
    type: dict
    suboptions:
      type:
        description: All of it at once, a part and later the rest, or equal parts.
        type: str
        choices: [AllAtOnce, TimeBasedCanary, TimeBasedLinear]
        required: true
      time_based_canary:
        description: For V(TimeBasedCanary).
        type: dict
        suboptions:
          canary_percentage:
            description: The first part, in percent.
            type: int
            required: true
          canary_interval:
            description: Minutes between the first part and the rest.
            type: int
            required: true
      time_based_linear:
        description: For V(TimeBasedLinear).
        type: dict
        suboptions:
          linear_percentage:
            description: Each part, in percent.
            type: int
            required: true
          linear_interval:
            description: Minutes between two parts.
            type: int
            required: true
  recreate:
    description:
      - Delete a configuration that differs and create it anew. AWS refuses that while a deployment group uses it.
    type: bool
    default: false
notes:
  - A run that changes nothing makes one call to AWS. Deployment configurations have no tags.
  - 'Permissions: C(codedeploy:GetDeploymentConfig), C(CreateDeploymentConfig), C(DeleteDeploymentConfig).'
seealso:
  - module: codedeploy.pipeline.codedeploy_deployment_group
  - name: CodeDeploy API reference, CreateDeploymentConfig
    description: The operation behind this module.
    link: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentConfig.html
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reconciles
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create a configuration that keeps three quarters of the hosts healthy, zone by zone
  codedeploy.pipeline.codedeploy_deployment_config:
    name: careful
    minimum_healthy_hosts:
      type: FLEET_PERCENT
      value: 75
    zonal_config:
      first_zone_monitor_duration_in_seconds: 600
      monitor_duration_in_seconds: 60

- name: Create a configuration that shifts a tenth of the traffic five minutes before the rest
  codedeploy.pipeline.codedeploy_deployment_config:
    name: canary
    compute_platform: Lambda
    traffic_routing_config:
      type: TimeBasedCanary
      time_based_canary:
        canary_percentage: 10
        canary_interval: 5

- name: Delete a deployment configuration
  codedeploy.pipeline.codedeploy_deployment_config:
    name: careful
    state: absent
"""

RETURN = r"""
deployment_config:
  description: The configuration; in check mode as it would be; empty where there is none.
  returned: success
  type: dict
  contains:
    compute_platform:
      description: What it is for.
      returned: always
      type: str
      sample: Server
    create_time:
      description: When it was created, ISO 8601.
      returned: when it exists
      type: str
      sample: "2024-10-24T00:00:00+00:00"
    deployment_config_id:
      description: The id that AWS gave it.
      returned: when it exists
      type: str
      sample: 2f0e2d3c-7b1a-4a58-9d21-0a1b2c3d4e5f
    deployment_config_name:
      description: Its name.
      returned: always
      type: str
      sample: careful
    minimum_healthy_hosts:
      description: How many hosts stay healthy.
      returned: for Server
      type: dict
      sample: {type: FLEET_PERCENT, value: 75}
    traffic_routing_config:
      description: How traffic is shifted.
      returned: for Lambda and ECS
      type: dict
      sample: {type: TimeBasedCanary, time_based_canary: {canary_percentage: 10, canary_interval: 5}}
    zonal_config:
      description: How zones follow each other.
      returned: when there is one
      type: dict
      sample: {monitor_duration_in_seconds: 60}
"""

from ..module_utils.aws.connection import Connection
from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.aws.reconcile import reconcile
from ..module_utils.codedeploy.deployment_configs import DeploymentConfig

HEALTHY_HOSTS = {
    "type": "dict",
    "options": {
        "type": {"type": "str", "choices": ["HOST_COUNT", "FLEET_PERCENT"], "required": True},
        "value": {"type": "int", "required": True},
    },
}
ATTRIBUTES = {
    "minimum_healthy_hosts": HEALTHY_HOSTS,
    "zonal_config": {
        "type": "dict",
        "options": {
            "first_zone_monitor_duration_in_seconds": {"type": "int"},
            "monitor_duration_in_seconds": {"type": "int"},
            "minimum_healthy_hosts_per_zone": HEALTHY_HOSTS,
        },
    },
    "traffic_routing_config": {
        "type": "dict",
        "options": {
            "type": {
                "type": "str",
                "choices": ["AllAtOnce", "TimeBasedCanary", "TimeBasedLinear"],
                "required": True,
            },
            "time_based_canary": {
                "type": "dict",
                "options": {
                    "canary_percentage": {"type": "int", "required": True},
                    "canary_interval": {"type": "int", "required": True},
                },
            },
            "time_based_linear": {
                "type": "dict",
                "options": {
                    "linear_percentage": {"type": "int", "required": True},
                    "linear_interval": {"type": "int", "required": True},
                },
            },
        },
    },
}
ARGUMENT_SPEC = {
    "name": {"type": "str", "required": True, "aliases": ["deployment_config_name"]},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "compute_platform": {"type": "str", "choices": ["Server", "Lambda", "ECS"]},
    "recreate": {"type": "bool", "default": False},
}


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC | ATTRIBUTES, supports_check_mode=True)
    config = DeploymentConfig(
        Connection(module.client),
        attributes={name: module.params[name] for name in ATTRIBUTES},
        **{name: module.params[name] for name in ARGUMENT_SPEC},
    )
    try:
        config.check()
        outcome = reconcile(config, dry_run=module.check_mode)
    except ModuleError as error:
        module.fail_json(msg=error.message, **error.result)
    module.exit_json(**outcome.as_result("deployment_config"))


if __name__ == "__main__":
    main()
