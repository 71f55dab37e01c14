"""A dip sample: a seeded, stratified choice of records for people to review.

Each stratum gets its share of the sample by size (largest remainders), and at least one record.
Within a stratum records are taken in the order of a number that seed and name give each of them
(permanent random numbers: E. Ohlsson, "Coordination of samples using permanent random numbers", in
Business Survey Methods, Wiley 1995), so that the choice depends neither on the order of the input
nor on other records, and a larger sample with the same seed contains the smaller of each stratum.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

import msgspec

from detention_monitor.assess import Assessment
from detention_monitor.detention import Detention
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.findings import SEVERITIES
from detention_monitor.links import record_name
from detention_monitor.reports import carried
from detention_monitor.reports.answers import gravest_of
from detention_monitor.reports.rows import Row, row_of
from detention_monitor.vocabulary import Needs

_LEAST = 1
_BANDS = ((14, "10 to 13"), (16, "14 and 15"), (18, "16 and 17"))


class Candidate(msgspec.Struct, frozen=True, array_like=True):
    """A detention that may be drawn: its row, its records by name, its gravest concern."""

    row: Row
    records: tuple[str, ...]
    severity: str


class Drawn(msgspec.Struct, frozen=True):
    """A detention that was drawn: under which name, from which stratum, for how many it stands."""

    name: str
    detention: str
    records: tuple[str, ...]
    stratum: str
    weight: float


class Stratum(msgspec.Struct, frozen=True):
    """A part of the population: how many there are, how many were drawn."""

    name: str
    population: int
    drawn: int


class SampleError(DetentionMonitorError):
    """A sample that cannot be drawn; says why and what to do."""


def _band(row: Row) -> str:
    if row.age is None:
        return f"age {row.silence(carried.AGE)}"
    return next((name for limit, name in _BANDS if row.age < limit), "18 or over")


def _told(row: Row, has: object, yes: str, no: str, needs: Needs) -> str:
    """Return the stratum of what may be so, or not, or cannot be told of a record."""
    if has:
        return yes
    return f"{yes}: {row.silence(needs)}" if has is None or not row.carries(needs) else no


BY: Mapping[str, Callable[[Candidate], str]] = {
    "station": lambda each: each.row.station or f"station {each.row.silence(carried.STATION)}",
    "overnight": lambda each: _told(
        each.row, each.row.nights, "overnight", "no night", carried.ENDED
    ),
    "severity": lambda each: each.severity,
    "charged": lambda each: _told(
        each.row, each.row.charged, "charged", "not charged", carried.CHARGED
    ),
    "bail": lambda each: _told(
        each.row, each.row.bail_refused, "bail refused", "bail not refused", carried.KEPT
    ),
    "age": lambda each: _band(each.row),
    "sex": lambda each: each.row.sex or f"sex {each.row.silence(carried.SEX)}",
    "month": lambda each: each.row.month,
}
"""By what a sample may be stratified."""


def write_candidate(detention: Detention, judged: Assessment) -> bytes:
    """Return a candidate as a line of JSON: the product of a replay; nothing for one not judged."""
    row = row_of(detention, judged)
    if row.kind != "detained":
        return b""
    concerns = [each for each in judged.findings if each.is_breach]
    worst = gravest_of(each for each in concerns if each.certainty == "established")
    severity = worst.severity if worst is not None else "info"
    records = {record_name(each.force, each.record) for each in detention.entries}
    said = "no concern" if severity == SEVERITIES[0] else severity
    return msgspec.json.encode(Candidate(row, tuple(sorted(records)), said)) + b"\n"


def read_candidates(lines: Iterable[bytes]) -> Iterator[Candidate]:
    """Yield the candidates of a file of lines, one in memory at a time."""
    decoder = msgspec.json.Decoder(Candidate)
    return (decoder.decode(line) for line in lines)


def draw(
    candidates: Iterable[Candidate], size: int, seed: str, by: Sequence[str]
) -> tuple[list[Drawn], list[Stratum]]:
    """Return what is drawn, in an order that tells nothing, and the strata, by name.

    Memory follows strata and size, not the number of candidates. Raises `SampleError` for more
    strata than records to draw, or nothing to draw from.
    """
    counts: Counter[str] = Counter()
    first: dict[str, list[_Numbered]] = {}
    for each in candidates:
        name = stratum_of(each, by)
        counts[name] += 1
        held = first.setdefault(name, [])
        heapq.heappush(held, _Numbered(_number(seed, each), each.row.detention, each.records))
        if len(held) > size:
            heapq.heappop(held)
    if not counts:
        raise SampleError("no detention here to draw from; look at the period and the records")
    share = _shares({name: counts[name] for name in sorted(counts)}, min(size, counts.total()))
    chosen = [
        (each, name)
        for name, held in first.items()
        for each in sorted(held, key=attrgetter("number"))[: share[name]]
    ]
    chosen.sort(key=lambda each: each[0].number)
    width = len(str(len(chosen)))
    drawn = [
        Drawn(f"R{place:0{width}d}", each.detention, each.records, name, counts[name] / share[name])
        for place, (each, name) in enumerate(chosen, start=1)
    ]
    return drawn, [Stratum(name, counts[name], share[name]) for name in sorted(counts)]


class _Numbered(NamedTuple):
    """A candidate with its number; in a heap the highest number comes first, to be let go."""

    number: str
    detention: str
    records: tuple[str, ...]

    def __lt__(self, other: tuple[object, ...]) -> bool:
        return self.number > str(other[0])


def stratum_of(candidate: Candidate, by: Sequence[str]) -> str:
    """Return the name of the stratum of a candidate."""
    return ", ".join(BY[name](candidate) for name in by) or "all"


def _number(seed: str, each: Candidate) -> str:
    return hashlib.sha256(f"{seed}\0{each.row.force}\0{each.row.detention}".encode()).hexdigest()


def _shares(counts: Mapping[str, int], size: int) -> dict[str, int]:
    """Return how many to draw of each stratum: its share by size, and at least one.

    >>> _shares({"a": 90, "b": 9, "c": 1}, 10)
    {'a': 8, 'b': 1, 'c': 1}
    """
    if size < _LEAST * len(counts):
        raise SampleError(
            f"{len(counts)} strata and a sample of {size}: each stratum needs at least one; draw "
            "more (--size), or by fewer things (--by)"
        )
    total = sum(counts.values())
    exact = {name: size * count / total for name, count in counts.items()}
    out = {name: min(counts[name], max(_LEAST, int(exact[name]))) for name in counts}
    while (left := size - sum(out.values())) != 0:
        step = 1 if left > 0 else -1
        able = [
            name for name in counts
            if (out[name] < counts[name] if step > 0 else out[name] > _LEAST)
        ]  # fmt: skip
        name = max(able, key=lambda each: (step * (exact[each] - out[each]), each))
        out[name] += step
    return out
