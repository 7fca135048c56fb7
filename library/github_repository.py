#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: github_repository
version_added: "0.2.0"
short_description: Create a GitHub repository and give it its first commit
description:
  - Creates a repository where there is none, and pushes the content of a folder to one that has no commit.
  - A repository that exists is left as it is, and so is whatever was pushed to it.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  repository:
    description:
      - The repository, C(OWNER/NAME). It is made in the account of the token's user, or in the organisation OWNER.
  private:
    description:
      - Whether a repository that is made is private.
    type: bool
    default: true
  description:
    description:
      - The description of a repository that is made.
    type: str
    default: ""
  source_dir:
    description:
      - The folder whose content becomes the first commit of an empty repository, without C(.git) and what
        C(.gitignore) names.
      - The commit says C([skip ci]), so that no workflow starts before it has its settings. Its author is the user
        that git knows on the host that runs the module.
    type: path
  branch:
    description:
      - The branch of the first commit.
    type: str
    default: main
notes:
  - A fine-grained O(token) needs these permissions, "read and write", C(Administration) to create a repository, C(Contents)
    and C(Workflows) to push. A classic one needs the scopes C(repo) and C(workflow).
  - git gets the token through its environment, so it is in no argument, address, configuration file or message.
  - An unchanged run makes two calls to GitHub.
requirements:
  - git, where there is something to push
seealso:
  - module: codedeploy.pipeline.github_actions_settings
extends_documentation_fragment:
  - codedeploy.pipeline.github_api
  - codedeploy.pipeline.shared_attributes.reconciles
"""

EXAMPLES = r"""
- name: Create a repository of the site
  codedeploy.pipeline.github_repository:
    repository: OWNER/codedeploy.nginx.001
    description: A static page behind nginx
    source_dir: "{{ playbook_dir }}/../site"
"""

RETURN = r"""
github_repository:
  description: The repository; in check mode as it would be.
  returned: success
  type: dict
  contains:
    full_name:
      description: The repository.
      returned: always
      type: str
      sample: OWNER/codedeploy.nginx.001
    html_url:
      description: Its address; null where it would be created in check mode.
      returned: always
      type: str
      sample: https://github.com/OWNER/codedeploy.nginx.001
    private:
      description: Whether it is private.
      returned: always
      type: bool
      sample: true
    created:
      description: Whether it was created.
      returned: always
      type: bool
      sample: true
    pushed:
      description: Whether O(source_dir) was pushed.
      returned: always
      type: bool
      sample: true
    commit:
      description: The commit that was pushed; null where none was.
      returned: always
      type: str
      sample: 7fd1a60b01f91b314f59955a4e4d4e80d8edf11d
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.github.errors import GitHubActionsError
from ..module_utils.github.options import GITHUB_OPTIONS, connect
from ..module_utils.github.repositories import from_parameters, reconcile

ARGUMENT_SPEC = {
    **GITHUB_OPTIONS,
    "private": {"type": "bool", "default": True},
    "description": {"type": "str", "default": ""},
    "source_dir": {"type": "path"},
    "branch": {"type": "str", "default": "main"},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    parameters = module.params
    try:
        connection = connect(parameters, f"create and push to {parameters['repository']}")
        wanted = from_parameters(parameters)
        outcome = reconcile(connection, wanted, parameters["token"], dry_run=module.check_mode)
    except GitHubActionsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**outcome.as_result())


if __name__ == "__main__":
    main()
