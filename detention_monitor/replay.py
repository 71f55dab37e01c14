"""Replay records: partition them, judge each detention, put the results together in input order.

The output does not depend on the number of workers, nor on how often the run was stopped: each
detention is rendered by a pure function, and the pieces are joined by the place of its first entry
in the input, refused children under 10 before everything else (design D7, D11).
"""

from __future__ import annotations

import heapq
import shutil
import signal
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO

from detention_monitor import results
from detention_monitor.columns import ColumnMap
from detention_monitor.errors import DetentionMonitorError, RecordError
from detention_monitor.grouped import Part, cut
from detention_monitor.judging import Settings, judge_bucket, marker_of, ruleset_of
from detention_monitor.partition import BUCKET_BYTES, Partition, buckets_for, partition
from detention_monitor.results import Piece, Tally
from detention_monitor.rulefile import RuleSet
from detention_monitor.runstate import RunState
from detention_monitor.scheduler import judge_distributed
from detention_monitor.sources import Read, SetAside, read_entries
from detention_monitor.vocabulary import Coverage

_MOST_OPEN = 100
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
    state: RunState | None = None,
    scheduler: str | None = None,
) -> Tally:
    """Judge all records of `files` and write the results to `out`; return what was counted.

    `bucket_bytes` of input are held in memory at a time by each worker. With `state` the work is
    kept in its folder, and what an earlier run did there is not done again. With `scheduler`, its
    address, the parts are judged by dask.distributed instead of by processes of our own.

    Lines and entries that are not taken go to `set_aside`, with the reason. Raises
    `RuleFileError` for rules that cannot be used, and `RecordError` for files that cannot, or for
    a state that belongs to another run.
    """
    ruleset = ruleset_of(settings.rules, settings.policy)
    settings = replace(settings, ruleset=ruleset.hash)
    with _folder(state) as folder:
        parts = None if state is None else state.begin(files, settings, set_aside)
        if parts is None:
            keep = set_aside if state is None else state.also_kept(set_aside)
            count = buckets_for(files, bucket_bytes)
            parts = partition(_read(files, settings, ruleset, progress), folder, count, keep)
            if state is not None:
                state.partitioned(parts)
        _judge_all(parts, settings, workers, progress, scheduler)
        tally = Tally(entries=parts.entries, set_aside=parts.set_aside)
        for bucket in parts.buckets:
            _count(bucket, tally, set_aside)
        _join(parts.buckets, out)
    return tally


def replay_grouped(
    files: Sequence[str],
    settings: Settings,
    out: BinaryIO,
    *,
    set_aside: Callable[[SetAside], None],
    workers: int = 1,
    progress: Progress = quiet,
    bucket_bytes: int = BUCKET_BYTES,
    beside: Path | None = None,
) -> Tally:
    """Do the same for input that comes one detention after another, and keep no copy of it.

    Only what was found waits on disk, in the folder `beside`, for children under 10 come first.
    Raises `RecordError` if a detention is seen again after another began.
    """
    ruleset = ruleset_of(settings.rules, settings.policy)
    settings = replace(settings, ruleset=ruleset.hash)
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="detention-monitor-", dir=beside) as name:
        parts = cut(_read(files, settings, ruleset, progress), Path(name), bucket_bytes)
        with (Path(name) / "later").open("w+b") as later:
            for part in _in_turn(parts, settings, workers):
                tally.entries += part.entries
                tally.set_aside += len(part.set_aside)
                for each in part.set_aside:
                    set_aside(each)
                _count(part.bucket, tally, set_aside)
                with results.results_of(part.bucket).open("rb") as found:
                    for piece in results.pieces_of(part.bucket):
                        found.seek(piece.offset)
                        (later if piece.later else out).write(found.read(piece.length))
                results.remove(part.bucket)
            later.seek(0)
            shutil.copyfileobj(later, out)
    return tally


def _count(bucket: Path, tally: Tally, set_aside: Callable[[SetAside], None]) -> None:
    """Add what a judged bucket counted, and hand on what it set aside."""
    result = results.read(bucket)
    if result is None:
        raise RecordError(f"what was found in {bucket} is damaged; run the replay again")
    tally.merge(result.tally)
    for each in result.set_aside:
        set_aside(each)


@contextmanager
def _folder(state: RunState | None) -> Iterator[Path]:
    if state is not None:
        yield state.folder
        return
    with tempfile.TemporaryDirectory(prefix="detention-monitor-") as name:
        yield Path(name)


def _read(
    files: Sequence[str], settings: Settings, ruleset: RuleSet, progress: Progress
) -> Iterator[Read]:
    columns = ColumnMap.load(settings.map, ruleset.vocabulary) if settings.map else None
    for number, each in enumerate(read_entries(files, ruleset.vocabulary, columns), start=1):
        if number % 5_000 == 0:
            progress("reading", number, 0)
        yield each


