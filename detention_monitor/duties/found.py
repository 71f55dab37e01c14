"""What is told of a duty: the step that counts, the message, and on which entries it rests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from detention_monitor.asking import as_question
from detention_monitor.drafts import Situation, head_of, message_of, shown, unique
from detention_monitor.duties.acts import Act
from detention_monitor.duties.certainty import contrary_to, is_sure, left_within
from detention_monitor.duties.duty import Duty, duty_of
from detention_monitor.duties.standing import DONE, LATE, WAITING, Standing, standing_of
from detention_monitor.duties.steps import current, passed_by, time_of
from detention_monitor.findings import NO_MEASURES, Finding, GradeState, Status, lowered
from detention_monitor.terms import Terms
from detention_monitor.times import in_words
from detention_monitor.values import changed


def owed(terms: Terms, subject: int, now: Situation) -> Iterable[Finding]:
    """Return a finding for each time a duty arose; good practice is only ever found done."""
    opened = now.found.opened.get((subject, "arises"))
    if not opened:
        return ()
    found = [_finding(duty_of(terms, subject, at, opened[at], now)) for at in sorted(opened)]
    if terms.asks_after:
        found = [as_question(each, terms) for each in found]
    if terms.nature == "concern":
        return found
    return [
        changed(each, status="matched", occurred_at=each.done_at)
        for each in found
        if each.status == "met"
    ]


def _finding(duty: Duty) -> Finding:
    terms, now, fact = duty.terms, duty.now, duty.fact
    standing = standing_of(duty)
    status = standing.status
    waits = status in WAITING
    if waits or status == "overdue":
        _note_changes(duty)
    steps = _steps_at(duty, standing)
    step = current(steps)
    if status == "missed" and step is not None and not step.passed:
        step = None  # the duty itself was missed, before any step of ours was reached
    severity = step.severity if step else terms.severity
    if "mitigated" in duty.acts and step is not None and step.passed:
        severity = lowered(severity)
    due = step.at if step else None
    if terms.by_lateness:
        due = duty.due
    discharge = standing.done if status in DONE else None
    late = _late(duty, standing, due)
    left = time_of(fact, "left") if waits and terms.by_clock else None
    words = _words(terms.places, discharge, step, due, late, left)
    contrary = contrary_to(duty, standing)
    evidence = _evidence(duty, status, discharge, contrary)
    return Finding(
        *head_of(terms, fact, now, step.authority if step else terms.authority),
        severity,
        status,
        "established" if is_sure(duty, standing) else "possible",
        message_of(terms, fact, words) + _added(duty, status, contrary),
        fact.at,  # arose_at
        due,
        duty.latest if duty.latest != due else None,
        discharge.at if discharge else None,
        None if late is None else -(-late // 60),  # any lateness is at least one minute
        left // 60 if left is not None else None,
        duty.early if waits else None,
        None,  # occurred_at
        () if terms.by_lateness else tuple(steps),
        evidence if len(evidence) < 2 else unique(evidence),
        () if discharge is not None else terms.looked_for,
        None,  # because_of
        terms.clears if waits or status == "overdue" else "",
        _measures(duty, discharge),
        now.unclosed,
        now.ruleset,
        now.judged_by,
    )


def _note_changes(duty: Duty) -> None:
    """Note when a duty that is not done will be told otherwise with no new entry."""
    change_at = duty.now.change_at
    warned = [duty.span(each) for each in duty.terms.warn]
    for step in duty.steps:
        if step.at is not None:
            change_at(step.at + 1)
            for span in warned:
                change_at(step.at - span)
    if duty.early is not None:
        for span in warned:
            change_at(duty.early - span)
    if duty.latest is not None:
        change_at(duty.latest + 1)


def _steps_at(duty: Duty, standing: Standing) -> Sequence[GradeState]:
    """Return the steps as they stand: none is passed unless the duty is late or was missed."""
    if standing.status not in LATE:
        return duty.steps
    at_once = frozenset() if standing.status == "met_late" else duty.terms.on_entries
    return [passed_by(standing.until, step, at_once=step.name in at_once) for step in duty.steps]


def _late(duty: Duty, standing: Standing, due: int | None) -> int | None:
    """Return the seconds by which a duty was done late or missed, once that can change no more."""
    if due is None or standing.until <= due:
        return None
    final = standing.status == "met_late" or (
        standing.status == "missed" and not duty.is_entry(due)
    )
    return standing.until - due if final else None


def _evidence(
    duty: Duty, status: Status, discharge: Act | None, contrary: Act | None
) -> tuple[str, ...]:
    """Return the entries from which a duty arose, and by which it is as it is found to be."""
    evidence = duty.fact.evidence
    over = duty.lapse if status in ("lapsed", "missed") else None
    for act in (discharge, duty.excuse, over, contrary):
        if act is not None:
            evidence += duty.now.facts[act.place].evidence
    return evidence


def _words(
    places: Sequence[str],
    discharge: Act | None,
    step: GradeState | None,
    due: int | None,
    late: int | None,
    left: int | None,
) -> dict[str, str]:
    """Return what a message says of the duty, by the names of its places."""
    words: dict[str, str] = {}
    for name in places:
        if name == "due" and left is not None:
            # never more than there is
            words[name] = f"{in_words(left - left % 60)} after the paused clock goes on"
        elif name == "due":
            words[name] = shown(due)
        elif name == "done":
            words[name] = shown(discharge.at) if discharge else "no entry shows it"
        elif name in ("late", "past"):
            # A running lateness is for screens to count: a finding must not change by itself.
            behind = "" if late is None else in_words(late)
            line = f" past the {step.name} line" if step is not None and step.passed else ""
            words[name] = behind if name == "late" else f"{behind}{line}".strip()
    return words


def _added(duty: Duty, status: Status, contrary: Act | None) -> str:
    """Return what is added to a message: an early alert, that time was short, what contradicts it."""
    if duty.early is not None and status in WAITING:
        return f" Early alert: {shown(duty.early)}, as if hospital had not paused the clock."
    added = ""
    left = left_within(duty, status)
    if left is not None:
        added = f" Custody ended {in_words(left)} later: whether there was time is for a person to judge."
    if contrary is not None:
        entry = duty.now.facts[contrary.place]
        named = duty.terms.wording.name(entry.kind)
        added += (
            f" By the entry '{named}' of {shown(entry.at)} it may be otherwise: which entry is right is "
            "for a person to find out."
        )
    return added


def _measures(duty: Duty, done: Act | None) -> Mapping[str, int]:
    """Return the whole minutes from the first entry of each kind measured to the deed."""
    if done is None or not duty.terms.measures:
        return NO_MEASURES
    out: dict[str, int] = {}
    for name, kind in duty.terms.measures:
        start = next((fact.at for fact in duty.now.facts if fact.kind == kind), None)
        if start is not None and start <= done.at:
            out[name] = (done.at - start) // 60
    return out
