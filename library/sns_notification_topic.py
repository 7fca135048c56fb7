#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: sns_notification_topic
version_added: "0.2.0"
short_description: Manage an encrypted SNS topic and its subscriptions
description:
  - Creates, changes and deletes an SNS topic, encrypted, with its policy and exactly the subscriptions that are named.
  - A topic that has not O(owned_tags) is somebody else's. It is never changed, and never deleted.
  - M(community.aws.sns_topic) has no option for encryption.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  arn:
    description: The ARN of the topic, in the region and the account of the credentials.
    type: str
    required: true
  owned_tags:
    description: The tags by which a topic is known as one's own.
    type: dict
    required: true
  state:
    description: Whether the topic is there.
    type: str
    choices: [present, absent]
    default: present
  kms_key:
    description:
      - The KMS key that encrypts messages at rest, as an alias, an id or an ARN.
      - The policy of a key of your own has to let those who publish use it.
    type: str
    default: alias/aws/sns
  policy:
    description: The access policy of the topic. Required with O(state=present).
    type: dict
  endpoints:
    description:
      - E-mail addresses and HTTPS addresses that subscribe. Others are unsubscribed.
      - Each has to confirm; until then a subscription is RV(topic.unconfirmed), which SNS alone can remove.
    type: list
    elements: str
    default: []
  tags:
    description: Further tags. Others are removed.
    type: dict
    default: {}
notes:
  - Of an HTTPS address results and diffs have the host and a digest, since its path may be a secret.
  - A run that changes nothing makes three calls to AWS, one where the topic is not there.
  - 'Permissions: C(sns:GetTopicAttributes), C(ListTagsForResource), C(ListSubscriptionsByTopic), C(CreateTopic),
    C(TagResource), C(UntagResource), C(SetTopicAttributes), C(Subscribe), C(Unsubscribe), C(DeleteTopic).'
seealso:
  - module: codedeploy.pipeline.codedeploy_deployment_group
  - module: community.aws.sns_topic
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reconciles
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create a topic
  codedeploy.pipeline.sns_notification_topic:
    arn: arn:aws:sns:us-east-1:123456789012:deployments
    owned_tags: {Project: shop}
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Deny
          Principal: "*"
          Action: sns:Publish
          Resource: arn:aws:sns:us-east-1:123456789012:deployments
          Condition: {Bool: {"aws:SecureTransport": "false"}}
    endpoints: [ops@example.com]

- name: Delete the topic
  codedeploy.pipeline.sns_notification_topic:
    arn: arn:aws:sns:us-east-1:123456789012:deployments
    owned_tags: {Project: shop}
    state: absent
"""

RETURN = r"""
topic:
  description: The topic; in check mode as it would be; empty where there is none of one's own.
  returned: success
  type: dict
  contains:
    arn:
      description: Its ARN.
      returned: always
      type: str
      sample: arn:aws:sns:us-east-1:123456789012:deployments
    kms_key:
      description: The key that encrypts it; empty where it is not encrypted.
      returned: always
      type: str
      sample: alias/aws/sns
    policy:
      description: Its access policy.
      returned: always
      type: dict
      sample: {}
    subscriptions:
      description: E-mail addresses, and hosts with a digest of the address.
      returned: always
      type: list
      elements: str
      sample: [ops@example.com, "https://events.example.com/ (0a1b2c3d)"]
    tags:
      description: Its tags.
      returned: always
      type: dict
      sample: {Project: shop}
    unconfirmed:
      description: Those of the subscriptions that nobody has confirmed yet.
      returned: always
      type: list
      elements: str
      sample: [ops@example.com]
"""

from ..module_utils.aws.connection import Connection
from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.aws.reconcile import reconcile
from ..module_utils.sns.topics import Topic

ARGUMENT_SPEC = {
    "arn": {"type": "str", "required": True},
    "owned_tags": {"type": "dict", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "kms_key": {"type": "str", "default": "alias/aws/sns", "no_log": False},
    "policy": {"type": "dict"},
    "endpoints": {"type": "list", "elements": "str", "default": []},
    "tags": {"type": "dict", "default": {}},
}


def main() -> None:
    module = aws_module(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ["policy"])],
        supports_check_mode=True,
    )
    topic = Topic(Connection(module.client), **{name: module.params[name] for name in ARGUMENT_SPEC})
    try:
        topic.check()
        outcome = reconcile(topic, dry_run=module.check_mode)
    except ModuleError as error:
        module.fail_json(msg=error.message, **error.result)
    module.exit_json(**outcome.as_result("topic"))


if __name__ == "__main__":
    main()
