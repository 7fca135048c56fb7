#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: autoscaling_group_refresh
version_added: "0.3.0"
short_description: Roll a version of a launch template through an Auto Scaling group
description:
  - Replaces the hosts of an Auto Scaling group that are not launched from a version of a launch template, by an instance
    refresh, and waits for its end. The group launches from that version from then on.
  - Alarms stop the refresh, and AWS brings the former hosts back.
  - Where all hosts and the group have the version, nothing is done. A refresh under way to the same version is joined.
  - The module M(amazon.aws.autoscaling_instance_refresh) starts a refresh without a version, alarms or a way back, and does
    not wait.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  name:
    description:
      - The Auto Scaling group.
    type: str
    required: true
  launch_template_name:
    description:
      - The launch template.
    type: str
    required: true
  launch_template_version:
    description:
      - The number of its version.
    type: int
    required: true
  min_healthy_percentage:
    description:
      - How many percent of the group's desired size stay healthy meanwhile, 0 to 100.
    type: int
    default: 100
  max_healthy_percentage:
    description:
      - How many percent of the desired size may be there meanwhile, 100 to 200; at most 100 more than
        O(min_healthy_percentage).
    type: int
    default: 110
  instance_warmup:
    description:
      - How many seconds a new host serves before the next one is replaced.
      - Where it is not given, the group's own warm-up, else its health check grace period.
    type: int
  alarms:
    description:
      - CloudWatch alarms that stop the refresh, 10 at most.
    type: list
    elements: str
    default: []
  auto_rollback:
    description:
      - Bring the former hosts back where the refresh fails or an alarm stops it. The group needs a version that is a number.
    type: bool
    default: true
  wait:
    description:
      - Wait for the end.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait. The refresh goes on after that.
    type: int
    default: 3600
  events_file:
    description:
      - A file to which news of the refresh are appended, one JSON object a line. The action plugin of the same name shows
        them while the module runs.
    type: path
notes:
  - 'Permissions: C(autoscaling:DescribeAutoScalingGroups), C(DescribeInstanceRefreshes), C(DescribeScalingActivities),
    C(StartInstanceRefresh); and what launching from the template needs, C(ec2:RunInstances), C(ec2:CreateTags) and
    C(iam:PassRole).'
seealso:
  - module: amazon.aws.autoscaling_instance_refresh
  - module: amazon.aws.autoscaling_instance_refresh_info
  - name: Auto Scaling API reference, StartInstanceRefresh
    description: The operation behind this module.
    link: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_StartInstanceRefresh.html
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reconciles
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Roll the third version of a launch template through a group
  codedeploy.pipeline.autoscaling_group_refresh:
    name: shop
    launch_template_name: shop
    launch_template_version: 3
    instance_warmup: 60
    alarms: [shop-errors]
"""

RETURN = r"""
instance_refresh:
  description:
    - The instance refresh, as DescribeInstanceRefreshes tells it. Empty where nothing was to do, and in check mode where one
      would be started.
  returned: always
  type: dict
  sample:
    instance_refresh_id: 08b91cf7-8fa6-48af-b6a6-d227f40f1b9b
    auto_scaling_group_name: shop
    status: Successful
    percentage_complete: 100
    instances_to_update: 0
"""

import time
from typing import Any

from ..module_utils.autoscaling import refreshes
from ..module_utils.autoscaling.refreshes import Source
from ..module_utils.autoscaling.watch import Watch, until_over
from ..module_utils.aws.errors import ModuleError, Record, refuse
from ..module_utils.aws.journal import journal
from ..module_utils.aws.module import aws_module
from ..module_utils.aws.transformations import to_snake

ARGUMENT_SPEC = {
    "name": {"type": "str", "required": True},
    "launch_template_name": {"type": "str", "required": True},
    "launch_template_version": {"type": "int", "required": True},
    "min_healthy_percentage": {"type": "int", "default": 100},
    "max_healthy_percentage": {"type": "int", "default": 110},
    "instance_warmup": {"type": "int"},
    "alarms": {"type": "list", "elements": "str", "default": []},
    "auto_rollback": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 3600},
    "events_file": {"type": "path"},
}


def roll(client: Any, params: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:  # noqa: ANN401 - no stubs
    """The module's result. Raises ModuleError where the refresh does not succeed in time."""
    wanted = Source(params["launch_template_name"], str(params["launch_template_version"]))
    group = refreshes.read_group(client, params["name"])
    before = refreshes.shown(group)
    total = sum(refreshes.sources(group).values())
    after = {"launch_template": str(wanted), "hosts": {str(wanted): total} if total else {}}
    result = {"changed": True, "instance_refresh": {}, "diff": {"before": before, "after": after}}
    active = refreshes.active(client, params["name"])
    if active is None and before == after:
        return result | {"changed": False}
    if active is not None:
        identifier = refreshes.joined(active, wanted)
        result["instance_refresh"] = to_snake(active)
    else:
        refuse(refreshes.problems(params, group))
        if dry_run:
            return result
        identifier = refreshes.start_refresh(client, refreshes.request(params, wanted))
    if dry_run:
        return result
    return result | {"instance_refresh": to_snake(finish(client, params, identifier, wanted))}


def finish(client: Any, params: dict[str, Any], identifier: str, wanted: Source) -> Record:  # noqa: ANN401 - no stubs
    """The refresh, at its end where that is to be waited for."""
    watch = Watch(client, params["name"], identifier, journal(params["events_file"]))
    if not params["wait"]:
        watch.look()
        return watch.refresh
    if not until_over(watch, deadline=time.monotonic() + params["wait_timeout"]):
        raise ModuleError(
            f"The instance refresh {identifier} of {params['name']} to {wanted} is {watch.refresh['Status']} after"
            f" {params['wait_timeout']} seconds (wait_timeout), at {watch.refresh.get('PercentageComplete', 0)} %:"
            f" {refreshes.reason(watch.refresh)}. It goes on. Run again to wait for it, or go back with aws"
            f" autoscaling rollback-instance-refresh --auto-scaling-group-name {params['name']}.",
            result={"instance_refresh": to_snake(watch.refresh)},
        )
    if watch.refresh["Status"] != refreshes.GOOD:
        raise refreshes.failure(watch.refresh, wanted, watch.failed)
    return watch.refresh


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        result = roll(module.client("autoscaling"), module.params, dry_run=module.check_mode)
    except ModuleError as error:
        module.fail_json(msg=error.message, **error.result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
