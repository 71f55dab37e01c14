"""Feedback on one record: for whom, what was done well, and what to do another time, by what law.

A line repeats a finding and what its rule says to do; it judges nobody. Good practice comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from detention_monitor.checklist import LABELS
from detention_monitor.entries import CustodyEvent
from detention_monitor.findings import SEVERITIES, Finding
from detention_monitor.reports.answers import is_praise
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Rule
from detention_monitor.text import printable
from detention_monitor.values import Immutable, changed

Tone = Literal["well", "better", "record"]
TONES: dict[Tone, str] = {
    "well": "Done well", "better": "To do better", "record": "To record better",
}  # fmt: skip
_STANDARD = {
    "statute": "law", "code": "Code C", "annex": "Code C, annex", "note": "guidance",
    "policy": "force standard, not law", "quality": "good practice, not law",
}  # fmt: skip


class Line(Immutable, frozen=True, gc=False):
    """One thing to say to somebody: what was found, what to do another time, and whose standard.

    What one rule found several times is one line with several `texts`.
    """

    tone: Tone
    rule: str
    duty: str
    texts: tuple[str, ...]
    do: str
    basis: str
    severity: str
    possible: bool
    follows: tuple[str, ...] = ()
    """What followed from it, by duty and title."""


class Feedback(Immutable, frozen=True, gc=False):
    """What to say to those of one role; `ids` are the officers who made the entries it rests on.

    `met` counts duties of that role that were done in time.
    """

    who: str
    ids: tuple[str, ...]
    met: int
    lines: tuple[Line, ...]


def feedback(
    findings: Sequence[Finding], ruleset: RuleSet, entries: Iterable[CustodyEvent]
) -> list[Feedback]:
    """Return the feedback on a record by who acts, those with most to hear first.

    What follows from another breach is left to the line about that one; what is merely to note is
    left out.
    """
    rules = {(rule.id, rule.version): rule for rule in ruleset.rules}
    makers = {each.id: each.by.id for each in entries}
    keys = {each.key for each in findings if each.is_breach}
    gathered: dict[str, list[Line]] = {}
    ids: dict[str, dict[str, None]] = {}
    met: dict[str, int] = {}
    for finding in findings:
        rule = rules.get((finding.rule, finding.rule_version))
        if rule is None:
            continue
        who = rule.who.partition(" (")[0]  # "review officer (inspector)" is the review officer
        if finding.status == "met" and finding.certainty == "established":
            met[who] = met.get(who, 0) + 1
        if finding.because_of in keys or not _is_said(finding):
            continue
        after = [each for each in findings if each.is_breach and each.because_of == finding.key]
        gathered.setdefault(who, []).append(_line(finding, rule, after))
        named = [makers.get(id_) for id_ in finding.evidence]
        ids.setdefault(who, {}).update(dict.fromkeys(name for name in named if name))
    out = [
        Feedback(who, tuple(printable(each, 40) for each in ids.get(who, ())), met.get(who, 0),
                 tuple(sorted(_together(lines), key=_order)))
        for who, lines in gathered.items()
    ]  # fmt: skip
    return sorted(out, key=lambda each: (-len(each.lines), each.who))


def _is_said(finding: Finding) -> bool:
    return is_praise(finding) or (finding.is_breach and finding.severity != "info")


def _line(finding: Finding, rule: Rule, after: Sequence[Finding]) -> Line:
    praise = is_praise(finding)
    tone: Tone = "well" if praise else "record" if finding.status == "not_recorded" else "better"
    return Line(
        tone=tone,
        rule=finding.rule,
        duty=finding.duty or "",
        texts=(printable(finding.message, 600),),
        do="" if praise else rule.do,
        basis=basis_of(finding),
        severity=finding.severity,
        possible=finding.certainty == "possible",
        follows=tuple(
            printable(f"{each.duty or ''} {each.title} ({LABELS[each.status]})".strip())
            for each in after
        ),
    )


def basis_of(finding: Finding) -> str:
    """Return whose standard a finding is by, and the sources: never policy as law."""
    standard = _STANDARD.get(finding.authority, finding.authority)
    return f"{standard}: {'; '.join(finding.sources)}"


def _together(lines: Iterable[Line]) -> Iterable[Line]:
    """Return the lines with those of one rule, tone and certainty in one; the gravest leads."""
    out: dict[tuple[str, Tone, bool], Line] = {}
    for line in sorted(lines, key=_order):
        key = (line.rule, line.tone, line.possible)
        first = out.get(key)
        if first is not None:
            follows = tuple(dict.fromkeys((*first.follows, *line.follows)))
            line = changed(first, texts=(*first.texts, *line.texts), follows=follows)  # noqa: PLW2901
        out[key] = line
    return out.values()


_RANKS: Mapping[Tone, int] = {"well": 0, "better": 1, "record": 2}


def _order(line: Line) -> tuple[int, int, str]:
    return _RANKS[line.tone], -SEVERITIES.index(line.severity), line.duty
