"""The plan of a rule set: watches (`watches.py`) that every back-end runs, stratum by stratum.

What an opening and its closings amount to is arithmetic (`verdict.py`), and belongs to no back-end.
A stratum is complete before the next one begins, so that nothing is negated before it is known
(design D2). The last stratum holds the rules; the ones before it the derived facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from detention_monitor.conditions import tests
from detention_monitor.rulemodel import DerivedFact, Rule, Selector
from detention_monitor.terms import Terms, terms_of
from detention_monitor.vocabulary import Attribute, Vocabulary
from detention_monitor.watches import Closes, Opens, Subject, condition_of, watches_of

CLOCKS = 100
"""The stratum in which Python works out the clocks and measures, from marks and intervals."""
RULES = 1_000
PROVIDED = (
    "child_code_c", "child_pace_part_iv", "child_pace_other", "child_children_act", "overnight",
)  # fmt: skip
"""Intervals that come from Python: who is a child, and when; nights counted as overnight."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Watches that may be run together: none needs what another of them finds."""

    level: int
    opens: tuple[Opens, ...]
    closes: tuple[Closes, ...]
    marks: tuple[int, ...] = ()
    """The subjects that are marks settled here, once every watch has been run."""
    marks_on: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The same by the kind of fact on which they are set."""

    def kinds(self) -> frozenset[str]:
        """Every kind of fact that this stratum looks at."""
        watches: tuple[Opens | Closes, ...] = (*self.opens, *self.closes)
        named = {kind for watch in watches for kind in watch.select.kinds}
        return frozenset(named.union(*(watch.since for watch in self.opens)))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a back-end runs. Watches name their subject by its place in `subjects`."""

    subjects: tuple[Subject, ...]
    strata: tuple[Stratum, ...]
    attributes: Mapping[str, Mapping[str, Attribute]] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
    """Every kind of fact that some watch looks at."""
    relied: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """By place of a rule in `subjects`: kinds of entry whose absence could make it find wrongly."""
    rules: Mapping[int, Rule] = field(default_factory=dict)
    """The rules among the subjects, by place."""
    facts: Mapping[int, DerivedFact] = field(default_factory=dict)
    """The derived facts among the subjects, by place."""
    terms: Mapping[int, Terms] = field(default_factory=dict)
    """What verdicts need of each rule, by its place in `subjects`."""
    marks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What each mark comes down to: the attributes asked for it, directly or through other marks."""
    states: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The intervals that each mark asks for, directly or through other marks."""


class CycleError(ValueError):
    """Derived facts that need each other; no order of strata can settle them."""


def make_plan(facts: Sequence[DerivedFact], rules: Sequence[Rule], vocabulary: Vocabulary) -> Plan:
    """Lay out checked rules and derived facts in strata; raise `CycleError` by name."""
    subjects: tuple[Subject, ...] = (*facts, *rules)
    levels = fact_levels(facts, vocabulary)
    opens: dict[int, list[Opens]] = {}
    closes: dict[int, list[Closes]] = {}
    for index, subject in enumerate(subjects):
        level = RULES if isinstance(subject, Rule) else levels[subject.fact]
        for watch in watches_of(index, subject):
            if isinstance(watch, Opens):
                opens.setdefault(level, []).append(watch)
            else:
                closes.setdefault(level, []).append(watch)
    strata = tuple(
        Stratum(
            level,
            tuple(opens.get(level, ())),
            tuple(closes.get(level, ())),
            *_marks_settled(facts, [levels[each.fact] == level for each in facts]),
        )
        for level in sorted({*opens, *closes})
    )
    kinds = frozenset(kind for stratum in strata for kind in stratum.kinds())
    table = attributes_with_marks(facts, vocabulary)
    relied = {
        index: frozenset(_relied(subject, facts))
        for index, subject in enumerate(subjects)
        if isinstance(subject, Rule)
    }
    return Plan(
        subjects,
        strata,
        table,
        kinds,
        relied,
        {place: subject for place, subject in enumerate(subjects) if isinstance(subject, Rule)},
        dict(enumerate(facts)),
        {place: terms_of(each) for place, each in enumerate(subjects) if isinstance(each, Rule)},
        _marks(facts),
        _states(facts),
    )


def _marks_settled(
    facts: Sequence[DerivedFact], here: Sequence[bool]
) -> tuple[tuple[int, ...], dict[str, tuple[int, ...]]]:
    """Return the subjects that are marks settled in a stratum: all of them, and by kind of fact."""
    kinds = {
        number: each.mark.on for number, each in enumerate(facts) if each.mark and here[number]
    }
    named = dict.fromkeys(kind for on in kinds.values() for kind in on)
    return (*kinds,), {kind: tuple(n for n, on in kinds.items() if kind in on) for kind in named}


