"""The machine's docker."""

from local_cloud.hosts.engines.engine import INIT, Engine
from local_cloud.hosts.engines.state import owner_name
from local_cloud.settings import Settings

WRITABLE_CONTROL_GROUPS = """
awk '$5 ~ "^/sys/fs/cgroup" && $6 ~ /^ro(,|$)/ { print $5 }' /proc/self/mountinfo |
while read -r group; do mount -o remount,rw,bind "$group"; done
"""
"""Docker mounts them for reading only, and systemd manages its own."""


def engine(settings: Settings) -> Engine:
    return Engine(
        program="docker",
        owner=owner_name(settings),
        # systemd as PID 1 mounts, and manages its own part of the control groups. Not --privileged: it
        # would give hosts this machine's devices, and asks for more rights than a CI machine may have.
        host_options=(
            "--cap-add=SYS_ADMIN",
            "--security-opt=seccomp=unconfined",
            "--security-opt=apparmor=unconfined",
            "--cgroupns=private",
            "--tmpfs=/run",
            "--tmpfs=/tmp:exec",
            f"--dns={settings.gateway}",
            "--dns-search=ec2.internal",
        ),
        init=("/bin/sh", "-c", f"{WRITABLE_CONTROL_GROUPS} exec {INIT}"),
    )
