"""The router between hosts and what passes it: with network namespaces in the place of hosts."""

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_cloud.hosts.network import Network
from local_cloud.hosts.security_groups.kernel import Filter
from local_cloud.hosts.security_groups.model import Account, Interface, Rule
from local_cloud.hosts.security_groups.network_acls import Entry, NetworkAcl
from local_cloud.hosts.security_groups.table import compile_table
from local_cloud.hosts.security_groups.verdict import Question, judge
from local_cloud.settings import Settings
from tests.local_cloud.host_clouds import network_of_its_own

ANYWHERE = "0.0.0.0/0"
BOX = """
import itertools, json, socket, struct, sys, threading
numbers = itertools.count(1)
def tcp(port):
    server = socket.create_server(("", port))
    while True:
        link, peer = server.accept()
        link.sendall(peer[0].encode())
        link.close()
def udp(port):
    server = socket.socket(type=socket.SOCK_DGRAM)
    server.bind(("", port))
    while True:
        _, peer = server.recvfrom(100)
        server.sendto(peer[0].encode(), peer)
def ping(address):
    with socket.socket(type=socket.SOCK_RAW, proto=socket.IPPROTO_ICMP) as link:
        link.settimeout(0.5)
        link.connect((address, 0))
        # Another number each time: to the kernel it is another flow.
        number = next(numbers)
        link.send(struct.pack("!BBHHH", 8, 0, 0xFFFF - 0x0800 - number - 1, number, 1))
        try:
            while link.recv(100)[20:21] != bytes(1):
                pass
            return "answered"
        except TimeoutError:
            return ""
def ask(protocol, address, port, source=""):
    if protocol == "icmp":
        return ping(address)
    kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[protocol]
    with socket.socket(type=kind) as link:
        link.settimeout(0.5)
        if source:
            link.bind((source, 0))
        try:
            link.connect((address, port))
            if protocol == "udp":
                link.send(b"x")
            return link.recv(100).decode()
        except TimeoutError:
            return ""
        except OSError as error:
            return str(error)
for port in (80, 8080):
    for serve in (tcp, udp):
        threading.Thread(target=serve, args=(port,), daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps(ask(*json.loads(line))), flush=True)
"""


