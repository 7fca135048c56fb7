#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: codedeploy_deployment
version_added: "0.2.0"
short_description: Deploy with AWS CodeDeploy
description:
  - Brings a revision to the hosts of an AWS CodeDeploy deployment group and waits for it, showing each lifecycle event
    of each host as it happens.
  - Does nothing where the newest deployment brought that revision and every instance that the group's tags choose now
    has it.
  - A failure names every failed target with lifecycle event, script, error code, message and the tail of its log, and
    tells how the automatic rollback ended, where there is one.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  state:
    description:
      - V(deployed) deploys the revision unless it is there, and waits for success.
      - V(started) is the same without waiting.
      - V(stopped) stops O(deployment_id), or whichever deployment is active in the group.
      - V(rolled_back) brings back the newest good revision. After a failed deployment that is the revision of the last
        successful one; after a successful deployment it is the one before that was different. A second run
        changes nothing, and neither does the first where AWS has rolled back by itself.
    type: str
    choices: [deployed, started, stopped, rolled_back]
    default: deployed
  application_name:
    description:
      - The application.
      - Required but for O(state=stopped) with O(deployment_id).
    type: str
    aliases: [application]
  deployment_group_name:
    description:
      - The deployment group.
      - Required but for O(state=stopped) with O(deployment_id).
    type: str
    aliases: [deployment_group]
  deployment_id:
    description:
      - With O(state=stopped), the deployment to stop.
    type: str
  github_location:
    description:
      - Deploy a commit from GitHub.
      - The application must be connected to GitHub, which has no API and is done once in the console.
    type: dict
    suboptions:
      repository:
        description: The repository, as V(OWNER/REPOSITORY).
        type: str
        required: true
      commit_id:
        description: The full id of the commit.
        type: str
        required: true
  s3_location:
    description:
      - Deploy an object from S3.
    type: dict
    suboptions:
      bucket:
        description: The name of the bucket.
        type: str
        required: true
      key:
        description: The key of the object.
        type: str
        required: true
      bundle_type:
        description: What the object is. Where it is not given, the ending of the key tells it.
        type: str
        choices: [tar, tgz, zip, YAML, JSON]
      version:
        description:
          - The version of the object.
          - Where neither this nor O(s3_location.etag) is given, the object's present ETag is looked up and used, so
            that a new object under an old key counts as a new revision.
        type: str
      etag:
        description: The ETag of the object.
        type: str
  app_spec_content:
    description:
      - Deploy this AppSpec (YAML or JSON), for Lambda and ECS.
    type: str
  source_dir:
    description:
      - Deploy this directory of the host that runs the module. It is packed into a zip archive and uploaded to
        O(bucket), under a key that its content tells. The same tree makes the same archive.
      - Without C(.git), without what C(.gitattributes) marks C(export-ignore), and without O(exclude).
      - It must hold C(appspec.yml).
    type: path
  bucket:
    description:
      - With O(source_dir), the bucket to upload to.
    type: str
  key_prefix:
    description:
      - With O(source_dir), what the key begins with. The rest is C(SHA256.zip).
      - Where it is not given, C(codedeploy/APPLICATION/).
    type: str
  exclude:
    description:
      - With O(source_dir), patterns as in C(.gitignore) of what to leave out.
    type: list
    elements: str
    default: []
  description:
    description:
      - A description of the deployment, at most 256 characters.
      - With O(state=rolled_back), what follows C(Rollback of ID).
    type: str
  deployment_config_name:
    description:
      - Use this deployment configuration instead of the group's.
    type: str
  file_exists_behavior:
    description:
      - What happens to files that are on the hosts already and do not come from an earlier deployment.
      - AWS takes V(DISALLOW), which fails the deployment, where it is not given.
    type: str
    choices: [DISALLOW, OVERWRITE, RETAIN]
  ignore_application_stop_failures:
    description:
      - Go on where a stop hook of the revision before fails.
    type: bool
  update_outdated_instances_only:
    description:
      - Deploy only to instances that do not run the revision.
    type: bool
  deployment_mode:
    description:
      - V(RESTART) runs the hooks of the revision that is there, without installing anything. It is never a no-op, and
        takes no revision.
    type: str
    choices: [STANDARD, RESTART]
  target_instances:
    description:
      - The instances of the new fleet, for a blue/green deployment.
    type: dict
    suboptions:
      tag_filters:
        description: Instances that have any of these tags.
        type: list
        elements: dict
        suboptions:
          key:
            description: The key of the tag.
            type: str
          value:
            description: The value of the tag.
            type: str
          type:
            description: What is compared. Where it is not given, it follows from which of key and value are given.
            type: str
            choices: [KEY_ONLY, VALUE_ONLY, KEY_AND_VALUE]
      auto_scaling_groups:
        description: The names of Auto Scaling groups.
        type: list
        elements: str
      ec2_tag_set:
        description: Instances that match every one of at most three groups of filters; a list of lists of filters.
        type: list
        elements: list
  auto_rollback_configuration:
    description:
      - Use this instead of the group's automatic rollback.
    type: dict
    aliases: [auto_rollback]
    suboptions:
      enabled:
        description: Whether it happens.
        type: bool
        default: true
      events:
        description: When it happens. At least one is needed where it is enabled.
        type: list
        elements: str
        choices: [DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM, DEPLOYMENT_STOP_ON_REQUEST]
  override_alarm_configuration:
    description:
      - Use these alarms instead of the group's.
    type: dict
    suboptions:
      enabled:
        description: Whether the alarms are watched.
        type: bool
        default: true
      ignore_poll_alarm_failure:
        description: Whether the deployment goes on where CodeDeploy cannot read the alarms.
        type: bool
        default: false
      alarms:
        description: The alarms, at most ten. At least one is needed where they are enabled.
        type: list
        elements: dict
        suboptions:
          name:
            description: The name of the alarm.
            type: str
            required: true
  ec2_deployment_options:
    description:
      - What CodeDeploy does to Auto Scaling groups while it deploys.
    type: dict
    suboptions:
      auto_scaling_group_processes_to_suspend:
        description: Processes of the Auto Scaling groups that are suspended meanwhile.
        type: list
        elements: str
        choices: [Terminate, AZRebalance, InstanceRefresh, ScheduledActions]
  auto_rollback_enabled:
    description:
      - With O(state=stopped), whether AWS deploys the last good revision again.
      - Where it is not given, the group's settings decide.
    type: bool
  on_conflict:
    description:
      - What to do where another revision is being deployed to the group, which AWS allows one at a time.
      - V(wait) for its end, V(stop) it, or V(fail).
      - Where it is the same revision, the module waits for that deployment instead of starting one.
    type: str
    choices: [wait, fail, stop]
    default: wait
  force:
    description:
      - Deploy even where nothing would change.
    type: bool
    default: false
  wait:
    description:
      - Wait for the end, and fail where it is no success.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait at most, other deployments included. The deployment goes on after that.
    type: int
    default: 1800
  events_file:
    description:
      - A file on the host that runs the module to which news of the deployment are appended, one JSON object a line,
        while it waits.
      - Where the module runs on the controller, the action plugin of the same name sets it and shows the news.
    type: path
