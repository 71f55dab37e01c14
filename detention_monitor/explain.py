"""Say why a finding was made: rule, law, entries, arithmetic, and what would have prevented it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from detention_monitor.asked_of import absent_in_words, questions
from detention_monitor.assess import Assessment
from detention_monitor.clock_facts import excluded
from detention_monitor.clocks import Span, live
from detention_monitor.detention import Detention
from detention_monitor.entries import CustodyEvent
from detention_monitor.findings import Finding
from detention_monitor.remedy import remedies
from detention_monitor.rulecheck import opening_kinds
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Rule
from detention_monitor.text import printable
from detention_monitor.timeline import Fact
from detention_monitor.times import in_words, local_text

_WIDTH = 100
_INDENT = 12
_PERIODS: Mapping[str, tuple[str, ...]] = {
    "review_clock.due": ("review_first", "review_next"),
    "custody_clock.due": ("custody_limit",),
}
"""By clock, the parameters that hold its periods; the others are not a period from an instant."""


def explain(finding: Finding, result: Assessment, detention: Detention, ruleset: RuleSet) -> str:
    """Return the reasons of one finding of an assessment, as text for a person."""
    return "\n".join(_Explanation(finding, result, detention, ruleset).lines()) + "\n"


class _Explanation:
    def __init__(
        self, finding: Finding, result: Assessment, detention: Detention, ruleset: RuleSet
    ) -> None:
        self.finding, self.result, self.ruleset = finding, result, ruleset
        self.entries: Mapping[str, CustodyEvent] = {each.id: each for each in detention.entries}
        self.rule = next(
            (
                rule
                for rule in ruleset.rules
                if rule.id == finding.rule
                and rule.in_force.start.isoformat() == finding.rule_version
            ),
            None,
        )

    def lines(self) -> Iterator[str]:
        finding, rule = self.finding, self.rule
        sure = "possible " if finding.certainty == "possible" else ""
        status = finding.status.replace("_", " ")
        named = f"{finding.duty or '-'} {finding.title}"
        yield f"{printable(finding.record)}  {named}: {sure}{status}, {finding.severity}"
        yield from self._line("found", finding.message)
        if rule is not None:
            where = f"{self.ruleset.place(rule)}, {rule.id}, in force from {rule.in_force.start}"
            yield from self._line("rule", where)
            yield from self._law(rule)
            yield from self._opened(rule)
            yield from self._arithmetic(rule)
        yield from self._evidence()
        if rule is not None:
            yield from self._cure(rule)
        if finding.because_of:
            cause = next((e for e in self.result.findings if e.key == finding.because_of), None)
            if cause is not None:
                yield from self._line("follows", f"from {cause.duty} {cause.title}")
        by = "the reference interpreter, after the engine failed"
        yield from self._line(
            "judged by", by if finding.judged_by == "reference" else finding.judged_by
        )

    def _line(self, name: str, text: str) -> Iterator[str]:
        first, *rest = wrap(printable(text, 2_000), _WIDTH - _INDENT) or [""]
        yield f"  {name:<{_INDENT - 2}}{first}" if len(name) < _INDENT - 2 else f"  {name}: {first}"
        yield from (" " * _INDENT + line for line in rest)

    def _law(self, rule: Rule) -> Iterator[str]:
        finding = self.finding
        read = "" if finding.verified else " (text or number not verified for that day)"
        yield from self._line("law", "; ".join(finding.sources) + read)
        if rule.says:
            yield from self._line("", rule.says)
        if finding.authority != rule.authority:
            yield from self._line(
                "authority",
                f"the duty is {rule.authority}; this step is {finding.authority}, not law",
            )

    # --- what set it off -----------------------------------------------------------------------

    def _opening(self, rule: Rule) -> Fact | None:
        at = (
            self.finding.arose_at if self.finding.arose_at is not None else self.finding.occurred_at
        )
        first = self.finding.evidence[0] if self.finding.evidence else None
        return next(
            (
                fact
                for fact in self.result.facts
                if fact.kind in opening_kinds(rule) and fact.at == at and first in fact.evidence
            ),
            None,
        )

    def _opened(self, rule: Rule) -> Iterator[str]:
        fact = self._opening(rule)
        if fact is None:
            return
        kind = self.ruleset.vocabulary.kinds[fact.kind]
        yield from self._line(
            "arose",
            f"{self._named(fact.kind)} at {local_text(fact.at, seconds=True)}: {kind.about}",
        )
        where = rule.arises_on.where if rule.arises_on else rule.never.where if rule.never else ""
        if where:
            yield from self._conditions(where, fact)

    def _conditions(self, where: str, fact: Fact) -> Iterator[str]:
        for each in questions(where, fact, self.ruleset):
            yield from self._line("", f"  {each}")

    def _named(self, *kinds: str) -> str:
        return self.ruleset.wording.quoted(kinds)

    # --- by when -------------------------------------------------------------------------------

    def _arithmetic(self, rule: Rule) -> Iterator[str]:
        finding, must = self.finding, rule.must
        if must is None or finding.arose_at is None:
            return
        if must.by is not None and must.by.endswith("_clock.due"):
            yield from self._clock(must.by)
        elif isinstance(rule.grades, tuple) and rule.grades:
            yield from self._grades(rule)
        elif must.within is not None and finding.due_at is not None:
            seconds = self.ruleset.parameters.span(must.within, finding.arose_at)
            start = local_text(finding.due_at - seconds)
            name = f" ({must.within})" if must.within.startswith("$") else ""
            yield from self._line(
                "due", f"{start} + {in_words(seconds)}{name} = {local_text(finding.due_at)}"
            )
        elif must.asks_after is not None:
            yield from self._line_of_ours(must.asks_after)
        elif must.before:
            named = self._named(*must.before)
            when = f" at {local_text(finding.due_at)}" if finding.due_at else ": not entered yet"
            yield from self._line("due", f"before {named}{when}")
        if finding.done_at is not None and finding.due_at is not None:
            late = finding.done_at - finding.due_at
            word = f"{in_words(late)} late" if late > 0 else f"{in_words(-late)} to spare"
            yield from self._line("done", f"{local_text(finding.done_at, seconds=True)}: {word}")

    def _line_of_ours(self, span: str) -> Iterator[str]:
        """Say from when a person is asked, where the law gives no time."""
        step = next((each for each in self.finding.grades if each.at is not None), None)
        if step is None or step.at is None:
            return
        seconds = self.ruleset.parameters.span(span, self.finding.arose_at or 0)
        start, line = local_text(step.at - seconds), local_text(step.at)
        passed = "passed" if step.passed else "not passed"
        yield from self._line(
            "asked",
            f"{start} + {in_words(seconds)} ({span}) = {line}, a local line ({step.authority}, not law): "
            f"{passed}",
        )

    def _grades(self, rule: Rule) -> Iterator[str]:
        written = {grade.name: grade for grade in rule.grades if not isinstance(grade, str)}
        for grade in self.finding.grades:
            at = "not known yet" if grade.at is None else local_text(grade.at)
            step = written[grade.name]
            how = f"on {', '.join(map(self.ruleset.wording.name, step.on))}"
            if step.at:
                seconds = self.ruleset.parameters.span(step.at, self.finding.arose_at or 0)
                how = f"after {in_words(seconds)} ({step.at})"
            passed = "passed" if grade.passed else "not passed"
            yield from self._line(
                "step",
                f"{grade.name.replace('_', ' ')}: {how}: {at}: {passed} ({grade.severity}, {grade.authority})",
            )

    def _clock(self, by: str) -> Iterator[str]:
        finding = self.finding
        spans = excluded(self.result.facts)
        for span in spans:
            end = "still open" if span.end is None else local_text(span.end)
            yield from self._line("not counted", f"{local_text(span.start)} to {end}")
        name = by.removesuffix(".due").replace("_", " ")
        if finding.early_at is not None:
            early = local_text(finding.early_at, seconds=True)
            yield from self._line("early", f"{early}, counting on through hospital: an alert only")
        if finding.due_at is None:
            left = finding.minutes_left
            more = "" if left is None else f"; {in_words(60 * left)} left when it goes on"
            yield from self._line("due", f"{name}: paused{more}")
            return
        text = f"{name}: {local_text(finding.due_at, seconds=True)}"
        base = self._base(spans, finding.due_at, by)
        if base is not None:
            start, period = base
            less = ", less what is not counted," if spans else ""
            text = (
                f"{name}: {local_text(start)} + {in_words(period)}{less} = {text[len(name) + 2 :]}"
            )
        if finding.due_at_latest is not None:
            text += f"; by the other reading of the law {local_text(finding.due_at_latest)}"
        yield from self._line("due", text)

    def _base(self, spans: Sequence[Span], due: int, by: str) -> tuple[int, int] | None:
        """Return from when, and how long, the clock ran to a due time."""
        begun = self.finding.arose_at or due
        names = _PERIODS.get(by, ())
        periods = [self.ruleset.parameters.value(name, begun) for name in names]
        instants = {fact.at for fact in self.result.facts}
        for fact in self.result.facts:
            for name in ("due", "relevant_time", "first_authorised_at"):
                value = fact.attrs.get(name)
                if isinstance(value, int):
                    instants.add(value)
        for period in periods:
            for start in sorted(instants, reverse=True):
                if start < due and live(start, period, spans) == due:
                    return start, period
        return None

    # --- on what it rests ----------------------------------------------------------------------

    def _evidence(self) -> Iterator[str]:
        for id_ in self.finding.evidence:
            entry = self.entries.get(id_)
            if entry is None:
                continue
            at = entry.at_text or local_text(entry.at, seconds=True)
            place = f" ({entry.origin})" if entry.origin else ""
            yield from self._line("entry", f"{entry.id} {self._named(entry.kind)} at {at}{place}")
        kind = opening_kinds(self.rule)[0] if self.rule is not None else ""
        for each in self.finding.absent:
            yield from self._line("not found", absent_in_words(each, kind, self.ruleset))

    def _cure(self, rule: Rule) -> Iterator[str]:
        for label, text in remedies(self.finding, rule, self.ruleset):
            yield from self._line(label, text)
        if rule.do:
            yield from self._line("do", rule.do)
