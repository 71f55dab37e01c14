"""The times of custody in a record: when detention begins, ends, and begins again after bail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from detention_monitor.clock_facts import is_headless
from detention_monitor.timeline import FAR, Fact

ENDS = frozenset(
    {"released", "bailed", "moved_to_la", "court_appearance", "police_protection_ended"}
)
"""Entries that end police detention or protection; bail ends it until bail is answered."""
RESUMES = frozenset(
    {"bail_answered", "transferred_in", "detention_authorised", "taken_into_police_protection"}
)
_HELD = frozenset({"arrested", "arrived", "first_co_contact", "cell_placed", *RESUMES})
"""Entries after which somebody who came voluntarily is one no longer (C23 3.21(a))."""


def ended(facts: Sequence[Fact]) -> int | None:
    """Return the instant at which police detention ended, or None while it goes on."""
    at: int | None = None
    for fact in facts:
        if fact.kind in ENDS:
            at = fact.at if at is None else at
        elif fact.kind in RESUMES:
            at = None
    return at


def ends_of(facts: Sequence[Fact]) -> tuple[int, ...]:
    """Return every instant at which a time of custody ended, whether or not another followed."""
    ends: list[int] = []
    held = True
    for fact in facts:
        if fact.kind in ENDS and held:
            ends.append(fact.at)
            held = False
        elif fact.kind in RESUMES:
            held = True
    return tuple(ends)


def is_voluntary(facts: Sequence[Fact]) -> bool:
    """Whether the record is of a voluntary interview alone, and so of nobody in detention."""
    kinds = {fact.kind for fact in facts}
    return "voluntary_interview_started" in kinds and not kinds & _HELD


def custodies(
    facts: Sequence[Fact],
) -> Iterator[tuple[int, int, tuple[str, ...], str, str]]:
    """Yield the times of custody: first authorisation or return from bail, until its end."""
    start: Fact | None = None
    cause = "authorised"
    if is_headless(facts):
        return  # what was due at the start lies in the record that is absent
    for fact in facts:
        if fact.kind == "detention_authorised" and start is None:
            start = fact
        elif fact.kind in ENDS and start:
            yield _custody(start, fact.at, cause)
            start = None
            cause = "bail_return"
    if start is not None:
        yield _custody(start, FAR, cause)


def _custody(start: Fact, end: int, cause: str) -> tuple[int, int, tuple[str, ...], str, str]:
    return start.at, end, start.evidence, cause, str(start.attrs.get("detention_basis", "offence"))
