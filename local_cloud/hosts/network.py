"""The hosts' network: one bridge on this machine that is the default VPC.

A host is plugged in with a veth pair; public and Elastic IPs are further addresses
of its interface, reached by a route over the bridge. What is changed on the
machine is written down first, so that the next start can undo it after a crash.
"""

import json
import shutil
import subprocess
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from local_cloud.hosts.namespaces import inside, ip
from local_cloud.settings import Settings

BRIDGE = "local-cloud0"
TABLE = "local_cloud"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
MTU = 1500


class NetworkError(Exception):
    """Why the network can't be made, and what to do."""


class Network:
    """The bridge, its routes and its way out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._notes = settings.state_dir / "network.json"
        self._prefix = settings.network_cidr.rsplit("/", 1)[1]

    def create(self) -> None:
        """Makes the network, after removing what a dead local cloud left. Raises `NetworkError`."""
        if shutil.which("ip") is None:
            raise NetworkError("the program ip is missing: install the package iproute2")
        self.remove()
        self._refuse_others()
        settings = self._settings
        ip(
            [
                f"link add {BRIDGE} type bridge forward_delay 0",
                f"address add {settings.gateway}/{self._prefix} dev {BRIDGE}",
                f"link set {BRIDGE} up",
                f"route add {settings.public_cidr} dev {BRIDGE}",
            ]
        )
        self._open_way_out()

    def remove(self) -> None:
        """Takes back all of it; what is not there is fine."""
        if Path("/sys/class/net", BRIDGE).exists():
            ip([f"link delete {BRIDGE}"])
        if shutil.which("nft"):
            _run("nft", "delete", "table", "ip", TABLE)
        if _has_docker_chain():
            for direction in ("-i", "-o"):
                _run("iptables", "-D", "DOCKER-USER", direction, BRIDGE, "-j", "ACCEPT")
        if self._notes.exists():
            FORWARDING.write_text(json.loads(self._notes.read_text())["ip_forward"])
            self._notes.unlink()

    def plug(self, process: int, *, name: str, address: str, mac: str) -> None:
        """Gives the namespace of a process eth0 with `address`, and the way to everything else."""
        ip(
            [
                f"link add {name} mtu {MTU} type veth peer name eth0 mtu {MTU} address {mac} netns {process}",
                f"link set {name} master {BRIDGE} up",
            ]
        )
        inside(
            process,
            lambda: ip(
                [
                    "link set lo up",
                    f"address add {address}/{self._prefix} dev eth0",
                    "link set eth0 up",
                    f"route add default via {self._settings.gateway} dev eth0 onlink src {address}",
                ]
            ),
        )

    @staticmethod
    def change_public(process: int, *, before: Collection[str], after: Collection[str]) -> None:
        """Takes public addresses from a host and gives it others."""
        commands = [f"address delete {address}/32 dev eth0" for address in before if address not in after]
        commands += [f"address add {address}/32 dev eth0" for address in after if address not in before]
        if commands:
            inside(process, lambda: ip(commands))

    @staticmethod
    def unplug(name: str) -> None:
        """Removes a host's interface; gone already is fine."""
        if Path("/sys/class/net", name).exists():
            ip([f"link delete {name}"], tolerant=True)

    def _refuse_others(self) -> None:
        """The address range may be another network's, or another checkout's local cloud's."""
        for range_ in (self._settings.network_cidr, self._settings.public_cidr):
            used = subprocess.run(
                ["ip", "-brief", "route", "show", "to", "root", range_],
                capture_output=True,
                text=True,
                check=False,
            ).stdout.strip()
            if used:
                raise NetworkError(f"{range_} is in use on this machine ({used.splitlines()[0]}): remove that route")

    def _open_way_out(self) -> None:
        """Hosts reach what this machine reaches (package mirrors), under this machine's address."""
        if shutil.which("nft") is None:
            return
        rules = (
            f"table ip {TABLE} {{ chain way_out {{ type nat hook postrouting priority srcnat; "
            f'ip saddr {self._settings.network_cidr} oifname != "{BRIDGE}" masquerade; }} }}'
        )
        result = subprocess.run(["nft", rules], capture_output=True, text=True, check=False)
        if result.returncode:
            return
        self._notes.write_text(json.dumps({"ip_forward": FORWARDING.read_text()}))
        FORWARDING.write_text("1")
        if _has_docker_chain():
            # Docker forwards nothing that it does not know.
            for direction in ("-i", "-o"):
                _run("iptables", "-I", "DOCKER-USER", direction, BRIDGE, "-j", "ACCEPT")


def _has_docker_chain() -> bool:
    return shutil.which("iptables") is not None and _run("iptables", "-n", "-L", "DOCKER-USER")


def _run(*command: str) -> bool:
    with suppress(OSError):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False
