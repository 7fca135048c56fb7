#!/usr/bin/env bash
# ansible-core 2.19.14 (2.21.5 too): a play's vars_files are parsed anew for every task.
#
# A play names a file of variables, and has thirty tasks. A good guess: the file is read when the play begins, as the
# playbook is. Seen: it is read and parsed each time that variables are put together, once for each task of each host
# and some times more: a task sees what an earlier one has written there, and a long file costs every task.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "ansible-core==${VERSION:-2.19.14}"
cd "$folder"
export ANSIBLE_HOME=$folder ANSIBLE_LOCALHOST_WARNING=false PATH=$folder/venv/bin:$PATH

echo 'greeting: first' >greetings.yml
{
  printf -- '- hosts: localhost\n  gather_facts: false\n  vars_files: [greetings.yml]\n  tasks:\n'
  printf '    - ansible.builtin.shell: "echo greeting: second >%s"\n' "$folder/greetings.yml"
  for _ in $(seq 29); do printf '    - ansible.builtin.debug: {var: greeting}\n'; done
} >play.yml
ANSIBLE_DEBUG=true ansible-playbook play.yml >log 2>&1

grep -c '"greeting": "second"' log | tee seen
[ "$(<seen)" = 29 ]
loads=$(grep -c "Loading data from .*/greetings.yml" log)
echo "30 tasks, read $loads times"
[ "$loads" -gt 30 ]
