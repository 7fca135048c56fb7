#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pipeline_drift_info
version_added: "0.3.0"
short_description: What a run of a playbook would change
description:
  - Runs a playbook with C(--check) and returns the tasks that would change something.
  - Takes as long as the playbook; C(async) lets other tasks go on meanwhile.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  playbook:
    description: The playbook. The folder above its own is the project that it is run in.
    type: path
    required: true
  inventories:
    description: Sources of the inventory; none is the project's own.
    type: list
    elements: str
    default: []
  settings:
    description:
      - Variables that come before all others.
      - They go through a file that only the user can read and that is gone afterwards.
    type: dict
    default: {}
  secrets:
    description: Such variables that go into no file, but through the environment of the dry run.
    type: dict
    default: {}
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
"""

EXAMPLES = r"""
- name: Get the drift
  codedeploy.pipeline.pipeline_drift_info:
    playbook: "{{ playbook_dir }}/site.yml"
    inventories: "{{ ansible_inventory_sources }}"
  register: drift
  delegate_to: localhost
"""

RETURN = r"""
drift:
  description: What came of it.
  returned: success
  type: dict
  contains:
    began:
      description: Whether the dry run began.
      returned: always
      type: bool
      sample: true
    changes:
      description: What a run would change, play, task and host.
      returned: always
      type: list
      elements: str
      sample: ["Provision the instances: Create the security group (localhost)"]
    resources:
      description:
        - What the plan of the dry run says, resource by resource, where the playbook has one (C(site.yml), C(destroy.yml));
          C(changes) of a resource name a value with what is there and what would be.
      returned: always
      type: list
      elements: dict
      sample: [{action: change, kind: security group, name: web, changes: ["ports: [80] -> [80, 443]"], replaces: [], count: 1}]
    problems:
      description: What kept the dry run from its end; empty where it got there.
      returned: always
      type: list
      elements: str
      sample: []
"""

import sys
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.pipeline.drift import dry_run

ARGUMENT_SPEC = {
    "playbook": {"type": "path", "required": True},
    "inventories": {"type": "list", "elements": "str", "default": []},
    "settings": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    playbook, program = Path(module.params["playbook"]), Path(sys.executable).with_name("ansible-playbook")
    if not playbook.is_file():
        module.fail_json(msg=f"playbook: {playbook} is no file.")
    try:
        found = dry_run(
            program,
            playbook.resolve(),
            inventories=module.params["inventories"],
            settings=module.params["settings"],
            secrets={name: str(value) for name, value in module.params["secrets"].items()},
            folder=module.tmpdir,
        )
    except OSError as error:
        module.fail_json(
            msg=f"{program} cannot be run ({error}). Run the module with the Python that Ansible is installed in: "
            "set ansible_python_interpreter to {{ ansible_playbook_python }}."
        )
    module.exit_json(changed=False, drift=found.as_result())


if __name__ == "__main__":
    main()
