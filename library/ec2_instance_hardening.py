#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ec2_instance_hardening
version_added: "0.2.0"
short_description: Keep running EC2 instances as safe as they were launched
description:
  - Compares metadata options, termination protection, instance profile and tags of instances and their volumes with what is asked for, names
    every difference in the diff, and mends it without a restart.
  - Makes no instance and ends none; where none matches O(filters) nothing is done.
  - Warns of volumes that are not encrypted, which cannot be mended.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  filters:
    description:
      - Which instances, as filters of DescribeInstances.
    type: dict
    required: true
  metadata_options:
    description:
      - How instances reach their metadata.
    type: dict
    suboptions:
      http_endpoint:
        description: Whether they do.
        type: str
        choices: [enabled, disabled]
        default: enabled
      http_tokens:
        description: V(required) is IMDSv2 alone.
        type: str
        choices: [required, optional]
        default: required
      http_put_response_hop_limit:
        description: How many hops the answer may travel; 1 is the instance itself.
        type: int
        default: 1
  termination_protection:
    description:
      - Whether AWS refuses to terminate the instances.
    type: bool
  instance_profile:
    description:
      - The ARN of the instance profile that instances have. It is changed in place.
    type: str
  tags:
    description:
      - Tags of the instances and of their volumes. Other tags stay.
    type: dict
notes:
  - 'Permissions: C(ec2:DescribeInstances), C(DescribeVolumes), C(DescribeInstanceAttribute),
    C(ModifyInstanceMetadataOptions), C(ModifyInstanceAttribute), C(CreateTags);
    with O(instance_profile) C(ec2:DescribeIamInstanceProfileAssociations), C(AssociateIamInstanceProfile),
    C(ReplaceIamInstanceProfileAssociation), and C(iam:PassRole) on the role of the profile.'
seealso:
  - module: amazon.aws.ec2_instance
attributes:
  check_mode:
    description: Tells what would be mended.
    support: full
  diff_mode:
    description: Returns what differs, before and after, by the id of the instance or the volume.
    support: full
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Enforce IMDSv2 and termination protection
  codedeploy.pipeline.ec2_instance_hardening:
    filters: {"tag:Name": web}
    metadata_options: {http_tokens: required}
    termination_protection: true
    tags: {Owner: web-team}
"""

RETURN = r"""
instances:
  description: The state of each instance and volume, after the run; in check mode as it would be.
  returned: success
  type: dict
  sample:
    i-0123456789abcdef0:
      metadata_options: {HttpEndpoint: enabled, HttpTokens: required, HttpPutResponseHopLimit: 1}
      termination_protection: true
      tags: {Owner: web-team}
"""

from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.ec2.instance_hardening import Hardening, apply, desired, differences, read

METADATA_OPTIONS = {
    "http_endpoint": {"type": "str", "choices": ["enabled", "disabled"], "default": "enabled"},
    "http_tokens": {
        "type": "str",
        "choices": ["required", "optional"],
        "default": "required",
        "no_log": False,
    },
    "http_put_response_hop_limit": {"type": "int", "default": 1},
}
ARGUMENT_SPEC = {
    "filters": {"type": "dict", "required": True},
    "metadata_options": {"type": "dict", "options": METADATA_OPTIONS},
    "termination_protection": {"type": "bool"},
    "instance_profile": {"type": "str"},
    "tags": {"type": "dict"},
}
MEMBERS = {
    "http_endpoint": "HttpEndpoint",
    "http_tokens": "HttpTokens",
    "http_put_response_hop_limit": "HttpPutResponseHopLimit",
}


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    given, tags = module.params["metadata_options"], module.params["tags"]
    wanted = Hardening(
        metadata_options=given and {MEMBERS[name]: value for name, value in given.items()},
        termination_protection=module.params["termination_protection"],
        instance_profile=module.params["instance_profile"],
        tags=tags and {name: str(value) for name, value in tags.items()},
    )
    try:
        client = module.client("ec2")
        current, bare = read(client, module.params["filters"], wanted)
        after = desired(current, wanted)
        before_shown, after_shown = differences(current, after)
        if not module.check_mode:
            apply(client, current, after)
    except ModuleError as error:
        module.fail_json(msg=error.message)
    for volume in bare:
        module.warn(f"{volume} is not encrypted, and cannot be made so: replace its instance.")
    module.exit_json(
        changed=bool(after_shown), instances=after, diff={"before": before_shown, "after": after_shown}
    )


if __name__ == "__main__":
    main()
