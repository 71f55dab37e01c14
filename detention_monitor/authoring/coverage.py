"""Which parts of the rules their tests never exercise.

A rule is made of points: that it fires, that it stays silent, each excuse, each mitigation, each
step, each warning, each circumstance that changes its severity, what it says of blanks, and each
dated value of the parameters it reads. A point counts when some test of the rule's own file has
reached it, seen in what the back-end concluded and in the findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from detention_monitor.assess import Assessment, Backend
from detention_monitor.durable import DurableBackend
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.findings import ASKED, BREACHES, Finding
from detention_monitor.plan import RULES, Stratum
from detention_monitor.rulecheck import opening_kinds
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Rule, Selector
from detention_monitor.ruletests import Case, cases
from detention_monitor.timeline import Conclusions, Fact, Interval
from detention_monitor.times import local_text


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """The points of one rule, and which of them some test has reached."""

    rule: str
    place: str
    points: tuple[str, ...]
    reached: frozenset[str]

    @property
    def missing(self) -> tuple[str, ...]:
        """The points that no test has reached."""
        return tuple(point for point in self.points if point not in self.reached)


def coverage(whole: RuleSet) -> list[RuleCoverage]:
    """Return the coverage of every rule by the tests of its file, in order of the files."""
    out = []
    for ruleset, found in cases(whole):
        reached: dict[str, set[str]] = {}
        listener = _Listener(DurableBackend(ruleset.plan))
        for case in found:
            try:
                result = case.judged(listener)
            except (DetentionMonitorError, ValueError):
                continue
            for subject, rule in enumerate(ruleset.plan.subjects):
                if isinstance(rule, Rule):
                    names = _reached(rule, subject, result, listener, case)
                    reached.setdefault(_name(rule), set()).update(names)
        for rule in ruleset.rules:
            points = tuple(dict.fromkeys(_points(rule, whole)))
            seen = frozenset(reached.get(_name(rule), ()))
            out.append(RuleCoverage(rule.id, whole.place(rule), points, seen))
    return out


def _name(rule: Rule) -> str:
    return f"{rule.id}@{rule.in_force.start}"


# --- what a rule is made of ----------------------------------------------------------------------


def _points(rule: Rule, whole: RuleSet) -> Iterator[str]:
    yield "fires"
    yield "silent"
    for name in ("excused_by", "mitigated_by", "doubted_by"):
        for number, selector in enumerate(getattr(rule, name), start=1):
            yield f"{name} {number} ({' or '.join(selector.kind)})"
    for number, _ in enumerate(rule.raised, start=1):
        yield f"raised {number}"
    for grade in rule.grades if isinstance(rule.grades, tuple) else ():
        yield f"step {grade.name}"
    if rule.must is not None and rule.must.asks_after:
        yield f"step {ASKED}"
    if rule.warn:
        yield "warning"
    if rule.must is not None and rule.must.doubted_where:
        yield "doubted"
    if rule.never is not None and rule.when_unknown.status != "possible":
        yield f"blank ({rule.when_unknown.status})"
    for text, _ in _values_read(rule, whole):
        yield text


def _values_read(rule: Rule, whole: RuleSet) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each dated value of each parameter a rule reads, with the time it is in force."""
    names = set(re.findall(r'"\$([a-z][a-z0-9_]*)"', rule.model_dump_json(exclude={"tests"})))
    for name in sorted(names):
        values = whole.parameters.values.get(name, ())
        starts = [each.start for each in values]
        for number, start in enumerate(starts):
            end = starts[number + 1] if number + 1 < len(starts) else 2**62
            since = f" from {local_text(start)[4:15]}" if len(starts) > 1 else ""
            yield f"${name}{since}", (start, end)


# --- what a test has reached ---------------------------------------------------------------------


@dataclass
class _Listener:
    """Passes everything on to a back-end and keeps what it concluded of the rules."""

    backend: Backend
    found: Conclusions = field(default_factory=Conclusions)
    facts: Sequence[Fact] = ()
    name: str = DurableBackend.name

    def run(
        self, stratum: Stratum, facts: Sequence[Fact], intervals: Sequence[Interval]
    ) -> Conclusions:
        found = self.backend.run(stratum, facts, intervals)
        if stratum.level >= RULES:
            self.found, self.facts = found, facts
        return found


def _reached(
    rule: Rule, subject: int, result: Assessment, heard: _Listener, case: Case
) -> Iterator[str]:
    own = [each for each in result.findings if each.rule == rule.id]
    breaches = [each for each in own if each.status in BREACHES]
    kinds = opening_kinds(rule)
    if breaches:
        yield "fires"
    elif own or _came_up(kinds, heard, case) or rule.never == Selector(kind=kinds):
        yield "silent"
    closed = heard.found.closed.items()
    roles = {role for (owner, _), roles in closed if owner == subject for role in roles}
    roles |= {role for owner, role in heard.found.opened if owner == subject}
    for name, role in (
        ("excused_by", "excused"), ("mitigated_by", "mitigated"), ("doubted_by", "doubts"),
    ):  # fmt: skip
        for number, selector in enumerate(getattr(rule, name)):
            if f"{role}{number}" in roles:
                yield f"{name} {number + 1} ({' or '.join(selector.kind)})"
    yield from (f"raised {n}" for n, _ in enumerate(rule.raised, 1) if f"raised{n - 1}" in roles)
    if "doubted" in roles:
        yield "doubted"
    yield from _seen_in_findings(rule, own, heard, kinds)
    stated: Mapping[str, object] = case.test.parameters
    for text, (start, end) in _values_read(rule, case.ruleset):
        name = text.split(" ")[0].removeprefix("$")
        if any(start <= _when(each) < end for each in own) or name in stated:
            yield text


def _came_up(kinds: Sequence[str], heard: _Listener, case: Case) -> bool:
    """Whether the rule had something to judge; what is derived only when it is so always has."""
    declared = case.ruleset.vocabulary.kinds
    return any(fact.kind in kinds for fact in heard.facts) or all(
        declared[kind].derived for kind in kinds
    )


def _seen_in_findings(
    rule: Rule, own: Sequence[Finding], heard: _Listener, kinds: Sequence[str]
) -> Iterator[str]:
    for finding in own:
        yield from (f"step {step.name}" for step in finding.grades if step.passed)
        if finding.status == "due_soon":
            yield "warning"
    status = rule.when_unknown.status
    if rule.never is None or status == "possible":
        return
    if status in ("not_recorded", "cannot_tell"):
        if any(each.status == status for each in own):
            yield f"blank ({status})"
    elif not own and any(fact.kind in kinds for fact in heard.facts):
        yield f"blank ({status})"


def _when(finding: Finding) -> int:
    at = finding.arose_at if finding.arose_at is not None else finding.occurred_at
    return at if at is not None else 0
