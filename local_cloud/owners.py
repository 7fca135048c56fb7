"""Who on this machine has a port, a socket or the hosts' network."""

import socket
from contextlib import suppress
from pathlib import Path

NETWORK_LOCK = "local_cloud.network"
"""An abstract socket: held by the one local cloud that has this network namespace's hosts."""


def is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        # As the listener does: connections of an earlier one that are being closed do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def describe_owner(port: int) -> str:
    """Who listens on a TCP port, as far as this user may see: command, process and checkout."""
    return owner_of(_listening_inodes(port))


def _listening_inodes(port: int) -> set[str]:
    listening = "0A"
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == listening and int(row[1].rpartition(":")[2], base=16) == port}


def unix_inodes(name: str) -> set[str]:
    rows = [line.split() for line in Path("/proc/self/net/unix").read_text().splitlines()[1:]]
    return {row[6] for row in rows if row[-1] == f"@{name}"}


def network_owner() -> str:
    """Who has the hosts' network of this network namespace; "" for nobody."""
    inodes = unix_inodes(NETWORK_LOCK)
    return owner_of(inodes) if inodes else ""


def owner_of(inodes: set[str]) -> str:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted & {str(link.readlink()) for link in (process / "fd").iterdir()}:
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                folder = (process / "cwd").readlink()
                if "local_cloud" in words:
                    return f"the local cloud of {folder} (process {process.name})"
                return f"{' '.join(words).strip()} (process {process.name}, in {folder})"
    return "a process of another user"
