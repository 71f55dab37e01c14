"""Probe the boundaries of rules from the tests they already have.

For every duty of a test: its discharging entry a minute before, at, and a minute after each step,
whatever it is counted by (hours, a clock, a time on an entry, another entry, a time of day); where
the test shows it undone and a bare entry would do, that entry. For every step measured in hours: the same over both clock changes, where an hour is still an hour.
For every rule with a day on which it came into force: its test on that day, and on the day before.
Nothing here is expected by the code that is probed: a step passes exactly after its instant, a
length of time is what the parameter says, and a rule is silent before its day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from detention_monitor.assess import Assessment, Backend
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.findings import ASKED, BREACHES, Finding
from detention_monitor.people import OLDEST_CODE
from detention_monitor.rulemodel import Rule
from detention_monitor.ruletests import Case
from detention_monitor.times import clock_text, day_of, local_text
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
    """Yield every probe that a test lends itself to: of its own rule, or of all those of its file."""
    try:
        entries = case.entries()
        result = case.judged(backend, entries)
    except (DetentionMonitorError, ValueError):
        return  # the test itself is at fault, and `rules test` says so
    for rule in (case.rule,) if case.rule is not None else case.ruleset.rules:
        found = [each for each in _of(rule, result) if each.status != "cannot_tell"]
        if rule.must is not None:
            for finding in found:
                yield from _steps(case, rule, backend, entries, finding)
            yield from _clock_changes(case, rule, backend, found)
        if case.rule is not None:
            yield from _effective_date(case, rule, result, backend)


def _of(rule: Rule, result: Assessment) -> list[Finding]:
    return [each for each in result.findings
            if each.rule == rule.id and each.rule_version == rule.version]  # fmt: skip


# --- a minute before, at, and after each step ----------------------------------------------------


def _steps(
    case: Case, rule: Rule, backend: Backend, entries: tuple[CustodyEvent, ...], finding: Finding
) -> Iterator[Probe]:
    act, others = _act(case, rule, entries, finding)
    if act is None:
        return
    for name, due in _instants(finding):
        for offset in (-60, 0, 60):
            at = due + offset
            if finding.arose_at is None or at // 60 <= finding.arose_at // 60:
                continue
            moved = changed(act, at=at, recorded_at=None)
            try:
                later = case.judged(backend, (*others, moved)).findings
            except (DetentionMonitorError, ValueError):
                continue
            same = [each for each in later if each.key == finding.key and each.done_at == at]
            over = next((_passed(each, name, due) for each in same), None)
            if over is None:
                continue  # moving the entry changed the case itself
            what = f"done {local_text(at)}, step {name} at {local_text(due)}"
            fault = "" if over == (offset > 0) else f"passed: {over}"
            yield Probe(finding.rule, what, fault)


def _act(
    case: Case, rule: Rule, entries: tuple[CustodyEvent, ...], finding: Finding
) -> tuple[CustodyEvent | None, tuple[CustodyEvent, ...]]:
    """Return the entry that discharges a duty, or one that would, and the other entries."""
    must = rule.must
    assert must is not None  # asked of duties only
    done = [e for e in entries if e.id in finding.evidence and e.at == finding.done_at]
    if finding.done_at is not None:
        act = done[0] if len(done) == 1 else None
        return act, tuple(each for each in entries if each is not act)
    kind = case.ruleset.vocabulary.kinds[must.happen[0]]
    plain = not (must.where or must.during or must.unless or must.same or must.doubted_where)
    undone = finding.status in ("missed", "overdue") or finding.asked_at is not None
    if not undone or not plain or kind.derived or not entries:
        return None, entries
    return CustodyEvent("probe", entries[0].record, kind.name, 0, entries[0].force), entries


def _instants(finding: Finding) -> list[tuple[str, int]]:
    """Return name and instant of every step; of a duty graded by its lateness, when it is due."""
    steps = [(step.name, step.at) for step in finding.grades if step.at is not None]
    if not finding.grades and finding.due_at is not None:
        return [("due", finding.due_at)]
    return steps


def _passed(finding: Finding, step: str, at: int) -> bool | None:
    """Whether a step counts as passed; None where it lies elsewhere than it did."""
    if not finding.grades:
        return finding.status in BREACHES if finding.due_at == at else None
    now = next((each for each in finding.grades if each.name == step), None)
    # A duty to be done before an entry has no instant any more once it is done before it.
    return now.passed if now is not None and now.at in (at, None) else None


# --- hours are hours through a clock change ------------------------------------------------------


def _is_plain(rule: Rule) -> bool:
    """Whether every step is a length of time from the instant at which the duty arose."""
    must = rule.must
    assert must is not None  # asked of duties only
    return not (must.after or must.by or must.before or must.before_local or rule.pauses_while)


def _clock_changes(
    case: Case, rule: Rule, backend: Backend, found: Sequence[Finding]
) -> Iterator[Probe]:
    must = rule.must
    assert must is not None  # asked of duties only
    usual = {
        at - each.arose_at
        for each in found
        for _, at in _instants(each)
        if each.arose_at is not None
    }
    whole = usual & {case.ruleset.parameters.value(name, _when(each))
                     for name in _CLOCK_SPANS for each in found}  # fmt: skip
    by_clock = rule.by_clock and usual == whole != set()
    if not (_is_plain(rule) or by_clock or must.before_local):
        return
    if any(isinstance(each, dict) for each in case.test.timeline):
        return
    for day in CLOCK_CHANGES:
        moved = replace(case, test=case.test.model_copy(update={"on": day}))
        try:
            result = moved.judged(backend)
        except (DetentionMonitorError, ValueError):
            continue  # a time that does not exist on that night
        for finding in _of(rule, result):
            if finding.arose_at is None:
                continue
            for name, at in _instants(finding):
                what = f"step {name} over the clock change of {day + timedelta(days=1)}"
                if name == "due" and must.before_local:
                    told = clock_text(at)
                    fault = "" if told == must.before_local else f"at {told} by the clock"
                    yield Probe(rule.id, what, fault)
                    continue
                span = _span(rule, name, finding, case)
                wanted = whole if by_clock else {span} - {None}
                if wanted:
                    ran = at - finding.arose_at
                    meant = " or ".join(f"{each} s" for each in sorted(wanted, key=str))
                    other = (finding.due_at_latest or at) - finding.arose_at
                    fits = ran in wanted or (by_clock and other in wanted)
                    fault = "" if fits else f"{ran} s elapsed where {meant} are meant"
                    yield Probe(rule.id, what, fault)


_CLOCK_SPANS = ("review_first", "review_next", "custody_limit")
"""The lengths by which clocks run that nothing pauses; a clock that shows one keeps to it."""


def _span(rule: Rule, step: str, finding: Finding, case: Case) -> int | None:
    grades = rule.grades if isinstance(rule.grades, tuple) else ()
    text = next((each.at for each in grades if each.name == step), None)
    if text is None and rule.must is not None:
        text = {"due": rule.must.within, ASKED: rule.must.asks_after}.get(step)
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
