"""What was published: whoever holds two publications of the same children can subtract one from another.

Hiding small numbers protects one publication. Two that share some detentions, but not all, tell by their
difference what neither tells: the last day of a month, the station left out, the three records that came
late. Statisticians know it as differencing, and the cure as control of overlap: two publications are of
the same detentions, counted alike, or have none in common. The register is the list that this is asked of
(docs/decisions/0017-statistics-and-what-leaves-the-force.md has the figures of the attack).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from detention_monitor.errors import RecordError
from detention_monitor.reports.rows import Row
from detention_monitor.text import printable, several

_ID, _CONTENT = 8, 4
_EACH = _ID + _CONTENT
Counted = dict[bytes, bytes]
"""What a publication counts: by the digest of a detention the digest of its row, 8 and 4 bytes."""


class Publication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of the register; `counted` are the digests of its detentions in base64.

    `same_as` is the number of an earlier line that counts the same, whose digests are not written twice.
    """

    at: str
    command: str
    period: str
    ruleset: str
    detentions: int
    counted: str = ""
    same_as: int | None = None
    despite: str = ""


class Overlap(msgspec.Struct, frozen=True):
    """How an earlier publication and a new one share detentions."""

    line: int
    earlier: Publication
    alike: int
    otherwise: int
    only_earlier: int
    only_new: int

    @property
    def same(self) -> bool:
        """Whether both count the same, so that they show the same."""
        return not (self.otherwise or self.only_earlier or self.only_new)

    def told(self) -> str:
        """Return the overlap in words."""
        parts = [
            f"{several(count, 'detention')} {words}"
            for count, words in (
                (self.alike, "in both"),
                (self.otherwise, "in both but recorded or judged otherwise since"),
                (self.only_earlier, "only in the earlier"),
                (self.only_new, "only in this"),
            )
            if count
        ]
        return (
            f"line {self.line}, {self.earlier.at[:10]}, {printable(self.earlier.period)}: "
            f"{', '.join(parts)}"
        )


def counted(rows: Iterable[Row]) -> Counted:
    """Return the digests of what a publication counts."""
    return {
        _digest(f"{row.force}\0{row.detention}".encode(), _ID): _digest(
            msgspec.json.encode(row), _CONTENT
        )
        for row in rows
    }


def _digest(data: bytes, length: int) -> bytes:
    return hashlib.sha256(data).digest()[:length]


class Register:
    """An open register, which nobody else writes meanwhile."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self.lines = [*self._read()]

    def _read(self) -> Iterator[Publication]:
        self._file.seek(0)
        for number, line in enumerate(self._file, 1):
            try:
                yield msgspec.json.decode(line, type=Publication)
            except msgspec.DecodeError as error:
                raise RecordError(
                    f"{self._path}:{number}: not a line of a register of publications ({error}); "
                    "name another file, or take the line out"
                ) from error

    def overlaps(self, new: Counted) -> list[Overlap]:
        """Return every earlier publication that has a detention in common with a new one."""
        found = []
        for number, each in enumerate(self.lines, 1):
            if each.same_as is not None:
                continue
            found.append(_overlap(number, each, new))
        return [each for each in found if each.alike or each.otherwise]

    def add(self, new: Publication, of: Counted, overlaps: Iterable[Overlap]) -> None:
        """Write a publication down; its digests only where no earlier line has them."""
        same = next((each.line for each in overlaps if each.same), None)
        digests = b"" if same else b"".join(a + b for a, b in sorted(of.items()))
        line = msgspec.structs.replace(new, counted=b64encode(digests).decode(), same_as=same)
        self._file.seek(0, os.SEEK_END)
        self._file.write(msgspec.json.encode(line) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _overlap(number: int, earlier: Publication, new: Counted) -> Overlap:
    data = b64decode(earlier.counted)
    alike = otherwise = 0
    for at in range(0, len(data), _EACH):
        content = new.get(data[at : at + _ID])
        if content == data[at + _ID : at + _EACH]:
            alike += 1
        elif content is not None:
            otherwise += 1
    shared = alike + otherwise
    return Overlap(
        number, earlier, alike, otherwise, len(data) // _EACH - shared, len(new) - shared
    )


@contextmanager
def opened(path: Path) -> Iterator[Register]:
    """Open a register, made if need be, readable by its owner only; one at a time.

    Raises `RecordError` for a file that is none.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield Register(path, file)


def check(overlaps: Iterable[Overlap], path: Path, despite: str) -> None:
    """Raise `RecordError` where a publication shares some detentions with an earlier one, not all.

    Whoever knows why it may go out all the same says so (`despite`).
    """
    found = [each for each in overlaps if not each.same]
    if not found or despite:
        return
    said = "; ".join(each.told() for each in found[:_SHOWN])
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise RecordError(
        f"{path}: some of these detentions were published before ({said}{more}). Whoever has both reports "
        "can subtract one from the other, and so be told of a single child. Publish only what no report "
        "has counted yet (--from, --to), or the same as before; or say why it may go out all the same: "
        "--despite REASON, which the register keeps"
    )


_SHOWN = 8
