"""Cut input that comes one detention after another into parts, without looking at what follows.

That it does come so is checked: a detention seen again after another began is refused by name, and
an entry whose id an earlier detention used is set aside. Nothing is split in silence (design D11).
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from pathlib import Path

from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import RecordError
from detention_monitor.frames import block, encode
from detention_monitor.links import link_names, record_name
from detention_monitor.records import Source
from detention_monitor.sources import Read, SetAside, used_before
from detention_monitor.vocabulary import Coverage


@dataclass(slots=True)
class Part:
    """Some whole detentions in a bucket, and the lines between them that were not taken."""

    bucket: Path
    coverages: list[Coverage]
    entries: int = 0
    set_aside: list[SetAside] = field(default_factory=list)


def cut(read: Iterable[Read], folder: Path, part_bytes: int) -> Iterator[Part]:
    """Yield the input in parts of about `part_bytes`, each written to a bucket in `folder`.

    Raises `RecordError` for a detention that is seen again after another began.
    """
    used, own = IdsUsed(), set[int]()
    sources: dict[Source, int] = {}
    coverages: list[Coverage] = []
    frames: list[bytes] = []
    seen, current = NamesSeen(), set[str]()
    last: tuple[str | None, str, str | None] | None = None
    part, number, size = Part(folder / "bucket0000", []), 0, 0
    for place, (got, source) in enumerate(read):
        if isinstance(got, SetAside):
            part.set_aside.append(got)
            continue
        key, continues = (got.force, got.record, got.detention_id), got.attrs.get("continues")
        if key != last or continues:
            last = key
            names = {*link_names(got.force, got.record, got.detention_id, continues)}
            if any(each not in current and each in seen for each in names):
                _not_grouped(got)
            if current.isdisjoint(names):
                seen.add(current)
                used.add(own)
                current, own = set(), set()
                if size >= part_bytes:
                    yield _written(part, frames, coverages)
                    number, size = number + 1, 0
                    part = Part(folder / f"bucket{number:04d}", [])
            current |= names
        part.entries += 1
        name = hash((got.force or "", source.identity, got.id))
        if name in used:
            part.set_aside.append(used_before(got, "in a detention before this one"))
            continue
        own.add(name)
        if source not in sources:
            sources[source] = len(sources)
            coverages.append(source.coverage)
        frame = encode((place, sources[source], got))
        frames.append(frame)
        size += len(frame)
    yield _written(part, frames, coverages)


def _not_grouped(entry: CustodyEvent) -> None:
    name = record_name(entry.force, entry.record)
    raise RecordError(
        f"{entry.origin}: record {name} belongs to a detention that came before another one; "
        "the input is not grouped by detention. Leave out --grouped, or sort the input"
    )


def _written(part: Part, frames: list[bytes], coverages: list[Coverage]) -> Part:
    with part.bucket.open("wb") as file:
        file.writelines(block(frames))
    frames.clear()
    part.coverages = [*coverages]
    return part


class NamesSeen:
    """A set of names in eight bytes each, to which is added and never taken away.

    Names are told apart by a digest of 64 bits: of ten million, two are alike once in a hundred
    thousand runs, and that run is refused, not wrong.
    """

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._runs: list[array[int]] = []
        """Sorted, each at least twice as long as the next."""

    def add(self, names: Iterable[str]) -> None:
        """Take names."""
        self._recent.update(map(_digest, names))
        if len(self._recent) < 16_384:
            return
        self._runs.append(array("Q", sorted(self._recent)))
        self._recent.clear()
        while len(self._runs) > 1 and 2 * len(self._runs[-1]) > len(self._runs[-2]):
            last = self._runs.pop()
            self._runs[-1] = array("Q", merge(self._runs[-1], last))

    def __contains__(self, name: str) -> bool:
        digest = _digest(name)
        if digest in self._recent:
            return True
        places = ((run, bisect_left(run, digest)) for run in self._runs)
        return any(place < len(run) and run[place] == digest for run, place in places)


class IdsUsed:
    """A set of hashes in some 12 bytes each: a table that is never more than two thirds full.

    Hashes have 64 bits: of ten million entries, one is taken for another once in a hundred thousand
    runs, and is then set aside by name, not lost.
    """

    def __init__(self) -> None:
        self._table, self._count = array("q", bytes(8 << 12)), 0

    def add(self, hashes: Collection[int]) -> None:
        """Take hashes that are not in it yet."""
        self._count += len(hashes)
        if 3 * self._count > 2 * len(self._table):
            size = len(self._table)
            while 3 * self._count > 2 * size:
                size *= 2
            before, self._table = self._table, array("q", bytes(8 * size))
            self._put(each for each in before if each)
        self._put(hashes)

    def _put(self, hashes: Iterable[int]) -> None:
        table, mask = self._table, len(self._table) - 1
        for each in hashes:
            place = each & mask
            while table[place]:
                place = (place + 1) & mask
            table[place] = each or 1

    def __contains__(self, one: int) -> bool:
        table, mask, wanted = self._table, len(self._table) - 1, one or 1
        place = wanted & mask
        while found := table[place]:
            if found == wanted:
                return True
            place = (place + 1) & mask
        return False


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
