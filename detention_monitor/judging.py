"""Judge the detentions of a bucket: in a worker process, or in the one that replays."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from mmap import mmap
from pathlib import Path

from detention_monitor import results
from detention_monitor.assess import Assessment, Backend, assess, end_of
from detention_monitor.backends import DisagreementError, backend_for, difference, is_sampled
from detention_monitor.detention import Detention, Reading, without_duplicates
from detention_monitor.errors import RecordError
from detention_monitor.partition import detentions
from detention_monitor.render import render
from detention_monitor.results import BucketResult, Piece
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.sources import SetAside, used_before
from detention_monitor.values import changed
from detention_monitor.vocabulary import Coverage

Product = Callable[[Detention, Assessment], bytes]
"""What is made of one judged detention: a function of a module, so that a worker can be told of it."""


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
    ruleset: str = ""
    """The hash that the rules must have; empty: any."""
    product: Product | None = None
    """What to write of each detention; None: its findings in `format`."""
    engine: str = "durable"
    """Which back-end judges (`backends.ENGINES`)."""
    checked: float = 1.0
    """Of what the compiled back-end judges: how many per cent durable_rules judges as well."""
    seed: int = 1
    """Which detentions those are."""


ALWAYS_CHECKED = 3
"""The first detentions of each part that durable_rules judges too, however small the share."""
_MARKED = 20
"""Bytes of a marker: room for the place of any entry."""
_NONE_YET = b"%-20d" % -1


def marker_of(bucket: Path) -> Path:
    """Return the file that names, by its place, the detention being judged."""
    return bucket.with_suffix(".now")


@contextmanager
def _marker(bucket: Path) -> Iterator[mmap]:
    """Open the marker as memory that outlives the process, which costs no call of the system."""
    with marker_of(bucket).open("w+b") as file:
        file.truncate(_MARKED)
        with mmap(file.fileno(), _MARKED) as place:
            place[:] = _NONE_YET
            yield place


def judge_bucket(
    bucket: Path,
    coverages: Sequence[Coverage],
    settings: Settings,
    skip: frozenset[int] = frozenset(),
) -> None:
    """Judge every detention of a bucket and write what is rendered, and counted, beside it.

    The place of the detention at hand is kept in a file, so that one that breaks the process can
    be told; those in `skip` are set aside. Raises `RecordError` if the rules changed meanwhile.
    """
    ruleset = ruleset_of(settings.rules, settings.policy)
    if settings.ruleset not in ("", ruleset.hash):
        raise RecordError("the rules were changed while the replay ran; run it again")
    backend = backend_of(settings.engine, settings.rules, settings.policy)
    result = BucketResult()
    pieces: list[Piece] = []
    offset = 0
    unfinished = bucket.with_suffix(f".{os.getpid()}")
    gc.disable()  # nothing here makes cycles; collected in between, so that memory stays flat
    with unfinished.open("wb") as out, _marker(bucket) as marker:
        for number, placed in enumerate(detentions(bucket, coverages), start=1):
            if number % 2_000 == 0:
                gc.collect()
            marker[:] = b"%-20d" % placed.place
            if placed.place in skip:
                result.set_aside += _all_of(placed.detention, _BROKE)
                continue
            judged = judge(placed.detention, ruleset, backend, settings, result)
            if judged is None:
                continue
            text = _written(placed.detention, judged, settings)
            pieces.append(Piece(judged.refused != "under_10", placed.place, offset, len(text)))
            out.write(text)
            offset += len(text)
    gc.enable()
    result.tally.set_aside = len(result.set_aside)
    results.write(bucket, unfinished, pieces, result)


def _written(detention: Detention, judged: Assessment, settings: Settings) -> bytes:
    if settings.product is not None:
        return settings.product(detention, judged)
    return render(judged, settings.format, everything=settings.all, colour=settings.colour)


def judge(
    detention: Detention,
    ruleset: RuleSet,
    backend: Backend,
    settings: Settings,
    result: BucketResult,
) -> Assessment | None:
    """Judge one detention and count it; None where it had not begun at the instant asked for."""
    kept, again, conflicts = without_duplicates(detention.entries)
    result.tally.duplicates += again
    result.set_aside += [used_before(each.entry, each.first.origin) for each in conflicts]
    if again or conflicts:
        detention = changed(detention, entries=tuple(kept))
    as_of = settings.as_of
    if as_of is None:
        as_of = end_of(detention, ruleset, settings.reading)
    try:
        judged = assess(detention, ruleset, as_of, backend=backend, reading=settings.reading)
    except RecordError as error:
        result.set_aside += _all_of(detention, str(error))
        return None
    if judged.refused == "no_entries":
        if settings.as_of is None:  # nothing was left of it: say so, never lose it
            result.set_aside += _all_of(detention, _NOTHING_LEFT)
        return None
    if settings.engine == "compiled" and _is_checked(detention, settings, result):
        _check(detention, judged, ruleset, settings)
        result.tally.checked += 1
    result.tally.add(judged)
    return judged


def _is_checked(detention: Detention, settings: Settings, result: BucketResult) -> bool:
    """Whether durable_rules judges a detention too (docs/decisions/0019)."""
    is_first = result.tally.detentions < ALWAYS_CHECKED
    return is_first or is_sampled(detention.id, settings.checked, settings.seed)


def _check(detention: Detention, judged: Assessment, ruleset: RuleSet, settings: Settings) -> None:
    """Raise `DisagreementError` where durable_rules concludes anything else."""
    engine = backend_of("durable", settings.rules, settings.policy)
    again = assess(detention, ruleset, judged.as_of, backend=engine, reading=settings.reading)
    told = difference(judged, again)
    if told:
        raise DisagreementError(
            f"{detention.id}: the back-ends do not agree on this detention ({told}). "
            "No result is written; judge with --engine durable, and report it"
        )


_BROKE = "judging this detention broke the process twice; please report it"
_NOTHING_LEFT = (
    "nothing of this record can be judged: every entry is withdrawn, dated ahead, or corrects one "
    "that is not in it"
)


def _all_of(detention: Detention, reason: str) -> list[SetAside]:
    return [SetAside(entry.origin, reason, "", entry.record) for entry in detention.entries]


@lru_cache(maxsize=2)
def ruleset_of(rules: Path, policy: Path | None) -> RuleSet:
    """Return the rules of a folder, read once a process; raise `RuleFileError`."""
    return load_rules(rules, policy)


@lru_cache(maxsize=4)
def backend_of(engine: str, rules: Path, policy: Path | None) -> Backend:
    """Return a back-end for the rules of a folder, made once a process."""
    return backend_for(engine, ruleset_of(rules, policy).plan)
