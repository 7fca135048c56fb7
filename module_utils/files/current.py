# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a file is, so that a task that would write the same need not reach the host to find that out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

PUBLIC = {"owner": "root", "group": "root", "mode": "0644"}
"""A file of root's that all may read, as M(ansible.builtin.template) is asked for one."""


def public_checksum(module: AnsibleModule, path: str) -> str:
    """The SHA-1 of a file of root's that all may read, as M(ansible.builtin.stat) has it; empty for another.

    A link is another: a task would put a file in its place. AnsibleModule judges owner, group, mode and
    SELinux context, as for a task. Raises OSError where the file cannot be read.
    """
    file = Path(path)
    if file.is_symlink() or not file.is_file():
        return ""
    wanted = module.load_file_common_arguments({**PUBLIC, "path": path})
    before, module.check_mode = module.check_mode, True
    try:
        differs = module.set_fs_attributes_if_different(wanted, changed=False)
    finally:
        module.check_mode = before
    return "" if differs else str(module.sha1(path))
