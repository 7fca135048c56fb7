#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: codedeploy_deployment_group
version_added: "0.2.0"
short_description: Manage AWS CodeDeploy deployment groups
description:
  - Creates, changes, renames, tags and deletes deployment groups of an AWS CodeDeploy application.
  - A deployment group says where an application is deployed (EC2 instances, on-premises hosts, Auto Scaling groups, ECS
    services), as which role, how fast, and what happens when it goes wrong.
  - An option that is not given is left as it is. A list or dictionary that is given replaces what was there, so an
    empty one switches the feature off. Only O(deployment_style) and O(blue_green_deployment_configuration) are merged
    member by member.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  application_name:
    description:
      - The application that the group belongs to.
    type: str
    required: true
    aliases: [application]
  name:
    description:
      - The name of the deployment group, unique in its application.
      - Letters, digits and V(+=,.@_-), at most 100.
    type: str
    required: true
    aliases: [deployment_group_name]
  state:
    description:
      - V(present) makes sure that the group is there as described, V(absent) that it is not.
      - Deleting a group leaves what is deployed on its hosts.
    type: str
    choices: [present, absent]
    default: present
  new_name:
    description:
      - Rename the group to this.
      - Where a group of this name is there already, it counts as renamed.
      - Ignored where O(state=absent).
    type: str
  service_role:
    description:
      - The role that CodeDeploy works as, by name or by ARN.
      - It must trust C(codedeploy.amazonaws.com).
      - Required for a group that does not exist yet.
    type: str
    aliases: [service_role_arn]
  deployment_config_name:
    description:
      - How many hosts at a time, or how fast traffic is shifted, for example V(CodeDeployDefault.AllAtOnce) or the name
        of one made with M(codedeploy.pipeline.codedeploy_deployment_config).
      - A new group gets V(CodeDeployDefault.OneAtATime) from AWS, V(CodeDeployDefault.LambdaAllAtOnce) for Lambda and
        V(CodeDeployDefault.ECSAllAtOnce) for ECS.
    type: str
  ec2_tag_filters:
    description:
      - EC2 instances that have B(any) of these tags are in the group.
      - For "this tag and that tag" use O(ec2_tag_set).
      - V([]) removes all filters.
    type: list
    elements: dict
    suboptions: &filter
      key:
        description: The key of the tag.
        type: str
      value:
        description: The value of the tag.
        type: str
      type:
        description:
          - What is compared.
          - Where it is not given, it follows from which of key and value are given.
        type: str
        choices: [KEY_ONLY, VALUE_ONLY, KEY_AND_VALUE]
  ec2_tag_set:
    description:
      - EC2 instances that match B(every) one of at most three groups of filters are in the deployment group. Within a
        group of filters any one is enough.
      - A list of lists of dictionaries with the keys C(key), C(value) and C(type), as in O(ec2_tag_filters).
      - V([]) removes all of them.
    type: list
    elements: list
  on_premises_instance_tag_filters:
    description:
      - On-premises hosts that have B(any) of these tags are in the group.
      - V([]) removes all filters.
    type: list
    elements: dict
    suboptions: *filter
  on_premises_tag_set:
    description:
      - On-premises hosts that match B(every) group of filters, as in O(ec2_tag_set).
    type: list
    elements: list
  auto_scaling_groups:
    description:
      - The names of Auto Scaling groups whose instances are in the group. CodeDeploy deploys to each new instance by
        itself.
      - V([]) removes all of them.
    type: list
    elements: str
  termination_hook_enabled:
    description:
      - Whether CodeDeploy runs the application's stop hooks before an Auto Scaling group terminates an instance.
    type: bool
  ec2_deployment_options:
    description:
      - What CodeDeploy does to Auto Scaling groups while it deploys.
      - Needs a botocore that knows it (1.43 does not everywhere; 1.44 does).
    type: dict
    suboptions:
      auto_scaling_group_processes_to_suspend:
        description:
          - Processes of the Auto Scaling groups that are suspended during a deployment.
          - V([]) suspends none.
        type: list
        elements: str
        choices: [Terminate, AZRebalance, InstanceRefresh, ScheduledActions]
  load_balancer_info:
    description:
      - Where traffic is taken from and given back to while hosts change.
      - V({}) removes all load balancers. They are only used with C(deployment_option=WITH_TRAFFIC_CONTROL).
    type: dict
    suboptions:
      elb_info_list:
        description: Classic load balancers.
        type: list
        elements: dict
        suboptions:
          name:
            description: The name of the load balancer.
            type: str
            required: true
      target_group_info_list:
        description: Target groups of application or network load balancers.
        type: list
        elements: dict
        suboptions:
          name:
            description: The name of the target group.
            type: str
            required: true
      target_group_pair_info_list:
        description: For ECS, pairs of target groups between which traffic is shifted.
        type: list
        elements: dict
        suboptions:
          target_groups:
            description: The two target groups.
            type: list
            elements: dict
            required: true
            suboptions:
              name:
                description: The name of the target group.
                type: str
                required: true
          prod_traffic_route:
            description: Where production traffic comes in.
            type: dict
            suboptions:
              listener_arns:
                description: The ARN of one listener.
                type: list
                elements: str
                required: true
          test_traffic_route:
            description: Where test traffic comes in.
            type: dict
            suboptions:
              listener_arns:
                description: The ARN of one listener.
                type: list
                elements: str
                required: true
  deployment_style:
    description:
      - Whether hosts are changed in place or replaced, and whether a load balancer takes part.
      - The member that is not given stays as it is.
    type: dict
    suboptions:
      deployment_type:
        description: In place, or a new fleet beside the old one.
        type: str
        choices: [IN_PLACE, BLUE_GREEN]
      deployment_option:
        description: Whether traffic is taken away from a host while it changes.
        type: str
        choices: [WITH_TRAFFIC_CONTROL, WITHOUT_TRAFFIC_CONTROL]
  blue_green_deployment_configuration:
    description:
      - How a blue/green deployment starts, switches and ends.
      - Members that are not given stay as they are.
    type: dict
    suboptions:
      terminate_blue_instances_on_deployment_success:
        description: What happens to the old instances.
        type: dict
        suboptions:
          action:
            description: End them, or leave them running without traffic.
            type: str
            choices: [TERMINATE, KEEP_ALIVE]
          termination_wait_time_in_minutes:
            description: How long they stay after success, at most 2880.
            type: int
      deployment_ready_option:
        description: What happens when the new instances are ready.
        type: dict
        suboptions:
          action_on_timeout:
            description: Switch at once, or stop the deployment unless somebody continues it in time.
            type: str
            choices: [CONTINUE_DEPLOYMENT, STOP_DEPLOYMENT]
          wait_time_in_minutes:
            description: How long somebody has to continue it.
            type: int
      green_fleet_provisioning_option:
        description: Where the new instances come from.
        type: dict
        suboptions:
          action:
            description: Instances that are there already, or a copy of the Auto Scaling group.
            type: str
            choices: [DISCOVER_EXISTING, COPY_AUTO_SCALING_GROUP]
  auto_rollback_configuration:
    description:
      - Whether CodeDeploy deploys the last good revision again by itself.
      - O(auto_rollback_configuration.enabled=false) switches it off.
    type: dict
    aliases: [auto_rollback]
    suboptions:
      enabled:
        description: Whether it happens.
        type: bool
        default: true
      events:
        description:
          - When it happens. At least one is needed where it is enabled.
        type: list
        elements: str
        choices: [DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM, DEPLOYMENT_STOP_ON_REQUEST]
  alarm_configuration:
    description:
      - CloudWatch alarms that stop a deployment.
      - O(alarm_configuration.enabled=false) switches them off and forgets them; name the alarms too to keep them for
        later.
    type: dict
    suboptions:
      enabled:
        description: Whether the alarms are watched.
        type: bool
        default: true
      ignore_poll_alarm_failure:
        description: Whether a deployment goes on where CodeDeploy cannot read the alarms.
        type: bool
        default: false
      alarms:
        description: The alarms, at most ten. At least one is needed where they are enabled.
        type: list
        elements: dict
        suboptions:
          name:
            description: The name of the alarm.
            type: str
            required: true
  trigger_configurations:
    description:
      - SNS topics that hear about deployments.
      - V([]) removes all of them.
    type: list
    elements: dict
    suboptions:
      trigger_name:
        description: A name for the trigger, unique in the group.
        type: str
        required: true
      trigger_target_arn:
        description: The ARN of the topic.
        type: str
        required: true
      trigger_events:
        description: What it hears about.
        type: list
        elements: str
        required: true
        choices:
          - DeploymentStart
          - DeploymentSuccess
          - DeploymentFailure
          - DeploymentStop
          - DeploymentRollback
          - DeploymentReady
          - InstanceStart
          - InstanceSuccess
          - InstanceFailure
          - InstanceReady
  outdated_instances_strategy:
    description:
      - Whether instances that were launched while a deployment ran, and so missed it, are updated afterwards.
    type: str
    choices: [UPDATE, IGNORE]
  ecs_services:
    description:
      - The ECS service that is deployed to.
    type: list
    elements: dict
    suboptions:
      service_name:
        description: The name of the service.
        type: str
        required: true
      cluster_name:
        description: The name of its cluster.
        type: str
        required: true
  wait_timeout:
    description:
      - How many seconds to try again while AWS does not know yet what was made a moment ago (the service role, an SNS
        topic).
    type: int
    default: 60
