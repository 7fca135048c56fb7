#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: certificate_info
version_added: "0.3.0"
short_description: What is known of the site's certificate on a host
description:
  - Tells whether the site's certificate is valid, until when, whether it is due, and how its renewal went.
  - Reads what the role C(certificate) has put there. Changes nothing.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  files:
    description: Files of root's to compare, by their paths, with the mode that each is to have, as in V("0644").
    type: dict
    default: {}
  packages:
    description: Packages to look for.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
"""

EXAMPLES = r"""
- name: Get the state of the certificate
  codedeploy.pipeline.certificate_info:
  register: certificate
"""

RETURN = r"""
installed:
  description: Whether there is the program that renews the certificate.
  type: bool
  returned: always
account:
  description: Whether the host has an account with the authority.
  type: bool
  returned: always
files:
  description: The SHA-1 of each of O(files); empty where there is no such file of root's with that mode.
  type: dict
  returned: always
timer:
  description: Whether the renewal timer runs.
  type: bool
  returned: always
packages:
  description: Those of the packages asked for that are installed.
  type: list
  elements: str
  returned: always
due:
  description: Why the certificate is to be renewed; empty where it is not.
  type: str
  returned: always
ends:
  description: The day on which the certificate ends; empty where there is none.
  type: str
  returned: always
serves:
  description: Whether nginx serves TLS.
  type: bool
  returned: always
current:
  description: Whether there is nothing to renew, and nginx has been told of the certificate as it is.
  type: bool
  returned: always
problem:
  description: What is wrong with the certificate or its renewal; empty where nothing is.
  type: str
  returned: always
"""

import shutil

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.files.current import root_checksums
from ..module_utils.host_faults.certificate import ends, problem_of, status_of

ARGUMENT_SPEC = {
    "files": {"type": "dict", "default": {}},
    "packages": {"type": "list", "elements": "str", "default": []},
}


def installed(module: AnsibleModule, names: list[str]) -> list[str]:
    """Those of the packages that are there."""
    if not names:
        return []
    if shutil.which("rpm"):
        _status, out, _error = module.run_command(["rpm", "--query", "--queryformat", "%{NAME}\n", *names])
        there = set(out.split("\n"))
    else:
        form = "${Package} ${db:Status-Status}\n"
        _status, out, _error = module.run_command(["dpkg-query", "--show", "--showformat", form, *names])
        there = {line.removesuffix(" installed") for line in out.splitlines() if line.endswith(" installed")}
    return [name for name in names if name in there]


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    status = status_of(module.run_command)
    problem = problem_of(status)
    module.exit_json(
        changed=False,
        installed=bool(status),
        account=bool(status) and status["account"],
        files=root_checksums(module, module.params["files"]),
        timer=bool(status) and status["timer"],
        packages=installed(module, module.params["packages"]),
        due=status["due"] if status else "",
        ends=ends(status),
        serves=bool(status) and status["tls"]["serves"],
        # The program of an earlier release does not say.
        current=bool(status) and status.get("current", False),
        problem=problem,
        msg=problem or "nothing is wrong with the certificate",
    )


if __name__ == "__main__":
    main()
