#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: log_cut
version_added: "0.2.0"
short_description: Cut logs to their end
description:
  - Keeps the last whole lines of logs that programs write to, in place, so that they go on writing there.
  - Removes logs that a rotation has put aside, which their names tell.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  paths:
    description: The logs.
    type: list
    elements: path
    required: true
  keep_kb:
    description: KiB of each that are kept at most.
    type: int
    default: 1024
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.acts
"""

EXAMPLES = r"""
- name: Truncate the access log
  codedeploy.pipeline.log_cut:
    paths: [/var/log/nginx/access.log]
"""

RETURN = r"""
freed:
  description: Bytes that were, or would be, freed.
  type: int
  returned: always
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host_faults.parse import is_closed_log

ARGUMENT_SPEC = {
    "paths": {"type": "list", "elements": "path", "required": True},
    "keep_kb": {"type": "int", "default": 1024},
}


def end_of(content: bytes, keep: int) -> bytes:
    """The last whole lines, `keep` bytes at most."""
    if len(content) <= keep:
        return content
    _cut, _newline, rest = content[-keep - 1 :].partition(b"\n")
    return rest


def cut(path: Path, keep: int, *, dry_run: bool) -> int:
    """Cuts one log to `keep` bytes; the bytes that it lost."""
    size = path.stat().st_size
    if size <= keep:
        return 0
    with path.open("r+b") as file:
        file.seek(size - keep - 1)
        end = end_of(file.read(), keep)
        if not dry_run:
            # Emptied first: a full disk has no room for anything else.
            file.truncate(0)
            file.seek(0)
            file.write(end)
    return size - len(end)


def remove(path: Path, *, dry_run: bool) -> int:
    """Removes one log; the bytes that it had."""
    size = path.stat().st_size
    if not dry_run:
        path.unlink()
    return size


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    keep = module.params["keep_kb"] * 1024
    logs = [path for path in map(Path, module.params["paths"]) if path.is_file()]
    dry_run = module.check_mode
    freed = sum(
        remove(path, dry_run=dry_run) if is_closed_log(str(path)) else cut(path, keep, dry_run=dry_run)
        for path in logs
    )
    module.exit_json(changed=freed > 0, freed=freed)


if __name__ == "__main__":
    main()
