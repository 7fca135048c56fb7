"""The NS query, against a resolver in this process that answers with dnslib's bytes."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dnslib import NS, QTYPE, RCODE, RR, DNSRecord

from plugins.module_utils.pipeline.prerequisites.delegation import DnsError, name_servers

Resolver = Callable[[Callable[[DNSRecord], bytes]], int]


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    """`resolver(answer)`: a port where one query is answered with what `answer` makes of it."""
    opened: list[socket.socket] = []

    def start(answer: Callable[[DNSRecord], bytes]) -> int:
        channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        channel.bind(("127.0.0.1", 0))
        opened.append(channel)

        def serve() -> None:
            query, peer = channel.recvfrom(512)
            channel.sendto(answer(DNSRecord.parse(query)), peer)

        threading.Thread(target=serve, daemon=True).start()
        port: int = channel.getsockname()[1]
        return port

    yield start
    for channel in opened:
        channel.close()


def with_servers(query: Any) -> bytes:
    reply = query.reply()
    assert (str(query.q.qname), QTYPE[query.q.qtype]) == ("example.com.", "NS")
    for name in ("NS2.Example.com", "ns1.example.com"):
        reply.add_answer(RR("example.com", QTYPE.NS, rdata=NS(name), ttl=60))
    return bytes(reply.pack())


def failing(code: str) -> Callable[[Any], bytes]:
    def answer(query: Any) -> bytes:
        reply = query.reply()
        reply.header.rcode = getattr(RCODE, code)
        return bytes(reply.pack())

    return answer


def test_name_servers_are_read_with_their_compression(resolver: Resolver) -> None:
    port = resolver(with_servers)
    assert name_servers("example.com.", "127.0.0.1", port) == ["ns1.example.com", "ns2.example.com"]


def test_a_zone_that_nobody_delegates_has_none(resolver: Resolver) -> None:
    assert name_servers("example.com", "127.0.0.1", resolver(failing("NXDOMAIN"))) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (failing("SERVFAIL"), "answers with an error"),
        (lambda query: bytes(query.pack())[:5], "cannot be read"),
        (lambda query: with_servers(query)[:-4], "cannot be read"),
        (lambda query: with_servers(query)[:29] + b"\xc0\x1d" * 20, "in a circle"),
    ],
)
def test_an_answer_that_says_nothing_is_an_error(
    resolver: Resolver, answer: Callable[[Any], bytes], said: str
) -> None:
    with pytest.raises(DnsError, match=said):
        name_servers("example.com", "127.0.0.1", resolver(answer))


def test_no_answer_is_an_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(DnsError, match="does not answer"):
            name_servers("example.com", "127.0.0.1", silent.getsockname()[1])
