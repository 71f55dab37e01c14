"""An open file that grows: the whole lines that it has by now, and where reading has come to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from detention_monitor.live.feed_lines import Lines
from detention_monitor.recordfiles import LONGEST_LINE
from detention_monitor.sources import Read

PIECE = 256_000
"""Bytes taken at a time: a batch is small, and a backlog is stored as it is read."""
_TAIL = 256
"""Bytes before our place in a file that must still be the same, else the file was rewritten."""


@dataclass(slots=True)
class Place:
    """A place in one file: which file it is, how far it is read, what its source declared."""

    dev: int = 0
    ino: int = 0
    offset: int = 0
    lines: int = 0
    tail: str = ""
    source: Any = None
    undeclared: tuple[str, str] | None = None
    """Where its source declared what cannot be read, and why not: then nothing is taken."""
    left_at: int | None = None
    """When another file took its name; None while it has it."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {name: getattr(self, name) for name in self.__slots__}


class OpenFile:
    """One file on disk while it is read, whatever its name is by now."""

    def __init__(self, descriptor: int, place: Place, lines: Lines) -> None:
        self.descriptor, self.place, self.lines = descriptor, place, lines
        self.scanned = 0
        lines.declare(place.source, place.undeclared)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.descriptor)

    def was_rewritten(self) -> bool:
        """Whether what we have read is no longer what stands there."""
        place = self.place
        if os.fstat(self.descriptor).st_size < place.offset:
            return True
        return digest_before(self.descriptor, place.offset) != place.tail

    def begin_again(self) -> None:
        """Read from the beginning again."""
        self.place.offset = self.place.lines = self.scanned = 0
        self.place.tail = digest_before(self.descriptor, 0)
        self.lines.declare(None)

    def take(self, *, final: bool) -> list[Read]:
        """Return the whole lines that follow, a piece at a time; the rest too if it is `final`."""
        place = self.place
        data = os.pread(self.descriptor, max(PIECE, self.scanned), place.offset)
        if not data:
            return []
        end = data.rfind(b"\n") + 1
        if not end and len(data) >= max(PIECE, self.scanned):
            return self._take_long(data, final=final)
        out = self._items(data[:end].split(b"\n")[:-1]) if end else []
        rest = data[end:]
        at_end = place.offset + len(data) >= os.fstat(self.descriptor).st_size
        if rest and at_end and (final or _is_whole(rest)):
            item = self.lines.item(rest, place.lines + 1)
            out += [item] if item else []
            end = len(data)
        self._move(end)
        return out

    def _items(self, lines: Sequence[bytes]) -> list[Read]:
        out = []
        for line in lines:
            self.place.lines += 1
            item = self.lines.item(line, self.place.lines)
            if item is not None:
                out.append(item)
        return out

    def _take_long(self, data: bytes, *, final: bool) -> list[Read]:
        """Look further for the end of a long line; of one that is too long keep the beginning."""
        size = os.fstat(self.descriptor).st_size
        at = self.place.offset + len(data)
        if len(data) <= LONGEST_LINE and at < size:
            self.scanned = 2 * len(data)
            return self.take(final=final)
        while at < size:
            piece = os.pread(self.descriptor, PIECE, at)
            found = piece.find(b"\n")
            if found >= 0 or not piece:
                return self._give_long(data, at + found + 1)
            at += len(piece)
        return self._give_long(data, size) if final else []

    def _give_long(self, data: bytes, end: int) -> list[Read]:
        out = self._items([data[: LONGEST_LINE + 1]])
        self._move(end - self.place.offset)
        return out

    def _move(self, by: int) -> None:
        if by:
            self.place.offset += by
            self.scanned = 0
            self.place.tail = digest_before(self.descriptor, self.place.offset)
            self.place.source, self.place.undeclared = self.lines.declared, self.lines.undeclared


def _is_whole(rest: bytes) -> bool:
    """Whether a last line without its end is an entry all the same: no half of one is whole JSON."""
    if not rest.rstrip().endswith(b"}"):
        return False
    try:
        return isinstance(orjson.loads(rest), dict)
    except orjson.JSONDecodeError:
        return False


def digest_before(descriptor: int, offset: int) -> str:
    """Return the digest of the bytes just before a place in a file."""
    before = os.pread(descriptor, min(_TAIL, offset), max(0, offset - _TAIL))
    return hashlib.sha256(before).hexdigest()[:16]
