"""Names that stand for a child or a record where a report leaves the force.

A keyed hash (HMAC-SHA-256, RFC 2104): whoever has no key can neither undo nor repeat it. The force
gives the key; it is never written anywhere. `purpose` goes into the hash, so that two products made
with one key cannot be joined.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path

from detention_monitor.errors import RecordError

_LEAST = 16
_LENGTH = 16


@dataclass(frozen=True, slots=True, repr=False)
class Pseudonyms:
    """Gives pseudonyms for one purpose."""

    key: bytes
    purpose: str

    def of(self, name: str) -> str:
        """Return what stands for a name: 16 hexadecimal digits, the same for the same name."""
        said = f"{self.purpose}\0{name}".encode()
        return hmac.digest(self.key, said, "sha256").hex()[:_LENGTH]


def read_key(path: Path) -> bytes:
    """Return the key in a file, without the end of its line.

    Raises `RecordError` for a key that is too short to be one.
    """
    key = path.read_bytes().strip()
    if len(key) < _LEAST:
        raise RecordError(
            f"{path}: a key needs at least {_LEAST} bytes that nobody can guess; "
            f"make one with: openssl rand -hex 32 > {path.name}"
        )
    return key