_WHEREABOUTS = (
    "checked", "cell_placed", "cell_left", "kept_outside_cell", "interview_started", "hospital_out",
)  # fmt: skip
WORKED_OUT_FROM = {
    "review_due": ("hospital_out", "review_held", "review_postponed"),
    "review_counted": ("review_held",),
    "postponement_used": ("review_postponed",),
    "custody_limit": (
        "hospital_out", "extension_authorised", "warrant_issued", "court_not_sitting_noted",
    ),  # not warrant_refused: without it a limit is later, so nothing is found that is not so
    "limit_extended": ("extension_authorised", "warrant_issued", "court_not_sitting_noted"),
    "extension_weighed": ("hospital_out",),
    "application_weighed": ("hospital_out",),
    "warrant_weighed": ("court_not_sitting_noted",),
    "court_due": ("hospital_out",),
    "charged_on_all": ("charged",),
    "rest_lost": ("rest_started",),
    "visit_due": _WHEREABOUTS,
    "visit_made": ("checked",),
    "rousing_due": _WHEREABOUTS,
    "rousing_made": ("checked",),
    "meals_short": ("meal_offered",),
    "entry_written_late": (),  # from whatever entries there are
    "delay_limit": ("right_delay_authorised",),
}  # fmt: skip
"""Kinds of entry from which Python works out a derived kind (`clock_facts.py`, `visits.py`, ...)."""


def _relied(rule: Rule, facts: Sequence[DerivedFact]) -> Iterator[str]:
    """Yield the kinds that discharge, excuse or allow: without them silence means nothing.

    A duty may also be discharged by any of several kinds; then one that is carried is enough to
    look for, but not to find a breach.
    """
    by_name = {fact.fact: fact for fact in facts}

    def of_kinds(kinds: Sequence[str]) -> Iterator[str]:
        for kind in kinds:
            yield from WORKED_OUT_FROM.get(kind, (kind,))

    def of_names(names: Sequence[str]) -> Iterator[str]:
        for name in names:
            fact = by_name.get(name)
            if fact is not None and fact.interval is not None:
                yield from of_kinds(fact.interval.begins.kind)
            elif fact is not None and fact.mark is not None:
                for way in fact.mark.yes_when:
                    asked = [test.attribute for test in tests(condition_of(way.where))]
                    yield from of_names([*way.during, *asked])

    for selector in (rule.arises_on, rule.never, *rule.excused_by):
        if selector is not None:
            asked = [test.attribute for test in tests(condition_of(selector.where))]
            yield from of_names([*selector.unless, *asked])
    for kind in (rule.arises_on or rule.never or Selector(kind=())).kind:
        yield from WORKED_OUT_FROM.get(kind, ())
    for excuse in rule.excused_by:
        yield from of_kinds(excuse.kind)
    if rule.must is not None:
        yield from of_kinds(rule.must.happen)
        yield from of_names(rule.must.during)
    yield from rule.relies_on


def _marks(facts: Sequence[DerivedFact]) -> dict[str, frozenset[str]]:
    asked = {
        fact.fact: {
            test.attribute
            for alternative in fact.mark.yes_when
            for test in tests(condition_of(alternative.where))
        }
        for fact in facts
        if fact.mark is not None
    }

    def below(name: str) -> set[str]:
        parts = asked.get(name)
        return {name} if parts is None else {each for part in parts for each in below(part)}

    return {name: frozenset(below(name)) for name in asked}


def _states(facts: Sequence[DerivedFact]) -> dict[str, frozenset[str]]:
    ways = {fact.fact: fact.mark.yes_when for fact in facts if fact.mark is not None}

    def below(name: str) -> set[str]:
        out: set[str] = set()
        for way in ways.get(name, ()):
            out.update(way.during, way.unless)
            for test in tests(condition_of(way.where)):
                out |= below(test.attribute)
        return out

    return {name: frozenset(below(name)) for name in ways}


def attributes_with_marks(
    facts: Sequence[DerivedFact], vocabulary: Vocabulary
) -> dict[str, dict[str, Attribute]]:
    """Return what may be asked of each kind: its own attributes and the marks set on it."""
    table = {name: dict(kind.attributes) for name, kind in vocabulary.kinds.items()}
    for fact in facts:
        for kind in fact.mark.on if fact.mark else ():
            mark = Attribute(name=fact.fact, type="yes_no", about=fact.about)
            table.setdefault(kind, {})[fact.fact] = mark
    return table


# --- strata ------------------------------------------------------------------------------------


def fact_levels(facts: Sequence[DerivedFact], vocabulary: Vocabulary) -> dict[str, int]:
    """Return the stratum of each derived fact; raise `CycleError` naming those in a circle."""
    by_name = {fact.fact: fact for fact in facts}
    levels: dict[str, int] = {}

    def level_of(name: str, path: tuple[str, ...]) -> int:
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            message = f"derived facts need each other: {circle}"
            raise CycleError(message)
        if name not in levels:
            needed = _needs(by_name[name], vocabulary)
            below = [
                level_of(each, (*path, name)) if each in by_name else _given(each)
                for each in needed
            ]
            levels[name] = 1 + max(below, default=0)
        return levels[name]

    for fact in facts:
        level_of(fact.fact, ())
    return levels


def _given(name: str) -> int:
    return CLOCKS if name in ("overnight", "#clocks") else 0


def _needs(fact: DerivedFact, vocabulary: Vocabulary) -> set[str]:
    needed: set[str] = set()
    for watch in watches_of(0, fact):
        select = watch.select
        needed.update(select.during, select.unless)
        needed.update(test.attribute for test in tests(select.condition))
        if any(vocabulary.kinds[kind].derived for kind in select.kinds):
            needed.add("#clocks")
    own = {name for kind in vocabulary.kinds.values() for name in kind.attributes}
    return {name for name in needed if name not in own or name == "#clocks"}
