#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: swap_file
version_added: "0.2.0"
short_description: Have a swap file on a host with little memory
description:
  - Makes a swap file, uses it, and lists it in C(/etc/fstab), on hosts with less memory than a limit.
  - Changes nothing where swap is in use already, or where the kernel is not the host's own to ask for swap.
  - Needs C(mkswap) and C(swapon) of util-linux, and root.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  path:
    description: Where the swap file is made.
    type: path
    default: /swapfile
  size_mb:
    description: The size of the swap file in MiB. V(0) is twice the memory, and at least 1024.
    type: int
    default: 0
  memory_limit_mb:
    description: Hosts with this much memory in MiB or more are left alone.
    type: int
    default: 1024
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.acts
"""

EXAMPLES = r"""
- name: Create swap where memory is small
  codedeploy.pipeline.swap_file:
    memory_limit_mb: 1024
"""

RETURN = r"""
reason:
  description: Why the host has, gets or can't have swap.
  type: str
  returned: always
  sample: 480 MiB of memory are less than 1024
memory_mb:
  description: The memory of the host in MiB.
  type: int
  returned: always
size_mb:
  description: The size of the swap file in MiB, 0 where none is made.
  type: int
  returned: always
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

ARGUMENT_SPEC = {
    "path": {"type": "path", "default": "/swapfile"},
    "size_mb": {"type": "int", "default": 0},
    "memory_limit_mb": {"type": "int", "default": 1024},
}
SMALLEST_MB = 1024
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Decision:
    """What is to be done: a swap file of `size_mb` (0 = none), and why."""

    size_mb: int
    reason: str


def memory_mb(meminfo: str) -> int:
    """The memory in MiB, from /proc/meminfo."""
    found = re.search(r"^MemTotal:\s+(\d+) kB$", meminfo, re.MULTILINE)
    return int(found.group(1)) // 1024 if found else 0


def swaps_in_use(swaps: str) -> list[str]:
    """The files and partitions in /proc/swaps."""
    return [line.split()[0] for line in swaps.splitlines()[1:] if line.strip()]


def container_of(environ: bytes, markers: list[str]) -> str:
    """The kind of container, "" = none: from process 1's environment, and files that engines leave."""
    for variable in environ.split(b"\0"):
        name, _, value = variable.partition(b"=")
        if name == b"container":
            return value.decode(errors="replace") or "container"
    return "container" if markers else ""


def environment_of_init() -> bytes:
    """Process 1's environment; nothing where a container's engine hides it even from root."""
    try:
        return Path("/proc/1/environ").read_bytes()
    except PermissionError:
        return b""


def decide(memory: int, used: list[str], container: str, size: int, limit: int) -> Decision:
    """Whether a swap file is to be made, by what is known of the host. Sizes are MiB."""
    if used:
        return Decision(0, f"swap is in use already: {', '.join(used)}")
    if memory >= limit:
        return Decision(0, f"{memory} MiB of memory are enough, the limit is {limit}")
    if container:
        return Decision(0, f"swap belongs to the machine, and this host is a container ({container})")
    return Decision(size or max(SMALLEST_MB, 2 * memory), f"{memory} MiB of memory are less than {limit}")


def with_entry(fstab: str, path: str) -> str:
    """/etc/fstab with the swap file in it, once."""
    kept = [line for line in fstab.splitlines() if line.split()[:1] != [path]]
    return "\n".join([*kept, f"{path} none swap defaults 0 0"]) + "\n"


def make(module: AnsibleModule, path: Path, size_mb: int) -> None:
    """Makes and uses the swap file. A file that can't become swap is removed again."""
    statistics = os.statvfs(path.parent)
    free = statistics.f_bavail * statistics.f_frsize // MEBIBYTE
    if free < size_mb:
        module.fail_json(msg=f"{path}: {size_mb} MiB are needed and {free} MiB are free")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            # Written, not reserved: some file systems refuse a swap file with holes.
            for _ in range(size_mb):
                file.write(bytes(MEBIBYTE))
        module.run_command(["mkswap", str(path)], check_rc=True)
        status, _out, problem = module.run_command(["swapon", str(path)])
    except OSError as error:
        status, problem = 1, str(error)
    if status:
        path.unlink(missing_ok=True)
        module.fail_json(msg=f"{path} can't be used as swap: {problem.strip()}")


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
    )
    path, fstab = Path(module.params["path"]), Path("/etc/fstab")
    memory = memory_mb(Path("/proc/meminfo").read_text())
    decision = decide(
        memory,
        swaps_in_use(Path("/proc/swaps").read_text()),
        container_of(
            environment_of_init(),
            [name for name in ("/run/.containerenv", "/.dockerenv") if Path(name).exists()],
        ),
        module.params["size_mb"],
        module.params["memory_limit_mb"],
    )
    changed = decision.size_mb > 0
    before = fstab.read_text() if fstab.exists() else ""
    after = with_entry(before, str(path)) if changed else before
    if changed and not module.check_mode:
        make(module, path, decision.size_mb)
        fstab.write_text(after)
    module.exit_json(
        changed=changed,
        reason=decision.reason,
        memory_mb=memory,
        size_mb=decision.size_mb,
        diff={"before": before, "after": after, "before_header": str(fstab), "after_header": str(fstab)},
    )


if __name__ == "__main__":
    main()
