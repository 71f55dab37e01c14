"""Split entries to disk by detention, so that any amount of input fits in memory (design D11).

Entries of one detention may lie anywhere in the input. Each is checked once and written to one
of a fixed number of buckets by its record; records that turn out to belong together are then
brought to one bucket. How many buckets there are depends on the input only, never on the workers.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Self

import msgspec

from detention_monitor.detention import Detention, group
from detention_monitor.entries import CustodyEvent
from detention_monitor.frames import block, blocks, encode
from detention_monitor.links import Links, record_name
from detention_monitor.records import Source
from detention_monitor.sources import Read, SetAside, used_before
from detention_monitor.vocabulary import Coverage

BUCKET_BYTES = 4_000_000
"""Bytes of input that one bucket is meant to hold; some 15,000 entries."""
_MOST_BUCKETS = 4_096
_UNKNOWN = 256
"""Buckets for standard input, whose size nobody knows."""
_HELD = 4_000_000
"""Bytes that wait in memory to be written to their buckets."""
_HELD_EACH = 8_000
"""The same for each bucket, where that is more (33 MB at most): opening a file costs more than a few bytes."""
_FRAME_COST = 100
"""What Python adds to a frame in memory, in bytes."""
_PACKED = 8


_Frame = tuple[int, int, CustodyEvent]
"""One entry in a bucket: its place in the input, the number of its source, the entry."""
_IdFrame = tuple[int, str, str, str]
"""An id in use: the place of the entry, the id with force and source, the record, the origin."""
_Joined = tuple[str, str]
"""A detention's id, and the name of a record that gives it."""
_ENTRIES = msgspec.msgpack.Decoder(list[_Frame])
_IDS = msgspec.msgpack.Decoder(list[_IdFrame])
_JOINS = msgspec.msgpack.Decoder(list[_Joined])


@dataclass(slots=True)
class Partition:
    """Buckets on disk, and the coverage of each source that was read."""

    buckets: list[Path]
    coverages: list[Coverage] = field(default_factory=list)
    entries: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class Placed:
    """A detention, and the place of its first entry in the input."""

    place: int
    detention: Detention


