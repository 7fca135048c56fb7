#!/usr/bin/env bash
# ansible-core 2.19.14: `until` cannot see why a module crashed; the result has its message only after the last try.
#
# A module that ends with an exception has a result with `msg`, the exception's words, as every rescue and every
# registered variable shows. A good guess: the condition of `until` sees the same result. Seen: while it is tried,
# `msg` is not there and `exception` is a placeholder; both are put in when the tries are over. A condition that
# tells by its message what is worth another try, such as a library's broken connection, never sees one.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv" 2>/dev/null || python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ansible-core==2.19.14
cd "$folder"
mkdir library
cat >library/crash.py <<'PYTHON'
#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule

AnsibleModule(argument_spec={})
raise ConnectionError("the line broke")
PYTHON
cat >play.yml <<'YAML'
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Crash, and show what there is afterwards
      block:
        - name: Crash
          crash:
          register: result
          # True at once where the condition sees a message; tried again where it sees none.
          until: result.msg is defined
          retries: 1
          delay: 0
      rescue:
        - name: Show the result
          ansible.builtin.debug:
            msg: "afterwards: {{ result.msg }}"
YAML
ANSIBLE_LIBRARY=library ANSIBLE_LOCALHOST_WARNING=false venv/bin/ansible-playbook \
  -i localhost, -e ansible_python_interpreter="$folder/venv/bin/python" play.yml >said 2>&1 || { cat said; exit 1; }
grep -E 'RETRYING|afterwards:' said
grep -q 'afterwards: .*the line broke' said && grep -q 'FAILED - RETRYING' said
