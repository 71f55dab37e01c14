"""From entries to clock facts: reviews due and held, limits of detention, nights in custody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from detention_monitor import times
from detention_monitor.clock_entries import (
    ClockSettings,
    Derived,
    Entries,
    detained_spans,
    relevant_time,
)
from detention_monitor.clocks import Span, union
from detention_monitor.court_facts import court_facts
from detention_monitor.entries import Value
from detention_monitor.limit_facts import charged_on_all, limit_facts
from detention_monitor.night_facts import add_nights, add_rest
from detention_monitor.review_facts import review_facts
from detention_monitor.timeline import ESTABLISHED, Fact

RIGHT_DELAYED_AT_MOST = 36 * times.HOUR
"""From the relevant time (PACE s.56(3), s.58(5), Code C Annex B 6)."""
CLOCK_KINDS = frozenset({
    "arrested", "arrived", "transferred_in", "transferred_out", "detention_authorised",
    "bailed", "bail_answered", "hospital_out", "hospital_back", "questioning_started",
    "questioning_ended", "review_held", "review_postponed", "charged", "detention_after_charge",
    "extension_authorised", "warrant_issued", "certificate_made", "rest_started", "rest_ended",
    "right_delay_authorised",
    "released", "moved_to_la", "court_appearance", "age_corrected",
    "bail_decided", "court_not_sitting_noted", "warrant_applied", "warrant_refused",
    "refusal_anticipated",
    "la_requested", "yjs_contacted",
})  # fmt: skip
"""Kinds of entry from which the clocks, measures and the person are worked out."""


def derive(facts: Sequence[Fact], settings: ClockSettings, as_of: int) -> Derived:
    """Work out the clocks of a detention from its entries, in order of time, up to `as_of`.

    The clocks run for detention for an offence only (C23 Note 15B). A record that begins with a
    transfer whose first half is not in the data, and does not carry its times, has clocks that
    cannot be told; they are never restarted.
    """
    out = Derived()
    entries = Entries(facts)
    if entries.basis == "offence":
        headless = is_headless(facts)
        for clock, name, work in (
            ("review", "first_authorised_at", review_facts),
            ("custody", "relevant_time", limit_facts),
        ):
            if not headless or entries.knows(name):
                out.facts += work(entries, settings)
                continue
            at, key = facts[0].at, f"clock_unknown:{clock}"
            evidence = entries.all("transferred_in", "bail_answered")[0].evidence
            attrs: dict[str, Value] = {"clock": clock}
            out.facts.append(Fact("clock_unknown", at, attrs, ESTABLISHED, evidence, key))
    out.facts += charged_on_all(entries)
    out.facts += court_facts(facts, entries.excluded(), settings.contact_before_charge)
    out.facts += delay_limits(entries, facts)
    add_nights(entries, settings, as_of, out)
    add_rest(entries, as_of, out)
    return out


def is_headless(facts: Sequence[Fact]) -> bool:
    """Whether a detention begins with a transfer or a return: its first half is not in the data."""
    continued = ("transferred_in", "bail_answered")
    begun = (fact.kind for fact in facts if fact.kind in ("detention_authorised", *continued))
    return next(begun, "") in continued


def excluded(facts: Sequence[Fact]) -> list[Span]:
    """Return the stretches of a detention that no clock of Part IV counts, joined, in order."""
    return union(Entries(facts).excluded())


def detained(facts: Sequence[Fact]) -> list[Span]:
    """Return the times in police detention: from authority, transfer or return from bail to an end."""
    return detained_spans(Entries(facts))


def delay_limits(entries: Entries, facts: Sequence[Fact]) -> Iterator[Fact]:
    """Yield by when each delayed right must be allowed at the latest.

    Plain hours from the relevant time: ss.56 and 58 are not in Part IV, so s.41(6) does not pause
    them. Where the relevant time is not in the data, none can be told.
    """
    begun = relevant_time(entries)
    if begun is None or (is_headless(facts) and entries.carried("relevant_time") is None):
        return
    due = begun[0] + RIGHT_DELAYED_AT_MOST
    for fact in entries.all("right_delay_authorised"):
        attrs: dict[str, Value] = {"due": due}
        if "right" in fact.attrs:
            attrs["right"] = fact.attrs["right"]
        evidence = (*begun[1].evidence, *fact.evidence)
        yield Fact(
            "delay_limit", fact.at, attrs, fact.certainty, evidence, f"delay_limit:{fact.key}"
        )