def buckets_for(files: Iterable[str], bucket_bytes: int = BUCKET_BYTES) -> int:
    """Return how many buckets an input needs, by its size on disk."""
    total = 0
    for each in files:
        if each == "-":
            return _UNKNOWN
        if not Path(each).exists():
            continue  # a link to nowhere: set aside when its turn comes
        size = Path(each).stat().st_size
        total += size * _PACKED if each.endswith(".gz") else size
    return min(_MOST_BUCKETS, 1 + total // bucket_bytes)


def partition(
    read: Iterable[Read],
    folder: Path,
    count: int,
    set_aside: Callable[[SetAside], None],
) -> Partition:
    """Write every entry to its bucket in `folder`; hand each line that is not taken on."""
    out = Partition([folder / f"bucket{number:04d}" for number in range(count)])
    ids = [folder / f"ids{number:04d}" for number in range(count)]
    links = Links()
    numbers: dict[Source, int] = {}
    number, identity, last = 0, "", None
    joins = [folder / f"joins{number:04d}" for number in range(count)]
    with _Spill(out.buckets) as entries, _Spill(ids) as used, _Spill(joins) as joined:
        for place, (got, source) in enumerate(read):
            if isinstance(got, SetAside):
                out.set_aside += 1
                set_aside(got)
                continue
            out.entries += 1
            if source is not last:
                last = source
                if source not in numbers:
                    numbers[source] = len(numbers)
                    out.coverages.append(source.coverage)
                number, identity = numbers[source], source.identity
            name = record_name(got.force, got.record)
            if continues := got.attrs.get("continues"):
                links.add(got.force, got.record, None, continues)
            if got.detention_id:
                joined.put(_bucket(got.detention_id, count), encode((got.detention_id, name)))
            entries.put(_bucket(name, count), encode((place, number, got)))
            own = f"{got.force or ''}\0{identity}\0{got.id}"
            used.put(_bucket(own, count), encode((place, own, name, got.origin)))
    for path in joins:
        _join(path, links)
        path.unlink()
    home = _homes(links, count)
    if home:
        _bring_together(out, home)
    for path in ids:
        _take_out_reused(path, out, links, home, set_aside)
        path.unlink()
    return out


class _Spill:
    """Frames on their way to many files, held back until it is worth opening them one by one."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._held: list[list[bytes]] = [[] for _ in paths]
        self._size = 0
        self._most = max(_HELD, _HELD_EACH * len(paths))

    def __enter__(self) -> Self:
        for path in self._paths:
            path.touch()
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()

    def put(self, number: int, frame: bytes) -> None:
        """Take one frame for a file."""
        self._held[number].append(frame)
        self._size += len(frame) + _FRAME_COST
        if self._size > self._most:
            self._flush()

    def _flush(self) -> None:
        for path, frames in zip(self._paths, self._held, strict=True):
            if frames:
                _add(path, frames)
                frames.clear()
        self._size = 0


def _add(path: Path, frames: Sequence[bytes]) -> None:
    with path.open("ab") as file:
        file.writelines(block(frames))


def _bucket(name: str, count: int) -> int:
    return zlib.crc32(name.encode()) % count


def _join(joins: Path, links: Links) -> None:
    """Join the records that share a `detention_id`; those that share it with none cost no memory."""
    first: dict[str, str] = {}
    for detention_id, name in chain.from_iterable(blocks(joins, _JOINS)):
        other = first.setdefault(detention_id, name)
        if other != name:
            links.join(other, name)


def _homes(links: Links, count: int) -> dict[str, int]:
    """Return the bucket of each record that belongs to a detention with its home in another one."""
    return {
        name: _bucket(names[0], count)
        for names in links.components()
        for name in names[1:]
        if _bucket(name, count) != _bucket(names[0], count)
    }


def _bring_together(out: Partition, home: Mapping[str, int]) -> None:
    """Move the entries of records that have their home in another bucket."""
    count = len(out.buckets)
    for number in sorted({_bucket(name, count) for name in home}):
        path = out.buckets[number]
        stay: list[bytes] = []
        moved: dict[int, list[bytes]] = {}
        for frame in chain.from_iterable(blocks(path, _ENTRIES)):
            entry = frame[2]
            target = home.get(record_name(entry.force, entry.record), number)
            (stay if target == number else moved.setdefault(target, [])).append(encode(frame))
        _replace(path, stay)
        for target, frames in moved.items():
            _add(out.buckets[target], frames)


def _replace(path: Path, frames: Sequence[bytes]) -> None:
    """Give a bucket other contents, all at once."""
    stay = path.with_suffix(".stay")
    with stay.open("wb") as kept:
        kept.writelines(block(frames))
    stay.replace(path)


def _take_out_reused(
    ids: Path,
    out: Partition,
    links: Links,
    home: Mapping[str, int],
    set_aside: Callable[[SetAside], None],
) -> None:
    """Set aside each entry whose id an earlier entry of another detention has (0007).

    The same id within a detention is left to whoever judges it: an entry sent again is one entry.
    """
    frames = [*chain.from_iterable(blocks(ids, _IDS))]
    if len({own for _, own, _, _ in frames}) == len(frames):
        return
    count = len(out.buckets)
    first: dict[str, tuple[str, str]] = {}
    reused: dict[int, dict[int, str]] = {}
    for place, own, name, origin in frames:
        root, where = first.setdefault(own, (links.root_of(name), origin))
        if root != links.root_of(name):
            reused.setdefault(home.get(name, _bucket(name, count)), {})[place] = where
    for number in sorted(reused):
        path = out.buckets[number]
        kept: list[bytes] = []
        for frame in chain.from_iterable(blocks(path, _ENTRIES)):
            place, _, entry = frame
            if place in reused[number]:
                out.set_aside += 1
                set_aside(used_before(entry, reused[number][place]))
            else:
                kept.append(encode(frame))
        _replace(path, kept)


def detentions(bucket: Path, coverages: Sequence[Coverage]) -> list[Placed]:
    """Return the detentions of a bucket, in the order in which their first entries were read."""
    frames = sorted(chain.from_iterable(blocks(bucket, _ENTRIES)), key=itemgetter(0))
    covered: dict[str, Coverage] = {}
    first: dict[str, int] = {}
    for place, source, entry in frames:
        name = record_name(entry.force, entry.record)
        if name not in first:
            first[name] = place
            covered[name] = coverages[source]
        elif covered[name] is not coverages[source]:
            covered[name] = Coverage.of_all([covered[name], coverages[source]])
    return [
        Placed(first[record_name(each.entries[0].force, each.entries[0].record)], each)
        for each in group((entry for _, _, entry in frames), covered)
    ]
