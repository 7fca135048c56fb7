#!/usr/bin/env bash
# amazon.aws 10.1.2: an alarm with metric math is changed by every run, and one without dimensions is not.
#
# cloudwatch_metric_alarm is asked twice for the same alarm on `metrics`, a share of two others. A good guess, since the
# module is idempotent with `metric_name`: the second run says "ok". Seen: "changed", in every run and every dry run.
# What is there is compared without `Metrics`, and what is asked for with them.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv" 2>/dev/null || python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ansible==12.3.0 "moto[cloudwatch,server]==5.2.5" \
  boto3==1.44.5 botocore==1.44.5
cd "$folder"
port=$(venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/moto_server -p "$port" >server.log 2>&1 &
server=$!
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_REGION=us-east-1 AWS_ENDPOINT_URL="http://127.0.0.1:$port"

cat >play.yml <<'YAML'
- hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    amazon.aws.cloudwatch_metric_alarm:
      comparison: GreaterThanThreshold
      threshold: 5
      evaluation_periods: 1
      treat_missing_data: notBreaching
  vars:
    plain: &plain
      name: plain
      namespace: shop
      metric_name: errors
      statistic: Sum
      period: 60
    share: &share
      name: share
      metrics:
        - id: errors
          metric_stat: &stat
            metric: {namespace: shop, metric_name: errors}
            period: 60
            stat: Sum
          return_data: false
        - id: requests
          metric_stat:
            <<: *stat
            metric: {namespace: shop, metric_name: requests}
          return_data: false
        - {id: share, expression: 100 * errors / requests, return_data: true}
  tasks:
    - ansible.builtin.wait_for:
        port: "{{ lookup('env', 'AWS_ENDPOINT_URL') | urlsplit('port') }}"
        host: 127.0.0.1
    - amazon.aws.cloudwatch_metric_alarm: *plain
    - amazon.aws.cloudwatch_metric_alarm: *plain
      register: plain_again
    - amazon.aws.cloudwatch_metric_alarm: *share
    - amazon.aws.cloudwatch_metric_alarm: *share
      register: share_again
    - amazon.aws.cloudwatch_metric_alarm: *share
      check_mode: true
      register: share_dry
    - ansible.builtin.debug:
        msg: "one metric: changed {{ plain_again.changed }}; metric math: changed {{ share_again.changed }},
          dry {{ share_dry.changed }}"
YAML
ANSIBLE_LOCALHOST_WARNING=false venv/bin/ansible-playbook \
  -i localhost, -e ansible_python_interpreter="$folder/venv/bin/python" play.yml >said 2>&1 || { cat said; exit 1; }
grep 'one metric' said
grep -q 'one metric: changed False; metric math: changed True, dry True' said