notes:
  - 'Permissions: C(codedeploy:GetDeploymentGroup), C(CreateDeployment), C(GetDeployment), C(GetDeploymentConfig),
    C(GetApplicationRevision), C(RegisterApplicationRevision), C(ListDeployments), C(BatchGetDeployments),
    C(ListDeploymentTargets), C(BatchGetDeploymentTargets), C(StopDeployment), and C(ec2:DescribeInstances) to notice
    instances that are new; with O(source_dir) also C(s3:GetObject) and C(s3:PutObject).'
  - New instances of Auto Scaling groups and on-premises hosts are not looked for. CodeDeploy itself deploys to the
    former.
seealso:
  - module: codedeploy.pipeline.codedeploy_deployment_group
  - module: codedeploy.pipeline.codedeploy_deployment_info
  - name: CodeDeploy API reference, CreateDeployment
    description: The operation behind this module.
    link: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html
attributes:
  check_mode:
    description:
      - Tells what would be deployed, where, and what it would replace.
      - An application or a deployment group that does not exist yet is no error then.
    support: full
  diff_mode:
    description: Returns revision and targets, before and after.
    support: full
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Deploy a commit and wait for the end
  codedeploy.pipeline.codedeploy_deployment:
    application_name: test.codeDeploy.001
    deployment_group_name: test.deploymentGroup.001
    github_location:
      repository: OWNER/codedeploy.nginx.001
      commit_id: 7fd1a60b01f91b314f59955a4e4d4e80d8edf11d
    file_exists_behavior: OVERWRITE

