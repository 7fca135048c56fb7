#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pipeline_status
version_added: "0.2.0"
short_description: Show what is known of a pipeline
description:
  - Turns what other modules have found out into a summary for the terminal and one HTML page that needs nothing else.
  - Asks nobody anything. All that the page shows is escaped, and it has no scripts.
  - What one look at an environment found stays beside its page, as C(.json); the pages of other environments in the
    same folder show it beside theirs.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  facts:
    description:
      - What was found out. The playbook C(show-status.yml) has all keys.
    type: dict
    required: true
  template:
    description:
      - The page's template, Jinja.
    type: path
    required: true
  dest:
    description:
      - Where the page goes. Its folder is made where it is missing.
    type: path
    required: true
attributes:
  check_mode:
    description: Returns the summary, and writes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Show the status
  codedeploy.pipeline.pipeline_status:
    facts: "{{ found }}"
    template: "{{ playbook_dir }}/templates/status.html.j2"
    dest: "{{ playbook_dir }}/../build/status.html"
"""

RETURN = r"""
verdict:
  description: The page's first line; it agrees with the worst of what is shown.
  returned: always
  type: str
  sample: All is well
summary:
  description: The summary, line by line.
  returned: always
  type: list
  elements: str
  sample: ["GitHub      7fd1a60b01f9 is live  OWNER/codedeploy.nginx.001"]
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.aws.libraries import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    from ..module_utils.pipeline.status import UNSHOWN, is_row, render, row, summary, view
except ImportError:
    MISSING_LIBRARY = True
else:
    MISSING_LIBRARY = False

ARGUMENT_SPEC = {
    "facts": {"type": "dict", "required": True},
    "template": {"type": "path", "required": True},
    "dest": {"type": "path", "required": True},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if MISSING_LIBRARY:
        module.fail_json(msg=missing("Jinja2"))
    template, dest = Path(module.params["template"]), Path(module.params["dest"])
    try:
        layout = template.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"template: {template} cannot be read: {error}.")
    try:
        shown = view(module.params["facts"], datetime.now(UTC), list(_beside(dest)))
        page, lines, look = render(layout, shown), summary(shown), row(shown)
    except UNSHOWN as error:
        module.fail_json(
            msg=f"facts: this is not what show-status.yml gathers ({type(error).__name__}: {error})."
        )
    try:
        if not module.check_mode:
            dest.parent.mkdir(parents=True, exist_ok=True)
            dest.write_text(page, encoding="utf-8")
            dest.with_suffix(".json").write_text(json.dumps(look, indent=2) + "\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"dest: {dest} cannot be written: {error}.")
    # A report of what is there is no change to it.
    module.exit_json(changed=False, summary=lines, verdict=shown["verdict"]["words"])


def _beside(dest: Path) -> Iterator[dict[str, Any]]:
    """What earlier runs found of other environments. A file that is none of theirs is left out."""
    for path in sorted(dest.parent.glob("status*.json")):
        try:
            look = json.loads(path.read_text(encoding="utf-8"))
            if is_row(look):
                yield look
        except (OSError, ValueError):
            continue


if __name__ == "__main__":
    main()
