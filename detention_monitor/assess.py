"""`assess()`: a pure function of a whole detention, and the only thing here that infers (D1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from detention_monitor import other_force, outside_code
from detention_monitor.clock_entries import ClockSettings
from detention_monitor.clock_facts import CLOCK_KINDS, derive, is_headless
from detention_monitor.clocks import Span
from detention_monitor.context import (
    child_facts,
    seen_with,
    station_of,
    with_context,
    with_decisions,
)
from detention_monitor.corrections import Problem
from detention_monitor.custody import ended, ends_of, is_voluntary
from detention_monitor.derived import intervals_of, marked
from detention_monitor.detention import Detention, Reading, View, shown_until
from detention_monitor.drafts import Situation
from detention_monitor.errors import EngineError, UnsupportedRecordError
from detention_monitor.findings import BREACHES, Finding
from detention_monitor.meals import MEAL_KINDS, meals
from detention_monitor.merge import merged
from detention_monitor.out_of_order import out_of_order
from detention_monitor.people import Person, judge_person
from detention_monitor.plan import CLOCKS, RULES, Stratum
from detention_monitor.problems import problem_finding, undecided
from detention_monitor.reference import ReferenceBackend
from detention_monitor.rulefile import RuleSet
from detention_monitor.terms import Terms
from detention_monitor.timeline import FAR, Conclusions, Fact, Interval, in_order
from detention_monitor.values import Immutable, changed
from detention_monitor.verdict import findings_of
from detention_monitor.visits import VISIT_KINDS, visits
from detention_monitor.vocabulary import Coverage
from detention_monitor.written_late import written_late


class Backend(Protocol):
    """What runs the strata of a plan. Results may not depend on which one ran."""

    name: str

    def run(
        self, stratum: Stratum, facts: Sequence[Fact], intervals: Sequence[Interval]
    ) -> Conclusions:
        """Return the openings and closings among facts in order of time."""
        ...


class Assessment(Immutable, frozen=True, gc=False):
    """What is concluded of a detention at an instant (`as_of`, seconds UTC).

    `next_change_at` is never later than the first instant at which the findings differ with no
    new entry; None when they never will. A refused detention has no findings, only a code.
    """

    detention: str
    records: tuple[str, ...]
    as_of: int
    findings: tuple[Finding, ...] = ()
    next_change_at: int | None = None
    refused: str | None = None
    refused_because: str = ""
    ended_at: int | None = None
    unclosed: bool = False
    age: int | None = None
    authorised_at: int | None = None
    station: str | None = None
    facts: tuple[Fact, ...] = ()
    intervals: tuple[Interval, ...] = ()
    judged_by: str = ""


def assess(
    detention: Detention,
    ruleset: RuleSet,
    as_of: int,
    *,
    backend: Backend,
    reading: Reading = "as_happened",
) -> Assessment:
    """Judge a detention as of an instant (seconds UTC) by a rule set, through one back-end.

    An ambiguous autumn time is read in every consistent way: what holds in all readings stays
    as it is, what holds in some is `possible`, and the reading least late is given; of more than
    16 readings none is judged, and every duty is `cannot_tell`. Where the engine fails twice, the reference interpreter judges and the findings say so.
    """
    view = detention.view(as_of, reading, ruleset.parameters.value("late_entry_tolerance", as_of))
    readings = [
        _assess_reading(view, each, ruleset, as_of, backend, detention.coverage, reading)
        for each in view.readings
    ]
    first = readings[0]
    if first.refused is not None:
        return first
    if view.unreadable is None:
        findings = merged([each.findings for each in readings])
    else:
        findings = undecided(view.unreadable, view, ruleset, first.judged_by)
    out_of = out_of_order([each.facts for each in readings])
    left_out = outside_code.told(first.facts)
    others = other_force.told(detention, view, ruleset.parameters)
    problems = (*view.problems, *_clock_problems(first.facts), *out_of, *left_out, *others)
    findings += [problem_finding(each, view, ruleset, first.judged_by) for each in problems]
    changes = [each.next_change_at for each in readings if each.next_change_at is not None]
    changes += [at for at in (view.next_entry_at,) if at is not None]
    return changed(
        first,
        findings=tuple(sorted(findings, key=Finding.sort_key)),
        next_change_at=min(changes, default=None),
    )


def end_of(detention: Detention, ruleset: RuleSet, reading: Reading = "as_happened") -> int:
    """Return the instant (seconds UTC) as of which a whole record is judged (D1)."""
    latest = max(entry.at for entry in detention.entries)
    return detention.end_of(reading, ruleset.parameters.value("late_entry_tolerance", latest))


def _assess_reading(
    view: View,
    facts: Sequence[Fact],
    ruleset: RuleSet,
    as_of: int,
    backend: Backend,
    coverage: Coverage,
    reading: Reading,
) -> Assessment:
    def refused(code: str, why: str) -> Assessment:
        named = view.detention, view.records, as_of
        return Assessment(*named, refused=code, refused_because=why)

    if not facts:
        return refused("no_entries", "no entry by this instant")
    ended_at = ended(facts)
    try:
        person = judge_person(facts, ended_at, as_of, as_known=reading == "as_known")
    except UnsupportedRecordError as error:
        return refused(error.code, str(error))
    start = _Run(view, ruleset, as_of, person, coverage, ended_at)
    try:
        return start.judged(facts, backend)
    except EngineError:
        try:
            return start.judged(facts, backend)
        except EngineError:
            return start.judged(facts, ReferenceBackend(ruleset.plan))


class _Run:
    """One reading of one detention on its way through the strata."""

    def __init__(
        self,
        view: View,
        ruleset: RuleSet,
        as_of: int,
        person: Person,
        coverage: Coverage,
        ended_at: int | None,
    ) -> None:
        self.view, self.ruleset, self.as_of = view, ruleset, as_of
        self.person, self.coverage, self.ended_at = person, coverage, ended_at
        self.unclosed = False

    def judged(self, entries: Sequence[Fact], backend: Backend) -> Assessment:
        wanted = self.ruleset.plan.kinds | CLOCK_KINDS | VISIT_KINDS | MEAL_KINDS
        self.unclosed = self.ended_at is None and not is_voluntary(entries)
        begun = entries[0].at
        late = written_late(entries, lambda name: self.ruleset.parameters.value(name, begun))
        kept = [fact for fact in with_decisions(entries) if fact.kind in wanted]
        facts = in_order([*kept, *late])
        facts = with_context(facts, self.ruleset, self.person)
        facts = in_order([*facts, *child_facts(facts, self.person, self.as_of)])
        intervals = [*self.person.intervals]
        changes = [at for at in self.person.next_instants if at > self.as_of]
        clocked = False
        found = Conclusions()
        for stratum in self.ruleset.plan.strata:
            if stratum.level >= CLOCKS and not clocked:
                facts, more = self._with_clocks(facts, intervals)
                changes += [at for at in more if at > self.as_of]
                clocked = True
            found = backend.run(stratum, facts, intervals)
            if stratum.level < RULES:
                intervals += intervals_of(self.ruleset.plan, found, facts, self.ruleset)
                facts = marked(self.ruleset.plan, stratum, found, facts)
        every = self.ruleset.plan.terms
        if places := outside_code.outside(facts):
            found = outside_code.within_the_code(found, every, places)
        now = self._situation(facts, intervals, found, backend.name)
        now.shown_until = shown_until(self.coverage, entries, self.view.record_of)
        # With an incomplete source every rule is asked: one may begin with what is not carried.
        asked = every if not self.coverage.is_whole else sorted(found.subjects())
        rules = [(n, every[n]) for n in asked if n in every]
        findings = findings_of(rules, now)
        findings = _with_causes(findings, [terms for _, terms in rules])
        changes += [at for at in now.changes if at > self.as_of]
        authorised = [fact for fact in facts if fact.kind == "detention_authorised"]
        return Assessment(
            self.view.detention,
            self.view.records,
            self.as_of,
            tuple(findings),
            min(changes, default=None),
            ended_at=self.ended_at,
            unclosed=self.unclosed,
            age=self.person.age,
            authorised_at=authorised[0].at if authorised else None,
            station=station_of(facts),
            facts=tuple(facts),
            intervals=tuple(intervals),
            judged_by=backend.name,
        )

    def _with_clocks(
        self, facts: Sequence[Fact], intervals: list[Interval]
    ) -> tuple[list[Fact], list[int]]:
        """Add what the clocks and measures say, visits and meals, and the nights in custody."""
        begun = facts[0].at
        settings = ClockSettings.read(lambda name: self.ruleset.parameters.value(name, begun))
        derived = derive(facts, settings, self.as_of)
        intervals += derived.overnight
        seen = visits(facts, self.ruleset.parameters.value, self.coverage)
        fed, next_meal = meals(facts, self.as_of)
        new = seen_with((*derived.facts, *seen, *fed), facts)
        return in_order([*facts, *new]), [*derived.next_instants, *next_meal]

    def _situation(
        self, facts: Sequence[Fact], intervals: Sequence[Interval], found: Conclusions, by: str
    ) -> Situation:
        pauses: dict[str, list[Span]] = {}
        for each in intervals:
            end = None if each.end >= FAR else each.end
            pauses.setdefault(each.name, []).append(Span(each.start, end))
        return Situation(
            detention=self.view.detention,
            facts=facts,
            found=found,
            as_of=self.as_of,
            ended_at=self.ended_at,
            ends=ends_of(facts),
            unclosed=self.unclosed,
            parameters=self.ruleset.parameters,
            ruleset=self.ruleset.hash,
            judged_by=by,
            records=self.view.record_of,
            pauses=pauses,
            coverage=self.coverage,
            marks=self.ruleset.plan.marks,
            states=self.ruleset.plan.states,
            intervals=intervals,
            relied=self.ruleset.plan.relied,
        )


def _clock_problems(facts: Sequence[Fact]) -> Iterator[Problem]:
    for fact in facts:
        if fact.kind == "clock_unknown":
            clock = fact.attrs["clock"]
            message = f"first authority not in this data; the {clock} clock cannot be told"
            yield Problem(f"{str(clock).upper()}_CLOCK_UNKNOWN", fact.evidence[0], fact.at, message)
    if is_headless(facts):
        arrival = next(f for f in facts if f.kind in ("transferred_in", "bail_answered"))
        message = "the record before this one is absent; what was due then cannot be told"
        yield Problem("EARLIER_RECORD_ABSENT", arrival.evidence[0], arrival.at, message)


# --- findings that follow from findings --------------------------------------------------------


def _with_causes(findings: Sequence[Finding], rules: Sequence[Terms]) -> list[Finding]:
    """Name for each finding the breach it follows from, where its rule says so."""
    causes = {each.id: each.because_of for each in rules if each.because_of}
    if not causes:
        return list(findings)
    breached: dict[str, str] = {}
    for finding in findings:
        if finding.status in BREACHES:
            breached.setdefault(finding.rule, finding.key)
    out = list(findings)
    for place, finding in enumerate(findings):
        for rule in causes.get(finding.rule, ()):
            if rule in breached:
                out[place] = changed(finding, because_of=breached[rule])
                break
    return out
