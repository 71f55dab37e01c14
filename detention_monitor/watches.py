"""Two kinds of watch that every rule and derived fact comes down to, and every back-end runs.

*Openings* (an entry of this kind, under these conditions, in these states) and *closings* (the
first entry of that kind after an opening). Duties open and are discharged, excused or lapse;
sequences close step by step; intervals begin and end; prohibitions, counts and marks only open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from detention_monitor.conditions import ALWAYS, Condition, conjunction, parse
from detention_monitor.conditions import Not as Negation
from detention_monitor.rulemodel import (
    Count,
    DerivedFact,
    IntervalFact,
    MarkFact,
    Must,
    Rule,
    Selector,
    Step,
)
from detention_monitor.rulemodel import Sequence as SequenceOf
from detention_monitor.timeline import FAR
from detention_monitor.times import start_of_day

OLDEST_CODE = date(2012, 7, 10)
"""Records before the Code of this day are refused, so no rule need ask whether it began."""

Subject = Rule | DerivedFact


@dataclass(frozen=True, slots=True)
class Selection:
    """Which facts are meant: kinds, a condition, states, and the instants in force (seconds)."""

    kinds: tuple[str, ...]
    condition: Condition = ALWAYS
    during: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    start: int = 0
    end: int = FAR


@dataclass(frozen=True, slots=True)
class Opens:
    """Watch for a fact; `since` names the kind from which earlier closings already count."""

    subject: int
    role: str
    select: Selection
    since: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closes:
    """Watch for the first fact after an opening `of` this role, equal to it in `same`."""

    subject: int
    role: str
    of: str
    select: Selection
    same: tuple[str, ...] = ()
    opens: bool = False
    later: bool = False
    """Only in a later clock minute: within one, an adult who came is there (design D4)."""


def watches_of(index: int, subject: Subject) -> Iterator[Opens | Closes]:
    """Yield the openings and closings that one rule or derived fact comes down to."""
    if isinstance(subject, DerivedFact):
        if subject.interval is not None:
            yield from _of_interval(index, subject.interval)
        elif subject.mark is not None:
            yield from _of_mark(index, subject.mark)
        return
    force = in_force(subject)
    if subject.must is not None:
        yield from _of_duty(index, subject, subject.must, force)
    elif subject.never is not None:
        select = select_from(subject.never, force, subject.child_by)
        yield Opens(index, "never", select)
        for number, each in enumerate(subject.raised):
            names = (*select.during, *each.during), (*select.unless, *each.unless)
            where = conjunction(select.condition, condition_of(each.where))
            yield Opens(index, f"raised{number}", Selection(select.kinds, where, *names, *force))
    elif subject.counts is not None:
        yield from _of_count(index, subject.counts, force, subject.child_by)
    elif subject.sequence is not None:
        yield from _of_sequence(index, subject.sequence, force, subject.child_by)


def in_force(rule: Rule) -> tuple[int, int]:
    """Return the instants (seconds UTC) from which a rule is in force and from which no longer."""
    start = 0 if rule.in_force.start <= OLDEST_CODE else start_of_day(rule.in_force.start)
    return start, FAR if rule.in_force.to is None else start_of_day(rule.in_force.to)


def condition_of(text: str) -> Condition:
    """Return the condition of a text in a rule file; without one, what always holds."""
    return parse(text) if text else ALWAYS


def select_from(
    selector: Selector, force: tuple[int, int] = (0, FAR), child_by: str | None = None
) -> Selection:
    """Return the selection that a selector of a rule file means."""
    during = (*selector.during, *((f"child_{child_by}",) if child_by else ()))
    return Selection(selector.kind, condition_of(selector.where), during, selector.unless, *force)


def _of_interval(index: int, interval: IntervalFact) -> Iterator[Opens | Closes]:
    yield Opens(index, "begins", select_from(interval.begins))
    enabling = interval.enabling and not interval.forbidding
    for number, until in enumerate(interval.until):
        select = select_from(until)
        yield Closes(index, f"until{number}", "begins", select, later=enabling)


def _of_mark(index: int, mark: MarkFact) -> Iterator[Opens]:
    for each in mark.yes_when:
        start = 0 if each.start is None else start_of_day(each.start)
        kinds = each.kind or mark.on
        select = Selection(kinds, condition_of(each.where), each.during, each.unless, start)
        yield Opens(index, "yes" if each.certainty == "established" else "maybe", select)


def _of_duty(
    index: int, rule: Rule, must: Must, force: tuple[int, int]
) -> Iterator[Opens | Closes]:
    assert rule.arises_on is not None  # the rule model refuses a duty without it
    arises = select_from(rule.arises_on, force, rule.child_by)
    yield Opens(index, "arises", arises, rule.already_since)
    where = condition_of(must.where)
    states = (must.during, must.unless)
    if must.doubted_where:
        doubt = condition_of(must.doubted_where)
        doubted = Selection(must.happen, conjunction(where, doubt), *states)
        yield Closes(index, "doubted", "arises", doubted, must.same)
        where = conjunction(where, Negation(doubt))
    yield Closes(index, "done", "arises", Selection(must.happen, where, *states), must.same)
    for role, selectors in (
        ("lapses", rule.lapses_on),
        ("excused", rule.excused_by),
        ("mitigated", rule.mitigated_by),
        ("doubts", rule.doubted_by),
    ):
        for number, selector in enumerate(selectors):
            yield Closes(index, f"{role}{number}", "arises", select_from(selector), selector.same)
    for number, selector in enumerate(must.after):
        yield Closes(index, f"after{number}", "arises", select_from(selector))
    if must.before:
        yield Closes(index, "before", "arises", Selection(must.before))
    if isinstance(rule.grades, tuple):
        for grade in rule.grades:
            if grade.on:
                yield Closes(index, f"grade_{grade.name}", "arises", Selection(grade.on))


def _of_count(
    index: int, count: Count, force: tuple[int, int], child_by: str | None
) -> Iterator[Opens]:
    yield Opens(index, "counted", select_from(count.of, force, child_by))
    yield Opens(index, "among", select_from(count.among, force, child_by))


def _of_sequence(
    index: int, sequence: SequenceOf, force: tuple[int, int], child_by: str | None
) -> Iterator[Opens | Closes]:
    yield Opens(index, "step0", select_from(sequence.first, force, child_by))
    last = len(sequence.steps)
    for number, step in enumerate(sequence.steps, start=1):
        opens = number < last or sequence.without is not None
        yield _step(index, f"step{number}", f"step{number - 1}", step, opens=opens)
    if sequence.without is not None:
        yield _step(index, "without", f"step{last}", sequence.without, opens=False)


def _step(index: int, role: str, of: str, step: Step, *, opens: bool) -> Closes:
    select = Selection(step.then, condition_of(step.where))
    return Closes(index, role, of, select, step.same, opens=opens)
