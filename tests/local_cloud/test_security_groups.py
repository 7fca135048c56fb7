"""What security groups say of a packet, and how it is put to the kernel: without one."""

import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from local_cloud.errors import RefusalError
from local_cloud.hosts.security_groups.kernel import Filter
from local_cloud.hosts.security_groups.model import Account, Interface, Rule
from local_cloud.hosts.security_groups.table import Table, compile_table
from local_cloud.hosts.security_groups.verdict import Question, judge
from local_cloud.settings import Settings

SETTINGS = Settings()
ANYWHERE = "0.0.0.0/0"
OUT = Rule(rule_id="sgr-out", group_id="sg-a", direction="egress", protocol="-1", peer=ANYWHERE)
OUT_B = Rule(rule_id="sgr-out-b", group_id="sg-b", direction="egress", protocol="-1", peer=ANYWHERE)
A = Interface(link="lca", instance_id="i-a", private=("172.31.0.4",), public="198.18.0.4", groups=("sg-a",))
B = Interface(link="lcb", instance_id="i-b", private=("172.31.0.5",), public=None, groups=("sg-b",))


def ingress(peer: str, protocol: str = "tcp", ports: tuple[int, int] = (80, 80), group: str = "sg-b") -> Rule:
    first, last = ports
    return Rule(
        rule_id="sgr-in",
        group_id=group,
        direction="ingress",
        protocol=protocol,
        first=first,
        last=last,
        peer=peer,
    )


def account(*rules: Rule, interfaces: tuple[Interface, ...] = (A, B), **lists: tuple[str, ...]) -> Account:
    return Account(
        interfaces=interfaces,
        rules=rules,
        prefix_lists={name.replace("_", "-"): entries for name, entries in lists.items()},
        names={"sg-a": "app", "sg-b": "db"},
        regions={"sg-a": "us-east-1", "sg-b": "us-east-1"},
    )


def ask(
    given: Account, source: str, destination: str, port: int = 80, protocol: str = "tcp"
) -> tuple[bool, str]:
    question = Question(source=source, destination=destination, protocol=protocol, port=port)
    verdict = judge(given, SETTINGS, question)
    return verdict.allowed, verdict.line


@pytest.mark.parametrize(
    ("rule", "asked", "allowed"),
    [
        (ingress("sg-a"), ("i-a", "i-b"), True),
        (ingress("sg-b"), ("i-a", "i-b"), False),
        (ingress("sg-a"), ("this-machine", "i-b"), False),
        (ingress("172.31.0.4/32"), ("172.31.0.4", "172.31.0.5"), True),
        (ingress("172.31.0.0/16"), ("this-machine", "i-b"), False),
        (ingress(f"{SETTINGS.internet}/32"), ("this-machine", "i-b"), True),
        (ingress(ANYWHERE), ("8.8.8.8", "i-b"), True),
        (ingress("pl-1"), ("i-a", "i-b"), True),
        (ingress("pl-2"), ("i-a", "i-b"), False),
        (ingress(ANYWHERE, ports=(1, 79)), ("i-a", "i-b"), False),
        (ingress(ANYWHERE, ports=(1, 80)), ("i-a", "i-b"), True),
        (ingress(ANYWHERE, "udp"), ("i-a", "i-b"), False),
        (ingress(ANYWHERE, "-1", (-1, -1)), ("i-a", "i-b"), True),
        # A group is its members' private addresses: by public ones nobody of them comes.
        (ingress("sg-b", group="sg-a"), ("i-b", "172.31.0.4"), True),
        (ingress("sg-b", group="sg-a"), ("i-b", "198.18.0.4"), False),
        # One without a public address comes as by a NAT gateway.
        (ingress(f"{SETTINGS.internet}/32", group="sg-a"), ("i-b", "198.18.0.4"), True),
    ],
)
def test_a_rule_lets_in_what_fits_it(rule: Rule, asked: tuple[str, str], allowed: bool) -> None:
    given = account(OUT, OUT_B, rule, pl_1=("10.0.0.0/8", "172.31.0.0/24"), pl_2=())
    assert ask(given, *asked)[0] == allowed


@pytest.mark.parametrize(
    ("kind", "asked", "allowed"),
    [((8, -1), 8, True), ((8, 0), 8, True), ((-1, -1), 13, True), ((0, -1), 8, False)],
)
def test_ports_of_icmp_are_type_and_code(kind: tuple[int, int], asked: int, allowed: bool) -> None:
    given = account(OUT, ingress(ANYWHERE, "icmp", kind))
    assert ask(given, "i-a", "i-b", asked, "icmp")[0] == allowed


def test_the_senders_egress_comes_first() -> None:
    allowed, line = ask(account(ingress(ANYWHERE)), "i-a", "i-b")
    assert not allowed
    assert line == (
        "blocked at the egress of i-a: no rule of sg-a (app) lets out tcp 80 to 172.31.0.5; open it with:"
        " aws ec2 authorize-security-group-egress --group-id sg-a --protocol tcp --port 80"
        " --source-group sg-b"
    )


def test_the_line_says_which_rules_let_a_packet_in() -> None:
    allowed, line = ask(account(OUT, ingress("sg-a")), "i-a", "i-b")
    assert allowed
    assert line == (
        "allowed: egress of i-a by sgr-out of sg-a (app) (all traffic to 0.0.0.0/0);"
        " ingress of i-b by sgr-in of sg-b (db) (tcp 80 from sg-a)"
    )