notes:
  - Where O(tags) is not given, a run that changes nothing makes one call to AWS; with O(tags) two.
  - 'Permissions: C(codedeploy:GetDeploymentGroup), C(CreateDeploymentGroup), C(UpdateDeploymentGroup),
    C(DeleteDeploymentGroup), C(GetApplication), and C(iam:PassRole) on the service role; with O(tags) also
    C(ListTagsForResource), C(TagResource) and C(UntagResource); with O(service_role) by name also C(iam:GetRole).'
seealso:
  - module: codedeploy.pipeline.codedeploy_application
  - module: codedeploy.pipeline.codedeploy_deployment
  - module: codedeploy.pipeline.codedeploy_deployment_group_info
  - name: CodeDeploy API reference, CreateDeploymentGroup
    description: The operation behind this module.
    link: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentGroup.html
attributes:
  check_mode:
    description:
      - Reports what would change, and returns the group as it would be.
      - An application or a role that does not exist yet is no error then.
    support: partial
    details: A role given by name that does not exist yet stays a name.
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reconciles
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create a deployment group of all instances with one name, one at a time
  codedeploy.pipeline.codedeploy_deployment_group:
    application_name: test.codeDeploy.001
    name: test.deploymentGroup.001
    service_role: AWSCodeDeployService-DepolyEC2Role-20241024T000000
    ec2_tag_filters:
      - key: Name
        value: ec2.cheaper.001

