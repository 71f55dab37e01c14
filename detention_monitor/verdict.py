"""What one rule finds in a situation: each shape of rule has its own reading of the openings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detention_monitor.asking import as_question
from detention_monitor.drafts import Situation, cannot_tell
from detention_monitor.duties import Duty
from detention_monitor.findings import Finding
from detention_monitor.patterns import counted, followed, prohibited
from detention_monitor.rulecheck import opening_kinds
from detention_monitor.terms import Terms
from detention_monitor.values import changed

_NONE: frozenset[str] = frozenset()
_PATTERNS = {"prohibition": prohibited, "count": counted, "sequence": followed}


def findings_of(rules: Iterable[tuple[int, Terms]], now: Situation) -> list[Finding]:
    """Return what each rule finds; with its terms comes its place in the plan.

    Where the source does not carry what would discharge, excuse or allow, a breach is none that
    can be told (design D6).
    """
    out: list[Finding] = []
    whole = now.coverage.is_whole
    for subject, terms in rules:
        if terms.only_if and not now.parameters.value(terms.only_if, now.as_of):
            continue
        if whole:
            out += _found(terms, subject, now)
        else:
            out += _found_of_a_part(terms, subject, now)
    return out


def _found(terms: Terms, subject: int, now: Situation) -> Iterable[Finding]:
    if terms.shape != "duty":
        return _PATTERNS[terms.shape](terms, subject, now)
    opened = now.found.opened.get((subject, "arises"))
    if not opened:
        return ()
    found = [Duty(terms, subject, at, opened[at], now).finding() for at in sorted(opened)]
    if terms.asks_after:
        found = [as_question(each, terms) for each in found]
    if terms.nature == "concern":
        return found
    # Good practice is only ever found done.
    return [
        changed(each, status="matched", occurred_at=each.done_at)
        for each in found
        if each.status == "met"
    ]


def _found_of_a_part(terms: Terms, subject: int, now: Situation) -> Iterable[Finding]:
    """Return what a rule finds where the source does not carry every kind and attribute."""
    opening = opening_kinds(terms.rule)
    if not any(now.coverage.carries(kind) for kind in opening):
        return [cannot_tell(terms, opening, now)] if terms.nature == "concern" else ()
    found = _found(terms, subject, now)
    lacking = now.relied.get(subject, _NONE) & now.coverage.kinds_missing
    return _untold(found, terms, sorted(lacking)) if lacking else found


def _untold(found: Iterable[Finding], terms: Terms, lacking: list[str]) -> Iterator[Finding]:
    for finding in found:
        if finding.is_breach:
            named = terms.wording.quoted(lacking)
            yield changed(
                finding,
                status="cannot_tell",
                certainty="possible",
                absent=tuple(lacking),
                minutes_late=None,
                message=f"This source does not carry {named}: {terms.title}? It cannot be told.",
            )
        else:
            yield finding
