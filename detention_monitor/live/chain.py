"""The digests that seal entries and log: each row covers those before it, and not its own text.

A row's digest covers a digest of its text, so that the chain still holds where a text was erased
under the retention rules; salt keeps an erased text from being guessed by its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson

FIRST = "0" * 64
"""What the first row is sealed with."""


def sha(text: str) -> str:
    """Return the digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(*parts: str | int | None) -> str:
    """Return one digest of several values."""
    return sha(orjson.dumps(parts).decode())


def entry_content(salt: str, parts: Sequence[str | int | None]) -> str:
    """Return the digest of what an entry says: id, record, kind, at, recorded_at, not_carried, body."""
    return sealed(salt, *parts)


def entry_digest(before: str, seq: int, received_at: int, name: Sequence[str], content: str) -> str:
    """Return the digest that seals an entry; `name` is feed, force and source."""
    return sealed(before, seq, received_at, *name, content)


def detention_key(detention: str) -> str:
    """Return by what the log names a detention: no reference may be left in it once erased."""
    return sha(f"detention\0{detention}")[:20]


def erased_id(force: str, source: str, name: str) -> str:
    """Return what stands for the id of an erased entry, so that it is known if it comes again."""
    return "erased:" + sha(f"{force}\0{source}\0{name}")[:40]
