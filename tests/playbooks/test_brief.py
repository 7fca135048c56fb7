"""What the callback shows of loops and messages."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PLAYBOOK = """
- name: Loops
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: As it should be
      ansible.builtin.file: {path: "{{ playbook_dir }}/{{ item }}", state: directory, mode: "0755"}
      loop: [there, there]
    - name: One changes
      ansible.builtin.file: {path: "{{ playbook_dir }}/{{ item }}", state: directory, mode: "0755"}
      loop: [there, new]
    - name: Nothing to do
      ansible.builtin.file: {path: "{{ item }}", state: directory}
      loop: []
    - name: One line
      ansible.builtin.debug: {msg: "it's \\"so\\""}
    - name: Each
      ansible.builtin.debug: {msg: "{{ item }}"}
      loop: [one, two]
    - name: Wait
      ansible.builtin.command: {argv: ["true"]}
      register: tried
      until: tried.attempts > 3
      retries: 5
      delay: 0
      changed_when: false
    - name: Lines
      ansible.builtin.debug: {msg: [one, two]}
    - name: Data
      ansible.builtin.debug: {msg: {a: 1}}
- name: Nobody this time
  hosts: "{{ groups.builders | default('all:!all') }}"
  gather_facts: false
  tasks:
    - name: Nothing
      ansible.builtin.debug: {msg: nothing}
- name: Nobody of that name
  hosts: web:!localhost
  gather_facts: false
  tasks:
    - name: Nothing
      ansible.builtin.debug: {msg: nothing}
"""
SHOWN = """
PLAY [Loops] *******************************************************************
TASK [As it should be] *********************************************************
ok: [localhost]
TASK [One changes] *************************************************************
changed: [localhost] => (item=new)
TASK [One line] ****************************************************************
ok: [localhost] => it's "so"
TASK [Each] ********************************************************************
ok: [localhost] => (item=one) => one
ok: [localhost] => (item=two) => two
TASK [Wait] ********************************************************************
waiting: [localhost]: Wait
ok: [localhost]
TASK [Lines] *******************************************************************
ok: [localhost] =>
    one
    two
TASK [Data] ********************************************************************
ok: [localhost] =>
    msg:
        a: 1

PLAY [Nobody of that name] *****************************************************
skipping: no hosts matched
"""


@pytest.mark.parametrize("option", ["", pytest.param("-v", marks=pytest.mark.long)])
def test_what_is_as_it_should_be_is_one_line(tmp_path: Path, option: str) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    (tmp_path / "playbook.yml").write_text(PLAYBOOK)
    ended = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            *([option] if option else []),
            *("--inventory=localhost,", tmp_path / "playbook.yml"),
        ],
        cwd=CHECKOUT,
        env=os.environ | {"PIPELINE_WARM": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    shown, _, _ = re.sub(" +$", "", ended.stdout, flags=re.MULTILINE).partition("\nPLAY RECAP")
    if option:
        assert shown.count("(item=there)") == 3
        assert "PLAY [Nobody this time]" in shown
    else:
        assert shown == SHOWN
