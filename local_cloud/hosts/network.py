"""The hosts' network: this machine's way to the VPC's router, and the hosts that are plugged into that.

Public and Elastic IPs are further addresses of a host's interface. To hosts this machine is the internet:
AWS and GitHub, and the operator's own computer, with one address outside the VPC. What is changed on the
machine is written down first, so that the next start can undo it after a crash.
"""

import json
import logging
import shutil
import socket
import subprocess
from collections.abc import Collection
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path

from local_cloud.hosts.namespaces import inside, ip, of_process
from local_cloud.hosts.router import METADATA, Router
from local_cloud.settings import Settings

LINK = "local-cloud0"
TABLE = "local_cloud"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")

WAY_OUT = """table ip {table} {{
  chain way_out {{
    type nat hook postrouting priority srcnat
    ip saddr {cidr} oifname != "{link}" masquerade
  }}
}}
"""
LOG = logging.getLogger(__name__)


class NetworkError(Exception):
    """Why the network can't be made, and what to do."""


class Network:
    """The router, this machine's routes to it, and the way out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.router = Router(settings)
        self._notes = settings.state_dir / "network.json"
        self._prefix = settings.network_cidr.rsplit("/", 1)[1]

    def create(self) -> None:
        """Makes the network, after removing what a dead local cloud left. Raises `NetworkError`."""
        if shutil.which("ip") is None:
            raise NetworkError("the program ip is missing: install the package iproute2")
        self.remove()
        self._refuse_others()
        settings = self._settings
        self.router.create(LINK)
        ip(
            [
                f"address add {settings.gateway}/32 dev {LINK}",
                f"address add {settings.internet}/32 dev {LINK}",
                f"link set {LINK} up",
                *(
                    f"route add {range_} dev {LINK} src {settings.internet}"
                    for range_ in (settings.network_cidr, settings.public_cidr)
                ),
            ]
        )
        self._open_way_out()

    def remove(self) -> None:
        """Takes back all of it; what is not there is fine."""
        self.router.remove()
        if _exists(LINK):
            ip([f"link delete {LINK}"], tolerant=True)
        if shutil.which("nft"):
            _run("nft", "delete", "table", "ip", TABLE)
        if _has_docker_chain():
            for direction in ("-i", "-o"):
                _run("iptables", "-D", "DOCKER-USER", direction, LINK, "-j", "ACCEPT")
        if self._notes.exists():
            FORWARDING.write_text(json.loads(self._notes.read_text())["ip_forward"])
            self._notes.unlink()

    def plug(self, process: int, *, name: str, address: str, mac: str) -> None:
        """Gives the namespace of a process eth0 with `address`, and the way to everything else."""
        settings = self._settings
        is_default = ip_address(address) in ip_network(settings.network_cidr)
        prefix = self._prefix if is_default else "32"
        self.connect(of_process(process), name=name, address=address, mac=mac)
        inside(
            of_process(process),
            lambda: ip(
                [
                    "link set lo up",
                    f"address add {address}/{prefix} dev eth0",
                    "link set eth0 up",
                    f"route add default via {settings.gateway} dev eth0 onlink src {address}",
                    f"route add {METADATA}/32 dev eth0 src {address}",
                ]
            ),
        )

    def connect(self, namespace: Path, *, name: str, address: str, mac: str, peer_name: str = "eth0") -> None:
        """A link from the router to a namespace, and the way of this machine to an address behind it."""
        settings = self._settings
        if ip_address(address) not in ip_network(settings.network_cidr):
            # A subnet of another VPC: one route for each of its hosts.
            ip([f"route replace {address}/32 dev {LINK} src {settings.internet}"])
        self.router.plug(name, namespace, address=address, mac=mac, peer_name=peer_name)

    def change_public(
        self, process: int, name: str, *, before: Collection[str], after: Collection[str]
    ) -> None:
        """Takes public addresses from the host of a link and gives it others."""
        gone = [address for address in before if address not in after]
        new = [address for address in after if address not in before]
        if gone or new:
            commands = [f"address delete {address}/32 dev eth0" for address in gone]
            commands += [f"address add {address}/32 dev eth0" for address in new]
            inside(of_process(process), lambda: ip(commands))
            self.router.lead(name, no_longer=gone, now=new)

    def unplug(self, name: str) -> None:
        """Removes a host's link; gone already is fine."""
        self.router.unplug(name)

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
        rules = WAY_OUT.format(table=TABLE, cidr=self._settings.network_cidr, link=LINK)
        result = subprocess.run(["nft", "-f", "-"], input=rules, capture_output=True, text=True, check=False)
        if result.returncode:
            LOG.warning("hosts reach nothing beyond this machine: %s", result.stderr.strip())
            return
        self._notes.write_text(json.dumps({"ip_forward": FORWARDING.read_text()}))
        FORWARDING.write_text("1")
        if _has_docker_chain():
            # Docker forwards nothing that it does not know.
            for direction in ("-i", "-o"):
                _run("iptables", "-I", "DOCKER-USER", direction, LINK, "-j", "ACCEPT")


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
