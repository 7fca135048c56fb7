#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: route53_address_records_info
version_added: "0.2.0"
short_description: List the A records of hosted zones
description:
  - Finds the public hosted zones of the account that hold the given names, and lists all A records in them.
  - By it one knows which names lead to an address before the address is given away.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  names:
    description:
      - Names of domains. Of the zones that hold one, the longest is looked at. Names without a zone are left out.
    type: list
    elements: str
    required: true
notes:
  - 'Permissions: C(route53:ListHostedZones), C(route53:ListResourceRecordSets).'
seealso:
  - module: amazon.aws.route53
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Get the A records besides www.example.com
  codedeploy.pipeline.route53_address_records_info:
    names: [www.example.com]
"""

RETURN = r"""
records:
  description: The records. An alias has no C(values), null as C(ttl), and what it leads to as C(alias).
  returned: success
  type: list
  elements: dict
  sample:
    - name: www.example.com
      zone: example.com
      ttl: 300
      alias: ""
      values: [192.0.2.7]
"""

from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.route53.address_records import address_records

ARGUMENT_SPEC = {"names": {"type": "list", "elements": "str", "required": True}}


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        records = address_records(module.client("route53"), module.params["names"])
    except ModuleError as error:
        module.fail_json(msg=error.message)
    module.exit_json(changed=False, records=records)


if __name__ == "__main__":
    main()
