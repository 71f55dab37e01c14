"""What one rule finds in a situation: each shape of rule has its own reading of the openings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from detention_monitor.drafts import Situation, cannot_tell
from detention_monitor.duties.found import owed
from detention_monitor.findings import Finding
from detention_monitor.patterns import counted, followed, prohibited
from detention_monitor.rulecheck import opening_kinds
from detention_monitor.terms import Terms
from detention_monitor.values import changed

_NONE: frozenset[str] = frozenset()
_SHAPES = {"duty": owed, "prohibition": prohibited, "count": counted, "sequence": followed}


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
    return _SHAPES[terms.shape](terms, subject, now)


def _found_of_a_part(terms: Terms, subject: int, now: Situation) -> Iterable[Finding]:
    """Return what a rule finds where the source does not carry every kind and attribute."""
    opening = opening_kinds(terms.rule)
    if not any(now.coverage.carries(kind) for kind in opening):
        return [cannot_tell(terms, opening, now)] if terms.nature == "concern" else ()
    found = _found(terms, subject, now)
    relied = now.relied.get(subject, _NONE)
    lacking = relied & now.coverage.kinds_missing
    shown = {kind: at for kind, at in now.shown_until.items() if kind in relied}
    return _untold(found, terms, lacking, shown, now) if lacking or shown else found


def _untold(
    found: Iterable[Finding], terms: Terms, lacking: frozenset[str], shown: Mapping[str, int],
    now: Situation,
) -> Iterator[Finding]:  # fmt: skip
    """Yield what was found, a breach as `cannot_tell` where the source does not show what it rests on.

    Of a kind that is shown up to an instant, silence says nothing of what was due or done later.
    """
    for finding in found:
        until = _judged_at(finding, now)
        unseen = {kind for kind, at in shown.items() if at < until} - lacking
        if not finding.is_breach or not (lacking or unseen):
            yield finding
            continue
        said = [f"does not carry {terms.wording.quoted(sorted(lacking))}"] if lacking else []
        if unseen:
            said.append(f"may leave out later entries of {terms.wording.quoted(sorted(unseen))}")
        yield changed(
            finding,
            status="cannot_tell",
            certainty="possible",
            absent=tuple(sorted(lacking | unseen)),
            minutes_late=None,
            message=f"This source {' and '.join(said)}: {terms.title}? It cannot be told.",
        )


def _judged_at(finding: Finding, now: Situation) -> int:
    """Return the instant up to which a breach says that nothing happened, or at which it did happen."""
    at = finding.occurred_at if finding.due_at is None else finding.due_at
    if at is not None:
        return at
    return now.as_of if now.ended_at is None else min(now.as_of, now.ended_at)
