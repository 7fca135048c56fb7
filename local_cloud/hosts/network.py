"""The hosts' network: one bridge on this machine that is the default VPC.

A host is plugged in with a veth pair; public and Elastic IPs are further addresses
of its interface, reached by a route over the bridge. What is changed on the
machine is written down first, so that the next start can undo it after a crash.
"""

import json
import logging
import os
import shutil
import socket
import subprocess
from collections.abc import Collection
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path

from local_cloud.hosts.namespaces import inside, ip
from local_cloud.settings import Settings

BRIDGE = "local-cloud0"
METADATA_LINK = "local-cloud1"
METADATA = "169.254.169.254"
TABLE = "local_cloud"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
MTU = 1500

WAY_OUT = """table ip {table} {{
  chain way_out {{
    type nat hook postrouting priority srcnat
    ip saddr {cidr} oifname != "{bridge}" masquerade
  }}
}}
"""
LOG = logging.getLogger(__name__)


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
        for link in (METADATA_LINK, BRIDGE):
            self.unplug(link)
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
        commands = [
            f"link add {name} mtu {MTU} type veth peer name eth0 mtu {MTU} address {mac} netns {process}",
            f"link set {name} master {BRIDGE} up",
        ]
        prefix = self._prefix
        if ip_address(address) not in ip_network(self._settings.network_cidr):
            # A subnet of another VPC: one route for each of its hosts.
            commands.append(f"route replace {address}/32 dev {BRIDGE}")
            prefix = "32"
        ip(commands)
        inside(
            process,
            lambda: ip(
                [
                    "link set lo up",
                    f"address add {address}/{prefix} dev eth0",
                    "link set eth0 up",
                    f"route add default via {self._settings.gateway} dev eth0 onlink src {address}",
                    f"route add {METADATA}/32 dev eth0 src {address}",
                ]
            ),
        )

    def plug_metadata(self, thread: int) -> None:
        """Gives the namespace that the calling thread is in, by its id, the metadata service's address."""
        inside(
            os.getpid(),
            lambda: ip(
                [
                    f"link add {METADATA_LINK} type veth peer name eth0 netns {thread}",
                    f"link set {METADATA_LINK} master {BRIDGE} up",
                ]
            ),
        )
        # Whoever can ask is on the bridge.
        ip([f"address add {METADATA}/32 dev eth0", "link set eth0 up", "route add default dev eth0"])

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
        if _exists(name):
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
                raise NetworkError(
                    f"{range_} is in use on this machine ({used.splitlines()[0]}): remove that route"
                )

    def _open_way_out(self) -> None:
        """Hosts reach what this machine reaches (package mirrors), under this machine's address."""
        if shutil.which("nft") is None:
            LOG.warning("hosts reach nothing beyond this machine: the package nftables is not installed")
            return
        rules = WAY_OUT.format(table=TABLE, cidr=self._settings.network_cidr, bridge=BRIDGE)
        result = subprocess.run(["nft", "-f", "-"], input=rules, capture_output=True, text=True, check=False)
        if result.returncode:
            LOG.warning("hosts reach nothing beyond this machine: %s", result.stderr.strip())
            return
        self._notes.write_text(json.dumps({"ip_forward": FORWARDING.read_text()}))
        FORWARDING.write_text("1")
        if _has_docker_chain():
            # Docker forwards nothing that it does not know.
            for direction in ("-i", "-o"):
                _run("iptables", "-I", "DOCKER-USER", direction, BRIDGE, "-j", "ACCEPT")


def _exists(interface: str) -> bool:
    with suppress(OSError):
        return socket.if_nametoindex(interface) > 0
    return False


def _has_docker_chain() -> bool:
    return shutil.which("iptables") is not None and _run("iptables", "-n", "-L", "DOCKER-USER")


def _run(*command: str) -> bool:
    with suppress(OSError):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False
