#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: codedeploy_application
version_added: "0.2.0"
short_description: Manage AWS CodeDeploy applications
description:
  - Creates, renames, tags and deletes AWS CodeDeploy applications.
  - An application is the name under which CodeDeploy keeps deployment groups, revisions and deployments.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  name:
    description:
      - The name of the application, unique in the account and region.
      - Letters, digits and V(+=,.@_-), at most 100.
    type: str
    required: true
  state:
    description:
      - V(present) makes sure that the application is there, V(absent) that it is not.
      - Deleting an application deletes its deployment groups with it. What is deployed stays on its hosts.
    type: str
    choices: [present, absent]
    default: present
  new_name:
    description:
      - Rename the application to this.
      - Where an application of this name is there already, it counts as renamed.
      - Ignored where O(state=absent).
    type: str
  compute_platform:
    description:
      - What the application is deployed to. V(Server) is EC2 instances and on-premises hosts.
      - It cannot be changed later. The module refuses a different one instead of replacing the application.
      - Where it is not given, a new application is for V(Server).
    type: str
    choices: [Server, Lambda, ECS]
notes:
  - Where O(tags) is not given, a run that changes nothing makes one call to AWS.
  - There is no API to link an application to GitHub. That is done once, in the console, with "Create deployment".
    RV(application.linked_to_github) tells whether it is done.
  - 'Permissions: C(codedeploy:GetApplication), C(CreateApplication), C(UpdateApplication), C(DeleteApplication);
    with O(tags) also C(ListTagsForResource), C(TagResource), C(UntagResource) and C(sts:GetCallerIdentity).'
seealso:
  - module: codedeploy.pipeline.codedeploy_application_info
  - module: codedeploy.pipeline.codedeploy_deployment_group
  - name: CodeDeploy API reference, CreateApplication
    description: The operation behind this module.
    link: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateApplication.html
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reconciles
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create an application for EC2 instances
  codedeploy.pipeline.codedeploy_application:
    name: test.codeDeploy.001
    compute_platform: Server
    tags:
      Project: pipeline

- name: Update the name of an application
  codedeploy.pipeline.codedeploy_application:
    name: test.codeDeploy.001
    new_name: shop.codeDeploy.001

- name: Delete an application and the deployment groups
  codedeploy.pipeline.codedeploy_application:
    name: shop.codeDeploy.001
    state: absent
"""

RETURN = r"""
application:
  description: The application; in check mode as it would be; empty where there is none.
  returned: success
  type: dict
  contains:
    application_id:
      description: The id that AWS gave it.
      returned: when it exists
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
      returned: when it exists
      type: str
      sample: "2024-10-24T00:00:00+00:00"
    github_account_name:
      description: The name of the GitHub link, where there is one.
      returned: when it exists
      type: str
      sample: null
    linked_to_github:
      description: Whether somebody has connected the application to GitHub in the console.
      returned: when it exists
      type: bool
      sample: false
    tags:
      description: Its tags.
      returned: when O(tags) is given
      type: dict
      sample: {Project: pipeline}
"""

from ..module_utils.aws.connection import Connection
from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.aws.reconcile import reconcile
from ..module_utils.codedeploy.applications import Application

ARGUMENT_SPEC = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "new_name": {"type": "str"},
    "compute_platform": {"type": "str", "choices": ["Server", "Lambda", "ECS"]},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    asked = {name: module.params[name] for name in ARGUMENT_SPEC}
    application = Application(Connection(module.client), **asked)
    try:
        application.check()
        outcome = reconcile(application, dry_run=module.check_mode)
    except ModuleError as error:
        module.fail_json(msg=error.message, **error.result)
    module.exit_json(**outcome.as_result("application"))


if __name__ == "__main__":
    main()
