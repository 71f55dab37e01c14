"""From openings to findings that are not duties: prohibitions, counts and sequences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from detention_monitor.conditions import parse, tests
from detention_monitor.drafts import Situation, finding_of, message_of, shown, unique
from detention_monitor.findings import Finding, GradeState, Status, gravest
from detention_monitor.rulemodel import Count, CountGrade, Rule
from detention_monitor.terms import Terms
from detention_monitor.timeline import ESTABLISHED, Closing, Fact
from detention_monitor.times import in_words
from detention_monitor.values import Immutable


@lru_cache(maxsize=1_024)
def _compared(where: str) -> frozenset[str]:
    """Return the attributes whose absence leaves a condition unknown."""
    asked = tests(parse(where)) if where else ()
    return frozenset(test.attribute for test in asked if test.operator not in ("exists", "missing"))


@lru_cache(maxsize=1_024)
def _asked(where: str) -> frozenset[str]:
    """Return every attribute that a condition asks about."""
    return frozenset(test.attribute for test in tests(parse(where))) if where else frozenset()


def prohibited(terms: Terms, subject: int, now: Situation) -> Iterator[Finding]:
    """Yield a finding for each act that must not happen, and for each that cannot be told."""
    rule = terms.rule
    assert rule.never is not None  # only prohibitions come here
    opened = now.found.opened.get((subject, "never"))
    if not opened:
        return
    compared = _compared(rule.never.where)
    asked = _asked(rule.never.where)
    for place in sorted(opened):
        fact = now.facts[place]
        status: Status = rule.finds
        severity = rule.severity
        certain = opened[place] == ESTABLISHED and rule.certainty == "established"
        blank = {name for name in compared if fact.attrs.get(name) in (None, "", ())}
        untold = [name for name in rule.cannot_tell_without if fact.attrs.get(name) is None]
        empty = [
            part
            for name in sorted(asked)
            if fact.attrs.get(name) in (None, "", ())
            for part in sorted(now.marks.get(name, {name}))
            if fact.attrs.get(part) in (None, "", ())
        ]
        if untold or not (now.coverage.is_whole or _is_carried(rule, asked, fact, now)):
            status, certain = "cannot_tell", False
        elif opened[place] != ESTABLISHED and blank:
            unknown = rule.when_unknown
            if unknown.status == "silent":
                continue
            status = rule.finds if unknown.status == "possible" else unknown.status
            severity = unknown.severity or severity
        for number, raised in enumerate(rule.raised):
            if place in now.found.opened.get((subject, f"raised{number}"), {}):
                severity = raised.severity
        absent = tuple(sorted({*empty, *untold})) if status != "broken" else ()
        message = message_of(terms, fact, {"occurred": shown(fact.at)})
        if status == "cannot_tell" or (status == "not_recorded" and rule.finds != status):
            named = _gaps(terms, absent, fact.kind) or "that kind of entry"
            message = f"{shown(fact.at)}: not recorded: {named}. {rule.title}? It cannot be told."
        why, shown_by = ("", ()) if status == "cannot_tell" else _unsure(terms, blank, fact, now)
        yield finding_of(
            terms,
            fact,
            now,
            severity=severity,
            status=status,
            certainty="established" if certain else "possible",
            authority=rule.authority,
            message=message + why,
            occurred_at=fact.at,
            evidence=unique((*fact.evidence, *shown_by)),
            absent=absent,
        )


def _unsure(
    terms: Terms, blank: Iterable[str], fact: Fact, now: Situation
) -> tuple[str, tuple[str, ...]]:
    """Return why a finding is only possible that asks for a mark which is not known, and by which entry.

    By the entries a state may have held then, and none says that it did or that it was over.
    """
    minute = fact.at // 60
    for name in sorted(blank):
        for each in now.intervals:
            if each.name not in now.states.get(name, ()) or not each.evidence:
                continue
            if each.first_minute <= minute <= each.last_minute:
                entry = next((f for f in now.facts if each.evidence[0] in f.evidence), None)
                if entry is None or entry.at >= fact.at:
                    continue
                meant = terms.wording.gap(name, fact.kind)
                told = f"'{terms.wording.name(entry.kind)}' of {shown(entry.at)}"
                return f" Not sure: {meant}; see the entry {told}.", each.evidence[:1]
    return "", ()


def _gaps(terms: Terms, names: Iterable[str], kind: str) -> str:
    """Return what is not recorded, each once; two names may be called by one word."""
    return ", ".join(dict.fromkeys(terms.wording.gap(name, kind) for name in names))


def untold(message: str) -> str:
    """Return of a message that cannot tell what was not recorded, without when and whose.

    >>> untold("Fri 13 Sep 2024 20:45 BST: not recorded: officer's rank. Held by whom? It cannot be told.")
    "not recorded: officer's rank"
    """
    _, found, rest = message.partition(": not recorded: ")
    return f"not recorded: {rest.partition('. ')[0]}" if found else message


def _is_carried(rule: Rule, asked: frozenset[str], fact: Fact, now: Situation) -> bool:
    """Whether the source carries what is blank on an act, and the entries that would allow it."""
    parts = {part for name in asked for part in now.marks.get(name, {name})}
    blank = [part for part in parts if fact.attrs.get(part) in (None, "", ())]
    carried = now.coverage.carries
    return all(carried(fact.kind, part) for part in blank) and all(map(carried, rule.relies_on))


class _Reached(Immutable, frozen=True, gc=False):
    """Where a step of a counting pattern was reached: at which entry, with how many of how many."""

    place: int
    count: int
    total: int
    sure: bool


def counted(terms: Terms, subject: int, now: Situation) -> Iterator[Finding]:
    """Yield the one finding of a counting pattern, at the gravest step reached."""
    rule = terms.rule
    assert rule.counts is not None  # only counts come here
    hits = now.found.opened.get((subject, "counted"), {})
    among = now.found.opened.get((subject, "among"), {})
    reached = _steps_reached(rule, rule.counts, hits, among, now)
    if not reached:
        return
    grades = [grade for grade in rule.counts.grades if grade.name in reached]
    worst = gravest([grade.severity for grade in grades])
    current = [grade for grade in grades if grade.severity == worst][-1]
    at = reached[current.name]
    status: Status = "matched"
    if rule.finds == "not_recorded":  # one finding for all the gaps there are so far
        told = _carried(rule.counts.of.where, hits, now)
        status = "not_recorded" if told else "cannot_tell"
        total = len({*hits, *among})
        hits = told or hits
        sure = bool(told) and all(value == ESTABLISHED for value in told.values())
        at = _Reached(max(hits), len(hits), total, sure)
    last = now.facts[at.place].at
    facts = [now.facts[each] for each in sorted(hits) if now.facts[each].at <= last]
    if status == "cannot_tell":
        named = _gaps(terms, sorted(_asked(rule.counts.of.where)), rule.counts.of.kind[0])
        message = f"This source does not carry {named}: {rule.title}? It cannot be told."
    else:
        grade = current.name.replace("_", " ")
        words = {"count": str(at.count), "total": str(at.total), "grade": grade}
        message = message_of(terms, facts[0], words)
    yield finding_of(
        terms,
        facts[0],
        now,
        severity=current.severity,
        status=status,
        certainty="established" if at.sure and rule.certainty == "established" else "possible",
        authority=current.authority,
        message=message,
        occurred_at=last,
        grades=tuple(_state(grade, reached.get(grade.name), now) for grade in rule.counts.grades),
        evidence=unique([each for fact in facts for each in fact.evidence]),
    )


def _steps_reached(
    rule: Rule, counts: Count, hits: Mapping[int, int], among: Mapping[int, int], now: Situation
) -> dict[str, _Reached]:
    """Return by name where each step was first reached; `hits` and `among` are places and certainties."""
    count = total = 0
    sure = True
    out: dict[str, _Reached] = {}
    for place in sorted({*hits, *among}, key=lambda place: (now.facts[place].at, place)):
        total += 1
        if place in hits:
            count += 1
            sure = sure and hits[place] == ESTABLISHED
        for grade in counts.grades:
            enough = count >= grade.count and total >= grade.total
            if grade.name not in out and enough and (not grade.every or count == total):
                out[grade.name] = _Reached(place, count, total, sure)
    # Praise for every one of them is taken back by the first exception.
    return {} if rule.nature == "good_practice" and count < total else out


def _state(grade: CountGrade, reached: _Reached | None, now: Situation) -> GradeState:
    at = None if reached is None else now.facts[reached.place].at
    return GradeState(grade.name, at, grade.severity, grade.authority, reached is not None)


def _carried(where: str, hits: Mapping[int, int], now: Situation) -> dict[int, int]:
    """Return the entries whose source carries what a condition asks for."""
    asked = _asked(where)
    return {
        place: value
        for place, value in hits.items()
        if all(now.coverage.carries(now.facts[place].kind, name) for name in asked)
    }


def followed(terms: Terms, subject: int, now: Situation) -> Iterator[Finding]:
    """Yield a finding for each chain of entries that is complete, one for each last entry."""
    rule = terms.rule
    assert rule.sequence is not None  # only sequences come here
    opened = now.found.opened.get((subject, "step0"), {})
    reached: set[int] = set()
    for place in sorted(opened):
        path, sure = _path(rule, subject, place, now)
        if not path or path[-1] in reached or not _undisturbed(rule, subject, path[-1], now):
            continue
        reached.add(path[-1])
        facts = [now.facts[each] for each in path]
        sure = sure and opened[place] == ESTABLISHED and rule.certainty == "established"
        words = {"first": shown(facts[0].at), "last": shown(facts[-1].at)}
        words["late"] = in_words(facts[1].at - facts[0].at)
        yield finding_of(
            terms,
            facts[0],
            now,
            severity=rule.severity,
            status="matched",
            certainty="established" if sure else "possible",
            authority=rule.authority,
            message=message_of(terms, facts[0], words),
            arose_at=facts[0].at,
            occurred_at=facts[-1].at,
            evidence=unique([each for fact in facts for each in fact.evidence]),
        )


def _path(rule: Rule, subject: int, start: int, now: Situation) -> tuple[list[int], bool]:
    assert rule.sequence is not None  # only sequences come here
    path, sure = [start], True
    for number, step in enumerate(rule.sequence.steps, start=1):
        closing = now.found.closings_of(subject, path[-1]).get(f"step{number}", Closing())
        place = closing.certain if closing.unsure is None else closing.unsure
        if place is None:
            return [], False
        sure = sure and place == closing.certain
        took = now.facts[place].at - now.facts[path[-1]].at
        at = now.facts[place].at
        if step.within is not None and took > now.parameters.span(step.within, at):
            return [], False
        if step.after is not None and took <= now.parameters.span(step.after, at):
            return [], False
        path.append(place)
    return path, sure


def _undisturbed(rule: Rule, subject: int, last: int, now: Situation) -> bool:
    """Whether what must not follow the last step did not, and no longer can."""
    without = rule.sequence.without if rule.sequence is not None else None
    if without is None:
        return True
    at = now.facts[last].at
    window = now.parameters.span(without.within, at) if without.within else None
    closing = now.found.closings_of(subject, last).get("without", Closing())
    place = closing.certain if closing.certain is not None else closing.unsure
    if place is not None and (window is None or now.facts[place].at - at <= window):
        return False
    if window is not None and now.ended_at is None:
        now.change_at(at + window + 1)
        return now.as_of > at + window
    return True
