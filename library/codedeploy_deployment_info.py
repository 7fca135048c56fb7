#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: codedeploy_deployment_info
version_added: "0.2.0"
short_description: List AWS CodeDeploy deployments
description:
  - Tells what AWS CodeDeploy knows of deployments, on request with every target and its lifecycle events.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  deployment_ids:
    description:
      - These deployments. AWS refuses ids that do not exist.
    type: list
    elements: str
    aliases: [deployment_id]
  application_name:
    description:
      - Only deployments of this application.
    type: str
    aliases: [application]
  deployment_group_name:
    description:
      - Only deployments to this deployment group. Needs O(application_name).
    type: str
    aliases: [deployment_group]
  external_id:
    description:
      - Only the deployment that an AWS CloudFormation stack made under this id.
    type: str
  statuses:
    description:
      - Only deployments with one of these statuses.
    type: list
    elements: str
    choices: [Created, Queued, InProgress, Baking, Succeeded, Failed, Stopped, Ready]
  created_after:
    description:
      - Only deployments created after this, ISO 8601, or a number of seconds before now.
    type: str
  created_before:
    description:
      - Only deployments created before this, ISO 8601, or a number of seconds before now.
    type: str
  limit:
    description:
      - At most so many, the newest.
    type: int
  include_targets:
    description:
      - Read every target with its lifecycle events and their diagnostics, one call for 25 targets.
    type: bool
    default: false
notes:
  - 'Permissions: C(codedeploy:ListDeployments), C(BatchGetDeployments); with O(include_targets) also
    C(ListDeploymentTargets) and C(BatchGetDeploymentTargets).'
seealso:
  - module: codedeploy.pipeline.codedeploy_deployment
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Get the failures of the last day with the causes
  codedeploy.pipeline.codedeploy_deployment_info:
    application_name: test.codeDeploy.001
    deployment_group_name: test.deploymentGroup.001
    statuses: [Failed]
    created_after: "86400"
    include_targets: true

- name: Get the newest deployment of the account
  codedeploy.pipeline.codedeploy_deployment_info:
    limit: 1

- name: Get a deployment
  codedeploy.pipeline.codedeploy_deployment_info:
    deployment_ids: [d-A1B2C3D4E]
"""

RETURN = r"""
deployments:
  description: The deployments, newest first, as GetDeployment tells them.
  returned: success
  type: list
  elements: dict
  contains:
    application_name:
      description: The application.
      returned: always
      type: str
      sample: test.codeDeploy.001
    create_time:
      description: When it was created, ISO 8601.
      returned: always
      type: str
      sample: "2024-10-24T00:00:00+00:00"
    creator:
      description: Who made it, for example V(user) or V(codeDeployRollback).
      returned: always
      type: str
      sample: user
    deployment_group_name:
      description: The deployment group.
      returned: always
      type: str
      sample: test.deploymentGroup.001
    deployment_id:
      description: Its id.
      returned: always
      type: str
      sample: d-A1B2C3D4E
    error_information:
      description: Why it failed, in AWS's words.
      returned: when it failed
      type: dict
      sample: {code: HEALTH_CONSTRAINTS, message: The overall deployment failed}
    revision:
      description: What was deployed.
      returned: always
      type: dict
      sample: {revision_type: GitHub, github_location: {repository: OWNER/site, commit_id: 0123456789abcdef}}
    status:
      description: V(Created), V(Queued), V(InProgress), V(Baking), V(Succeeded), V(Failed), V(Stopped) or V(Ready).
      returned: always
      type: str
      sample: Succeeded
    targets:
      description: The targets with their lifecycle events.
      returned: when O(include_targets=true)
      type: list
      elements: dict
      sample: [{target_id: i-0123456789abcdef0, status: Succeeded, lifecycle_events: []}]
"""

from datetime import UTC, datetime

from ..module_utils.aws.connection import Connection
from ..module_utils.aws.errors import ModuleError, refuse
from ..module_utils.aws.module import aws_module
from ..module_utils.codedeploy.infos import deployment_filters, find_deployments
from ..module_utils.codedeploy.options import name_problems, range_problems

STATUSES = ["Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready"]
FILTERS = (
    "application_name",
    "deployment_group_name",
    "external_id",
    "statuses",
    "created_after",
    "created_before",
)
ARGUMENT_SPEC = {
    "deployment_ids": {"type": "list", "elements": "str", "aliases": ["deployment_id"]},
    "application_name": {"type": "str", "aliases": ["application"]},
    "deployment_group_name": {"type": "str", "aliases": ["deployment_group"]},
    "external_id": {"type": "str"},
    "statuses": {"type": "list", "elements": "str", "choices": STATUSES},
    "created_after": {"type": "str"},
    "created_before": {"type": "str"},
    "limit": {"type": "int"},
    "include_targets": {"type": "bool", "default": False},
}


def main() -> None:
    module = aws_module(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("deployment_ids", name) for name in FILTERS],
        required_by={"deployment_group_name": "application_name"},
        supports_check_mode=True,
    )
    params = module.params
    try:
        refuse(name_problems({name: params[name] for name in ("application_name", "deployment_group_name")}))
        refuse(range_problems("limit", params["limit"], 1, 100_000))
        found = find_deployments(
            Connection(module.client),
            params["deployment_ids"],
            deployment_filters(params, datetime.now(UTC)),
            limit=params["limit"],
            with_targets=params["include_targets"],
        )
    except ModuleError as error:
        module.fail_json(msg=error.message)
    module.exit_json(changed=False, deployments=found)


if __name__ == "__main__":
    main()
