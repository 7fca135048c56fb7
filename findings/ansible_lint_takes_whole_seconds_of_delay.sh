#!/usr/bin/env bash
# ansible-lint 26.10.1: a task's delay of a part of a second, which ansible-core 2.19.14 keeps to, is no valid playbook.
#
# A task looks for a file every 0.2 seconds. ansible-core's keyword is a float, and the playbook runs. A good guess: it
# passes the linter's schema too. Seen: the schema wants an integer; the rule cannot be skipped for a line, and ends the
# look at the file. The same playbook with a delay of 1 passes.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ansible-lint==26.10.1 ansible-core==2.19.14
cd "$folder"
export ANSIBLE_HOME=$folder PATH=$folder/venv/bin:$PATH ANSIBLE_LOCALHOST_WARNING=false

cat >play.yml <<'YAML'
---
- name: Wait for a file
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Look for the file
      ansible.builtin.stat:
        path: "{{ playbook_dir }}/made"
      register: made
      until: made.stat.exists
      retries: 100
      delay: 0.2
YAML
touch made
ansible-playbook play.yml | tee log
grep -q 'ok=1' log
kind=$(python -c 'from ansible.playbook.task import Task; print(Task.fattributes["delay"].isa)')
echo "ansible-core: a delay is a $kind"
[ "$kind" = float ]

lint() { ansible-lint --offline --nocolor --profile production play.yml >log 2>&1; }
if lint; then echo "ansible-lint takes it"; exit 1; fi
grep -o "schema.*" log | head -n 1
grep -q "delay 0.2 is not of type 'integer'" log

sed -i 's/delay: 0.2/delay: 1/' play.yml
lint
echo "with a delay of 1: passed"
