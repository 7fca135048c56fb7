#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: iam_oidc_provider
version_added: "0.2.0"
short_description: Manage IAM OpenID Connect providers
description:
  - Makes an account trust an OpenID Connect identity provider, for example GitHub Actions, so that its tokens can be
    exchanged for roles without stored keys.
  - An account has one provider for a URL. It may be there already, and others may use it. So this module adds its
    audiences and keeps those of others, and notes in a tag what it added. With O(state=absent) it removes what
    it noted and nothing else.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  url:
    description:
      - The issuer of the tokens, an V(https) URL as in their C(iss) claim.
    type: str
    required: true
  state:
    description:
      - V(present) makes sure that the provider is there with the audiences.
      - V(absent) removes the audiences, and the provider where nobody else's are left.
    type: str
    choices: [present, absent]
    default: present
  client_ids:
    description:
      - The audiences (C(aud) claims) to trust, for GitHub Actions V(sts.amazonaws.com), in China
        V(sts.amazonaws.com.cn).
      - With O(state=absent), the audiences to remove; all of them where it is not given.
    type: list
    elements: str
    aliases: [audiences]
  purge_client_ids:
    description:
      - Remove audiences that O(client_ids) does not name.
    type: bool
    default: false
  thumbprints:
    description:
      - SHA-1 thumbprints of the provider's certificate authority.
      - AWS needs none for providers whose certificates are signed by a well-known authority, like GitHub.
    type: list
    elements: str
  ownership_tag:
    description:
      - The key of a tag on the provider in which the module notes what it added, V(provider) for the whole provider or
        the audiences that it added to a provider that was there before.
      - With O(state=absent) only that is removed; a provider without the tag is left alone.
      - An empty string keeps no account, and O(state=absent) removes whatever O(client_ids) names.
    type: str
    default: ansible-iam-oidc-provider
  own_roles:
    description:
      - The names of roles that do not count as users of the provider, because they are the caller's own.
      - While a trust policy of another role names the provider, O(state=absent) leaves it as it is, and O(tags) are not
        changed; the last one who uses it removes it. Without this option nobody looks who uses it.
    type: list
    elements: str
notes:
  - O(tags) are those of a provider that this module made. One that was there before keeps its own, unless
    O(ownership_tag) is empty.
  - A run that changes nothing makes two calls to AWS.
  - 'Permissions: C(iam:ListOpenIDConnectProviders), C(GetOpenIDConnectProvider), C(CreateOpenIDConnectProvider),
    C(DeleteOpenIDConnectProvider), C(AddClientIDToOpenIDConnectProvider), C(RemoveClientIDFromOpenIDConnectProvider),
    C(TagOpenIDConnectProvider), C(UntagOpenIDConnectProvider); with O(thumbprints) also
    C(UpdateOpenIDConnectProviderThumbprint), with O(own_roles) C(ListRoles).'
seealso:
  - module: amazon.aws.iam_role
  - name: OpenID Connect in Amazon Web Services
    description: What GitHub says about roles, audiences and subjects.
    link: https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reconciles
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create the GitHub OIDC provider
  codedeploy.pipeline.iam_oidc_provider:
    url: https://token.actions.githubusercontent.com
    client_ids: [sts.amazonaws.com]

- name: Delete the GitHub OIDC provider once no other role uses the provider
  codedeploy.pipeline.iam_oidc_provider:
    url: https://token.actions.githubusercontent.com
    client_ids: [sts.amazonaws.com]
    own_roles: [AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000]
    state: absent
"""

RETURN = r"""
open_id_connect_provider:
  description: The provider; in check mode as it would be; empty where there is none.
  returned: success
  type: dict
  contains:
    arn:
      description: Its ARN, for the trust policies of roles.
      returned: when it exists
      type: str
      sample: arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com
    client_ids:
      description: The audiences that are trusted, ours and others'.
      returned: always
      type: list
      elements: str
      sample: [sts.amazonaws.com]
    create_date:
      description: When it was created, ISO 8601.
      returned: when it exists
      type: str
      sample: "2024-10-24T00:00:00+00:00"
    tags:
      description: Its tags.
      returned: always
      type: dict
      sample: {ansible-iam-oidc-provider: provider}
    thumbprints:
      description: The thumbprints of its certificate authority.
      returned: always
      type: list
      elements: str
      sample: []
    used_by:
      description: The other roles that trust it.
      returned: with O(own_roles), where something would be removed or tags would be changed
      type: list
      elements: str
      sample: []
    url:
      description: The issuer.
      returned: always
      type: str
      sample: https://token.actions.githubusercontent.com
"""

from ..module_utils.aws.connection import Connection
from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.aws.reconcile import reconcile
from ..module_utils.iam.oidc_provider import OidcProvider

ARGUMENT_SPEC = {
    "url": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "client_ids": {"type": "list", "elements": "str", "aliases": ["audiences"]},
    "purge_client_ids": {"type": "bool", "default": False},
    "thumbprints": {"type": "list", "elements": "str"},
    "own_roles": {"type": "list", "elements": "str"},
    "ownership_tag": {"type": "str", "default": "ansible-iam-oidc-provider"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    asked = {name: module.params[name] for name in ARGUMENT_SPEC}
    provider = OidcProvider(Connection(module.client), **asked)
    try:
        provider.check()
        outcome = reconcile(provider, dry_run=module.check_mode)
    except ModuleError as error:
        module.fail_json(msg=error.message, **error.result)
    module.exit_json(**outcome.as_result("open_id_connect_provider"))


if __name__ == "__main__":
    main()