- name: Deploy a directory through S3 instead of the deployment under way
  codedeploy.pipeline.codedeploy_deployment:
    application_name: shop
    deployment_group_name: web
    source_dir: ./site
    bucket: shop-revisions
    exclude: ["*.md", tests/]
    on_conflict: stop

- name: Start a deployment of an object
  codedeploy.pipeline.codedeploy_deployment:
    state: started
    application_name: shop
    deployment_group_name: web
    s3_location:
      bucket: shop-revisions
      key: shop-1.2.zip

- name: Deploy the previous revision
  codedeploy.pipeline.codedeploy_deployment:
    state: rolled_back
    application_name: shop
    deployment_group_name: web

- name: Stop the deployment under way
  codedeploy.pipeline.codedeploy_deployment:
    state: stopped
    application_name: shop
    deployment_group_name: web
"""

RETURN = r"""
deployment:
  description:
    - The deployment, as GetDeployment tells it; empty where there is none.
    - Where nothing was to do, the newest successful one, with id, status, revision and times.
    - In check mode the one that would be made.
  returned: always
  type: dict
  contains:
    application_name:
      description: The application.
      returned: always
      type: str
      sample: test.codeDeploy.001
    deployment_group_name:
      description: The deployment group.
      returned: always
      type: str
      sample: test.deploymentGroup.001
    deployment_id:
      description: The id that AWS gave it; null in check mode.
      returned: always
      type: str
      sample: d-A1B2C3D4E
    status:
      description: V(Created), V(Queued), V(InProgress), V(Baking), V(Succeeded), V(Failed), V(Stopped), V(Ready); in check mode V(Planned).
      returned: always
      type: str
      sample: Succeeded
    revision:
      description: What is deployed.
      returned: always
      type: dict
      sample: {revision_type: GitHub, github_location: {repository: OWNER/site, commit_id: 7fd1a60b01f91b314f59955a4e4d4e80d8edf11d}}
    create_time:
      description: When it was created, ISO 8601.
      returned: when it exists
      type: str
      sample: "2024-10-24T00:00:00+00:00"
    complete_time:
      description: When it ended, ISO 8601.
      returned: when it has ended
      type: str
      sample: "2024-10-24T00:01:00+00:00"
targets:
  description: The targets with their lifecycle events, by id; in check mode those that would be deployed to.
  returned: success
  type: list
  elements: dict
  contains:
    target_id:
      description: The id of the instance.
      returned: always
      type: str
      sample: i-0123456789abcdef0
    status:
      description: V(Pending), V(InProgress), V(Succeeded), V(Failed), V(Skipped), V(Unknown), V(Ready); in check mode V(Planned).
      returned: always
      type: str
      sample: Succeeded
    lifecycle_events:
      description: The lifecycle events in order, with status, times and diagnostics.
      returned: when they are known
      type: list
      elements: dict
      sample: [{lifecycle_event_name: ValidateService, status: Succeeded}]
