#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cloudwatch_metric_statistics_info
version_added: "0.3.0"
short_description: Get a statistic of a CloudWatch metric
description:
  - Gets one statistic of a metric of CloudWatch, period by period, from a time until now.
  - By it a play can wait for what a service measures, which an alarm that has not changed does not tell.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  namespace:
    description: The metric's namespace, such as V(AWS/ApplicationELB).
    type: str
    required: true
  metric_name:
    description: The metric's name.
    type: str
    required: true
  dimensions:
    description: All of the metric's dimensions, by their names. A metric with others beside them is another one.
    type: dict
    default: {}
  statistic:
    description: What is told of the values of a period.
    type: str
    required: true
    choices: [Average, Maximum, Minimum, SampleCount, Sum]
  period:
    description: Seconds, a multiple of 60.
    type: int
    default: 60
  since:
    description:
      - A time in ISO 8601, in UTC where it names no time zone. The period in which it lies is the first one.
      - CloudWatch answers with up to 1440 periods.
    type: str
    required: true
notes:
  - 'Permissions: C(cloudwatch:GetMetricStatistics).'
seealso:
  - module: amazon.aws.cloudwatch_metric_alarm_info
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Wait until a load balancer has found all hosts healthy for a minute
  codedeploy.pipeline.cloudwatch_metric_statistics_info:
    namespace: AWS/ApplicationELB
    metric_name: UnHealthyHostCount
    dimensions:
      LoadBalancer: app/shop/0123456789abcdef
      TargetGroup: targetgroup/shop/fedcba9876543210
    statistic: Maximum
    since: "{{ now(utc=true).isoformat() }}"
  register: unhealthy
  until: unhealthy.datapoints | default([]) | map(attribute='value') | last | default(1) == 0
  retries: 60
  delay: 5
"""

RETURN = r"""
datapoints:
  description: Of the periods that have values, the first one first. C(timestamp) is the begin of the period.
  returned: success
  type: list
  elements: dict
  sample:
    - timestamp: "2026-01-31T12:00:00+00:00"
      value: 0.0
"""

from datetime import UTC, datetime

from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.cloudwatch.statistics import Statistic

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "required": True},
    "metric_name": {"type": "str", "required": True},
    "dimensions": {"type": "dict", "default": {}},
    "statistic": {
        "type": "str",
        "required": True,
        "choices": ["Average", "Maximum", "Minimum", "SampleCount", "Sum"],
    },
    "period": {"type": "int", "default": 60},
    "since": {"type": "str", "required": True},
}


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    asked = Statistic(**{name: module.params[name] for name in ARGUMENT_SPEC})
    try:
        datapoints = asked.datapoints(module.client("cloudwatch"), datetime.now(UTC))
    except ModuleError as error:
        module.fail_json(msg=error.message)
    module.exit_json(changed=False, datapoints=datapoints)


if __name__ == "__main__":
    main()
