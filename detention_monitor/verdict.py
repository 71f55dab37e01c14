"""What one rule finds in a situation: each shape of rule has its own reading of the openings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from detention_monitor.drafts import Situation, cannot_tell
from detention_monitor.duties import Duty
from detention_monitor.findings import Finding
from detention_monitor.patterns import counted, followed, prohibited
from detention_monitor.rulecheck import opening_kinds
from detention_monitor.rulemodel import Rule

_NONE: frozenset[str] = frozenset()


def findings_of(rule: Rule, subject: int, now: Situation) -> Iterator[Finding]:
    """Return what one rule finds, one by one; `subject` is its place in the plan.

    Where the source does not carry what would discharge, excuse or allow, a breach is none that
    can be told (design D6).
    """
    found = _found(rule, subject, now)
    lacking = now.relied.get(subject, _NONE) & now.coverage.kinds_missing
    return _untold(found, rule, sorted(lacking)) if lacking else found


def _untold(found: Iterator[Finding], rule: Rule, lacking: list[str]) -> Iterator[Finding]:
    for finding in found:
        if finding.is_breach:
            named = ", ".join(lacking).replace("_", " ")
            yield replace(
                finding,
                status="cannot_tell",
                certainty="possible",
                absent=tuple(lacking),
                minutes_late=None,
                message=f"This source does not carry {named}: {rule.title}? It cannot be told.",
            )
        else:
            yield finding


def _found(rule: Rule, subject: int, now: Situation) -> Iterator[Finding]:
    if rule.only_if is not None and not now.parameters.value(rule.only_if[1:], now.as_of):
        return
    if not now.coverage.is_whole:
        opening = opening_kinds(rule)
        if not any(now.coverage.carries(kind) for kind in opening):
            if rule.nature == "concern":
                yield cannot_tell(rule, opening, now)
            return
    match rule.shape:
        case "duty":
            opened = now.found.opened.get((subject, "arises"), {})
            for place in sorted(opened):
                finding = Duty(rule, subject, place, opened[place], now).finding()
                if rule.nature == "concern":
                    yield finding
                elif finding.status == "met":  # good practice is only ever found done
                    yield replace(finding, status="matched", occurred_at=finding.done_at)
        case "prohibition":
            yield from prohibited(rule, subject, now)
        case "count":
            yield from counted(rule, subject, now)
        case "sequence":
            yield from followed(rule, subject, now)
