#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: github_actions_settings
version_added: "0.2.0"
short_description: Manage the variables and secrets of GitHub Actions
description:
  - Sets, updates and removes variables and secrets that workflows of a repository use, at the level of the repository
    or of one of its environments.
  - Creates the environment where it is missing. Of the protection rules of one that exists those are changed that
      are asked for with O(deployment_branches), O(reviewers), O(prevent_self_review) and O(wait_timer).
  - Everything is read, and the right to write is tried, before the first value is written. A token that is wrong or
    may do too little leaves everything as it was.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  environment:
    description:
      - The environment whose settings are managed. Without it the settings of the repository are.
    type: str
  deployment_branches:
    description:
      - The branches whose jobs may use O(environment), as names or patterns such as V(release/*). They replace what is there.
      - An empty list lets jobs of every branch use it. Without this option nothing is changed.
      - Whoever can push to a branch that is admitted can use the secrets, and be the environment to a cloud that trusts it.
    type: list
    elements: str
  reviewers:
    description:
      - Users, by their login, and teams of the repository's organization, as V(OWNER/TEAM), of whom one has to approve a
        job before it may use O(environment). They replace who is there; at most 6.
      - An empty list lets jobs use it without. Without this option nothing is changed.
      - A reviewer must have access to the repository. GitHub leaves out one who has none; this module fails then.
      - In private repositories GitHub has reviewers, and O(wait_timer), with its Enterprise plan alone.
    type: list
    elements: str
    version_added: "0.3.0"
  prevent_self_review:
    description: Whether a reviewer may not approve the runs that they started. Without this option nothing is changed.
    type: bool
    version_added: "0.3.0"
  wait_timer:
    description:
      - The minutes that a job waits before it may use O(environment), from 0 to 43200, which are 30 days.
      - V(0) is none. Without this option nothing is changed.
    type: int
    version_added: "0.3.0"
  state:
    description:
      - V(present) makes sure that the environment, O(variables) and O(secrets) are there.
      - V(absent) removes the named variables and secrets, whatever their values are, and the environment when no other
        setting is left in it and nothing guards it but O(reviewers) and O(wait_timer), where these options are given.
    type: str
    choices: [present, absent]
    default: present
  owner:
    description:
      - Variables that say whose the environment is, for several that share a repository. Where one of them is there with
        another value, it is another's, and nothing is written. O(state=present) fails then; O(state=absent) has nothing
        to remove.
    type: dict
  variables:
    description:
      - Variables by name. GitHub keeps names in capitals. Values are text; numbers and booleans become text.
      - One whose value is null must not be there. Variables that are not named stay, unless O(purge_variables=true).
    type: dict
  purge_variables:
    description:
      - Remove the variables that O(variables) does not name.
    type: bool
    default: false
  secrets:
    description:
      - Secrets by name. A value leaves this machine only inside a sealed box that GitHub alone can open.
      - One whose value is null must not be there. Secrets that are not named stay, unless O(purge_secrets=true).
    type: dict
  purge_secrets:
    description:
      - Remove the secrets that O(secrets) does not name.
    type: bool
    default: false
  update_secrets:
    description:
      - When a secret that exists is written again. GitHub never shows the value of a secret, so it cannot be compared.
      - V(changed) keeps a fingerprint of each value beside it, in the variable E(ANSIBLE_SECRET_FINGERPRINTS) of the same
        level, and writes a secret when the value is another one, or when somebody else has written it since.
      - V(always) writes it in every run, and reports a change in every run.
      - V(on_create) writes only what is missing. Neither of these keeps fingerprints.
    type: str
    choices: [changed, always, on_create]
    default: changed
notes:
  - A fine-grained O(token) needs these permissions for the repository, all of them "read and write". For an environment
    C(Environments), and C(Administration) to create or delete it, and C(Actions) (read). For a repository C(Variables) and
    C(Secrets). A classic one needs the scope C(repo).
  - With O(update_secrets=changed) a fingerprint is a salted scrypt hash, which a short or common value does not withstand
    for ever. Whoever may read the variables can read it; use V(on_create) or V(always) for a password that people chose.
  - What O(update_secrets=changed) cannot see is a write by somebody else within the same second as its own, since GitHub gives the
    time of a write in whole seconds. A secret that was not written by this module yet counts as changed once.
  - In check mode nothing is tried, so a token that may read but not write is found out only when changes are made.
  - To find O(reviewers) that are teams, a token needs the organization's permission C(Members) (read), or the scope C(read:org).
  - An unchanged run makes two calls to GitHub for a repository and three for an environment.
requirements:
  - PyNaCl
seealso:
  - name: GitHub, store information in variables
    description: What workflows see of variables, and which level wins.
    link: https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/use-variables
  - name: GitHub, REST API for Actions secrets
    description: The operations behind this module.
    link: https://docs.github.com/en/rest/actions/secrets
attributes:
  diff_mode:
    description: Returns what changes, before and after. Of a secret it tells that it changes, never what it was or is.
    support: full
extends_documentation_fragment:
  - codedeploy.pipeline.github_api
  - codedeploy.pipeline.shared_attributes.reconciles
"""

EXAMPLES = r"""
- name: Set the variables of the workflow
  codedeploy.pipeline.github_actions_settings:
    repository: OWNER/codedeploy.nginx.001
    environment: Prod
    deployment_branches: [main]
    variables:
      AWS_REGION: us-east-1
      CODEDEPLOY_APPLICATION_NAME: test.codeDeploy.001
    secrets:
      IAMROLE_GITHUB_ARN: arn:aws:iam::123456789012:role/AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000

- name: Set the reviewers of deployments to production
  codedeploy.pipeline.github_actions_settings:
    repository: OWNER/codedeploy.nginx.001
    environment: Prod
    deployment_branches: [main]
    reviewers: [alice, OWNER/release-managers]
    prevent_self_review: true
    wait_timer: 10

- name: Set one variable of the repository, and remove all others
  codedeploy.pipeline.github_actions_settings:
    repository: OWNER/codedeploy.nginx.001
    variables:
      AWS_REGION: us-east-1
    purge_variables: true

- name: Remove a secret, and the environment if that was all
  codedeploy.pipeline.github_actions_settings:
    repository: OWNER/codedeploy.nginx.001
    environment: Prod
    secrets:
      IAMROLE_GITHUB_ARN: ""
    state: absent

- name: Set the variables of the workflow on GitHub Enterprise Server
  codedeploy.pipeline.github_actions_settings:
    api_url: https://github.example.com/api/v3
    token: "{{ vault_github_token }}"
    repository: OWNER/codedeploy.nginx.001
    variables:
      AWS_REGION: us-east-1
"""

RETURN = r"""
github_actions_settings:
  description: The settings of the repository or environment; in check mode as they would be.
  returned: success
  type: dict
  contains:
    repository:
      description: The repository.
      returned: always
      type: str
      sample: OWNER/codedeploy.nginx.001
    environment:
      description: The environment; null for the repository's own settings.
      returned: always
      type: str
      sample: Prod
    exists:
      description: Whether the repository or environment is there.
      returned: always
      type: bool
      sample: true
    variables:
      description: All variables, without the one that fingerprints are kept in.
      returned: always
      type: dict
      sample: {AWS_REGION: us-east-1}
    owner:
      description: Those of the variables in O(owner) that have another value, with it; empty where it is nobody else's.
      returned: when O(owner) is given
      type: dict
      sample: {}
    deployment_branches:
      description: The branches whose jobs may use the environment; empty for all of them.
      returned: when O(deployment_branches) is given
      type: list
      elements: str
      sample: [main]
    reviewers:
      description: Users and teams of whom one has to approve a job.
      returned: when O(environment) is given
      type: list
      elements: str
      sample: [OWNER/release-managers, alice]
    prevent_self_review:
      description: Whether a reviewer may not approve the runs that they started.
      returned: when O(environment) is given
      type: bool
      sample: true
    wait_timer:
      description: The minutes that a job waits.
      returned: when O(environment) is given
      type: int
      sample: 10
    secrets:
      description: The names of all secrets.
      returned: when secrets were managed
      type: list
      elements: str
      sample: [IAMROLE_GITHUB_ARN]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.github.errors import GitHubActionsError
from ..module_utils.github.options import GITHUB_OPTIONS, connect
from ..module_utils.github.settings import from_parameters, reconcile

ARGUMENT_SPEC = {
    **GITHUB_OPTIONS,
    "environment": {"type": "str"},
    "deployment_branches": {"type": "list", "elements": "str"},
    "reviewers": {"type": "list", "elements": "str"},
    "prevent_self_review": {"type": "bool"},
    "wait_timer": {"type": "int"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "owner": {"type": "dict"},
    "variables": {"type": "dict"},
    "purge_variables": {"type": "bool", "default": False},
    "secrets": {"type": "dict", "no_log": True},
    "purge_secrets": {"type": "bool", "default": False, "no_log": False},
    "update_secrets": {
        "type": "str",
        "choices": ["changed", "always", "on_create"],
        "default": "changed",
        "no_log": False,
    },
}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_by=dict.fromkeys(
            ("deployment_branches", "reviewers", "prevent_self_review", "wait_timer"), "environment"
        ),
        supports_check_mode=True,
    )
    parameters = module.params
    try:
        connection = connect(parameters, f"write the settings of {parameters['repository']}")
        outcome = reconcile(connection, from_parameters(parameters), dry_run=module.check_mode)
    except GitHubActionsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**outcome.as_result())


if __name__ == "__main__":
    main()
