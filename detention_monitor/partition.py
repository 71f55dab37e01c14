"""Split entries to disk by detention, so that any amount of input fits in memory (design D11).

Entries of one detention may lie anywhere in the input. Each is checked once and written to one
of a fixed number of buckets by its record; records that turn out to belong together are then
brought to one bucket. How many buckets there are depends on the input only, never on the workers.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import msgspec

from detention_monitor.detention import Detention, Links, group, record_name
from detention_monitor.entries import CustodyEvent
from detention_monitor.records import Source
from detention_monitor.sources import SetAside
from detention_monitor.vocabulary import Coverage

BUCKET_BYTES = 4_000_000
"""Bytes of input that one bucket is meant to hold; some 15,000 entries."""
_MOST_BUCKETS = 256
_BUFFER = 65_536
_PACKED = 8


_Frame = tuple[int, int, CustodyEvent]
"""One entry in a bucket: its place in the input, the number of its source, the entry."""


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
            return 16
        size = Path(each).stat().st_size
        total += size * _PACKED if each.endswith(".gz") else size
    return min(_MOST_BUCKETS, 1 + total // bucket_bytes)


def partition(
    read: Iterable[tuple[CustodyEvent | SetAside, Source]],
    folder: Path,
    count: int,
    set_aside: Callable[[SetAside], None],
) -> Partition:
    """Write every entry to its bucket in `folder`; hand each line that was not taken on."""
    out = Partition([folder / f"bucket{number:03d}" for number in range(count)])
    links = Links()
    numbers: dict[Source, int] = {}
    number, last = 0, None
    encoder = msgspec.msgpack.Encoder()
    files = [path.open("wb", buffering=_BUFFER) for path in out.buckets]
    try:
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
                number = numbers[source]
            continues = got.attrs.get("continues")
            if got.detention_id or continues:
                links.add(got.force, got.record, got.detention_id, continues)
            name = record_name(got.force, got.record)
            frame = encoder.encode((place, number, got))
            files[_bucket(name, count)].write(len(frame).to_bytes(4, "big") + frame)
    finally:
        for file in files:
            file.close()
    if count > 1:
        _bring_together(out, links, count)
    return out


def _bucket(name: str, count: int) -> int:
    return zlib.crc32(name.encode()) % count


def _frames(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=_BUFFER) as file:
        while size := file.read(4):
            yield size + file.read(int.from_bytes(size, "big"))


def _bring_together(out: Partition, links: Links, count: int) -> None:
    """Move the entries of records that belong to a detention with its home in another bucket."""
    home = {
        name: _bucket(first, count)
        for names in links.components()
        for first in names[:1]
        for name in names
        if _bucket(name, count) != _bucket(first, count)
    }
    if not home:
        return
    decoder = msgspec.msgpack.Decoder(_Frame)
    moved: dict[int, list[bytes]] = {}
    for path in [out.buckets[number] for number in sorted({_bucket(n, count) for n in home})]:
        stay = path.with_suffix(".stay")
        with stay.open("wb") as kept:
            for frame in _frames(path):
                entry = decoder.decode(frame[4:])[2]
                target = home.get(record_name(entry.force, entry.record))
                if target is None:
                    kept.write(frame)
                else:
                    moved.setdefault(target, []).append(frame)
        stay.replace(path)
    for number, frames in moved.items():
        with out.buckets[number].open("ab") as file:
            file.writelines(frames)


def detentions(bucket: Path, coverages: Sequence[Coverage]) -> list[Placed]:
    """Return the detentions of a bucket, in the order in which their first entries were read."""
    decoder = msgspec.msgpack.Decoder(_Frame)
    frames = sorted((decoder.decode(frame[4:]) for frame in _frames(bucket)), key=itemgetter(0))
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
