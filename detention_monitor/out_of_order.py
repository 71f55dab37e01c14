"""Entries that come before what they must follow: a time is wrong, and findings rest on it."""

from __future__ import annotations

from collections.abc import Sequence

from detention_monitor.corrections import Problem
from detention_monitor.timeline import Fact
from detention_monitor.times import MINUTE, local_text

_BEGUN = (
    "arrested", "arrived", "detention_authorised", "transferred_in", "bail_answered",
    "taken_into_police_protection", "voluntary_interview_started",
)  # fmt: skip
_AUTHORISED = ("detention_authorised", "transferred_in", "bail_answered")
_FOLLOWS = {
    "released": _BEGUN,
    "bailed": _BEGUN,
    "moved_to_la": _BEGUN,
    "court_appearance": _BEGUN,
    "review_held": _AUTHORISED,
    "review_postponed": _AUTHORISED,
    "extension_authorised": _AUTHORISED,
    "detention_after_charge": ("charged",),
    "aa_left": ("aa_arrived",),
    "interview_ended": ("interview_started",),
    "questioning_ended": ("questioning_started",),
    "rest_ended": ("rest_started",),
    "hospital_back": ("hospital_out",),
}
"""Kinds of entry, and those of which one must have come first."""


def out_of_order(readings: Sequence[Sequence[Fact]]) -> list[Problem]:
    """Return a problem for each entry dated before all that it must follow.

    Only where what it must follow is in the record at all: half a record is not a wrong one. Within
    a clock minute there is no order (design D4). An ambiguous time counts if every reading has it so.
    """
    found = [_of_reading(facts) for facts in readings]
    return [problem for problem in found[0] if all(problem in other for other in found[1:])]


def _of_reading(facts: Sequence[Fact]) -> list[Problem]:
    first: dict[str, Fact] = {}
    for fact in facts:
        first.setdefault(fact.kind, fact)
    out = []
    for fact in facts:
        needed = _FOLLOWS.get(fact.kind)
        if needed is None:
            continue
        begun = min((first[kind] for kind in needed if kind in first), key=_at, default=None)
        if begun is not None and fact.at // MINUTE < begun.at // MINUTE:
            kinds = (
                (fact.kind, f" at {local_text(fact.at)} comes before entry {begun.evidence[0]} ("),
                (begun.kind, f" at {local_text(begun.at)}): one of the times is wrong"),
            )
            out.append(Problem("OUT_OF_ORDER", fact.evidence[0], fact.at, "", kinds))
    return out


def _at(fact: Fact) -> int:
    return fact.at
