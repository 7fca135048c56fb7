#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pipeline_run
version_added: "0.2.0"
short_description: Acquire or release the pipeline lock
description:
  - Acquires the pipeline lock of an application for the C(ansible-playbook) that the task is part of, or releases it.
  - Who comes second is told who holds it, where and since when, whether that run broke off, and how to break the lock.
  - A run that broke off without releasing it is noticed on the same machine, where its process is gone, and
    everywhere after six hours.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  application_name:
    description:
      - The CodeDeploy application of the pipeline.
    type: str
    required: true
  holder:
    description:
      - Who runs, for those who come second. The ARN of the caller says most.
    type: str
    default: ""
  state:
    description:
      - V(taken) acquires the lock. V(free) releases it, unless it is another's.
    type: str
    choices: [taken, free]
    default: taken
  take_over:
    description:
      - Break the lock, whoever holds it.
    type: bool
    default: false
notes:
  - 'Permissions: C(ssm:PutParameter), C(GetParameter) and C(DeleteParameter) on C(parameter/pipeline/*).'
attributes:
  check_mode:
    description: A run that changes nothing is in nobody's way, so nothing is done.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Acquire the pipeline lock
  codedeploy.pipeline.pipeline_run:
    application_name: test.codeDeploy.001
    holder: arn:aws:iam::123456789012:user/operator

- name: Release the pipeline lock
  codedeploy.pipeline.pipeline_run:
    application_name: test.codeDeploy.001
    state: free
"""

RETURN = r"""
application:
  description: The application whose lock it is.
  returned: success
  type: str
  sample: test.codeDeploy.001
host:
  description: The machine of the run, as others are told.
  returned: success
  type: str
  sample: build-7
parameter:
  description: The name of the parameter in Systems Manager that is the lock.
  returned: success
  type: str
  sample: /pipeline/test.codeDeploy.001/run
taken:
  description: Whether the C(ansible-playbook) holds the lock now.
  returned: success
  type: bool
  sample: true
"""

import os
from datetime import UTC, datetime

from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.pipeline.run import acquire, parameter_name, release, this_run

ARGUMENT_SPEC = {
    "application_name": {"type": "str", "required": True},
    "holder": {"type": "str", "default": ""},
    "state": {"type": "str", "choices": ["taken", "free"], "default": "taken"},
    "take_over": {"type": "bool", "default": False},
}


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    application, now = module.params["application_name"], datetime.now(UTC)
    run = this_run(module.params["holder"], os.getpid(), now)
    try:
        if module.check_mode:
            pass
        elif module.params["state"] == "free":
            release(module.client("ssm"), application, run)
        else:
            dead = acquire(module.client("ssm"), application, run, now, take_over=module.params["take_over"])
            if dead:
                module.warn(dead.farewell(application, run, now))
    except ModuleError as error:
        module.fail_json(msg=error.message)
    # The pipeline is the same before and after.
    module.exit_json(
        changed=False,
        application=application,
        host=run.host,
        parameter=parameter_name(application),
        taken=module.params["state"] == "taken" and not module.check_mode,
    )


if __name__ == "__main__":
    main()