def _join(buckets: Sequence[Path], out: BinaryIO) -> None:
    """Write all pieces in order: children under 10 first, then as their first entries were read."""
    files: dict[int, BinaryIO] = {}
    try:
        for piece, number in heapq.merge(*(_pieces(*each) for each in enumerate(buckets))):
            if number not in files:
                if len(files) == _MOST_OPEN:
                    files.pop(next(iter(files))).close()
                files[number] = results.results_of(buckets[number]).open("rb")
            files[number].seek(piece.offset)
            out.write(files[number].read(piece.length))
    finally:
        for file in files.values():
            file.close()


def _pieces(number: int, bucket: Path) -> Iterator[tuple[Piece, int]]:
    for piece in results.pieces_of(bucket):
        yield piece, number


# --- judging -----------------------------------------------------------------------------------


def _judge_all(
    parts: Partition, settings: Settings, workers: int, progress: Progress, scheduler: str | None
) -> None:
    """Judge every bucket that is not judged yet, spread over processes if there are several.

    A bucket in which an earlier run came to an end is judged with care: it may be why.
    """
    left = [bucket for bucket in parts.buckets if results.read(bucket) is None]
    begun = [bucket for bucket in left if marker_of(bucket).exists()]
    total, done = len(parts.buckets), len(parts.buckets) - len(left)

    def finished(bucket: Path) -> None:
        nonlocal done
        left.remove(bucket)
        done += 1
        progress("judging", done, total)

    for bucket in begun:
        _with_care(bucket, parts.coverages, settings)
        finished(bucket)
    if scheduler is not None and left:
        # Those that broke their worker are left, and judged with care below.
        judge_distributed([*left], parts.coverages, settings, scheduler, finished)
    elif workers == 1 or len(left) < 2:
        for bucket in [*left]:
            judge_bucket(bucket, parts.coverages, settings)
            finished(bucket)
    else:
        try:
            with _pool(min(workers, len(left))) as pool:
                jobs = {_hand(pool, bucket, parts.coverages, settings): bucket for bucket in left}
                try:
                    for job in as_completed(jobs):
                        job.result()
                        finished(jobs[job])
                except DetentionMonitorError:
                    pool.shutdown(cancel_futures=True)  # what is wrong is told at once
                    raise
        except BrokenProcessPool:
            pass
    for bucket in [*left]:
        _with_care(bucket, parts.coverages, settings)
        finished(bucket)


def _in_turn(parts: Iterator[Part], settings: Settings, workers: int) -> Iterator[Part]:
    """Yield each part once it is judged, in order; a few more than there are workers wait."""
    if workers == 1:
        for part in parts:
            judge_bucket(part.bucket, part.coverages, settings)
            yield part
        return
    ahead: deque[tuple[Part, Future[None]]] = deque()
    pool = _pool(workers)
    try:
        for part in parts:
            try:
                job = _hand(pool, part.bucket, part.coverages, settings)
            except BrokenProcessPool:
                pool.shutdown()
                pool = _pool(workers)
                job = _hand(pool, part.bucket, part.coverages, settings)
            ahead.append((part, job))
            if len(ahead) > workers + 1:
                yield _finished(*ahead.popleft(), settings)
        while ahead:
            yield _finished(*ahead.popleft(), settings)
    finally:
        pool.shutdown(cancel_futures=True)


def _finished(part: Part, job: Future[None], settings: Settings) -> Part:
    try:
        job.result()
    except BrokenProcessPool:
        _with_care(part.bucket, part.coverages, settings)
    return part


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_at_once)


_INTERRUPT = frozenset({signal.SIGINT})


def _hand(
    pool: ProcessPoolExecutor, bucket: Path, coverages: list[Coverage], settings: Settings,
    skip: frozenset[int] = frozenset(),
) -> Future[None]:  # fmt: skip
    """Give a bucket to a process of the pool; one started for it does not hear Ctrl-C until it is up."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPT)
    try:
        return pool.submit(judge_bucket, bucket, coverages, settings, skip)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_at_once() -> None:
    """Let Ctrl-C end this process without a traceback: whoever started it says that it stopped."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPT)


def _with_care(bucket: Path, coverages: list[Coverage], settings: Settings) -> None:
    """Judge a bucket in a process of its own; a detention that breaks it twice is set aside."""
    broken: Counter[int] = Counter()
    while True:
        skip = frozenset(place for place, times in broken.items() if times > 1)
        try:
            with _pool(1) as pool:
                _hand(pool, bucket, coverages, settings, skip).result()
                return
        except BrokenProcessPool:
            broken[int(marker_of(bucket).read_text() or -1)] += 1
            if broken.total() > 100:
                raise RecordError(
                    "the engine broke down a hundred times; nothing was kept"
                ) from None