class Box:
    """A process in a network namespace, which answers on two ports with where it sees the asker come from."""

    def __init__(self, *, inside: bool = True) -> None:
        command = [*(["unshare", "--net"] if inside else []), sys.executable, "-u", "-c", BOX]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, protocol: str, address: str, port: int, source: str = "") -> str:
        """As whom it is seen there; empty where no answer comes."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps([protocol, address, port, source]), file=self.process.stdin, flush=True)
        seen: str = json.loads(self.process.stdout.readline())
        return seen

    def run(self, *command: str) -> int:
        entered = ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", *command]
        return subprocess.run(entered, capture_output=True, check=False).returncode

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


class Hosts:
    """`a` of the group A with a public address, `b` of B without, and this machine."""

    def __init__(self, network: Network, settings: Settings) -> None:
        self.network, self.settings = network, settings
        self.kernel = Filter(network.router.run)
        self.interfaces: dict[str, Interface] = {}
        self.boxes = {"this-machine": Box(inside=False)}
        for number, (name, public) in enumerate((("a", "198.18.0.4"), ("b", None)), 4):
            box, link, address = Box(), f"lc{name}", f"172.31.7.{number}"
            pid = box.process.pid
            network.plug(pid, name=link, address=address, mac=f"02:00:00:00:00:0{number}")
            network.change_public(pid, link, before=(), after=[public] if public else [])
            self.boxes[name] = box
            self.interfaces[name] = Interface(
                link=link,
                instance_id=name,
                private=(address,),
                public=public,
                groups=(f"sg-{name}",),
                subnet_id=f"subnet-{name}",
            )

    def filter(self, *rules: Rule, acls: Iterable[NetworkAcl] = ()) -> None:
        self.account = Account(
            interfaces=tuple(self.interfaces.values()),
            rules=rules,
            prefix_lists={},
            names={},
            regions={},
            acls={each.subnet_id: each for each in acls},
        )
        self.kernel.put_made_by(partial(compile_table, self.account, self.settings))
        assert self.kernel.problem == ""

    def ask(self, source: str, destination: str, port: int = 80, protocol: str = "tcp") -> str:
        """As whom the source is seen; the verdict in words is the same."""
        known = self.interfaces.get(destination)
        address = known.private[0] if known else destination
        if destination == "this-machine":
            address = self.settings.internet
        seen = self.boxes[source].ask(protocol, address, port)
        question = Question(source=source, destination=address, protocol=protocol, port=port)
        assert judge(self.account, self.settings, question).allowed == bool(seen)
        return seen


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    settings = replace(Settings(), state_dir=tmp_path_factory.mktemp("state"))
    with network_of_its_own():
        network = Network(settings)
        network.create()
        made = Hosts(network, settings)
        try:
            yield made
        finally:
            for box in made.boxes.values():
                box.end()
            network.remove()


def rule(group: str, direction: Any, peer: str, protocol: str = "-1", port: int = -1) -> Rule:
    return Rule(
        rule_id=f"sgr-{group}-{direction}-{protocol}-{max(port, 0)}",
        group_id=f"sg-{group}",
        direction=direction,
        protocol=protocol,
        first=port,
        last=port,
        peer=peer,
    )


OUT = (rule("a", "egress", ANYWHERE), rule("b", "egress", ANYWHERE))


def test_nothing_passes_without_a_rule(hosts: Hosts) -> None:
    hosts.filter(*OUT)
    assert [hosts.ask(*ends) for ends in (("a", "b"), ("b", "a"), ("this-machine", "a"))] == ["", "", ""]
    assert hosts.ask("a", "this-machine") == "172.31.7.4"


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_group_is_let_in_by_protocol_and_port(hosts: Hosts, protocol: str) -> None:
    hosts.filter(*OUT, rule("b", "ingress", "sg-a", protocol, 80))
    other = {"tcp": "udp", "udp": "tcp"}[protocol]
    assert hosts.ask("a", "b", 80, protocol) == "172.31.7.4"
    assert hosts.ask("a", "b", 8080, protocol) == ""
    assert hosts.ask("a", "b", 80, other) == ""
    assert hosts.ask("this-machine", "b", 80, protocol) == ""


def test_the_sender_is_asked_first(hosts: Hosts) -> None:
    hosts.filter(rule("a", "egress", "sg-b", "tcp", 80), rule("b", "ingress", ANYWHERE))
    assert hosts.ask("a", "b") == "172.31.7.4"
    assert hosts.ask("a", "b", 8080) == ""
    assert hosts.ask("a", "this-machine") == ""


def test_between_public_addresses_a_host_comes_from_its_own(hosts: Hosts) -> None:
    nat = f"{hosts.settings.internet}/32"
    hosts.filter(*OUT, rule("a", "ingress", "sg-b"))
    assert hosts.ask("b", "a") == "172.31.7.5"
    assert hosts.ask("b", "198.18.0.4") == ""
    hosts.filter(*OUT, rule("a", "ingress", nat))
    assert hosts.ask("b", "198.18.0.4") == hosts.settings.internet
    assert hosts.ask("this-machine", "198.18.0.4") == hosts.settings.internet


def test_a_public_address_that_moves_is_filtered_as_its_new_host(hosts: Hosts) -> None:
    pids = {name: box.process.pid for name, box in hosts.boxes.items()}
    before = dict(hosts.interfaces)
    hosts.network.change_public(pids["a"], "lca", before=["198.18.0.4"], after=[])
    hosts.network.change_public(pids["b"], "lcb", before=[], after=["198.18.0.4"])
    hosts.interfaces |= {
        "a": replace(before["a"], public=None),
        "b": replace(before["b"], public="198.18.0.4"),
    }
    try:
        hosts.filter(*OUT, rule("b", "ingress", ANYWHERE, "tcp", 8080))
        assert hosts.ask("a", "198.18.0.4", 8080) == hosts.settings.internet
        assert hosts.ask("this-machine", "198.18.0.4", 8080) == hosts.settings.internet
    finally:
        hosts.network.change_public(pids["b"], "lcb", before=["198.18.0.4"], after=[])
        hosts.network.change_public(pids["a"], "lca", before=[], after=["198.18.0.4"])
        hosts.interfaces |= before


def test_ping_is_of_icmps_types(hosts: Hosts) -> None:
    for kind, code, answer in ((8, -1, "answered"), (8, 0, "answered"), (-1, -1, "answered"), (3, -1, "")):
        hosts.filter(*OUT, replace(rule("b", "ingress", "sg-a", "icmp", kind), last=code))
        assert hosts.ask("a", "b", 8, "icmp") == answer
    hosts.filter(*OUT, rule("b", "ingress", "sg-a", "tcp", 80))
    assert hosts.ask("a", "b", 8, "icmp") == ""


def test_nobody_sends_with_anothers_address(hosts: Hosts) -> None:
    hosts.filter(*OUT, rule("b", "ingress", ANYWHERE))
    box, foreign = hosts.boxes["a"], "172.31.7.99"
    assert box.ask("tcp", "172.31.7.5", 80) == "172.31.7.4"
    assert box.run("ip", "address", "add", f"{foreign}/32", "dev", "lo") == 0
    assert box.ask("tcp", "172.31.7.5", 80, foreign) == ""


def test_who_is_not_known_reaches_nothing_and_is_not_reached(hosts: Hosts) -> None:
    before = dict(hosts.interfaces)
    hosts.filter(*OUT, rule("b", "ingress", ANYWHERE), rule("a", "ingress", ANYWHERE))
    assert hosts.ask("a", "b")
    hosts.interfaces.pop("a")
    try:
        hosts.filter(*OUT, rule("b", "ingress", ANYWHERE), rule("a", "ingress", ANYWHERE))
        assert hosts.boxes["a"].ask("tcp", "172.31.7.5", 80) == ""
        assert hosts.boxes["b"].ask("tcp", "172.31.7.4", 80) == ""
    finally:
        hosts.interfaces.clear()
        hosts.interfaces |= before


def test_rules_and_drops_are_counted_through_changes(hosts: Hosts) -> None:
    allowed = rule("b", "ingress", "sg-a", "tcp", 80)
    hosts.filter(*OUT, allowed)
    before = hosts.kernel.counts()
    hosts.ask("a", "b")
    hosts.ask("a", "b", 8080)
    hosts.filter(*OUT, allowed, rule("b", "ingress", "sg-a", "udp", 80))
    after = hosts.kernel.counts()

    def more(name: str) -> int:
        return after[name].packets - before[name].packets

    assert more(allowed.rule_id) == 1
    assert more("lcb_ingress") == 1


def acl(name: str, *entries: Entry, subnet: str = "") -> NetworkAcl:
    """Of the subnet of a host, in which nobody else is."""
    address = {"a": "172.31.7.4/32", "b": "172.31.7.5/32"}[name]
    ordered = tuple(sorted(entries, key=lambda each: each.number))
    return NetworkAcl(
        acl_id=f"acl-{name}", subnet_id=f"subnet-{name}", subnet=subnet or address, entries=ordered
    )


Kind = tuple[str, tuple[int, int]]
ALL: Kind = ("-1", (-1, -1))


def entry(number: int, direction: Any, word: str, network: str = ANYWHERE, kind: Kind = ALL) -> Entry:
    protocol, (first, last) = kind
    allows = {"allow": True, "deny": False}[word]
    return Entry(
        number=number,
        direction=direction,
        protocol=protocol,
        network=network,
        allows=allows,
        first=first,
        last=last,
    )


WAY_IN, WAY_OUT = entry(100, "ingress", "allow"), entry(100, "egress", "allow")
EVERYTHING = (*OUT, rule("a", "ingress", ANYWHERE), rule("b", "ingress", ANYWHERE))


def test_a_network_acl_decides_by_the_first_entry_that_fits(hosts: Hosts) -> None:
    denied = entry(90, "ingress", "deny", "172.31.7.4/32", ("tcp", (80, 80)))
    hosts.filter(*EVERYTHING, acls=[acl("b", WAY_IN, WAY_OUT, denied)])
    assert hosts.ask("a", "b") == ""
    assert hosts.ask("a", "b", 8080)
    assert hosts.ask("a", "b", 80, "udp")
    assert hosts.ask("this-machine", "b")
    hosts.filter(*EVERYTHING, acls=[acl("b", WAY_IN, WAY_OUT, replace(denied, number=110))])
    assert hosts.ask("a", "b")


def test_a_network_acl_without_entries_lets_nothing_in_or_out(hosts: Hosts) -> None:
    hosts.filter(*EVERYTHING, acls=[acl("b")])
    assert [hosts.ask(*ends) for ends in (("a", "b"), ("b", "a"), ("b", "this-machine"))] == ["", "", ""]
    assert hosts.ask("a", "this-machine")


def test_a_network_acl_knows_no_flows(hosts: Hosts) -> None:
    asked = entry(100, "ingress", "allow", kind=("tcp", (80, 80)))
    hosts.filter(*EVERYTHING, acls=[acl("b", asked)])
    assert hosts.ask("a", "b") == ""
    hosts.filter(
        *EVERYTHING,
        acls=[acl("b", asked, entry(100, "egress", "allow", kind=("tcp", (1024, 65535))))],
    )
    assert hosts.ask("a", "b")
    assert hosts.ask("b", "a") == ""


def test_what_stays_in_a_subnet_asks_no_network_acl(hosts: Hosts) -> None:
    hosts.filter(*EVERYTHING, acls=[acl(name, subnet="172.31.7.0/24") for name in "ab"])
    assert hosts.ask("a", "b")
    assert hosts.ask("a", "this-machine") == ""


def test_what_a_network_acl_ends_is_counted_and_said_with_what_would_open_it(hosts: Hosts) -> None:
    hosts.filter(*EVERYTHING, acls=[acl("b", WAY_IN, entry(100, "egress", "deny"))])
    assert hosts.ask("a", "b") == ""
    assert hosts.kernel.counts()["subnet-b_egress"].packets
    question = Question(source="a", destination="b", protocol="tcp", port=80)
    assert judge(hosts.account, hosts.settings, question).line == (
        "the answer is blocked at the egress of subnet-b: entry 100 of acl-b denies out tcp 32768 to"
        " 172.31.7.4; open it with: aws ec2 create-network-acl-entry --network-acl-id acl-b --egress"
        " --rule-number 99 --protocol tcp --port-range From=32768,To=32768 --cidr-block 172.31.7.4/32"
        " --rule-action allow"
    )


def random_acl(name: str, choose: Callable[[Any], Any]) -> NetworkAcl:
    """One that lets answers out and in, whatever it says of what is asked."""
    kinds: list[Kind] = [ALL, ("tcp", (80, 80)), ("udp", (-1, -1)), ("icmp", (-1, -1))]
    back: list[Kind] = [("tcp", (32768, 60999)), ("udp", (32768, 60999)), ("icmp", (0, -1))]
    peers = ("172.31.7.0/24", "172.31.7.4/32", ANYWHERE)
    entries = [entry(99, direction, "allow") for direction in ("ingress", "egress")]
    for number in range(10, 10 + choose(range(4))):
        direction, word = choose(("ingress", "egress")), choose(("allow", "deny"))
        entries.append(entry(number, direction, word, choose(peers), choose(kinds)))
    for number, kind in enumerate(back, 1):
        entries += [entry(number, direction, "allow", kind=kind) for direction in ("ingress", "egress")]
    return acl(name, *entries)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_rules_words_and_kernel_agree(hosts: Hosts, seed: int) -> None:
    choose = random.Random(seed).choice  # noqa: S311 - not a secret
    peers = ("sg-a", "sg-b", "172.31.7.0/24", "172.31.7.4/32", "198.18.0.4/32", ANYWHERE)
    kinds = (("-1", -1), ("tcp", 80), ("tcp", 8080), ("udp", 80), ("icmp", 8), ("icmp", -1))
    rules = []
    for number in range(choose(range(2, 9))):
        protocol, port = choose(kinds)
        made = rule(choose("ab"), choose(("ingress", "egress")), choose(peers), protocol, port)
        rules.append(replace(made, rule_id=f"sgr-{number}"))
    hosts.filter(
        *rules, *choose(((), OUT)), acls=[random_acl(name, choose) for name in choose(("", "a", "ab"))]
    )
    for source, destination in (
        ("a", "b"),
        ("b", "a"),
        ("b", "198.18.0.4"),
        ("this-machine", "a"),
        ("this-machine", "198.18.0.4"),
        ("a", "this-machine"),
    ):
        for protocol, port in (("tcp", 80), ("tcp", 8080), ("udp", 80), ("icmp", 8)):
            # A program that listens on all addresses answers UDP from the host's first one.
            if protocol == "udp" and destination == "198.18.0.4":
                continue
            hosts.ask(source, destination, port, protocol)


def test_the_machine_is_as_it_was_afterwards(tmp_path: Path) -> None:
    def seen() -> list[str]:
        commands = (["ip", "-brief", "link"], ["ip", "route"], ["nft", "list", "ruleset"])
        return [subprocess.run(each, capture_output=True, text=True, check=True).stdout for each in commands]

    with network_of_its_own():
        before = seen()
        network = Network(replace(Settings(), state_dir=tmp_path))
        network.create()
        assert seen() != before
        network.remove()
        assert seen() == before
