#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_findings
version_added: "0.2.0"
short_description: The known faults that a host of the pipeline has
description:
  - Looks at the CodeDeploy agent, nginx and all that it needs, the document root, the page as a visitor gets
    it, logs, disk, clock and the way to AWS, in one go.
  - Changes nothing. The list of faults, in the order of their repair, is in C(docs/repairing-hosts.md).
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  agent:
    description: What M(codedeploy.pipeline.codedeploy_agent_info) returned. Without it versions and polls are not judged.
    type: dict
    default: {}
  before:
    description: The findings of an earlier look, for the report.
    type: list
    elements: dict
    default: []
  errors:
    description: What went wrong with repairs since then, by the fault's name.
    type: dict
    default: {}
  swap:
    description: What M(codedeploy.pipeline.swap_file) returned in check mode. Without it swap is not judged.
    type: dict
    default: {}
  only:
    description: Names of faults, or C(agent), C(nginx), C(system). Empty, and C(all), is every fault.
    type: list
    elements: str
    default: []
  skip:
    description: Names as in O(only) that are left out.
    type: list
    elements: str
    default: []
  region:
    description: The AWS region. Empty does not look at the way to AWS.
    type: str
    default: ""
  proxy:
    description: A proxy to reach AWS through, an URL. Empty is none.
    type: str
    default: ""
  agent_config_file:
    description: The agent's configuration.
    type: path
    default: /etc/codedeploy-agent/conf/codedeployagent.yml
  nginx_good_config:
    description: A copy of nginx's last configuration that worked.
    type: path
    default: /etc/nginx/nginx.conf.good
  document_root:
    description: What nginx serves.
    type: path
    default: /usr/share/nginx/html
  port:
    description: The TCP port where nginx listens.
    type: int
    default: 80
  server_name:
    description: The site's name, which a visit names. Empty, and V(_), is the address.
    type: str
    default: ""
  page_text:
    description: What the page has to have in it.
    type: str
    default: ""
  visit:
    description: What C(visit) of M(codedeploy.pipeline.page_info) returned, of a visit from outside. Without it none is judged.
    type: dict
    default: {}
  log_folders:
    description: Where logs are counted, and may be cut.
    type: list
    elements: path
    default:
      - /var/log/nginx
      - /var/log/aws/codedeploy-agent
      - /opt/codedeploy-agent/deployment-root/deployment-logs
  log_limit_mb:
    description: MiB that all logs together may have.
    type: int
    default: 1024
  disk_free_percent:
    description: Percent of a disk that must be free.
    type: int
    default: 5
  clock_limit:
    description: Seconds that the clock may be off. AWS refuses requests from 300 on.
    type: int
    default: 60
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
"""

EXAMPLES = r"""
- name: Find faults
  codedeploy.pipeline.host_findings:
    region: us-east-1
  register: found
"""

RETURN = r"""
findings:
  description: The faults found, in the order of their repair.
  type: list
  elements: dict
  returned: always
  contains:
    fault:
      description: The name of the fault.
      type: str
      returned: always
    found:
      description: What was seen.
      type: str
      returned: always
    cure:
      description: What repairs it, or what somebody has to do.
      type: str
      returned: always
    repair:
      description: The tasks that do it; empty where it can't be done on the host.
      type: str
      returned: always
    paths:
      description: Files that the fault is about.
      type: list
      returned: always
      elements: str
    service:
      description: The service that the fault is about.
      type: str
      returned: always
    user:
      description: The user that the fault is about.
      type: str
      returned: always
    reload:
      description: Whether nginx has to read its configuration again after the repair.
      type: bool
      returned: always
rows:
  description: The lines of a report, of this look and the one before.
  type: list
  elements: dict
  returned: always
  contains:
    fault:
      description: The name of the fault.
      type: str
      returned: always
    status:
      description: V(to do), V(repaired), V(left), or V(needs you) where the host can't do it.
      type: str
      returned: always
    text:
      description: What was seen, and what was or must be done.
      type: str
      returned: always
"""

from dataclasses import asdict, fields

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host_faults import read
from ..module_utils.host_faults.judge import FAULTS, judge, report, selected, unknown
from ..module_utils.host_faults.seen import Wanted

ARGUMENT_SPEC = {
    "agent": {"type": "dict", "default": {}},
    "swap": {"type": "dict", "default": {}},
    "before": {"type": "list", "elements": "dict", "default": []},
    "errors": {"type": "dict", "default": {}},
    "only": {"type": "list", "elements": "str", "default": []},
    "skip": {"type": "list", "elements": "str", "default": []},
    "region": {"type": "str", "default": ""},
    "proxy": {"type": "str", "default": ""},
    "agent_config_file": {
        "type": "path",
        "default": "/etc/codedeploy-agent/conf/codedeployagent.yml",
    },
    "nginx_good_config": {"type": "path", "default": "/etc/nginx/nginx.conf.good"},
    "document_root": {"type": "path", "default": "/usr/share/nginx/html"},
    "port": {"type": "int", "default": 80},
    "server_name": {"type": "str", "default": ""},
    "page_text": {"type": "str", "default": ""},
    "visit": {"type": "dict", "default": {}},
    "log_folders": {
        "type": "list",
        "elements": "path",
        "default": [
            "/var/log/nginx",
            "/var/log/aws/codedeploy-agent",
            "/opt/codedeploy-agent/deployment-root/deployment-logs",
        ],
    },
    "log_limit_mb": {"type": "int", "default": 1024},
    "disk_free_percent": {"type": "int", "default": 5},
    "clock_limit": {"type": "int", "default": 60},
}
EARLIER = {"fault", "found", "cure", "repair"}
"""What is told of a finding of an earlier look."""


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    given = module.params
    only = [name for name in given["only"] if name != "all"]
    if unknown(only):
        names = ", ".join([*dict.fromkeys(FAULTS.values()), *FAULTS])
        module.fail_json(msg=f"{', '.join(unknown(only))} is no known fault; known are {names}")
    odd = [each for each in given["before"] if not EARLIER.issubset(each) or each["fault"] not in FAULTS]
    if odd:
        module.fail_json(msg=f"before: {odd[0]!r} is no finding of an earlier look")
    for name in ("agent_config_file", "nginx_good_config", "document_root", "log_folders"):
        if "\0" in str(given[name]) or "\\x00" in str(given[name]):
            module.fail_json(msg=f"{name}: {given[name]!r} is no path")
    wanted = Wanted(**{field.name: given[field.name] for field in fields(Wanted)})
    seen = read.look(wanted, module.run_command)
    findings = selected(judge(wanted, seen), only, given["skip"])
    module.exit_json(
        changed=False,
        findings=[asdict(finding) for finding in findings],
        rows=report(given["before"], findings, given["errors"]),
    )


if __name__ == "__main__":
    main()