def test_the_line_says_what_would_open_the_way_from_the_internet() -> None:
    allowed, line = ask(account(), "this-machine", "i-b", 22)
    assert not allowed
    assert line == (
        f"blocked at the ingress of i-b: no rule of sg-b (db) lets in tcp 22 from {SETTINGS.internet};"
        " open it with: aws ec2 authorize-security-group-ingress --group-id sg-b --protocol tcp --port 22"
        f" --cidr {SETTINGS.internet}/32"
    )


def test_what_aws_filters_nowhere_is_allowed_without_a_rule() -> None:
    for address in (SETTINGS.gateway, "169.254.169.254"):
        assert ask(account(), "i-a", address, 53, "udp")[0]
    assert not ask(account(), "i-a", "this-machine", 443)[0]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("i-no", "i-b"), "i-no is no instance that runs here and no IPv4 address"),
        (("this-machine", "8.8.8.8"), "neither this-machine nor 8.8.8.8 is a network interface"),
        (("i-a", "i-b", -1), "tcp needs a port: why-blocked i-a i-b PORT"),
    ],
)
def test_what_names_nothing_is_refused(asked: Any, words: str) -> None:
    with pytest.raises(RefusalError, match=words):
        ask(account(OUT), *asked)


class TestTracking:
    """A flow that AWS does not track ends with its rule."""

    @staticmethod
    def verdicts(*rules: Rule) -> list[str]:
        chain = compile_table(account(*rules), SETTINGS).chains["lcb_ingress"]
        return [line.split("sgr-in ")[1] for line in chain.splitlines() if "sgr-in" in line]

    def test_everybodys_flows_are_not_tracked_where_everything_may_answer(self) -> None:
        assert self.verdicts(OUT_B, ingress(ANYWHERE)) == ["accept"]

    @pytest.mark.parametrize(
        "rules",
        [
            (OUT_B, ingress("172.31.0.0/16")),
            (OUT_B, ingress(ANYWHERE, "icmp", (-1, -1))),
            (ingress(ANYWHERE),),
            (OUT, ingress(ANYWHERE)),
        ],
    )
    def test_others_are(self, rules: tuple[Rule, ...]) -> None:
        assert self.verdicts(*rules) == ["goto ingress_tracked"]

    def test_a_rule_for_everything_tracks_all_but_tcp_and_udp(self) -> None:
        rule = ingress(ANYWHERE, "-1", (-1, -1))
        assert self.verdicts(OUT_B, rule) == ["accept", "goto ingress_tracked"]


class TestKernel:
    """nft takes what is compiled, in a network namespace of its own."""

    @pytest.fixture
    def nft(self) -> Iterator[Callable[..., str]]:
        command = ["unshare", "--net", "sh", "-c", "echo inside; exec cat"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdin is not None
            assert holder.stdout.readline() == b"inside\n"

            def run(*arguments: str, given: str = "") -> str:
                nft = ["nsenter", f"--net=/proc/{holder.pid}/ns/net", "nft", *arguments]
                result = subprocess.run(nft, input=given, capture_output=True, text=True, check=False)
                assert result.returncode == 0, result.stderr + given
                return result.stdout

            yield run
            holder.stdin.close()

    WIDE = account(
        OUT,
        OUT_B,
        ingress("10.0.0.0/8", ports=(0, 65535)),
        ingress("sg-a", "udp", (53, 53)),
        ingress("sg-b", "icmp", (8, 0)),
        ingress("pl-1", "icmp", (-1, -1)),
        ingress("pl-2", "50", (-1, -1)),
        ingress(ANYWHERE, "-1", (-1, -1)),
        pl_1=("10.0.0.0/8", "10.1.0.0/16"),
        pl_2=(),
    )

    def test_one_change_after_another_is_taken(self, nft: Callable[..., str]) -> None:
        before: Table | None = None
        for given in (self.WIDE, account(), account(OUT, ingress("sg-a")), account(interfaces=()), self.WIDE):
            after = compile_table(given, SETTINGS)
            nft("-f", "-", given=after.replacing(before))
            before = after
        fresh = compile_table(self.WIDE, SETTINGS)
        changed = nft("list", "ruleset")
        nft("-f", "-", given=fresh.replacing(None))
        assert sorted(nft("list", "ruleset").splitlines()) == sorted(changed.splitlines())

    def test_counters_outlive_a_change(self, nft: Callable[..., str]) -> None:
        before = compile_table(account(OUT, ingress("sg-a")), SETTINGS)
        nft("-f", "-", given=before.replacing(None))
        nft("add", "counter", "ip", "local_cloud", "sgr-kept", "{ packets 7 bytes 8 }")
        kept = Table({**before.counters, "sgr-kept": "counter sgr-kept { }"}, before.sets, before.chains)
        nft("-f", "-", given=kept.replacing(kept))
        assert "packets 7 bytes 8" in nft("list", "counter", "ip", "local_cloud", "sgr-kept")


def test_without_nft_hosts_are_unfiltered_and_one_warning_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    kernel = Filter(lambda work: work())
    for given in (account(), account(OUT)):
        kernel.put_made_by(partial(compile_table, given, SETTINGS))
    assert kernel.problem == "the package nftables is not installed"
    assert [record.message for record in caplog.records] == [
        "security groups do not filter as they are: the package nftables is not installed"
    ]
    assert kernel.counts() == {}
