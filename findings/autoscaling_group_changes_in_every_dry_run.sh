#!/usr/bin/env bash
# amazon.aws 10.1.2: each dry run of autoscaling_group is a change, and each run of one with metrics writes.
#
# An Auto Scaling group is made, and asked for again with the same options. A good guess: a dry run says "ok", and a run
# that says "ok" has written nothing. Seen: the dry run says "changed" before it has compared anything; the run says
# "ok", and has called UpdateAutoScalingGroup, with `metrics_collection` EnableMetricsCollection too. So a dry run finds
# no drift, and a user whose right to update the group was taken away fails in a run that changes nothing.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv" 2>/dev/null || python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ansible==12.3.0 "moto[autoscaling,ec2,server]==5.2.5" \
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
    amazon.aws.autoscaling_group:
      name: fleet
      launch_template: {launch_template_name: web, version: $Latest}
      min_size: 1
      max_size: 2
      desired_capacity: 1
      availability_zones: [us-east-1a]
      metrics_collection: true
      wait_for_instances: false
  tasks:
    - ansible.builtin.wait_for:
        port: "{{ lookup('env', 'AWS_ENDPOINT_URL') | urlsplit('port') }}"
        host: 127.0.0.1
    - amazon.aws.ec2_ami_info:
        owners: [amazon]
      register: found
    - amazon.aws.ec2_launch_template:
        name: web
        image_id: "{{ found.images[0].image_id }}"
        instance_type: t3.micro
    - amazon.aws.autoscaling_group:
    - amazon.aws.autoscaling_group:
      check_mode: true
      register: dry
    - ansible.builtin.uri:
        url: "{{ lookup('env', 'AWS_ENDPOINT_URL') }}/moto-api/recorder/start-recording"
        method: POST
    - amazon.aws.autoscaling_group:
      register: again
    - ansible.builtin.uri:
        url: "{{ lookup('env', 'AWS_ENDPOINT_URL') }}/moto-api/recorder/download-recording"
        return_content: true
      register: recorded
    - ansible.builtin.debug:
        msg: "dry: changed {{ dry.changed }}; run: changed {{ again.changed }},
          {{ bodies | regex_findall('Action=((?:Create|Enable|Put|Update)[A-Za-z]+)') | join(' ') }}"
      vars:
        bodies: "{{ recorded.content | regex_findall('\"body\": \"([^\"]*)\"') | map('b64decode') | join(' ') }}"
YAML
ANSIBLE_LOCALHOST_WARNING=false venv/bin/ansible-playbook \
  -i localhost, -e ansible_python_interpreter="$folder/venv/bin/python" play.yml >said 2>&1 || { cat said; exit 1; }
grep 'dry: changed' said
grep -q 'dry: changed True; run: changed False, UpdateAutoScalingGroup EnableMetricsCollection' said
