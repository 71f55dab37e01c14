"""From entries to what the courts decide: when a child must be before one, what a warrant allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from detention_monitor import times
from detention_monitor.clocks import Span, live
from detention_monitor.court_days import court_by, end_of_day
from detention_monitor.entries import Value
from detention_monitor.timeline import ESTABLISHED, POSSIBLE, Fact

SAMPLE_HOURS = 6 * times.HOUR
"""Longest detention after charge so that a sample can be taken (PACE s.38(2); Code C 17.10)."""
_APPLY_FROM, _APPLY_TO = 10 * times.HOUR, 21 * times.HOUR
"""Local hours within which an application for a warrant should be made (Code C Note 15D)."""
_ENDS = frozenset({"released", "bailed", "court_appearance"})


def court_facts(
    facts: Sequence[Fact], excluded: Sequence[Span], early_contact: int
) -> Iterator[Fact]:
    """Yield what follows for the courts from entries in order of time.

    `excluded` is the time that no clock of Part IV counts; `early_contact` (seconds) is how long
    before charge a contact was early.
    """
    yield from _court_dues(facts)
    yield from _sample_limits(facts, excluded)
    yield from _early_contacts(facts, early_contact)
    for fact in facts:
        clock = (fact.at + times.offset_at(fact.at)) % times.DAY
        if fact.kind == "warrant_applied" and not _APPLY_FROM <= clock <= _APPLY_TO:
            key = f"application_out_of_hours:{fact.key}"
            yield Fact("application_out_of_hours", fact.at, {}, ESTABLISHED, fact.evidence, key)


# --- when a child kept after charge must be before a court (s.46) --------------------------------


@dataclass(slots=True)
class _Charges:
    """What one time of custody says of its charges."""

    charged: list[Fact] = field(default_factory=list)
    sittings: list[int] = field(default_factory=list)
    first: int | None = None
    """The earliest instant from which s.46 counts; None until the child is kept after charge."""
    last: int = 0


def _custodies(facts: Sequence[Fact]) -> Iterator[list[Fact]]:
    """Yield the entries of each time of custody; time in accommodation after charge is part of it."""
    part: list[Fact] = []
    for fact in facts:
        part.append(fact)
        if fact.kind in _ENDS:
            yield part
            part = []
    if part:
        yield part


def _court_dues(facts: Sequence[Fact]) -> Iterator[Fact]:
    number = 0
    for part in _custodies(facts):
        for fact in _of_custody(part):
            number += 1
            attrs: dict[str, Value] = {**fact.attrs, "ordinal": number}
            yield Fact(
                fact.kind, fact.at, attrs, fact.certainty, fact.evidence, f"court_due:{number}"
            )


def _of_custody(part: Sequence[Fact]) -> Iterator[Fact]:
    """Yield one fact when the child is kept after charge, and one for each change of place.

    Charges on several days leave two readings: from the first, and from the last before the
    decision to keep the child. So does arrival where it is not said in whose area that is.
    """
    now = _Charges()
    for fact in part:
        named = fact.attrs.get("next_sitting_at")
        if isinstance(named, int) and not isinstance(named, bool):
            now.sittings.append(named)
    for fact in part:
        if fact.kind == "charged":
            now.charged.append(fact)
        elif fact.kind == "detention_after_charge" and now.first is None:
            if fact.attrs.get("detention_basis", "offence") != "offence":
                continue
            begun = now.charged or [fact]
            now.first, now.last = begun[0].at, begun[-1].at
            evidence = (*begun[0].evidence, *fact.evidence)
            yield _due(fact, now, part, "police", evidence)
        elif now.first is None:
            continue
        elif fact.kind == "moved_to_la":
            yield _due(fact, now, part, "local_authority", fact.evidence)
        elif fact.kind == "transferred_in":
            elsewhere = fact.attrs.get("other_court_area")
            if elsewhere is False:
                continue
            now.first, now.last = (fact.at if elsewhere else now.first), fact.at
            now.sittings = [at for at in now.sittings if at > fact.at]
            yield _due(fact, now, part, "police", fact.evidence)


def _due(
    fact: Fact, now: _Charges, part: Sequence[Fact], held_by: str, evidence: tuple[str, ...]
) -> Fact:
    assert now.first is not None  # only asked once the child is kept after charge
    dues = [_court_by(each, now.sittings, part) for each in (now.first, now.last)]
    attrs: dict[str, Value] = {"held_by": held_by, "paused": None in dues}
    known = sorted(each for each in dues if each is not None)
    if len(known) == len(dues):
        attrs["due"] = known[0]
        if known[-1] > known[0]:
            attrs["due_latest"] = known[-1]
    sittings = [at for at in now.sittings if at > now.first]
    attrs["basis"] = "sitting" if sittings else "calendar"
    if sittings:
        soon = end_of_day(times.day_of(now.first) + timedelta(days=1))
        attrs["no_sitting_soon"] = min(sittings) > soon
    unknown = any(
        each.kind == "hospital_out" and each.attrs.get("purpose") is None for each in part
    )
    return Fact("court_due", fact.at, attrs, POSSIBLE if unknown else ESTABLISHED, evidence)


def _court_by(start: int, sittings: Sequence[int], part: Sequence[Fact]) -> int | None:
    """Return the last second in time for court, or None while the child is in hospital (s.46(9))."""
    due = court_by(start)
    due = min([due, *(end_of_day(times.day_of(at)) for at in sittings if at > start)])
    out: int | None = None
    for fact in part:
        if fact.kind == "hospital_out" and fact.attrs.get("purpose") == "medical":
            out = fact.at if out is None else out
        elif fact.kind in ("hospital_back", "moved_to_la", *_ENDS) and out is not None:
            if out <= due < fact.at:
                due = court_by(fact.at)
            out = None
    return None if out is not None and out <= due else due


# --- kept so that a sample can be taken, and contact before charge -------------------------------


def _sample_limits(facts: Sequence[Fact], excluded: Sequence[Span]) -> Iterator[Fact]:
    for part in _custodies(facts):
        charged = [fact for fact in part if fact.kind == "charged"]
        for fact in part:
            for_sample = fact.attrs.get("ground") == "drug_sample"
            if fact.kind != "bail_decided" or not for_sample or fact.attrs.get("refused") is False:
                continue
            before = [each for each in charged if each.at <= fact.at] or [fact]
            dues = [live(each.at, SAMPLE_HOURS, excluded) for each in (before[0], before[-1])]
            known = sorted(each for each in dues if each is not None)
            attrs: dict[str, Value] = {"paused": len(known) < len(dues)}
            if len(known) == len(dues):
                attrs["due"] = known[0]
                if known[-1] > known[0]:
                    attrs["due_latest"] = known[-1]
            evidence = (*before[0].evidence, *fact.evidence)
            yield Fact(
                "sample_limit", fact.at, attrs, fact.certainty, evidence, f"sample_limit:{fact.key}"
            )


def _early_contacts(facts: Sequence[Fact], least: int) -> Iterator[Fact]:
    """Yield the first charge of each custody before which all were contacted early enough."""
    for part in _custodies(facts):
        charge = next((fact for fact in part if fact.kind == "charged"), None)
        if charge is None:
            continue
        contacts = [
            next(
                (fact for fact in part if fact.kind == kind and fact.at <= charge.at - before), None
            )
            for kind, before in (
                ("refusal_anticipated", 0),
                ("la_requested", least),
                ("yjs_contacted", least),
            )
        ]
        evidence = tuple(each for fact in contacts if fact is not None for each in fact.evidence)
        if None not in contacts:
            key = f"early_contact:{charge.key}"
            yield Fact(
                "early_contact", charge.at, {}, ESTABLISHED, (*charge.evidence, *evidence), key
            )
