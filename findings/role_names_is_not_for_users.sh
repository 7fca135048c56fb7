#!/usr/bin/env bash
# ansible-core 2.19.14: a play's variable that is called role_names is ignored without a word.
#
# A play gives `vars: {role_names: [...]}`, say the names of IAM roles to keep. A good guess: it has that value, or
# Ansible warns that the name is its own, as it does for `environment` or `tags`. Seen: the value is the list of the
# play's Ansible roles, empty in a play without any, and nothing is said, not even with ansible-playbook -v. Not even
# an extra variable wins. Whoever deletes "all roles but these" deletes these too.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ansible-core==2.19.14
cd "$folder"
export ANSIBLE_HOME=$folder ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_PYTHON_INTERPRETER=$folder/venv/bin/python

cat >play.yml <<'YAML'
- hosts: localhost
  gather_facts: false
  vars: {role_names: [keep-me], wanted_roles: [keep-me]}
  tasks:
    - ansible.builtin.copy:
        content: "{{ {'role_names': role_names, 'wanted_roles': wanted_roles} | to_json }}"
        dest: "{{ playbook_dir }}/seen.json"
        mode: "0644"
YAML
venv/bin/ansible-playbook -v -i localhost, -c local play.yml >log 2>&1 || { cat log; exit 1; }
cat seen.json; echo
if grep -i "warning" log; then exit 1; fi
grep -q '"role_names": \[\]' seen.json
grep -q '"wanted_roles": \["keep-me"\]' seen.json

venv/bin/ansible-playbook -v -i localhost, -c local -e '{"role_names": ["extra"]}' play.yml >log 2>&1
cat seen.json; echo
if grep -i "warning" log; then exit 1; fi
grep -q '"role_names": \[\]' seen.json
