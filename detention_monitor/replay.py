"""Replay records: partition them, judge each detention, put the results together in input order.

The output does not depend on the number of workers: each detention is rendered by a pure
function, and the pieces are joined by the place of its first entry in the input, refused children
under 10 before everything else (design D7, D11).
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO

from detention_monitor.assess import Assessment, assess, end_of
from detention_monitor.columns import ColumnMap
from detention_monitor.detention import Detention, Reading, without_duplicates
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import RecordError
from detention_monitor.findings import SEVERITIES
from detention_monitor.partition import (
    BUCKET_BYTES,
    Partition,
    Placed,
    buckets_for,
    detentions,
    partition,
)
from detention_monitor.records import Source
from detention_monitor.render import render
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.rulemodel import Severity
from detention_monitor.sources import SetAside, read_entries, used_before
from detention_monitor.vocabulary import Coverage


@dataclass(frozen=True, slots=True)
class Settings:
    """How to replay: rules, reading of history, instant (seconds UTC; None = each at its end)."""

    rules: Path
    policy: Path | None = None
    as_of: int | None = None
    reading: Reading = "as_happened"
    format: str = "table"
    map: Path | None = None
    all: bool = False
    colour: bool = False


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
        for name in ("entries", "duplicates", "set_aside", "detentions", "good", "by_reference"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.refused.update(other.refused)
        self.found.update(other.found)
        self.cannot_tell.update(other.cannot_tell)

    def worst_at_least(self, severity: Severity) -> bool:
        """Whether any concern was found at or above a severity."""
        wanted = SEVERITIES[SEVERITIES.index(severity) :]
        return any(each in wanted for _, each in self.found)


@dataclass(frozen=True, slots=True)
class Piece:
    """Where the rendered result of one detention lies in a bucket's result file."""

    first: bool
    place: int
    offset: int
    length: int


@dataclass(slots=True)
class BucketResult:
    """What judging one bucket gave."""

    pieces: list[Piece]
    tally: Tally
    set_aside: list[SetAside]


Read = tuple[CustodyEvent | SetAside, Source]
Progress = Callable[[str, int, int], None]
"""Called with a phase ("reading", "judging"), how much is done, and of how much (0: unknown)."""


def quiet(_phase: str, _done: int, _total: int) -> None:
    """Report no progress."""


def replay(
    files: Sequence[str],
    settings: Settings,
    out: BinaryIO,
    *,
    set_aside: Callable[[SetAside], None],
    workers: int = 1,
    progress: Progress = quiet,
    bucket_bytes: int = BUCKET_BYTES,
) -> Tally:
    """Judge all records of `files` and write the results to `out`; return what was counted.

    `bucket_bytes` of input are held in memory at a time by each worker.

    Lines and entries that are not taken go to `set_aside`, with the reason. Raises
    `RuleFileError` for rules that cannot be used, and `RecordError` for files that cannot.
    """
    ruleset = _ruleset(settings.rules, settings.policy)
    with tempfile.TemporaryDirectory(prefix="detention-monitor-") as name:
        folder = Path(name)
        columns = ColumnMap.load(settings.map, ruleset.vocabulary) if settings.map else None
        read = _counted(read_entries(files, ruleset.vocabulary, columns), progress)
        parts = partition(read, folder, buckets_for(files, bucket_bytes), set_aside)
        tally = Tally(entries=parts.entries, set_aside=parts.set_aside)
        pieces: list[tuple[Piece, Path]] = []
        for bucket, result in _judge_all(parts, settings, workers, progress):
            tally.merge(result.tally)
            for each in result.set_aside:
                set_aside(each)
            pieces += [(piece, _results(bucket)) for piece in result.pieces]
        _join(pieces, out)
    return tally


def _counted(read: Iterator[Read], progress: Progress) -> Iterator[Read]:
    for number, each in enumerate(read, start=1):
        if number % 5_000 == 0:
            progress("reading", number, 0)
        yield each


def _results(bucket: Path) -> Path:
    return bucket.with_suffix(".out")


def _join(pieces: list[tuple[Piece, Path]], out: BinaryIO) -> None:
    """Write all pieces in order: children under 10 first, then as their first entries were read."""
    files: dict[Path, BinaryIO] = {}
    try:
        for piece, path in sorted(pieces, key=lambda each: (not each[0].first, each[0].place)):
            if path not in files:
                files[path] = path.open("rb")
            files[path].seek(piece.offset)
            out.write(files[path].read(piece.length))
    finally:
        for file in files.values():
            file.close()


# --- judging -----------------------------------------------------------------------------------


