"""From entries to nights in custody and lost rest."""

from __future__ import annotations

from datetime import date

from detention_monitor import times
from detention_monitor.clock_entries import (
    ClockSettings,
    Derived,
    Entries,
    detained_spans,
    relevant_time,
    without,
)
from detention_monitor.clocks import Span, elapsed
from detention_monitor.entries import Value
from detention_monitor.nights import night, rest_lost
from detention_monitor.timeline import ESTABLISHED, Fact, Interval


def add_nights(entries: Entries, settings: ClockSettings, as_of: int, out: Derived) -> None:
    """Add each night in police detention, once it is long enough to count."""
    begun = entries.all("detention_authorised", "transferred_in")
    if not begun:
        return
    detained = detained_spans(entries)
    last = max(as_of if span.end is None else min(span.end, as_of) for span in detained)
    decisions = entries.all("detention_after_charge")
    decision = decisions[0].at if decisions else None
    made = [fact.attrs.get("valid_certificate") for fact in entries.all("certificate_made")]
    if not made and entries.all("certificate_produced"):
        made = [None]  # what a court was shown had been written, whatever it says
    for evening, start, end in times.night_windows(
        begun[0].at, max(last, begun[0].at) + times.DAY, settings.night_from, settings.night_to
    ):
        open_ = any(span.end is None for span in detained)
        if open_ and end > as_of:
            in_it = elapsed(max(start, begun[0].at), max(as_of, start))
            out.next_instants += [max(as_of, start, begun[0].at) + settings.night_least - in_it]
            if decision is not None:
                out.next_instants.append(max(start, decision) + settings.night_least)
        window = Span(start, end)
        found = night(window, detained, decision, settings.night_least, as_of)
        if found is None:
            continue
        phase = found.phase(settings.night_least)
        attrs: dict[str, Value] = {
            "evening": evening.isoformat(),
            "phase": phase,
        }
        if end <= as_of or not open_:  # while it goes on, its length is for screens to count
            attrs |= {"minutes": found.minutes, "minutes_post": found.minutes_post}
        if True in made or None not in made:
            attrs["certified"] = True in made
        midnight = times.start_of_day(date.fromordinal(evening.toordinal() + 1))
        attrs["midnight"] = any(
            span.start <= midnight and (span.end is None or span.end > midnight)
            for span in detained
        )
        sources = (*begun[0].evidence, *(decisions[0].evidence if decisions else ()))
        key = f"night:{evening.isoformat()}"
        out.facts.append(Fact("night", found.reached_at, attrs, ESTABLISHED, sources, key))
        if phase != "pre":
            out.overnight.append(Interval("overnight", start, end, ESTABLISHED, sources))


# --- rest --------------------------------------------------------------------------------------

_ALLOWED_INTERRUPTIONS = ("review", "care", "requested")
"""Interruptions after which no fresh period of rest is due (Code C 12.2(b), (c))."""


def add_rest(entries: Entries, as_of: int, out: Derived) -> None:
    """Add the first instant at which 8 hours of rest were missing from the last 24."""
    begun = relevant_time(entries)
    detained = detained_spans(entries)
    if begun is None or not detained:
        return
    blocks = _rests(entries)
    last = detained[-1].end
    until = as_of if last is None else min(as_of, last)
    start = begun[0] if len(detained) == 1 else detained[-1].start  # anew after bail
    found = rest_lost(start, blocks, until)
    if found.at is None:
        if last is None and found.next_at is not None:
            out.next_instants.append(found.next_at)
        return
    attrs: dict[str, Value] = {"recorded": bool(blocks), "longest": found.longest // 60}
    evidence = (*begun[1].evidence, *(fact.evidence[0] for fact in entries.all("rest_started")))
    out.facts.append(Fact("rest_lost", found.at, attrs, ESTABLISHED, evidence, "rest_lost"))


def _rests(entries: Entries) -> list[list[Span]]:
    """Return each continuous rest as its stretches.

    A rest goes on after an interruption for which no fresh one is due, if it goes on within the
    hour and nobody questioned the child meanwhile. What was questioned away is no rest, whether
    or not an entry ends it, and what follows is a rest of its own.
    """
    blocks: list[list[Span]] = []
    joins = False
    asked = [
        (begun.at, over.at if over else begun.at)
        for begun, over in (
            *entries.spans("questioning_started", "questioning_ended"),
            *entries.spans("interview_started", "interview_ended"),
        )
    ]
    questioned = [at for at, _ in asked]
    for fact, over in entries.spans("rest_started", "rest_ended"):
        span = Span(fact.at, over.at if over else None)
        last = blocks[-1][-1].end if blocks else fact.at
        if last is None or fact.at < last:
            continue  # started while one was going on
        soon = fact.at - last <= times.HOUR
        quiet = not any(last <= at <= fact.at for at in questioned)
        parts = [*without(span, asked)] if asked else [span]
        if blocks and joins and soon and quiet and parts:
            blocks[-1].append(parts.pop(0))
        blocks += [[each] for each in parts]
        joins = over is not None and over.attrs.get("reason") in _ALLOWED_INTERRUPTIONS
    return blocks
