"""Probe the boundaries of rules from the tests they already have.

For every duty of a test: its discharging entry a minute before, at, and a minute after each step.
For every step measured in hours: the same over both clock changes, where an hour is still an hour.
For every rule with a day on which it came into force: its test on that day, and on the day before.
Nothing here is expected by the code that is probed: a step passes exactly after its instant, a
length of time is what the parameter says, and a rule is silent before its day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from detention_monitor.assess import Assessment, Backend
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.findings import Finding
from detention_monitor.people import OLDEST_CODE
from detention_monitor.rulemodel import Rule
from detention_monitor.ruletests import Case
from detention_monitor.times import day_of, local_text
from detention_monitor.values import changed

CLOCK_CHANGES = (date(2024, 10, 26), date(2024, 3, 30))
"""Days before the nights on which the clocks went back and forward."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What was tried, on which rule, and what is wrong (empty when nothing is)."""

    rule: str
    what: str
    fault: str = ""


def probe(case: Case, backend: Backend) -> Iterator[Probe]:
    """Yield every probe that the test of one rule lends itself to."""
    rule = case.rule
    if rule is None:
        return
    try:
        entries = case.entries()
        result = case.judged(backend, entries)
    except (DetentionMonitorError, ValueError):
        return  # the test itself is at fault, and `rules test` says so
    for finding in _of(rule, result):
        if rule.must is not None:
            yield from _steps(case, backend, entries, finding)
    if rule.must is not None and _is_plain(rule):
        yield from _clock_changes(case, rule, backend)
    yield from _effective_date(case, rule, result, backend)


def _of(rule: Rule, result: Assessment) -> list[Finding]:
    return [each for each in result.findings if each.rule == rule.id]


# --- a minute before, at, and after each step ----------------------------------------------------


def _steps(
    case: Case, backend: Backend, entries: tuple[CustodyEvent, ...], finding: Finding
) -> Iterator[Probe]:
    done = [e for e in entries if e.id in finding.evidence and e.at == finding.done_at]
    if finding.done_at is None or len(done) != 1:
        return
    for step in finding.grades:
        if step.at is None:
            continue
        for offset in (-60, 0, 60):
            at = step.at + offset
            if finding.arose_at is None or at // 60 <= finding.arose_at // 60:
                continue
            moved = changed(done[0], at=at, recorded_at=None)
            others = tuple(moved if each is done[0] else each for each in entries)
            later = [each for each in case.judged(backend, others).findings
                     if each.key == finding.key]  # fmt: skip
            same = [each for each in later if each.done_at == at]
            now = next((g for each in same for g in each.grades if g.name == step.name), None)
            if now is None or now.at != step.at:
                continue  # moving the entry changed the case itself
            what = f"done {local_text(at)}, step {step.name} at {local_text(step.at)}"
            fault = "" if now.passed == (offset > 0) else f"passed: {now.passed}"
            yield Probe(finding.rule, what, fault)


# --- hours are hours through a clock change ------------------------------------------------------


def _is_plain(rule: Rule) -> bool:
    """Whether every step is a length of time from the instant at which the duty arose."""
    must = rule.must
    assert must is not None  # asked of duties only
    return not (must.after or must.by or must.before or must.before_local or rule.pauses_while)


def _clock_changes(case: Case, rule: Rule, backend: Backend) -> Iterator[Probe]:
    if any(isinstance(each, dict) for each in case.test.timeline):
        return
    for day in CLOCK_CHANGES:
        moved = replace(case, test=case.test.model_copy(update={"on": day}))
        try:
            result = moved.judged(backend)
        except (DetentionMonitorError, ValueError):
            continue  # a time that does not exist on that night
        for finding in _of(rule, result):
            for step in finding.grades:
                span = _span(rule, step.name, finding, case)
                if step.at is None or span is None or finding.arose_at is None:
                    continue
                what = f"step {step.name} over the clock change of {day + timedelta(days=1)}"
                ran = step.at - finding.arose_at
                fault = "" if ran == span else f"{ran} s elapsed where {span} s are meant"
                yield Probe(rule.id, what, fault)


def _span(rule: Rule, step: str, finding: Finding, case: Case) -> int | None:
    grades = rule.grades if isinstance(rule.grades, tuple) else ()
    text = next((each.at for each in grades if each.name == step), None)
    if text is None and step == "due" and rule.must is not None:
        text = rule.must.within
    if not text or finding.arose_at is None or case.test.parameters:
        return None
    return case.ruleset.parameters.span(text, finding.arose_at)


# --- the day a rule came into force, and the day before ------------------------------------------


def _effective_date(
    case: Case, rule: Rule, result: Assessment, backend: Backend
) -> Iterator[Probe]:
    start = rule.in_force.start
    found = [each for each in _of(rule, result) if each.status != "cannot_tell"]
    if start <= OLDEST_CODE or not found or case.test.as_of:
        return
    if any(isinstance(each, dict) for each in case.test.timeline):
        return
    opened = found[0].arose_at if found[0].arose_at is not None else found[0].occurred_at
    if opened is None:
        return
    version = start.isoformat()
    for day, in_force in ((start, True), (start - timedelta(days=1), False)):
        shift = (day - day_of(opened)).days
        on = case.test.on + timedelta(days=shift)
        moved = replace(case, test=case.test.model_copy(update={"on": on}))
        try:
            later = moved.judged(backend)
        except (DetentionMonitorError, ValueError):
            continue
        if later.refused:
            continue
        there = any(
            each.rule_version == version and each.status != "cannot_tell"
            for each in _of(rule, later)
            if day_of(_when(each)) == day
        )
        fault = "" if there == in_force else ("silent" if in_force else "fired")
        yield Probe(rule.id, f"opened on {day}, in force from {start}", fault)


def _when(finding: Finding) -> int:
    for at in (finding.arose_at, finding.occurred_at):
        if at is not None:
            return at
    return 0
