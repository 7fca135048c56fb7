# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Telling whether a secret has the value it should, where GitHub never shows one.

Beside the secrets, in a variable, is kept for each one a salted, slow hash of
the value that was written, and the time that GitHub gave the write. A secret is
unchanged when both still hold: the value that is wanted has that hash, and
nobody has written the secret since.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "ANSIBLE_SECRET_FINGERPRINTS"

# 16 MiB and some 40 ms a guess: variables can be read by everybody who can read the repository's settings.
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 1


@dataclass(frozen=True)
class Fingerprint:
    """What is remembered of one secret; salt and digest are hexadecimal."""

    salt: str
    digest: str
    updated_at: str

    def matches(self, value: str, updated_at: str) -> bool:
        """Was this value what was written, and is that write the last one?"""
        if self.updated_at != updated_at:
            return False
        return hmac.compare_digest(self.digest, _digest(value, self.salt))


def fingerprint(value: str, updated_at: str) -> Fingerprint:
    """Remember a value, with fresh salt."""
    salt = os.urandom(16).hex()
    return Fingerprint(salt, _digest(value, salt), updated_at)


def load(text: str | None) -> dict[str, Fingerprint]:
    """The variable's text as name -> fingerprint. What cannot be read is as if it were not there."""
    try:
        entries = json.loads(text or "{}")
        return {name: Fingerprint(**entry) for name, entry in entries.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def dump(fingerprints: Mapping[str, Fingerprint]) -> str:
    """The variable's text."""
    entries = {name: asdict(fingerprints[name]) for name in sorted(fingerprints)}
    return json.dumps(entries, separators=(",", ":"))


def _digest(value: str, salt: str) -> str:
    return hashlib.scrypt(
        value.encode(), salt=bytes.fromhex(salt), n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P, dklen=32
    ).hex()
