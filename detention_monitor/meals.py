"""Meals in 24 hours: two light ones and a main one are to be offered (Code C 8.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from detention_monitor import times
from detention_monitor.entries import Value
from detention_monitor.timeline import ESTABLISHED, Fact
from detention_monitor.visits import GONE, RESUMES

_BEGINS = RESUMES - {"arrived"} | {"hospital_back"}
_ENDS = GONE | {"hospital_out"}
MEAL_KINDS = frozenset({"meal_offered", "arrived", *_BEGINS, *_ENDS})
"""Kinds of entry from which meals are worked out."""
_MEALS = 3


def meals(facts: Sequence[Fact], as_of: int) -> tuple[list[Fact], list[int]]:
    """Return the first instant at which the last 24 hours lacked a meal that the Code asks for.

    Two light meals and a main one (Code C 8.6), in any 24 hours at a station without a break for
    bail, hospital or transfer. A meal of no recorded size is taken for the one that was wanting.
    With the fact comes the next instant at which there may be one.
    """
    offers = [
        (fact.at, str(fact.attrs.get("meal", "")), fact.evidence)
        for fact in facts
        if fact.kind == "meal_offered" and fact.attrs.get("meal") != "drink"
    ]
    for begun, end in _stays(facts):
        at = begun.at + times.DAY
        while at <= (as_of if end is None else min(end, as_of)):
            held = [each for each in offers if max(begun.at, at - times.DAY) <= each[0] <= at]
            main = any(size in ("main", "") for _, size, _ in held)
            if len(held) < _MEALS or not main:
                known = any(fact.kind == "meal_offered" and fact.at <= at for fact in facts)
                attrs: dict[str, Value] = {"recorded": known, "offers": len(held)}
                evidence = (*begun.evidence, *(each[2][0] for each in held))
                fact = Fact("meals_short", at, attrs, ESTABLISHED, evidence, "meals_short")
                return [fact], []
            at = held[0][0] + times.DAY + 1
        if end is None:
            return [], [at]
    return [], []


def _stays(facts: Sequence[Fact]) -> Iterator[tuple[Fact, int | None]]:
    """Yield each stay at a station: the entry it begins with, and when it ended."""
    begun: Fact | None = None
    for fact in facts:
        if fact.kind in _BEGINS:
            begun = fact if begun is None else begun
        elif fact.kind in _ENDS and begun is not None:
            yield begun, fact.at
            begun = None
    if begun is not None:
        yield begun, None
