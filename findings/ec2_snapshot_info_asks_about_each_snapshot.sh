#!/usr/bin/env bash
# amazon.aws 10.1.2: ec2_snapshot_info asks EC2 once more for each snapshot, with an action of another name.
#
# Three snapshots are made and listed. A good guess: the list is DescribeSnapshots, as of ec2_ami_info it is
# DescribeImages, and so is the right that it takes. Seen: after it comes DescribeSnapshotAttribute, once for each
# snapshot, whether anybody wants to know who else may use them or not. A user with the right to list alone gets
# nothing, and the list of a thousand snapshots takes a thousand and one calls.
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
  tasks:
    - ansible.builtin.wait_for:
        port: "{{ lookup('env', 'AWS_ENDPOINT_URL') | urlsplit('port') }}"
        host: 127.0.0.1
    - amazon.aws.ec2_vol:
        zone: us-east-1a
        volume_size: 1
        name: disk
      register: disk
    - amazon.aws.ec2_snapshot:
        volume_id: "{{ disk.volume_id }}"
        snapshot_tags: {Number: "{{ item }}"}
      loop: [1, 2, 3]
    - ansible.builtin.uri:
        url: "{{ lookup('env', 'AWS_ENDPOINT_URL') }}/moto-api/recorder/start-recording"
        method: POST
    - amazon.aws.ec2_snapshot_info:
        filters: {"volume-id": "{{ disk.volume_id }}"}
      register: snapshots
    - ansible.builtin.uri:
        url: "{{ lookup('env', 'AWS_ENDPOINT_URL') }}/moto-api/recorder/download-recording"
        return_content: true
      register: recorded
    - ansible.builtin.debug:
        msg: "{{ snapshots.snapshots | length }} snapshots: {{ bodies | regex_findall('Action=([A-Za-z]+)') | join(' ') }}"
      vars:
        bodies: "{{ recorded.content | regex_findall('\"body\": \"([^\"]*)\"') | map('b64decode') | join(' ') }}"
YAML
ANSIBLE_LOCALHOST_WARNING=false venv/bin/ansible-playbook \
  -i localhost, -e ansible_python_interpreter="$folder/venv/bin/python" play.yml >said 2>&1 || { cat said; exit 1; }
grep ' snapshots: ' said
each='DescribeSnapshotAttribute'
grep -q "3 snapshots: DescribeSnapshots $each $each $each" said
