#!/usr/bin/env bash
# amazon.aws 10.1.2: a dry run of ec2_ami with the name of an image that is there says ok, the run makes another one.
#
# ec2_ami is given an instance and a name, twice. A good guess, since a dry run of the second says that nothing changes:
# the image is found by its name. Seen: the run calls CreateImage again. EC2 refuses it (InvalidAMIName.Duplicate) and
# the play fails; moto, which does not refuse, has a second image. Only `image_id` lets the module find one.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv" 2>/dev/null || python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ansible==12.3.0 "moto[ec2,server]==5.2.5" \
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
    amazon.aws.ec2_ami:
      name: golden
      instance_id: "{{ launched.instance_ids | first }}"
  tasks:
    - name: Wait for the server
      ansible.builtin.wait_for:
        port: "{{ lookup('env', 'AWS_ENDPOINT_URL') | urlsplit('port') }}"
        host: 127.0.0.1
    - name: Get an image of moto's
      amazon.aws.ec2_ami_info:
        owners: [amazon]
      register: found
    - name: Launch an instance
      amazon.aws.ec2_instance:
        name: source
        image_id: "{{ (found.images | first).image_id }}"
        instance_type: t3.micro
        wait: false
      register: launched
    - name: Create the image
      amazon.aws.ec2_ami:
    - name: Create it again, dry
      amazon.aws.ec2_ami:
      check_mode: true
      register: dry
    - name: Create it again
      amazon.aws.ec2_ami:
      register: again
      failed_when: false
    - name: Say it
      ansible.builtin.debug:
        msg: "dry: changed {{ dry.changed }}; run: changed {{ again.changed }}"
YAML
ANSIBLE_LOCALHOST_WARNING=false venv/bin/ansible-playbook \
  -i localhost, -e ansible_python_interpreter="$folder/venv/bin/python" play.yml >said 2>&1 || { cat said; exit 1; }
grep 'dry: changed' said
grep -q 'dry: changed False; run: changed True' said
