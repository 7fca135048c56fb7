# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who the public DNS says is responsible for a zone: one NS query to this machine's resolver (RFC 1035)."""

from __future__ import annotations

import secrets
import socket
import struct
from pathlib import Path

NS, IN = 2, 1
TIMEOUT = 1.0  # seconds; the answer is good to know, no more
RECURSE, TRUNCATED_OR_FAILED = 0x0100, 0x020F
NO_SUCH_NAME = 3
POINTER = 0xC0


class DnsError(Exception):
    """There is no answer; str() says why."""


def name_servers(zone: str, resolver: str = "", port: int = 53) -> list[str]:
    """The name servers of a zone, sorted, lower case, without final dots; [] where there are none.

    Raises DnsError.
    """
    number = secrets.randbelow(0x10000)
    question = (
        struct.pack(">HHHHHH", number, RECURSE, 1, 0, 0, 0) + _encoded(zone) + struct.pack(">HH", NS, IN)
    )
    try:
        address = resolver or _system_resolver()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as channel:
            channel.settimeout(TIMEOUT)
            channel.connect((address, port))
            channel.send(question)
            answer = channel.recv(4096)
    except OSError as error:
        raise DnsError(f"the resolver does not answer: {error}") from error
    try:
        return _answers(answer, number)
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise DnsError("the resolver's answer cannot be read") from error


def _system_resolver() -> str:
    for line in Path("/etc/resolv.conf").read_text(encoding="utf-8").splitlines():
        word, _, address = line.partition(" ")
        if word == "nameserver":
            return address.strip()
    raise OSError("/etc/resolv.conf names none")


def _encoded(name: str) -> bytes:
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _answers(message: bytes, number: int) -> list[str]:
    got, flags, questions, answers = struct.unpack_from(">HHHH", message)
    if got != number or (flags & TRUNCATED_OR_FAILED) not in {0, NO_SUCH_NAME}:
        raise DnsError("the resolver answers with an error")
    at = 12
    for _ in range(questions):
        at = _name(message, at)[1] + 4
    found = []
    for _ in range(answers):
        at = _name(message, at)[1]
        kind, _, _, length = struct.unpack_from(">HHIH", message, at)
        at += 10
        if kind == NS:
            found.append(_name(message, at)[0].lower())
        at += length
    return sorted(found)


def _name(message: bytes, at: int) -> tuple[str, int]:
    """The name that begins there, and where it ends; a pointer leads to the rest of it, always backwards."""
    labels: list[str] = []
    end, limit = 0, at
    while length := message[at]:
        if length >= POINTER:
            end = end or at + 2
            at = struct.unpack_from(">H", message, at)[0] & 0x3FFF
            if at >= limit:
                raise DnsError("the resolver's answer runs in a circle")
            limit = at
        else:
            labels.append(message[at + 1 : at + 1 + length].decode("ascii"))
            at += length + 1
    return ".".join(labels), end or at + 1
