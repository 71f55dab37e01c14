"""Facts that rules derive: states that hold for a time, and marks on entries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detention_monitor.custody import ENDS, RESUMES
from detention_monitor.plan import Plan, Stratum
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import IntervalFact
from detention_monitor.timeline import ESTABLISHED, FAR, POSSIBLE, Conclusions, Fact, Interval


def intervals_of(
    plan: Plan, found: Conclusions, facts: Sequence[Fact], ruleset: RuleSet
) -> Iterator[Interval]:
    """Yield the times for which each state holds, surely or perhaps."""
    for subject in sorted(found.subjects()):
        fact = plan.facts.get(subject)
        if fact is None or fact.interval is None:
            continue
        for place, certainty in sorted(found.opened.get((subject, "begins"), {}).items()):
            closings = found.closings_of(subject, place)
            ends = [
                facts[closing.certain]
                for number in range(len(fact.interval.until))
                if (closing := closings.get(f"until{number}")) and closing.certain is not None
            ]
            start, end = facts[place].at, min((each.at for each in ends), default=FAR)
            make = _Maker(fact.fact, facts[place].evidence, fact.interval)
            sure_for = fact.interval.established_for
            doubtful = start + ruleset.parameters.span(sure_for, start) if sure_for else FAR
            if doubtful < end and not _is_told(ends, end, facts[place].kind, facts):
                yield make.interval(start, doubtful, certainty)
                yield make.interval(doubtful, end, POSSIBLE)
            else:
                yield make.interval(start, end, certainty)


def _is_told(ends: Sequence[Fact], end: int, begins: str, facts: Sequence[Fact]) -> bool:
    """Whether an entry says that a state lasted so long: one of its own end, in the same custody.

    Release ends the presence of an adult whenever they left, and so does the arrival of another.
    """
    own = [each for each in ends if each.kind not in ENDS]
    first = min(own, key=lambda each: (each.at, each.kind == begins), default=None)
    if first is None or first.kind == begins:
        return False
    return not any(each.kind in RESUMES and end < each.at <= first.at for each in facts)


@dataclass(frozen=True, slots=True)
class _Maker:
    name: str
    evidence: tuple[str, ...]
    of: IntervalFact

    def interval(self, start: int, end: int, certainty: int) -> Interval:
        edges = self.of.enabling and not self.of.forbidding, self.of.forbidding
        return Interval(self.name, start, end, certainty, self.evidence, *edges)


def marked(plan: Plan, stratum: Stratum, found: Conclusions, facts: Sequence[Fact]) -> list[Fact]:
    """Return the facts with the marks of this stratum set: true, false, or absent (unknown)."""
    said = {
        subject: (found.opened.get((subject, "yes"), {}), found.opened.get((subject, "maybe"), {}))
        for subject in stratum.marks
    }
    out = list(facts)
    for place, each in enumerate(facts):
        marks = {}
        for subject in stratum.marks_on.get(each.kind, ()):
            yes, maybe = said[subject]
            if yes.get(place) == ESTABLISHED or not (place in yes or place in maybe):
                marks[plan.facts[subject].fact] = place in yes
        if marks:
            out[place] = each.saying({**each.attrs, **marks})
    return out
