#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: codedeploy_application_info
version_added: "0.2.0"
short_description: List AWS CodeDeploy applications
description:
  - Tells what AWS CodeDeploy knows of applications.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  names:
    description:
      - The names of the applications. All applications of the account and region where it is not given.
      - Names that do not exist are left out.
    type: list
    elements: str
    aliases: [name]
  include_tags:
    description:
      - Read the tags too, one call for each application.
    type: bool
    default: false
notes:
  - 'Permissions: C(codedeploy:ListApplications), C(GetApplication), C(BatchGetApplications); with O(include_tags) also
    C(ListTagsForResource) and C(sts:GetCallerIdentity).'
seealso:
  - module: codedeploy.pipeline.codedeploy_application
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Get all applications
  codedeploy.pipeline.codedeploy_application_info:

- name: Get an application, connected to GitHub or not
  codedeploy.pipeline.codedeploy_application_info:
    names: [test.codeDeploy.001]
  register: found
  failed_when: not found.applications[0].linked_to_github
"""

RETURN = r"""
applications:
  description: The applications by name, as codedeploy_application returns one.
  returned: success
  type: list
  elements: dict
  contains:
    application_id:
      description: The id that AWS gave it.
      returned: always
      type: str
      sample: 4f0e2d3c-7b1a-4a58-9d21-0a1b2c3d4e5f
    application_name:
      description: Its name.
      returned: always
      type: str
      sample: test.codeDeploy.001
    compute_platform:
      description: What it is deployed to.
      returned: always
      type: str
      sample: Server
    create_time:
      description: When it was created, ISO 8601.
      returned: always
      type: str
      sample: "2024-10-24T00:00:00+00:00"
    github_account_name:
      description: The name of the GitHub link, where there is one.
      returned: always
      type: str
      sample: null
    linked_to_github:
      description: Whether somebody has connected the application to GitHub in the console.
      returned: always
      type: bool
      sample: false
    tags:
      description: Its tags.
      returned: when O(include_tags=true)
      type: dict
      sample: {Project: pipeline}
"""

from ..module_utils.aws.connection import Connection
from ..module_utils.aws.errors import ModuleError, refuse
from ..module_utils.aws.module import aws_module
from ..module_utils.codedeploy.infos import find_applications
from ..module_utils.codedeploy.options import names_problems

ARGUMENT_SPEC = {
    "names": {"type": "list", "elements": "str", "aliases": ["name"]},
    "include_tags": {"type": "bool", "default": False},
}


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    names = module.params["names"]
    try:
        refuse(names_problems("names", names))
        found = find_applications(Connection(module.client), names, with_tags=module.params["include_tags"])
    except ModuleError as error:
        module.fail_json(msg=error.message)
    module.exit_json(changed=False, applications=found)


if __name__ == "__main__":
    main()