failed_targets:
  description: Every failed target, with what failed there.
  returned: when the deployment failed
  type: list
  elements: dict
  contains:
    target_id:
      description: The id of the instance.
      returned: always
      type: str
      sample: i-0123456789abcdef0
    event:
      description: The lifecycle event that failed; empty where none ran.
      returned: always
      type: str
      sample: ValidateService
    script:
      description: The script that failed.
      returned: always
      type: str
      sample: scripts/validate-service.sh
    error_code:
      description: V(ScriptMissing), V(ScriptNotExecutable), V(ScriptTimedOut), V(ScriptFailed) or V(UnknownError).
      returned: always
      type: str
      sample: ScriptFailed
    message:
      description: What the agent says.
      returned: always
      type: str
      sample: "Script at specified location: scripts/validate-service.sh failed with exit code 1"
    log_tail:
      description: The end of the script's output.
      returned: always
      type: str
      sample: "[stderr]curl: (7) Failed to connect to localhost port 80"
rollback:
  description: The automatic rollback, at its end or as far as it was when O(wait_timeout) was over; empty where there is none.
  returned: when the deployment failed
  type: dict
  sample: {deployment_id: d-F5G6H7I8J, status: Succeeded}
"""

from ..module_utils.aws.connection import Connection
from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.codedeploy.deployment_request import plan
from ..module_utils.codedeploy.options import (
    ALARMS,
    AUTO_ROLLBACK,
    EC2_DEPLOYMENT_OPTIONS,
    TAG_FILTERS,
    TAG_SET,
)

ARGUMENT_SPEC = {
    "state": {
        "type": "str",
        "choices": ["deployed", "started", "stopped", "rolled_back"],
        "default": "deployed",
    },
    "application_name": {"type": "str", "aliases": ["application"]},
    "deployment_group_name": {"type": "str", "aliases": ["deployment_group"]},
    "deployment_id": {"type": "str"},
    "github_location": {
        "type": "dict",
        "options": {
            "repository": {"type": "str", "required": True},
            "commit_id": {"type": "str", "required": True},
        },
    },
    "s3_location": {
        "type": "dict",
        "options": {
            "bucket": {"type": "str", "required": True},
            "key": {"type": "str", "required": True, "no_log": False},
            "bundle_type": {"type": "str", "choices": ["tar", "tgz", "zip", "YAML", "JSON"]},
            "version": {"type": "str"},
            "etag": {"type": "str"},
        },
    },
    "app_spec_content": {"type": "str"},
    "source_dir": {"type": "path"},
    "bucket": {"type": "str"},
    "key_prefix": {"type": "str", "no_log": False},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "description": {"type": "str"},
    "deployment_config_name": {"type": "str"},
    "file_exists_behavior": {"type": "str", "choices": ["DISALLOW", "OVERWRITE", "RETAIN"]},
    "ignore_application_stop_failures": {"type": "bool"},
    "update_outdated_instances_only": {"type": "bool"},
    "deployment_mode": {"type": "str", "choices": ["STANDARD", "RESTART"]},
    "target_instances": {
        "type": "dict",
        "options": {
            "tag_filters": TAG_FILTERS,
            "auto_scaling_groups": {"type": "list", "elements": "str"},
            "ec2_tag_set": TAG_SET,
        },
        "mutually_exclusive": [("tag_filters", "ec2_tag_set")],
    },
    "auto_rollback_configuration": {**AUTO_ROLLBACK, "aliases": ["auto_rollback"]},
    "override_alarm_configuration": ALARMS,
    "ec2_deployment_options": EC2_DEPLOYMENT_OPTIONS,
    "auto_rollback_enabled": {"type": "bool"},
    "on_conflict": {"type": "str", "choices": ["wait", "fail", "stop"], "default": "wait"},
    "force": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1800},
    "events_file": {"type": "path"},
}
REVISIONS = ("github_location", "s3_location", "app_spec_content", "source_dir")


def main() -> None:
    module = aws_module(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[REVISIONS],
        required_together=[("source_dir", "bucket"), ("application_name", "deployment_group_name")],
        supports_check_mode=True,
    )
    try:
        result = plan(Connection(module.client), module.params, dry_run=module.check_mode, warn=module.warn)()
    except ModuleError as error:
        module.fail_json(msg=error.message, **error.result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