def _judge_all(
    parts: Partition, settings: Settings, workers: int, progress: Progress
) -> Iterator[tuple[Path, BucketResult]]:
    """Yield the result of every bucket; buckets are spread over processes if there are several."""
    total = len(parts.buckets)
    if workers == 1 or total == 1:
        for number, bucket in enumerate(parts.buckets, start=1):
            yield bucket, judge_bucket(bucket, parts.coverages, settings)
            progress("judging", number, total)
        return
    left = dict.fromkeys(parts.buckets, frozenset[int]())
    done = 0
    try:
        with _pool(min(workers, total)) as pool:
            jobs = {
                pool.submit(judge_bucket, bucket, parts.coverages, settings): bucket
                for bucket in left
            }
            for job in as_completed(jobs):
                result = job.result()
                del left[jobs[job]]
                done += 1
                progress("judging", done, total)
                yield jobs[job], result
    except BrokenProcessPool:
        pass
    for bucket in left:
        yield bucket, _with_care(bucket, parts.coverages, settings)
        done += 1
        progress("judging", done, total)


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def _with_care(bucket: Path, coverages: list[Coverage], settings: Settings) -> BucketResult:
    """Judge a bucket in a process of its own; a detention that breaks it twice is set aside."""
    broken: Counter[int] = Counter()
    while True:
        skip = frozenset(place for place, times in broken.items() if times > 1)
        try:
            with _pool(1) as pool:
                return pool.submit(judge_bucket, bucket, coverages, settings, skip).result()
        except BrokenProcessPool:
            broken[int(_marker(bucket).read_text() or -1)] += 1
            if broken.total() > 100:
                raise RecordError(
                    "the engine broke down a hundred times; nothing was kept"
                ) from None


def _marker(bucket: Path) -> Path:
    return bucket.with_suffix(".now")


def judge_bucket(
    bucket: Path,
    coverages: Sequence[Coverage],
    settings: Settings,
    skip: frozenset[int] = frozenset(),
) -> BucketResult:
    """Judge every detention of a bucket and write what is rendered beside it.

    Runs in a worker process. The place of the detention at hand is kept in a file, so that one
    that breaks the process can be told; those in `skip` are set aside.
    """
    ruleset = _ruleset(settings.rules, settings.policy)
    backend = _backend(settings.rules, settings.policy)
    result = BucketResult([], Tally(), [])
    offset = 0
    gc.disable()  # nothing here makes cycles; collected in between, so that memory stays flat
    with _results(bucket).open("wb") as out, _marker(bucket).open("wb", buffering=0) as marker:
        for number, placed in enumerate(detentions(bucket, coverages), start=1):
            if number % 2_000 == 0:
                gc.collect()
            os.pwrite(marker.fileno(), f"{placed.place:<20}".encode(), 0)
            if placed.place in skip:
                result.set_aside += _as_set_aside(placed)
                continue
            judged = judge(placed.detention, ruleset, backend, settings, result)
            if judged is None:
                continue
            text = render(judged, settings.format, everything=settings.all, colour=settings.colour)
            under_10 = judged.refused == "under_10"
            result.pieces.append(Piece(under_10, placed.place, offset, len(text)))
            out.write(text)
            offset += len(text)
    gc.enable()
    result.tally.set_aside = len(result.set_aside)
    return result


def judge(
    detention: Detention,
    ruleset: RuleSet,
    backend: DurableBackend,
    settings: Settings,
    result: BucketResult,
) -> Assessment | None:
    """Judge one detention and count it; None where it had not begun at the instant asked for."""
    kept, again, conflicts = without_duplicates(detention.entries)
    result.tally.duplicates += again
    result.set_aside += [used_before(each.entry, each.first.origin) for each in conflicts]
    detention = replace(detention, entries=tuple(kept))
    as_of = settings.as_of
    if as_of is None:
        as_of = end_of(detention, ruleset, settings.reading)
    try:
        judged = assess(detention, ruleset, as_of, backend=backend, reading=settings.reading)
    except RecordError as error:
        first = detention.entries[0]
        result.set_aside.append(SetAside(first.origin, str(error), "", first.record))
        return None
    if judged.refused == "no_entries":
        if settings.as_of is None:  # nothing was left of it: say so, never lose it
            reason = "nothing of this record can be judged: corrected, withdrawn or dated ahead"
            result.set_aside += [
                SetAside(entry.origin, reason, "", entry.record) for entry in detention.entries
            ]
        return None
    result.tally.add(judged)
    return judged


def _as_set_aside(placed: Placed) -> list[SetAside]:
    reason = "judging this detention broke the process twice; please report it"
    return [SetAside(entry.origin, reason, "", entry.record) for entry in placed.detention.entries]


@lru_cache(maxsize=2)
def _ruleset(rules: Path, policy: Path | None) -> RuleSet:
    return load_rules(rules, policy)


@lru_cache(maxsize=2)
def _backend(rules: Path, policy: Path | None) -> DurableBackend:
    return DurableBackend(_ruleset(rules, policy).plan)
