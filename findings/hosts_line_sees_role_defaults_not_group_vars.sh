#!/usr/bin/env bash
# ansible-core 2.19.14: a play's hosts: line is templated with the defaults of its roles, and not with group_vars.
#
# A role has `application: shop` among its defaults, the inventory's group_vars say `application: bank`. A good guess:
# `hosts: "{{ application }}"` is what every task of that play sees, or it is undefined. Seen: the line takes the
# role's default and selects the group shop, while the play's tasks, on these very hosts, read bank. Extra variables
# reach both.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ansible-core==2.19.14
cd "$folder"
export ANSIBLE_HOME=$folder ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_PYTHON_INTERPRETER=$folder/venv/bin/python

mkdir -p roles/settings/defaults inventory/group_vars
echo 'application: shop' >roles/settings/defaults/main.yml
echo 'application: bank' >inventory/group_vars/all.yml
cat >inventory/hosts.yml <<'YAML'
all:
  vars: {ansible_connection: local}
  children:
    shop: {hosts: {host-of-shop: {}}}
    bank: {hosts: {host-of-bank: {}}}
YAML
cat >play.yml <<'YAML'
- hosts: "{{ application }}"
  gather_facts: false
  roles: [settings]
  tasks:
    - ansible.builtin.copy:
        content: "{{ inventory_hostname }} reads {{ application }}"
        dest: "{{ playbook_dir }}/seen"
        mode: "0644"
YAML
venv/bin/ansible-playbook -i inventory play.yml >log 2>&1 || { cat log; exit 1; }
cat seen; echo
[ "$(cat seen)" = "host-of-shop reads bank" ]

venv/bin/ansible-playbook -i inventory -e application=bank play.yml >log 2>&1
cat seen; echo
[ "$(cat seen)" = "host-of-bank reads bank" ]
