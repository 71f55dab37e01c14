"""How long after the acts the entries of a detention were written (Code C 2.1, 2.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from detention_monitor.entries import Value
from detention_monitor.timeline import ESTABLISHED, Fact
from detention_monitor.times import MINUTE

_ARRIVES = frozenset({"arrived", "transferred_in", "bail_answered", "detention_authorised"})
_LEAVES = frozenset({"released", "bailed", "moved_to_la", "court_appearance"})


def written_late(entries: Sequence[Fact], value: Callable[[str], int]) -> Iterator[Fact]:
    """Yield one fact for all entries of a detention that were written late, or nothing.

    `entries` are in order of time; `value` gives a parameter by its name. The first writing
    counts, not a later correction. What was done before the child came to the station, such as
    the arrest, is measured from the arrival, for there was no record to write in; what was done
    after the child had left (a hearing, a meeting) is not measured. Entries without
    `recorded_at` say nothing.
    """
    soon, later = value("entry_late"), value("entry_very_late")
    waits = [(wait, fact) for wait, fact in _waits(entries) if wait > soon]
    if not waits:
        return
    longest = max(wait for wait, _ in waits)
    attrs: dict[str, Value] = {
        "entries": len(waits),
        "longest": -(-longest // MINUTE),
        "step": "very_late" if longest > later else "late",
    }
    evidence = tuple(dict.fromkeys(fact.evidence[0] for _, fact in waits))
    first = waits[0][1]
    yield Fact("entry_written_late", first.at, attrs, ESTABLISHED, evidence, "entry_written_late")


def _waits(entries: Sequence[Fact]) -> Iterator[tuple[int, Fact]]:
    """Yield the seconds from each act, or from the arrival after it, to its entry."""
    arrivals = [fact.at for fact in entries if fact.kind in _ARRIVES]
    inside = False
    for fact in entries:
        inside = inside or fact.kind in _ARRIVES
        written = fact.attrs.get("first_recorded_at", fact.attrs.get("recorded_at"))
        begun = fact.at if inside else next((at for at in arrivals if at >= fact.at), None)
        if isinstance(written, int) and begun is not None:
            yield written - begun, fact
        if fact.kind in _LEAVES:
            inside = False