- name: Create a deployment group of web servers in production, half at a time, with rollback
  codedeploy.pipeline.codedeploy_deployment_group:
    application_name: shop
    name: web
    service_role: arn:aws:iam::123456789012:role/CodeDeploy
    deployment_config_name: CodeDeployDefault.HalfAtATime
    ec2_tag_set:
      - - key: Role
          value: web
      - - key: Stage
          value: production
    auto_rollback_configuration:
      events: [DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM]
    alarm_configuration:
      alarms:
        - name: shop-errors

- name: Set a load balancer
  codedeploy.pipeline.codedeploy_deployment_group:
    application_name: shop
    name: web
    deployment_style:
      deployment_option: WITH_TRAFFIC_CONTROL
    load_balancer_info:
      target_group_info_list:
        - name: shop-web

- name: Remove rollback, alarms and triggers
  codedeploy.pipeline.codedeploy_deployment_group:
    application_name: shop
    name: web
    auto_rollback_configuration:
      enabled: false
    alarm_configuration:
      enabled: false
    trigger_configurations: []

- name: Delete a deployment group
  codedeploy.pipeline.codedeploy_deployment_group:
    application_name: shop
    name: web
    state: absent
"""

RETURN = r"""
deployment_group:
  description:
    - The deployment group; in check mode as it would be; empty where there is none.
    - Every option is there under its own name, in the same form.
  returned: success
  type: dict
  contains:
    application_name:
      description: The application that it belongs to.
      returned: always
      type: str
      sample: test.codeDeploy.001
    compute_platform:
      description: What the application is deployed to.
      returned: always
      type: str
      sample: Server
    deployment_config_name:
      description: How many hosts at a time.
      returned: always
      type: str
      sample: CodeDeployDefault.OneAtATime
    deployment_group_id:
      description: The id that AWS gave it.
      returned: when it exists
      type: str
      sample: 1f0e2d3c-7b1a-4a58-9d21-0a1b2c3d4e5f
    deployment_group_name:
      description: Its name.
      returned: always
      type: str
      sample: test.deploymentGroup.001
    deployment_style:
      description: In place or blue/green, with or without load balancer.
      returned: always
      type: dict
      sample: {deployment_type: IN_PLACE, deployment_option: WITHOUT_TRAFFIC_CONTROL}
    ec2_tag_filters:
      description: Which EC2 instances are in it.
      returned: always
      type: list
      elements: dict
      sample: [{key: Name, type: KEY_AND_VALUE, value: ec2.cheaper.001}]
    last_attempted_deployment:
      description: The newest deployment, whatever became of it.
      returned: when there is one
      type: dict
      sample: {deployment_id: d-A1B2C3D4E, status: Failed}
    last_successful_deployment:
      description: The newest deployment that succeeded.
      returned: when there is one
      type: dict
      sample: {deployment_id: d-F5G6H7I8J, status: Succeeded}
    service_role_arn:
      description: The role that CodeDeploy works as.
      returned: always
      type: str
      sample: arn:aws:iam::123456789012:role/AWSCodeDeployService-DepolyEC2Role-20241024T000000
    tags:
      description: Its tags.
      returned: when O(tags) is given
      type: dict
      sample: {Project: pipeline}
    target_revision:
      description: The revision of the newest deployment that succeeded.
      returned: when there is one
      type: dict
      sample: {revision_type: GitHub, github_location: {repository: OWNER/site, commit_id: 0123456789abcdef}}
