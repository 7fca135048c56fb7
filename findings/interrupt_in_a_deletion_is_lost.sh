#!/usr/bin/env bash
# ansible-core 2.19.14 (2.21.5 too): Ctrl-C ends a run, but not where it meets the deletion of an object.
#
# Ansible's handler of SIGINT raises KeyboardInterrupt in whatever the run does at this moment. Where that is a
# method __del__, Python prints the exception and drops it. A good guess: the run ends, as it does elsewhere. Seen:
# it goes on with its next tasks, and its status is 0; the second SIGINT kills it. Runs of a playbook spend one
# moment in some hundreds there, since each worker's pipes are deleted. Here the moment is met on purpose: a name of a
# task, which the run itself works out, looks up a plugin that sends the signal.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=${1:-2.19.14}
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "ansible-core==$version"
cd "$folder"
export ANSIBLE_HOME=$folder ANSIBLE_LOOKUP_PLUGINS=$folder ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_INVENTORY_UNPARSED_WARNING=false

cat >signalled.py <<'PYTHON'
import os
import signal

from ansible.plugins.lookup import LookupBase


class Deleted:
    def __del__(self):
        interrupt()


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    os.getpid()


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        if terms == ["in a deletion"]:
            Deleted()
        else:
            interrupt()
        return terms
PYTHON

run() {
  cat >play.yml <<YAML
- hosts: localhost
  gather_facts: false
  tasks:
    - name: "Interrupted {{ lookup('signalled', '$1') }}"
      debug: {msg: interrupted}
    - name: Go on
      debug: {msg: it went on}
YAML
  status=0
  venv/bin/ansible-playbook play.yml >log 2>&1 || status=$?
  echo "$1: status $status, $(grep -c 'it went on' log || true) further task"
}

run elsewhere
[ "$status" = 99 ]
if grep -q 'it went on' log; then exit 1; fi
run 'in a deletion'
[ "$status" = 0 ]
grep -q 'it went on' log
grep -q 'Exception ignored in' log
