#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: codedeploy_deployment_group_info
version_added: "0.2.0"
short_description: List AWS CodeDeploy deployment groups
description:
  - Tells what AWS CodeDeploy knows of the deployment groups of an application.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  application_name:
    description:
      - The application. Where it does not exist, the list is empty.
    type: str
    required: true
    aliases: [application]
  names:
    description:
      - The names of the deployment groups. All of the application's where it is not given.
      - Names that do not exist are left out.
    type: list
    elements: str
    aliases: [name]
  include_tags:
    description:
      - Read the tags too, one call for each group.
    type: bool
    default: false
notes:
  - 'Permissions: C(codedeploy:ListDeploymentGroups), C(BatchGetDeploymentGroups); with O(include_tags) also
    C(ListTagsForResource).'
seealso:
  - module: codedeploy.pipeline.codedeploy_deployment_group
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Get all deployment groups of an application
  codedeploy.pipeline.codedeploy_deployment_group_info:
    application_name: test.codeDeploy.001

- name: Get the last deployment of a group
  codedeploy.pipeline.codedeploy_deployment_group_info:
    application_name: test.codeDeploy.001
    names: [test.deploymentGroup.001]
  register: found

- name: Show the estimate
  ansible.builtin.debug:
    var: found.deployment_groups[0].target_revision
"""

RETURN = r"""
deployment_groups:
  description: The deployment groups by name, as codedeploy_deployment_group returns one.
  returned: success
  type: list
  elements: dict
  contains:
    application_name:
      description: The application that it belongs to.
      returned: always
      type: str
      sample: test.codeDeploy.001
    deployment_group_id:
      description: The id that AWS gave it.
      returned: always
      type: str
      sample: 1f0e2d3c-7b1a-4a58-9d21-0a1b2c3d4e5f
    deployment_group_name:
      description: Its name.
      returned: always
      type: str
      sample: test.deploymentGroup.001
    last_attempted_deployment:
      description: The newest deployment, whatever became of it.
      returned: when there is one
      type: dict
      sample: {deployment_id: d-A1B2C3D4E, status: Failed}
    last_successful_deployment:
      description: The newest deployment that succeeded.
      returned: when there is one
      type: dict
      sample: {deployment_id: d-F5G6H7I8J, status: Succeeded}
    tags:
      description: Its tags.
      returned: when O(include_tags=true)
      type: dict
      sample: {Project: pipeline}
    target_revision:
      description: The revision of the newest deployment that succeeded.
      returned: when there is one
      type: dict
      sample: {revision_type: GitHub, github_location: {repository: OWNER/site, commit_id: 0123456789abcdef}}
"""

from ..module_utils.aws.connection import Connection
from ..module_utils.aws.errors import ModuleError, refuse
from ..module_utils.aws.module import aws_module
from ..module_utils.codedeploy.infos import find_deployment_groups
from ..module_utils.codedeploy.options import name_problems, names_problems

ARGUMENT_SPEC = {
    "application_name": {"type": "str", "required": True, "aliases": ["application"]},
    "names": {"type": "list", "elements": "str", "aliases": ["name"]},
    "include_tags": {"type": "bool", "default": False},
}


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    application, names = module.params["application_name"], module.params["names"]
    try:
        refuse(name_problems({"application_name": application}))
        refuse(names_problems("names", names))
        found = find_deployment_groups(
            Connection(module.client), application, names, with_tags=module.params["include_tags"]
        )
    except ModuleError as error:
        module.fail_json(msg=error.message)
    module.exit_json(changed=False, deployment_groups=found)


if __name__ == "__main__":
    main()
