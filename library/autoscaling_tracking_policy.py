#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: autoscaling_tracking_policy
version_added: "0.3.0"
short_description: Keep a metric of an Auto Scaling group near a value
description:
  - Creates, changes and deletes a target tracking policy of one Auto Scaling group.
  - The module M(community.aws.autoscaling_policy) knows no check mode, and deletes the first policy of the name that it finds,
    of whatever group.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  group_name:
    description: The Auto Scaling group, which has to be there.
    type: str
    required: true
  name:
    description: The policy. Other groups may have one of the same name.
    type: str
    required: true
  state:
    description: Whether the policy is there.
    type: str
    choices: [present, absent]
    default: present
  target_value:
    description:
      - Hosts are added where the metric is above it, and taken away where it is well below. Required with O(state=present).
    type: float
  metric:
    description:
      - The metric of CloudWatch. Required with O(state=present).
      - It has to fall where there are more hosts.
    type: dict
    suboptions:
      namespace:
        description: Where CloudWatch has it.
        type: str
        required: true
      name:
        description: Its name.
        type: str
        required: true
      statistic:
        description: What of its values counts.
        type: str
        choices: [Average, Minimum, Maximum, SampleCount, Sum]
        default: Average
      dimensions:
        description: By name, what it is a metric of.
        type: dict
        default: {}
  scale_in:
    description: Whether the policy takes hosts away too.
    type: bool
    default: true
notes:
  - A policy that somebody disabled is enabled again.
  - 'A metric is named by its dimensions, not by a predefined name: AWS takes V(ALBRequestCountPerTarget) for a group alone that
    the target group is attached to, so that a blue/green deployment of CodeDeploy could not copy it.'
  - A run that changes nothing makes one call to AWS.
  - 'Permissions: C(autoscaling:DescribePolicies), C(PutScalingPolicy), C(DeletePolicy).'
seealso:
  - module: community.aws.autoscaling_policy
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reconciles
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create a policy of 600 requests a minute and host
  codedeploy.pipeline.autoscaling_tracking_policy:
    group_name: shop
    name: requests-per-host
    target_value: 600
    metric:
      namespace: AWS/ApplicationELB
      name: RequestCountPerTarget
      statistic: Sum
      dimensions:
        LoadBalancer: app/shop/50dc6c495c0c9188
        TargetGroup: targetgroup/shop/943f017f100becff

- name: Delete the policy
  codedeploy.pipeline.autoscaling_tracking_policy:
    group_name: shop
    name: requests-per-host
    state: absent
"""

RETURN = r"""
scaling_policy:
  description: The policy; in check mode as it would be; empty where there is none.
  returned: success
  type: dict
  contains:
    policy_name:
      description: Its name.
      returned: always
      type: str
      sample: requests-per-host
    policy_type:
      description: Its kind.
      returned: always
      type: str
      sample: TargetTrackingScaling
    target_value:
      description: The value.
      returned: always
      type: float
      sample: 600
    metric:
      description: The metric, as options name it.
      returned: always
      type: dict
      sample: {namespace: AWS/ApplicationELB, name: RequestCountPerTarget, statistic: Sum, dimensions: {}}
    scale_in:
      description: Whether it takes hosts away too.
      returned: always
      type: bool
      sample: true
    enabled:
      description: Whether it does anything.
      returned: always
      type: bool
      sample: true
"""

from ..module_utils.autoscaling.tracking import TrackingPolicy
from ..module_utils.aws.connection import Connection
from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.aws.reconcile import reconcile

STATISTICS = ["Average", "Minimum", "Maximum", "SampleCount", "Sum"]
ARGUMENT_SPEC = {
    "group_name": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "target_value": {"type": "float"},
    "metric": {
        "type": "dict",
        "options": {
            "namespace": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "statistic": {"type": "str", "choices": STATISTICS, "default": "Average"},
            "dimensions": {"type": "dict", "default": {}},
        },
    },
    "scale_in": {"type": "bool", "default": True},
}


def main() -> None:
    module = aws_module(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ["target_value", "metric"])],
        supports_check_mode=True,
    )
    policy = TrackingPolicy(
        Connection(module.client), **{name: module.params[name] for name in ARGUMENT_SPEC}
    )
    try:
        policy.check()
        outcome = reconcile(policy, dry_run=module.check_mode)
    except ModuleError as error:
        module.fail_json(msg=error.message, **error.result)
    module.exit_json(**outcome.as_result("scaling_policy"))


if __name__ == "__main__":
    main()
