"""The facts that entries say, in each reading of the times that the autumn clock change repeats.

A time written without offset in that hour can mean two instants. Every way to read the times of a
detention that keeps their order is judged, and what holds in some only is possible (design D4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress, product

from detention_monitor.corrections import Identity, Problem, identity
from detention_monitor.entries import CustodyEvent, Value
from detention_monitor.timeline import ESTABLISHED, Fact
from detention_monitor.values import changed

MOST_READINGS = 16
_ENABLING = frozenset({
    "aa_arrived", "detention_authorised", "urgent_interview_authorised", "extension_authorised",
    "review_postponed", "review_held", "certificate_made", "certificate_produced",
})  # fmt: skip
"""Of entries in one instant these come first: where the order is unknown, the act was lawful."""


def readings_of(
    entries: Sequence[tuple[CustodyEvent, tuple[str, ...]]], as_of: int, problems: list[Problem]
) -> tuple[list[tuple[Fact, ...]], Problem | None]:
    """Return the facts of each consistent reading of ambiguous times (design D4).

    Of more than 16 readings only the first is returned, with the problem that nothing is judged by it.
    """
    unclear = sorted(
        (entry for entry, _ in entries if entry.also_at and entry.at <= as_of),
        key=lambda entry: (entry.recorded_at or 0, entry.id),
    )
    doubted = [
        (entry, name, later)
        for entry, _ in entries
        if entry.also_attrs and entry.at <= as_of
        for name, later in entry.also_attrs
    ]
    if not unclear and not doubted:
        facts = [_fact(each, named, each.at) for each, named in entries if each.at <= as_of]
        return [tuple(sorted(facts, key=_order))], None
    times = [(entry, "at") for entry in unclear] + [(entry, name) for entry, name, _ in doubted]
    for entry in {identity(entry): entry for entry, _ in times}.values():
        names = [name for each, name in times if each is entry and name != "at"]
        which = f" ({', '.join(names)})" if names else ""
        message = f"in the hour that the clock change repeats{which}: it can mean two instants"
        problems.append(Problem("TIME_AMBIGUOUS", entry.id, entry.at, message))
    choices = [(entry.at, *entry.also_at) for entry in unclear]
    splits, unreadable = splits_of(choices), None
    ways = len(splits) << len(doubted)
    if ways > MOST_READINGS:
        message = (
            f"this and {len(times) - 1} more times lie in the hour that the clock change repeats, "
            f"and can be read in {ways} ways; at most {MOST_READINGS} are judged. "
            "Send times with an offset, as in 01:30:00+01:00"
        )
        unreadable = Problem("TIMES_UNREADABLE", times[0][0].id, times[0][0].at, message)
        problems.append(unreadable)
        splits, doubted = splits[:1], []
    out = []
    for split, later in product(splits, product((False, True), repeat=len(doubted))):
        chosen = [each[0] if place < split else each[-1] for place, each in enumerate(choices)]
        read = dict(zip(map(identity, unclear), chosen, strict=True))
        meant: dict[Identity, dict[str, Value]] = {}
        for entry, name, instant in compress(doubted, later):
            meant.setdefault(identity(entry), {})[name] = instant
        facts = [
            _fact(_meaning(entry, meant), evidence, at)
            for entry, evidence in entries
            if (at := read.get(identity(entry), entry.at)) <= as_of
        ]
        out.append(tuple(sorted(facts, key=_order)))
    return out, unreadable


def _meaning(entry: CustodyEvent, meant: Mapping[Identity, dict[str, Value]]) -> CustodyEvent:
    """Return an entry with the times among its attributes as one reading takes them."""
    others = meant.get(identity(entry))
    return entry if others is None else changed(entry, attrs={**entry.attrs, **others})


def splits_of(choices: Sequence[tuple[int, ...]]) -> list[int]:
    """Return the consistent readings of times in the repeated hour, in order of writing.

    Within one source the clock goes back once: all before some entry are of the first pass, it and
    all after it of the second; a reading is the number of those of the first pass. Where none keeps
    the order, every split is a reading.
    """
    first, second = [each[0] for each in choices], [each[-1] for each in choices]
    count = len(choices)
    most = next((n for n in range(1, count) if first[n - 1] > first[n]), count)
    least = next((n for n in range(count - 1, 0, -1) if second[n - 1] > second[n]), 0)
    ordered = [
        split
        for split in range(most, least - 1, -1)
        if split in (0, count) or first[split - 1] <= second[split]
    ]
    return ordered or list(range(count, -1, -1))


def _order(fact: Fact) -> tuple[int, bool, str]:
    """Order facts by time; in one instant by what enables, then by id: never by order of reading."""
    return fact.at, fact.kind not in _ENABLING, fact.key


def _fact(entry: CustodyEvent, evidence: tuple[str, ...], at: int) -> Fact:
    by = entry.by
    attrs: dict[str, Value] = dict(entry.attrs)
    if by.rank is not None:
        attrs.setdefault("rank", by.rank)
    if by.acting_rank_s107 is not None:
        attrs.setdefault("acting_rank", by.acting_rank_s107)
    if by.role is not None:
        attrs.setdefault("role", by.role)
    if entry.recorded_at is not None:
        attrs.setdefault("recorded_at", entry.recorded_at)
    return Fact(entry.kind, at, attrs, ESTABLISHED, evidence, entry.id)
