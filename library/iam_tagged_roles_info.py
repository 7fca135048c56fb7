#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: iam_tagged_roles_info
version_added: "0.2.0"
short_description: List IAM roles by their tags
description:
  - Finds the roles that carry certain tags, whatever their names are.
  - IAM lists roles without their tags, so that each role in question costs a call of its own. O(principals) says which
    roles are in question.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  tags:
    description:
      - What a role must carry, all of them.
    type: dict
    required: true
  principals:
    description:
      - Texts of which the principals in a role's trust policy must have one, for instance C(ec2.amazonaws.com).
    type: list
    elements: str
    required: true
notes:
  - 'Permissions: C(iam:ListRoles), C(iam:ListRoleTags), C(iam:ListInstanceProfilesForRole).'
seealso:
  - module: amazon.aws.iam_role
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Get the roles of an application
  codedeploy.pipeline.iam_tagged_roles_info:
    tags: {Application: test.codeDeploy.001}
    principals: [ec2.amazonaws.com, codedeploy]
"""

RETURN = r"""
roles:
  description: The roles, by name, and the names of the instance profiles that each is in.
  returned: success
  type: list
  elements: dict
  sample:
    - role_name: web
      instance_profiles: [web]
"""

from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.iam.tagged_roles import tagged_roles

ARGUMENT_SPEC = {
    "tags": {"type": "dict", "required": True},
    "principals": {"type": "list", "elements": "str", "required": True},
}


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    tags = {name: str(value) for name, value in module.params["tags"].items()}
    try:
        roles = tagged_roles(module.client("iam"), tags, module.params["principals"])
    except ModuleError as error:
        module.fail_json(msg=error.message)
    module.exit_json(changed=False, roles=roles)


if __name__ == "__main__":
    main()
