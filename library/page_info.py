#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: page_info
version_added: "0.2.0"
short_description: What a visitor gets at an address
description:
  - Asks an address for the site's first page, as if the site's name led there, and follows redirects to the
    same address. Certificates are not verified.
  - Changes nothing, and does not fail where nothing answers.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  address:
    description: The address to ask.
    type: str
    required: true
  port:
    description: The TCP port to ask.
    type: int
    default: 80
  server_name:
    description: The site's name, for the header C(Host). Empty, and V(_), is the address.
    type: str
    default: ""
  text:
    description: What the page has to have in it.
    type: str
    default: ""
  use_proxy:
    description: Whether proxies of the environment are used.
    type: bool
    default: true
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
"""

EXAMPLES = r"""
- name: Get the page
  codedeploy.pipeline.page_info:
    address: 192.0.2.7
    server_name: www.example.com
    text: Welcome
  register: page
  delegate_to: localhost
"""

RETURN = r"""
visit:
  description: What came of it.
  type: dict
  returned: always
  contains:
    url:
      description: The URL that was asked for last.
      type: str
      returned: always
    status:
      description: The HTTP status; 0 where there was no answer.
      type: int
      returned: always
    unanswered:
      description: Why there was no answer.
      type: str
      returned: always
    problem:
      description: What is wrong with the page.
      type: str
      returned: always
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host_faults.site import visit_problem
from ..module_utils.host_faults.visit import visit

ARGUMENT_SPEC = {
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 80},
    "server_name": {"type": "str", "default": ""},
    "text": {"type": "str", "default": ""},
    "use_proxy": {"type": "bool", "default": True},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    try:
        visited = visit(**module.params)
    except ValueError:
        module.fail_json(msg=f"address: {module.params['address']!r} is no IP address")
    problem = visit_problem(visited)
    module.exit_json(
        changed=False, visit=asdict(visited), msg=problem or f"{visited.url} answers with the page"
    )


if __name__ == "__main__":
    main()
