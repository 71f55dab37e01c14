"""What a replay found in a bucket, in files beside it: the results, where each lies, what was counted.

Beside `bucket0007` are `.out`, the rendered results; `.pieces`, where each detention lies in them,
in the order of the output; and `.done`, what was counted. `.done` is written last and vouches for the
others by a checksum, so that a run that was stopped knows what it can keep.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from detention_monitor.assess import Assessment
from detention_monitor.findings import SEVERITIES
from detention_monitor.rulemodel import Severity
from detention_monitor.sources import SetAside

_PIECE = struct.Struct(">BQQQ")
_PIECES_AT_A_TIME = 64
_BLOCK = 1 << 20
_COUNTS = (
    "entries", "duplicates", "set_aside", "detentions", "good", "by_reference", "checked",
)  # fmt: skip


@dataclass(slots=True)
class Tally:
    """What a run counted."""

    entries: int = 0
    duplicates: int = 0
    set_aside: int = 0
    detentions: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Concerns found, by duty (or rule) and severity."""
    cannot_tell: Counter[str] = field(default_factory=Counter)
    good: int = 0
    by_reference: int = 0
    checked: int = 0
    """Detentions that durable_rules judged as well as the compiled back-end."""

    def add(self, result: Assessment) -> None:
        """Count one assessment."""
        self.detentions += 1
        if result.refused is not None:
            self.refused[result.refused] += 1
        self.by_reference += result.judged_by == "reference"
        for finding in result.findings:
            if finding.is_breach:
                self.found[finding.duty or finding.rule, finding.severity] += 1
            elif finding.status == "cannot_tell":
                self.cannot_tell[finding.duty or finding.rule] += 1
            elif finding.nature == "good_practice":
                self.good += 1

    def merge(self, other: Tally) -> None:
        """Add what another part of the run counted."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.refused.update(other.refused)
        self.found.update(other.found)
        self.cannot_tell.update(other.cannot_tell)

    def worst_at_least(self, severity: Severity) -> bool:
        """Whether any concern was found at or above a severity."""
        wanted = SEVERITIES[SEVERITIES.index(severity) :]
        return any(each in wanted for _, each in self.found)


@dataclass(slots=True)
class BucketResult:
    """What judging one bucket counted, and what could not be judged."""

    tally: Tally = field(default_factory=Tally)
    set_aside: list[SetAside] = field(default_factory=list)


class Piece(NamedTuple):
    """Where the rendered result of one detention lies in the results of its bucket.

    `later` is false for a child under 10, who is shown before all others (design D7). Pieces sort
    in the order of the output.
    """

    later: bool
    place: int
    offset: int
    length: int


class _Done(msgspec.Struct, array_like=True):
    checksum: int
    counts: dict[str, int]
    refused: dict[str, int]
    found: list[tuple[str, str, int]]
    cannot_tell: dict[str, int]
    set_aside: list[SetAside]


def results_of(bucket: Path) -> Path:
    """Return the file with what was rendered of a bucket."""
    return bucket.with_suffix(".out")


def write(bucket: Path, rendered: Path, pieces: Sequence[Piece], result: BucketResult) -> None:
    """Keep what judging a bucket gave; `rendered` becomes its results.

    Files take their names once they are complete: two processes that judged one bucket (the first
    left over from a run that was killed) write the same.
    """
    rendered.replace(results_of(bucket))
    _write(_pieces(bucket), b"".join(_PIECE.pack(*each) for each in sorted(pieces)))
    tally = result.tally
    found = [(duty, severity, count) for (duty, severity), count in tally.found.items()]
    counts = {name: getattr(tally, name) for name in _COUNTS}
    data = msgspec.msgpack.encode(
        _Done(_checksum(bucket), counts, tally.refused, found, tally.cannot_tell, result.set_aside)
    )
    _write(_done(bucket), zlib.crc32(data).to_bytes(4, "big") + data)


def read(bucket: Path) -> BucketResult | None:
    """Return what judging a bucket gave; None where it was not judged to the end."""
    try:
        data = _done(bucket).read_bytes()
        if zlib.crc32(data[4:]).to_bytes(4, "big") != data[:4]:
            return None
        done = msgspec.msgpack.decode(data[4:], type=_Done)
        if done.checksum != _checksum(bucket):
            return None
    except FileNotFoundError:
        return None
    found = Counter({(duty, severity): count for duty, severity, count in done.found})
    refused, untold = Counter(done.refused), Counter(done.cannot_tell)
    tally = Tally(refused=refused, found=found, cannot_tell=untold, **done.counts)
    return BucketResult(tally, done.set_aside)


def pieces_of(bucket: Path) -> Iterator[Piece]:
    """Yield the pieces of a bucket in the order of the output; few are in memory at a time."""
    offset = 0
    while True:
        with _pieces(bucket).open("rb") as file:
            file.seek(offset)
            data = file.read(_PIECE.size * _PIECES_AT_A_TIME)
        if not data:
            return
        offset += len(data)
        for later, *rest in _PIECE.iter_unpack(data):
            yield Piece(bool(later), *rest)


def remove(bucket: Path) -> None:
    """Remove a bucket and all that lies beside it."""
    bucket.unlink()
    for path in bucket.parent.glob(f"{bucket.name}.*"):
        path.unlink()


def _pieces(bucket: Path) -> Path:
    return bucket.with_suffix(".pieces")


def _done(bucket: Path) -> Path:
    return bucket.with_suffix(".done")


def _write(path: Path, data: bytes) -> None:
    unfinished = path.with_suffix(f"{path.suffix}.{os.getpid()}")
    unfinished.write_bytes(data)
    unfinished.replace(path)


def _checksum(bucket: Path) -> int:
    out = 0
    for path in (results_of(bucket), _pieces(bucket)):
        with path.open("rb") as file:
            while data := file.read(_BLOCK):
                out = zlib.crc32(data, out)
    return out
