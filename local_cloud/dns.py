"""The resolver of the container network.

Names of AWS and GitHub lead to this machine, hosted zones answer with their
records, instances' own names with their addresses; everything else is asked of
the machine's resolver, and refused quickly where there is none.
"""

import ipaddress
import logging
import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from socketserver import BaseRequestHandler

from dnslib import CNAME, QTYPE, RCODE, RR, A, DNSError, DNSQuestion, DNSRecord
from dnslib.server import BaseResolver, DNSLogger, DNSServer

from local_cloud.listeners import POLL_INTERVAL
from local_cloud.settings import ACME_NAME, Settings, is_impersonated

LOG = logging.getLogger(__name__)
TTL = 5
"""Seconds: instances come and go, and hosts must see it."""
FORWARD_SECONDS = 2.0
MAXIMUM_CNAMES = 8
INSTANCE_NAME = re.compile(
    r"(?:ip|ec2)-(\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3})\.(?:.+\.)?(?:internal|amazonaws\.com)"
)
"""`ip-172-31-0-9.ec2.internal`, `ec2-198-18-0-1.compute-1.amazonaws.com`."""

Server = tuple[str, int]
"""A name server's address and port."""
Records = Callable[[str], list[RR] | None]
"""A name (lower case, no final dot) -> its records in a hosted zone; None where no zone holds it."""


class Resolver(BaseResolver):  # type: ignore[misc] # dnslib has no types
    """Answers one question; holds nothing but where to look."""

    def __init__(self, settings: Settings, zone_records: Records, upstream: list[Server]) -> None:
        self._internet = settings.internet
        self._private = ipaddress.ip_network(settings.network_cidr)
        self._zone_records = zone_records
        self._upstream = upstream

    def resolve(self, request: DNSRecord, _handler: BaseRequestHandler) -> DNSRecord:
        question = request.q
        name = str(question.qname).rstrip(".").lower()
        reply = request.reply()
        if instance := INSTANCE_NAME.fullmatch(name):
            return self._address(reply, question, instance[1].replace("-", "."))
        found = self._zone_records(name)
        if found is not None:
            return self._from_zone(reply, question.qtype, found)
        if is_impersonated(name) or name == ACME_NAME:
            return self._address(reply, question, self._internet)
        if self._is_own_reverse(name):
            reply.header.rcode = RCODE.NXDOMAIN
            return reply
        return forward(request, self._upstream)

    def _address(self, reply: DNSRecord, question: DNSQuestion, address: str) -> DNSRecord:
        if question.qtype in {QTYPE.A, QTYPE.ANY}:
            with suppress(ValueError):
                reply.add_answer(
                    RR(question.qname, QTYPE.A, rdata=A(str(ipaddress.IPv4Address(address))), ttl=TTL)
                )
        return reply

    def _from_zone(self, reply: DNSRecord, wanted: int, records: list[RR]) -> DNSRecord:
        """The records of a type, along the aliases within hosted zones."""
        if not records:
            reply.header.rcode = RCODE.NXDOMAIN
        for _ in range(MAXIMUM_CNAMES):
            for record in records:
                if wanted in {record.rtype, QTYPE.ANY} or record.rtype == QTYPE.CNAME:
                    reply.add_answer(record)
            alias = next((r for r in records if r.rtype == QTYPE.CNAME and wanted != QTYPE.CNAME), None)
            if alias is None or not isinstance(alias.rdata, CNAME):
                return reply
            target = str(alias.rdata.label).rstrip(".").lower()
            records = self._zone_records(target) or []
        reply.header.rcode = RCODE.SERVFAIL
        return reply

    def _is_own_reverse(self, name: str) -> bool:
        if not name.endswith(".in-addr.arpa"):
            return False
        with suppress(ValueError):
            address = ".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))
            return ipaddress.ip_address(address) in self._private
        return False


def forward(request: DNSRecord, upstream: list[Server]) -> DNSRecord:
    """The first answer of the machine's resolvers; SERVFAIL where none gives one."""
    for server in upstream:
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        with suppress(OSError, DNSError), socket.socket(family, socket.SOCK_DGRAM) as link:
            link.settimeout(FORWARD_SECONDS)
            # Connected, so that a resolver that is not there is known at once.
            link.connect(server)
            link.send(request.pack())
            answer = DNSRecord.parse(link.recv(65535))
            if answer.header.id == request.header.id:
                return answer
    reply = request.reply()
    reply.header.rcode = RCODE.SERVFAIL
    return reply


def machine_resolvers(configuration: Path = Path("/etc/resolv.conf")) -> list[Server]:
    """The name servers of the machine; none where it has no such file."""
    try:
        lines = configuration.read_text().splitlines()
    except OSError:
        return []
    words = [line.split() for line in lines]
    return [(line[1], 53) for line in words if len(line) > 1 and line[0] == "nameserver"]


class DnsService:
    """The resolver on one address, over UDP and TCP. Raises OSError where the port is taken."""

    def __init__(
        self,
        settings: Settings,
        zone_records: Records,
        *,
        address: str,
        upstream: list[Server],
        port: int = 53,
    ) -> None:
        resolver = Resolver(settings, zone_records, upstream)
        quiet = DNSLogger(log="-request,-reply,-truncated,-data,-recv,-send", logf=LOG.debug)
        self._servers: list[DNSServer] = []
        for tcp in (True, False):
            # Port 0 is for tests: UDP then takes the port that TCP was given.
            port = self._servers[0].server.server_address[1] if self._servers else port
            self._servers.append(DNSServer(resolver, address=address, port=port, tcp=tcp, logger=quiet))
        self.port: int = port
        self._serving = False

    def start(self) -> None:
        for each in self._servers:
            threading.Thread(
                target=each.server.serve_forever, args=(POLL_INTERVAL,), name="dns", daemon=True
            ).start()
        self._serving = True

    def stop(self) -> None:
        for each in self._servers:
            # Waiting for the end of what never began would take for ever.
            if self._serving:
                each.server.shutdown()
            each.server.server_close()
