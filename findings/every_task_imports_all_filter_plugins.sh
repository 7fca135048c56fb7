#!/usr/bin/env bash
# ansible-core 2.19.14: a filter plugin is imported anew by every task that uses a filter of a plugin, any filter.
#
# Beside the playbook is a filter plugin that notes each time it is imported. Six tasks use a filter of another plugin,
# beside it. A good guess: both are imported once a run, or, as nobody asks for it, the first is not imported at all.
# Seen: it is imported six times, once a task, since the process that a task is run in is forked before the run has
# read the plugins, and reads all of them at its first filter that is not Jinja's own. Where the run itself has used
# one before, as in a play's hosts: line, that is the only import, and every task has it from there.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ansible-core==2.19.14
cd "$folder"
export ANSIBLE_HOME=$folder ANSIBLE_LOCALHOST_WARNING=false

mkdir filter_plugins
cat >filter_plugins/noting.py <<'PYTHON'
from pathlib import Path

with (Path(__file__).parent.parent / "imports").open("a") as log:
    log.write("imported\n")


class FilterModule:
    def filters(self):
        return {"nobody_asks_for_this": str}
PYTHON
cat >filter_plugins/asked.py <<'PYTHON'
class FilterModule:
    def filters(self):
        return {"shout": str.upper}
PYTHON
play() {
  echo "- hosts: $1"
  echo "  gather_facts: false"
  echo "  tasks:"
  for number in 1 2 3 4 5 6; do
    echo "    - ansible.builtin.debug: {msg: \"{{ 'task $number' | shout }}\"}"
  done
}

play localhost >play.yml
: >imports
venv/bin/ansible-playbook -i localhost, play.yml >log 2>&1 || { cat log; exit 1; }
grep -q 'TASK 6' log
echo "six tasks: $(wc -l <imports) imports"
[ "$(wc -l <imports)" -eq 6 ]

play "\"{{ 'LOCALHOST' | lower if ('a' | shout) == 'A' else 'nobody' }}\"" >play.yml
: >imports
venv/bin/ansible-playbook -i localhost, play.yml >log 2>&1 || { cat log; exit 1; }
grep -q 'TASK 6' log
echo "six tasks after a hosts: line with such a filter: $(wc -l <imports) import"
[ "$(wc -l <imports)" -eq 1 ]
