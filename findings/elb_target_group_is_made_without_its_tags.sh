#!/usr/bin/env bash
# community.aws 10.0.0: elb_target_group makes a target group without the tags that it is given.
#
# elb_target_group is given `tags`. A good guess, since CreateTargetGroup takes tags and amazon.aws.elb_application_lb
# gives them so: the target group has them from the first moment on. Seen: CreateTargetGroup without tags, then
# ModifyTargetGroupAttributes, and AddTags last. So a policy that lets target groups be made with certain tags only
# refuses it, one that lets those with certain tags be changed refuses the second call, and a run that is cut off leaves
# a target group that nobody's tags are on.
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
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_REGION=us-east-1 AWS_ENDPOINT_URL="http://127.0.0.1:$port"

cat >play.yml <<'YAML'
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.wait_for:
        port: "{{ lookup('env', 'AWS_ENDPOINT_URL') | urlsplit('port') }}"
        host: 127.0.0.1
    - amazon.aws.ec2_vpc_net_info:
      register: vpcs
    - ansible.builtin.uri:
        url: "{{ lookup('env', 'AWS_ENDPOINT_URL') }}/moto-api/recorder/start-recording"
        method: POST
    - community.aws.elb_target_group:
        name: web
        state: present
        protocol: http
        port: 80
        vpc_id: "{{ vpcs.vpcs[0].vpc_id }}"
        deregistration_delay_timeout: 30
        tags: {Team: web}
    - ansible.builtin.uri:
        url: "{{ lookup('env', 'AWS_ENDPOINT_URL') }}/moto-api/recorder/download-recording"
        return_content: true
      register: recorded
    - ansible.builtin.debug:
        msg: "{{ writing | map('regex_search', '(?<=Action=)\\w+') | join(' ') }}; with tags:
          {{ writing | select('search', 'Tags\\.member') | map('regex_search', '(?<=Action=)\\w+') | join(' ') }}"
      vars:
        bodies: "{{ recorded.content | regex_findall('\"body\": \"([^\"]*)\"') | map('b64decode') }}"
        writing: "{{ bodies | select('search', 'Action=(Add|Create|Modify)') }}"
YAML
ANSIBLE_LOCALHOST_WARNING=false venv/bin/ansible-playbook \
  -i localhost, -e ansible_python_interpreter="$folder/venv/bin/python" play.yml >said 2>&1 || { cat said; exit 1; }
grep 'with tags' said
grep -q 'CreateTargetGroup ModifyTargetGroupAttributes AddTags; with tags: AddTags"' said
