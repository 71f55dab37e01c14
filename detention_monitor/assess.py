"""`assess()`: a pure function of a whole detention, and the only thing here that infers (D1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from detention_monitor.clock_entries import ClockSettings
from detention_monitor.clock_facts import CLOCK_KINDS, derive, is_headless
from detention_monitor.clocks import Span
from detention_monitor.detention import Detention, Problem, Reading, View
from detention_monitor.drafts import Situation
from detention_monitor.entries import Value
from detention_monitor.errors import EngineError, UnsupportedRecordError
from detention_monitor.findings import BREACHES, Finding
from detention_monitor.meals import MEAL_KINDS, meals
from detention_monitor.merge import merged
from detention_monitor.out_of_order import out_of_order
from detention_monitor.people import Person, judge_person
from detention_monitor.plan import CLOCKS, RULES, Plan, Stratum
from detention_monitor.problems import problem_finding, undecided
from detention_monitor.reference import ReferenceBackend
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import IntervalFact
from detention_monitor.terms import Terms
from detention_monitor.timeline import (
    ESTABLISHED,
    FAR,
    POSSIBLE,
    Conclusions,
    Fact,
    Interval,
    in_order,
)
from detention_monitor.values import changed
from detention_monitor.verdict import findings_of
from detention_monitor.visits import VISIT_KINDS, visits
from detention_monitor.vocabulary import Coverage
from detention_monitor.written_late import written_late

ENDS = ("released", "bailed", "moved_to_la", "court_appearance", "police_protection_ended")
"""Entries that end police detention or protection; bail ends it until bail is answered."""
RESUMES = (
    "bail_answered",
    "transferred_in",
    "detention_authorised",
    "taken_into_police_protection",
)
_HELD = frozenset({"arrested", "arrived", "first_co_contact", "cell_placed", *RESUMES})
"""Entries after which somebody who came voluntarily is one no longer (C23 3.21(a))."""
_CONTEXT = frozenset({
    "detention_basis", "station", "sex", "offence_class", "age", "link_available",
    "station_designated",
})  # fmt: skip

_OF_ADULT = ("aa_present", "aa_told_when", "notice_to_aa")
"""What an entry of a charge says of the adult."""
_PARTS_CHARGES = ("aa_arrived", "aa_left", "charge_repeated")
"""What lies between two charges that are not one sitting."""


class Backend(Protocol):
    """What runs the strata of a plan. Results may not depend on which one ran."""

    name: str

    def run(
        self, stratum: Stratum, facts: Sequence[Fact], intervals: Sequence[Interval]
    ) -> Conclusions:
        """Return the openings and closings among facts in order of time."""
        ...


@dataclass(frozen=True, slots=True)
class Assessment:
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
    problems = (*view.problems, *_clock_problems(first.facts), *out_of)
    findings += [problem_finding(each, view, ruleset.hash, first.judged_by) for each in problems]
    changes = [each.next_change_at for each in readings if each.next_change_at is not None]
    changes += [at for at in (view.next_entry_at,) if at is not None]
    return replace(
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
    blank = Assessment(view.detention, view.records, as_of)
    if not facts:
        return replace(blank, refused="no_entries", refused_because="no entry by this instant")
    ended_at = ended(facts)
    try:
        person = judge_person(facts, ended_at, as_of, as_known=reading == "as_known")
    except UnsupportedRecordError as error:
        return replace(blank, refused=error.code, refused_because=str(error))
    start = _Run(view, ruleset, as_of, person, coverage, ended_at)
    try:
        return start.judged(facts, backend)
    except EngineError:
        try:
            return start.judged(facts, backend)
        except EngineError:
            return start.judged(facts, ReferenceBackend(ruleset.plan))


def ended(facts: Sequence[Fact]) -> int | None:
    """Return the instant at which police detention ended, or None while it goes on."""
    at: int | None = None
    for fact in facts:
        if fact.kind in ENDS:
            at = fact.at if at is None else at
        elif fact.kind in RESUMES:
            at = None
    return at


def ends_of(facts: Sequence[Fact]) -> tuple[int, ...]:
    """Return every instant at which a time of custody ended, whether or not another followed."""
    ends: list[int] = []
    held = True
    for fact in facts:
        if fact.kind in ENDS and held:
            ends.append(fact.at)
            held = False
        elif fact.kind in RESUMES:
            held = True
    return tuple(ends)


def is_voluntary(facts: Sequence[Fact]) -> bool:
    """Whether the record is of a voluntary interview alone, and so of nobody in detention."""
    kinds = {fact.kind for fact in facts}
    return "voluntary_interview_started" in kinds and not kinds & _HELD


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
        facts = in_order([*facts, *_child_facts(facts, self.person, self.as_of)])
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
                intervals += _intervals(self.ruleset.plan, found, facts, self.ruleset)
                facts = _marked(self.ruleset.plan, stratum, found, facts)
        now = self._situation(facts, intervals, found, backend.name)
        every = self.ruleset.plan.terms
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
            station=_station(facts),
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
        known = {name: facts[-1].attrs[name] for name in _CONTEXT if name in facts[-1].attrs}
        seen = visits(facts, self.ruleset.parameters.value, self.coverage)
        fed, next_meal = meals(facts, self.as_of)
        measured = (*derived.facts, *seen, *fed)
        new = [fact.saying({**known, **fact.attrs}) for fact in measured]
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


# --- facts that need no rule -------------------------------------------------------------------


def with_decisions(entries: Sequence[Fact]) -> list[Fact]:
    """Add the decision to keep the child where bail is refused and no entry of its own says so yet.

    Bail refused after charge is detention authorised under s.38(1): the duties that follow arise
    then. An entry `detention_after_charge` of the same minute is that decision; a later one is
    a further one.
    """
    kept = {fact.at // 60 for fact in entries if fact.kind == "detention_after_charge"}
    out: list[Fact] = []
    charged = decided = False
    for fact in entries:
        out.append(fact)
        if fact.kind in ENDS:
            charged = decided = False
        charged = charged or fact.kind == "charged"
        decided = decided or fact.kind == "detention_after_charge"
        refused = fact.kind == "bail_decided" and fact.attrs.get("refused") is True
        if refused and charged and not decided and fact.at // 60 not in kept:
            decided = True
            key = f"{fact.key}:kept"
            out.append(Fact("detention_after_charge", fact.at, {}, ESTABLISHED, fact.evidence, key))
    return out


def with_context(entries: Sequence[Fact], ruleset: RuleSet, person: Person) -> list[Fact]:
    """Add to each entry what earlier entries and the suite say: basis of detention, sex, link."""
    known: dict[str, int | bool | str | tuple[str, ...]] = {"detention_basis": "offence"}
    out = []
    decided = False
    charged: tuple[Value | None, ...] | None = None
    age, birthday = person.age, 0
    suites = ruleset.parameters.suites
    for fact in entries:
        if not _CONTEXT.isdisjoint(fact.attrs):
            for name in _CONTEXT & fact.attrs.keys():
                if not _keeps_worse(name, known, fact):
                    known[name] = fact.attrs[name]
        if fact.at >= birthday:
            age, birthday = person.age_on(fact.at)
            if age is not None:
                known["age"] = age
        elif age is not None:
            known["age"] = age  # whatever the entry before said
        attrs: Mapping[str, int | bool | str | tuple[str, ...]] = {**known, **fact.attrs}
        if suites:
            suite = ruleset.parameters.suite(str(known.get("station", "")), fact.at)
            attrs = {**known, **suite, **fact.attrs}
        if fact.kind == "detention_after_charge":
            attrs = {**attrs, "again": decided}
            decided = True
        elif fact.kind == "charged":
            # Several offences charged in one sitting are one act toward the child.
            said = tuple(fact.attrs.get(name) for name in _OF_ADULT)
            attrs = {**attrs, "again": said == charged}
            charged = said
        elif fact.kind in ENDS:
            decided = False
        if fact.kind in (*ENDS, *_PARTS_CHARGES):
            charged = None
        out.append(fact.saying(attrs))
    return out


def _keeps_worse(name: str, known: Mapping[str, Value], fact: Fact) -> bool:
    """Whether an offence for which serious harm is defined stays, beside one for which it is not."""
    serious = known.get(name) in ("violent", "sexual", "terrorism")
    return name == "offence_class" and serious and fact.attrs[name] == "other"


def _child_facts(facts: Sequence[Fact], person: Person, as_of: int) -> Iterator[Fact]:
    """Yield `child_in_detention` for each time of custody, `age_transition`, `age_conflict`.

    The duties to a child arise when detention is first authorised and again after each bail
    return, never at a transfer; or when the person is first a child, or first treated as one.
    """
    if person.conflict is not None:
        yield person.conflict
    for number, (start, end, evidence, cause, basis) in enumerate(_custodies(facts)):
        spans = sorted(
            (each for each in person.intervals if each.name == "child_code_c"),
            key=lambda each: each.start,
        )
        first = next((each for each in spans if each.end > start and each.start <= end), None)
        if first is None or max(start, first.start) > as_of:
            continue
        at = max(start, first.start)
        why = cause if at == start else "became_child"
        attrs = {"cause": why, "detention_basis": basis}
        sex = _sex_at(facts, at)
        if sex is not None:
            attrs["sex"] = sex
        key = f"child_in_detention:{number}"
        yield Fact("child_in_detention", at, attrs, first.certainty, evidence, key)
        eighteenth = person.birthday_18
        if eighteenth is not None and start < eighteenth <= min(as_of, end):
            yield Fact("age_transition", eighteenth, {}, ESTABLISHED, evidence, "age_transition")


def _sex_at(facts: Sequence[Fact], at: int) -> str | None:
    """Return the sex recorded by an instant, or the first recorded after it."""
    said = [(fact.at, str(fact.attrs["sex"])) for fact in facts if fact.attrs.get("sex")]
    by_then = [sex for when, sex in said if when <= at]
    return by_then[-1] if by_then else next((sex for _, sex in said), None)


def _custodies(
    facts: Sequence[Fact],
) -> Iterator[tuple[int, int, tuple[str, ...], str, str]]:
    """Yield the times of custody: first authorisation or return from bail, until its end."""
    start: Fact | None = None
    cause = "authorised"
    if is_headless(facts):
        return  # what was due at the start lies in the record that is absent
    for fact in facts:
        if fact.kind == "detention_authorised" and start is None:
            start = fact
        elif fact.kind in ENDS and start:
            yield _custody(start, fact.at, cause)
            start = None
            cause = "bail_return"
    if start is not None:
        yield _custody(start, FAR, cause)


def _custody(start: Fact, end: int, cause: str) -> tuple[int, int, tuple[str, ...], str, str]:
    return start.at, end, start.evidence, cause, str(start.attrs.get("detention_basis", "offence"))


def _station(facts: Sequence[Fact]) -> str | None:
    named = [str(fact.attrs["station"]) for fact in facts if fact.attrs.get("station")]
    return named[-1] if named else None


# --- facts that rules derive -------------------------------------------------------------------


def _intervals(
    plan: Plan, found: Conclusions, facts: Sequence[Fact], ruleset: RuleSet
) -> Iterator[Interval]:
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


def _marked(plan: Plan, stratum: Stratum, found: Conclusions, facts: Sequence[Fact]) -> list[Fact]:
    """Return the facts with the marks of this stratum set: true, false, or absent (unknown)."""
    if not stratum.marks:
        return list(facts)
    by_kind: dict[str, list[int]] = {}
    for place, each in enumerate(facts):
        by_kind.setdefault(each.kind, []).append(place)
    marks: dict[int, dict[str, bool]] = {}
    for subject in stratum.marks:
        fact = plan.facts[subject]
        assert fact.mark is not None  # by the plan
        yes = found.opened.get((subject, "yes"), {})
        maybe = found.opened.get((subject, "maybe"), {})
        for place in (place for kind in fact.mark.on for place in by_kind.get(kind, ())):
            if yes.get(place) == ESTABLISHED or not (place in yes or place in maybe):
                marks.setdefault(place, {})[fact.fact] = place in yes
    if not marks:
        return list(facts)
    return [
        each.saying({**each.attrs, **marks[place]}) if place in marks else each
        for place, each in enumerate(facts)
    ]


# --- findings that follow from findings --------------------------------------------------------


def _with_causes(findings: Sequence[Finding], rules: Sequence[Terms]) -> list[Finding]:
    """Name for each finding the breach it follows from, where its rule says so."""
    causes = {each.id: each.because_of for each in rules if each.because_of}
    if not causes:
        return list(findings)
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.status in BREACHES:
            by_rule.setdefault(finding.rule, []).append(finding)
    out = []
    for finding in findings:
        named = [each for rule in causes.get(finding.rule, ()) for each in by_rule.get(rule, ())]
        out.append(changed(finding, because_of=named[0].key) if named else finding)
    return out
