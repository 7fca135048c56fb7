#!/usr/bin/env bash
# moto 5.2.5: DescribeAlarms with names and a state does not look at the state.
#
# Two alarms, one is on. Both are asked for by their names, and of these those that are on. A good guess: the one, since
# CloudWatch's filters narrow each other, and StateValue alone works in moto. Seen: both. moto takes the first filter
# that there is, of action prefix, name prefix, names and state, and none beside it. Who waits until none of some
# alarms is on, waits for ever.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "moto[cloudwatch]==5.2.5" boto3==1.44.5 botocore==1.44.5
cd "$folder"
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1

venv/bin/python - <<'PYTHON'
import sys

import boto3
from moto import mock_aws

NAMES = ["queue-long", "queue-old"]
with mock_aws():
    cloudwatch = boto3.client("cloudwatch")
    for name in NAMES:
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="Shop",
            MetricName=name,
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
    cloudwatch.set_alarm_state(AlarmName=NAMES[0], StateValue="ALARM", StateReason="shown")
    cloudwatch.set_alarm_state(AlarmName=NAMES[1], StateValue="OK", StateReason="shown")

    def found(**asked):
        return [each["AlarmName"] for each in cloudwatch.describe_alarms(**asked)["MetricAlarms"]]

    by_state = found(StateValue="ALARM")
    by_both = found(AlarmNames=NAMES, StateValue="ALARM")
    print("by state:", by_state)
    print("by names and state:", by_both)
    sys.exit((by_state, by_both) != (NAMES[:1], NAMES))
PYTHON
