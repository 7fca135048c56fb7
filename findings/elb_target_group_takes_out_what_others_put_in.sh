#!/usr/bin/env bash
# community.aws 10.0.0: elb_target_group without `targets` takes every target out; and it has no dry run.
#
# A target group has an instance that somebody else registered, as an Auto Scaling group does. Then the module runs
# again with the same health check, and says nothing of targets. A good guess: what is not mentioned stays, as tags do
# where `tags` is left out. Seen: the instance is deregistered; only `modify_targets: false` leaves it. And a dry run
# neither predicts that nor anything else: Ansible skips the module in check mode.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv" 2>/dev/null || python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ansible==12.3.0 "moto[ec2,elbv2,server]==5.2.5" \
  boto3==1.44.5 botocore==1.44.5
cd "$folder"
port=$(venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/moto_server -p "$port" >server.log 2>&1 &
server=$!
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 \
  AWS_ENDPOINT_URL="http://127.0.0.1:$port"

cat >targets.py <<'PYTHON'
import sys

import boto3

elb, ec2 = boto3.client("elbv2"), boto3.client("ec2")
[group] = elb.describe_target_groups()["TargetGroups"]
if sys.argv[1:] == ["register"]:
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    launched = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro")["Instances"][0]
    elb.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": launched["InstanceId"]}])
print(len(elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]))
PYTHON
cat >play.yml <<'YAML'
- hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    community.aws.elb_target_group:
      name: web
      state: present
      protocol: http
      port: 80
      vpc_id: "{{ vpcs.vpcs[0].vpc_id }}"
  tasks:
    - ansible.builtin.wait_for:
        port: "{{ lookup('env', 'AWS_ENDPOINT_URL') | urlsplit('port') }}"
        host: 127.0.0.1
    - amazon.aws.ec2_vpc_net_info:
      register: vpcs
    - community.aws.elb_target_group:
    - ansible.builtin.command: "{{ ansible_python_interpreter }} targets.py register"
      register: registered
    - community.aws.elb_target_group:
      check_mode: true
      register: dry
    - community.aws.elb_target_group:
        modify_targets: false
    - ansible.builtin.command: "{{ ansible_python_interpreter }} targets.py"
      register: kept
    - community.aws.elb_target_group:
      register: again
    - ansible.builtin.command: "{{ ansible_python_interpreter }} targets.py"
      register: left
    - ansible.builtin.debug:
        msg: "dry: skipped {{ dry is skipped }}; targets: {{ registered.stdout }}, with modify_targets false
          {{ kept.stdout }}, without {{ left.stdout }}; changed {{ again.changed }}"
YAML
ANSIBLE_LOCALHOST_WARNING=false venv/bin/ansible-playbook \
  -i localhost, -e ansible_python_interpreter="$folder/venv/bin/python" play.yml >said 2>&1 || { cat said; exit 1; }
grep 'dry: skipped' said
grep -q 'dry: skipped True; targets: 1, with modify_targets false 1, without 0; changed True' said
