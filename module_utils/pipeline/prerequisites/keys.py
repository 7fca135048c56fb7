# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether EC2 takes a public key: RSA and ED25519, in the form that OpenSSH writes (RFC 4253)."""

from __future__ import annotations

import base64
import binascii
import struct

TAKEN = {b"ssh-ed25519": "ED25519", b"ssh-rsa": "RSA"}
REFUSED = {"ecdsa": "an ECDSA", "ssh-dss": "a DSA", "sk-": "a security token's"}
LEAST_BITS, MOST_BITS = 2048, 4096  # of RSA: EC2 takes 1024 too, and Amazon Linux 2023 does not


class KeyFileError(Exception):
    """A file that is no key for EC2; str() continues the name of the file."""


def public_key(content: str) -> str:
    """The kind of the key in a file, `ED25519` or `RSA`. Raises KeyFileError."""
    if content.startswith("\ufeff"):
        raise KeyFileError("begins with a byte order mark")
    lines = content.strip().splitlines()
    words = lines[0].split() if lines else []
    kind = words[0] if words else ""
    for start, name in REFUSED.items():
        if kind.startswith(start):
            raise KeyFileError(f"holds {name} key, and EC2 takes RSA and ED25519")
    if kind.encode() not in TAKEN or len(words) == 1:
        raise KeyFileError("is not a public SSH key")
    if len(lines) > 1:
        raise KeyFileError(f"holds {len(lines)} lines, and a key is one")
    try:
        algorithm, *fields = _fields(base64.b64decode(words[1], validate=True))
    except (binascii.Error, struct.error, ValueError) as error:
        raise KeyFileError("holds a key that is damaged") from error
    if algorithm != kind.encode():
        raise KeyFileError("holds a key that is damaged")
    if TAKEN[algorithm] == "RSA":
        bits = int.from_bytes(fields[-1], "big").bit_length() if fields else 0
        if not LEAST_BITS <= bits <= MOST_BITS:
            raise KeyFileError(
                f"holds an RSA key of {bits} bits, and {LEAST_BITS} to {MOST_BITS} are allowed"
            )
    return TAKEN[algorithm]


def _fields(blob: bytes) -> list[bytes]:
    """Strings, each after its length."""
    found = []
    while blob:
        (length,) = struct.unpack_from(">I", blob)
        if length > len(blob) - 4:
            raise ValueError("cut off")
        found.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return found
