#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: text_files
version_added: "0.3.0"
short_description: Write several text files at once
description:
  - Writes files that belong together, each as a whole or not at all, with their owner, group and mode, in one task.
    M(ansible.builtin.copy) and M(ansible.builtin.template) reach the host several times for each file.
  - Directories that are missing are created, with the mode 0755 and the owner and group of the files.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  files:
    description: The files, in the order in which they are written.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Where the file is.
        type: path
        required: true
      content:
        description: What is in it. The lookup C(ansible.builtin.template) makes it of a template.
        type: str
        required: true
      mode:
        description: Who may do what with it, in octal digits.
        type: str
        default: "0644"
  owner:
    description: Whose the files are.
    type: str
    default: root
  group:
    description: The group of the files.
    type: str
    default: root
attributes:
  diff_mode:
    description: Returns what changes, before and after.
    support: full
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.acts
"""

EXAMPLES = r"""
- name: Install the service
  codedeploy.pipeline.text_files:
    files:
      - path: /usr/local/sbin/report
        content: "{{ lookup('ansible.builtin.file', 'report.sh', rstrip=false) }}"
        mode: "0755"
      - path: /etc/systemd/system/report.service
        content: "{{ lookup('ansible.builtin.template', 'report.service.j2') }}"
"""

RETURN = r"""
changed_files:
  description: The files that were written, or whose owner, group or mode changed.
  type: list
  elements: str
  returned: always
"""

import os
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule

ARGUMENT_SPEC = {
    "files": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "path": {"type": "path", "required": True},
            "content": {"type": "str", "required": True},
            "mode": {"type": "str", "default": "0644"},
        },
    },
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
}


def present(path: str) -> str | None:
    """What is in a file, None where there is none. Bytes that are no text are no file of ours."""
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:  # noqa: PTH123 - beside os.path
            return file.read()
    except FileNotFoundError:
        return None


def write(module: AnsibleModule, path: str, content: str) -> None:
    """Puts the file in its place at once."""
    make_directory(module, os.path.dirname(path))  # noqa: PTH120 - atomic_move takes text
    # Beside it: a folder of the module's own is not there on a new host, which Ansible warns of.
    descriptor, new = tempfile.mkstemp(prefix=".ansible_tmp", dir=os.path.dirname(path) or ".")  # noqa: PTH120
    module.add_cleanup_file(new)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(content)
    module.atomic_move(new, path)


def make_directory(module: AnsibleModule, path: str) -> None:
    """Makes what is missing of a directory and of those around it."""
    if not path or os.path.isdir(path):  # noqa: PTH112 - as above
        return
    make_directory(module, os.path.dirname(path))  # noqa: PTH120
    os.mkdir(path)  # noqa: PTH102
    module.set_fs_attributes_if_different(attributes(module, {"path": path, "mode": "0755"}), changed=True)


def attributes(module: AnsibleModule, file: dict[str, Any]) -> dict[str, Any]:
    """Owner, group and mode in the form of AnsibleModule, its SELinux context among it."""
    given = {name: module.params[name] for name in ("owner", "group")}
    found: dict[str, Any] = module.load_file_common_arguments(
        {**given, "path": file["path"], "mode": file["mode"]}
    )
    return found


def ensure(module: AnsibleModule, file: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Whether a file changed, and from what to what."""
    path, content = file["path"], file["content"]
    before = present(path)
    difference: dict[str, Any] = {"before_header": path, "after_header": path}
    if before != content:
        difference.update(before=before or "", after=content)
        if not module.check_mode:
            write(module, path, content)
    if before is None and module.check_mode:
        return True, difference
    modes: dict[str, Any] = {}
    changed = module.set_fs_attributes_if_different(attributes(module, file), changed=False, diff=modes)
    if before == content and changed:
        difference.update({name: modes[name] for name in ("before", "after") if name in modes})
    return changed or before != content, difference


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    differences, changed = [], []
    for file in module.params["files"]:
        try:
            differs, difference = ensure(module, file)
        except OSError as error:
            module.fail_json(msg=f"{file['path']} cannot be read or written: {error.strerror}")
        except ValueError as error:
            module.fail_json(msg=f"{file['path']!r} (path) is no path: {error}")
        if differs:
            changed.append(file["path"])
            differences.append(difference)
    module.exit_json(changed=bool(changed), changed_files=changed, diff=differences)


if __name__ == "__main__":
    main()
