"""Values on their way to disk and back, in blocks: one call reads all that were written together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")
_BUFFER = 65_536
_ARRAY = b"\xdd"
"""MessagePack: an array, whose number of elements follows in four bytes."""

encode = msgspec.msgpack.Encoder().encode
"""Return one value as a frame."""


def block(frames: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return frames as they are written to a file: what follows them can be another block."""
    size = sum(map(len, frames))
    return size.to_bytes(4, "big"), _ARRAY, len(frames).to_bytes(4, "big"), *frames


def blocks(path: Path, decoder: msgspec.msgpack.Decoder[list[T]]) -> Iterator[list[T]]:
    """Yield the values of each block in a file of blocks, which hold less than 4 GB each."""
    with path.open("rb", buffering=_BUFFER) as file:
        while size := file.read(4):
            yield decoder.decode(file.read(int.from_bytes(size, "big") + 5))
