#!/usr/bin/env bash
# community.aws 10.0.0: autoscaling_policy with `state: absent` deletes the policy of another group; and has no dry run.
#
# Two Auto Scaling groups, and the first one has a policy. Then the module is asked that the second one has none of that
# name. A good guess: there is nothing to do, since `asg_name` says which group is meant. Seen: it looks for the name in
# all groups, and deletes the first one's. A dry run is skipped.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv" 2>/dev/null || python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ansible==12.3.0 "moto[autoscaling,server]==5.2.5" \
  boto3==1.44.5 botocore==1.44.5
cd "$folder"
port=$(venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/moto_server -p "$port" >server.log 2>&1 &
server=$!
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 \
  AWS_ENDPOINT_URL="http://127.0.0.1:$port"

cat >groups.py <<'PYTHON'
import sys

import boto3

scaling = boto3.client("autoscaling")
if sys.argv[1:] == ["create"]:
    scaling.create_launch_configuration(LaunchConfigurationName="web", ImageId="ami-1", InstanceType="t3.micro")
    for name in ("production", "staging"):
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchConfigurationName="web",
            MinSize=0,
            MaxSize=1,
            AvailabilityZones=["us-east-1a"],
        )
    scaling.put_scaling_policy(
        AutoScalingGroupName="production",
        PolicyName="load",
        PolicyType="SimpleScaling",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
    )
print([each["AutoScalingGroupName"] for each in scaling.describe_policies()["ScalingPolicies"]])
PYTHON
cat >play.yml <<'YAML'
- hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    community.aws.autoscaling_policy:
      name: load
      asg_name: staging
      state: absent
  tasks:
    - ansible.builtin.wait_for:
        port: "{{ lookup('env', 'AWS_ENDPOINT_URL') | urlsplit('port') }}"
        host: 127.0.0.1
    - ansible.builtin.command: "{{ ansible_python_interpreter }} groups.py create"
      register: created
    - community.aws.autoscaling_policy:
      check_mode: true
      register: dry
    - community.aws.autoscaling_policy:
      register: deleted
    - ansible.builtin.command: "{{ ansible_python_interpreter }} groups.py"
      register: left
    - ansible.builtin.debug:
        msg: "dry: skipped {{ dry is skipped }}; policies of {{ created.stdout }}, then of {{ left.stdout }}; changed
          {{ deleted.changed }}"
YAML
ANSIBLE_LOCALHOST_WARNING=false venv/bin/ansible-playbook \
  -i localhost, -e ansible_python_interpreter="$folder/venv/bin/python" play.yml >said 2>&1 || { cat said; exit 1; }
grep 'dry: skipped' said
grep -q "dry: skipped True; policies of \['production'\], then of \[\]; changed True" said
