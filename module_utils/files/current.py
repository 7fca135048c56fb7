# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a file is, so that a task that would write the same need not reach the host to find that out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible.module_utils.basic import AnsibleModule

PUBLIC = "0644"
"""The mode of a file that all may read."""


def root_checksum(module: AnsibleModule, path: str, mode: str = PUBLIC) -> str:
    """The SHA-1 of a file of root's with this mode, as M(ansible.builtin.stat) has it; empty for another.

    A link is another: a task would put a file in its place. AnsibleModule judges owner, group, mode and
    SELinux context, as for a task. The module fails where nothing can be said of the path.
    """
    file = Path(path)
    try:
        if file.is_symlink() or not file.is_file():
            return ""
    except OSError as error:
        module.fail_json(msg=f"{path}: {error.strerror}")
    wanted = module.load_file_common_arguments({"owner": "root", "group": "root", "mode": mode, "path": path})
    before, module.check_mode = module.check_mode, True
    try:
        differs = module.set_fs_attributes_if_different(wanted, changed=False)
    finally:
        module.check_mode = before
    return "" if differs else str(module.sha1(path))


def root_checksums(module: AnsibleModule, modes: Mapping[str, str]) -> dict[str, str]:
    """The same of several files, by path."""
    return {path: root_checksum(module, path, str(mode)) for path, mode in modes.items()}
