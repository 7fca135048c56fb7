#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: iam_role_policies
version_added: "0.2.0"
short_description: Manage what IAM roles are granted
description:
  - Puts inline policies into roles and attaches managed ones, and takes away those that are no longer to be there,
    for several roles at once.
  - Touches only what is named. Policies that others put into a role or attached to it stay.
  - The roles themselves are made by M(amazon.aws.iam_role). In check mode they may be missing; the diff then shows
    what they would be granted.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  roles:
    description:
      - The roles, and what each is granted.
      - All are looked at before the first is changed.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The role's name.
        type: str
        required: true
      inline:
        description:
          - Inline policies by name. A policy that is V(null) or empty must not be there.
        type: dict
        default: {}
      attached:
        description:
          - ARNs of managed policies that must be attached.
        type: list
        elements: str
        default: []
      detached:
        description:
          - ARNs of managed policies that must not be attached.
        type: list
        elements: str
        default: []
notes:
  - What is granted anew comes first, and then goes what no longer is; so a role keeps throughout what it may do before
    and after.
  - A run that changes nothing makes one call to AWS for each role, and one for each inline policy that is named.
  - 'Permissions: C(iam:ListAttachedRolePolicies), C(GetRolePolicy), C(PutRolePolicy), C(DeleteRolePolicy),
    C(AttachRolePolicy), C(DetachRolePolicy); where a role is not found at first, C(GetRole).'
seealso:
  - module: amazon.aws.iam_role
  - module: amazon.aws.iam_policy
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reconciles
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Set the policies of a role
  codedeploy.pipeline.iam_role_policies:
    roles:
      - name: reader
        inline:
          read:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: s3:GetObject
                Resource: arn:aws:s3:::shop-revisions/*
        detached: [arn:aws:iam::aws:policy/AdministratorAccess]

- name: Delete an inline policy
  codedeploy.pipeline.iam_role_policies:
    roles:
      - name: reader
        inline: {read: null}
"""

RETURN = r"""
roles:
  description: By role, what it has of what was named; in check mode what it would have.
  returned: success
  type: dict
  contains:
    inline:
      description: Documents by name.
      returned: always
      type: dict
      sample: {}
    attached:
      description: ARNs of managed policies.
      returned: always
      type: list
      elements: str
      sample: [arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore]
"""

from ..module_utils.aws.connection import Connection
from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.iam.role_policies import RolePolicies, grant

ROLE = {
    "name": {"type": "str", "required": True},
    "inline": {"type": "dict", "default": {}},
    "attached": {"type": "list", "elements": "str", "default": []},
    "detached": {"type": "list", "elements": "str", "default": []},
}
ARGUMENT_SPEC = {"roles": {"type": "list", "elements": "dict", "required": True, "options": ROLE}}


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    roles = [RolePolicies(**role) for role in module.params["roles"]]
    try:
        result = grant(Connection(module.client).iam, roles, dry_run=module.check_mode)
    except ModuleError as error:
        module.fail_json(msg=error.message, **error.result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