hooks_not_cleaned_up:
  description: Auto Scaling groups whose lifecycle hook CodeDeploy could not remove; remove it there.
  returned: when there are any
  type: list
  elements: dict
  sample: [{name: web, hook: CodeDeploy-managed-automatic-launch-deployment-hook-web}]
"""

from ..module_utils.aws.connection import Connection
from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.aws.reconcile import reconcile
from ..module_utils.codedeploy.deployment_groups import DeploymentGroup
from ..module_utils.codedeploy.options import (
    ALARMS,
    AUTO_ROLLBACK,
    EC2_DEPLOYMENT_OPTIONS,
    NAMED,
    TAG_FILTERS,
    TAG_SET,
)

TRAFFIC_ROUTE = {
    "type": "dict",
    "options": {"listener_arns": {"type": "list", "elements": "str", "required": True}},
}
TRIGGER_EVENTS = [
    "DeploymentStart",
    "DeploymentSuccess",
    "DeploymentFailure",
    "DeploymentStop",
    "DeploymentRollback",
    "DeploymentReady",
    "InstanceStart",
    "InstanceSuccess",
    "InstanceFailure",
    "InstanceReady",
]
ATTRIBUTES = {
    "deployment_config_name": {"type": "str"},
    "ec2_tag_filters": TAG_FILTERS,
    "ec2_tag_set": TAG_SET,
    "on_premises_instance_tag_filters": TAG_FILTERS,
    "on_premises_tag_set": TAG_SET,
    "auto_scaling_groups": {"type": "list", "elements": "str"},
    "termination_hook_enabled": {"type": "bool"},
    "ec2_deployment_options": EC2_DEPLOYMENT_OPTIONS,
    "load_balancer_info": {
        "type": "dict",
        "options": {
            "elb_info_list": NAMED,
            "target_group_info_list": NAMED,
            "target_group_pair_info_list": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "target_groups": {**NAMED, "required": True},
                    "prod_traffic_route": TRAFFIC_ROUTE,
                    "test_traffic_route": TRAFFIC_ROUTE,
                },
            },
        },
    },
    "deployment_style": {
        "type": "dict",
        "options": {
            "deployment_type": {"type": "str", "choices": ["IN_PLACE", "BLUE_GREEN"]},
            "deployment_option": {
                "type": "str",
                "choices": ["WITH_TRAFFIC_CONTROL", "WITHOUT_TRAFFIC_CONTROL"],
            },
        },
    },
    "blue_green_deployment_configuration": {
        "type": "dict",
        "options": {
            "terminate_blue_instances_on_deployment_success": {
                "type": "dict",
                "options": {
                    "action": {"type": "str", "choices": ["TERMINATE", "KEEP_ALIVE"]},
                    "termination_wait_time_in_minutes": {"type": "int"},
                },
            },
            "deployment_ready_option": {
                "type": "dict",
                "options": {
                    "action_on_timeout": {
                        "type": "str",
                        "choices": ["CONTINUE_DEPLOYMENT", "STOP_DEPLOYMENT"],
                    },
                    "wait_time_in_minutes": {"type": "int"},
                },
            },
            "green_fleet_provisioning_option": {
                "type": "dict",
                "options": {
                    "action": {"type": "str", "choices": ["DISCOVER_EXISTING", "COPY_AUTO_SCALING_GROUP"]},
                },
            },
        },
    },
    "auto_rollback_configuration": {**AUTO_ROLLBACK, "aliases": ["auto_rollback"]},
    "alarm_configuration": ALARMS,
    "trigger_configurations": {
        "type": "list",
        "elements": "dict",
        "options": {
            "trigger_name": {"type": "str", "required": True},
            "trigger_target_arn": {"type": "str", "required": True},
            "trigger_events": {
                "type": "list",
                "elements": "str",
                "required": True,
                "choices": TRIGGER_EVENTS,
            },
        },
    },
    "outdated_instances_strategy": {"type": "str", "choices": ["UPDATE", "IGNORE"]},
    "ecs_services": {
        "type": "list",
        "elements": "dict",
        "options": {
            "service_name": {"type": "str", "required": True},
            "cluster_name": {"type": "str", "required": True},
        },
    },
}
ARGUMENT_SPEC = {
    "application_name": {"type": "str", "required": True, "aliases": ["application"]},
    "name": {"type": "str", "required": True, "aliases": ["deployment_group_name"]},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "new_name": {"type": "str"},
    "service_role": {"type": "str", "aliases": ["service_role_arn"]},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 60},
}


def main() -> None:
    module = aws_module(
        argument_spec=ARGUMENT_SPEC | ATTRIBUTES,
        mutually_exclusive=[
            ("ec2_tag_filters", "ec2_tag_set"),
            ("on_premises_instance_tag_filters", "on_premises_tag_set"),
        ],
        supports_check_mode=True,
    )
    group = DeploymentGroup(
        Connection(module.client),
        attributes={name: module.params[name] for name in ATTRIBUTES},
        dry_run=module.check_mode,
        **{name: module.params[name] for name in ARGUMENT_SPEC},
    )
    try:
        group.check()
        outcome = reconcile(group, dry_run=module.check_mode)
    except ModuleError as error:
        module.fail_json(msg=error.message, **error.result)
    for remark in group.remarks():
        module.warn(remark)
    module.exit_json(**outcome.as_result("deployment_group"))


if __name__ == "__main__":
    main()
