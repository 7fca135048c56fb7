#!/usr/bin/env bash
# ansible-core 2.19.14: include_tasks with a loop does not keep each host's order of items.
#
# Two hosts loop over the same items in different orders. A good guess: each host runs the included file in the
# order of its own list. Seen: includes whose file and item are equal are merged across hosts, in the order of the
# first host, so that the second host runs its items in the first host's order. `strategy: free` keeps the order.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ansible-core==2.19.14
cd "$folder"
export ANSIBLE_HOME=$folder ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_PYTHON_INTERPRETER=$folder/venv/bin/python

cat >hosts.yml <<'YAML'
all:
  vars: {ansible_connection: local}
  hosts:
    first: {repairs: [package, service]}
    second: {repairs: [service, package]}
YAML
cat >repair.yml <<'YAML'
- ansible.builtin.set_fact:
    ran: "{{ ran | default([]) + [item] }}"
YAML
for strategy in linear free; do
  cat >play.yml <<YAML
- hosts: all
  gather_facts: false
  strategy: $strategy
  tasks:
    - ansible.builtin.include_tasks: repair.yml
      loop: "{{ repairs }}"
    - ansible.builtin.copy:
        content: "{{ ran | join(' then ') }}"
        dest: "$folder/$strategy-{{ inventory_hostname }}"
        mode: "0644"
YAML
  venv/bin/ansible-playbook -i hosts.yml play.yml >log 2>&1 || { cat log; exit 1; }
  printf '%s, second host: asked for service then package, ran %s\n' "$strategy" "$(cat "$strategy-second")"
done
[ "$(cat linear-second)" = "package then service" ]
[ "$(cat free-second)" = "service then package" ]
