"""Judge the detentions of a bucket: in a worker process, or in the one that replays."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from detention_monitor import results
from detention_monitor.assess import Assessment, assess, end_of
from detention_monitor.detention import Detention, Reading, without_duplicates
from detention_monitor.durable import DurableBackend
from detention_monitor.errors import RecordError
from detention_monitor.partition import detentions
from detention_monitor.render import render
from detention_monitor.results import BucketResult, Piece
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.sources import SetAside, used_before
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
    ruleset: str = ""
    """The hash that the rules must have; empty: any."""


def marker_of(bucket: Path) -> Path:
    """Return the file that names, by its place, the detention being judged."""
    return bucket.with_suffix(".now")


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
    backend = _backend(settings.rules, settings.policy)
    result = BucketResult()
    pieces: list[Piece] = []
    offset = 0
    unfinished = bucket.with_suffix(f".{os.getpid()}")
    gc.disable()  # nothing here makes cycles; collected in between, so that memory stays flat
    with unfinished.open("wb") as out, marker_of(bucket).open("wb", buffering=0) as marker:
        for number, placed in enumerate(detentions(bucket, coverages), start=1):
            if number % 2_000 == 0:
                gc.collect()
            os.pwrite(marker.fileno(), f"{placed.place:<20}".encode(), 0)
            if placed.place in skip:
                result.set_aside += _all_of(placed.detention, _BROKE)
                continue
            judged = judge(placed.detention, ruleset, backend, settings, result)
            if judged is None:
                continue
            text = render(judged, settings.format, everything=settings.all, colour=settings.colour)
            pieces.append(Piece(judged.refused != "under_10", placed.place, offset, len(text)))
            out.write(text)
            offset += len(text)
    gc.enable()
    result.tally.set_aside = len(result.set_aside)
    results.write(bucket, unfinished, pieces, result)


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
        result.set_aside += _all_of(detention, str(error))
        return None
    if judged.refused == "no_entries":
        if settings.as_of is None:  # nothing was left of it: say so, never lose it
            result.set_aside += _all_of(detention, _NOTHING_LEFT)
        return None
    result.tally.add(judged)
    return judged


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


@lru_cache(maxsize=2)
def _backend(rules: Path, policy: Path | None) -> DurableBackend:
    return DurableBackend(ruleset_of(rules, policy).plan)
