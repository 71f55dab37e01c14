"""What an edit of the rules would change, detention by detention.

Both rule sets judge the same records; findings are compared by their key. Only rules that can
differ are run: those whose meaning changed, those that read a changed parameter or a derived fact
that may differ, and those tied to them as cause or consequence; if the vocabulary changed, or what
the clocks read, all of them.
"""

from __future__ import annotations

import gc
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from multiprocessing import get_all_start_methods, get_context
from typing import Any, Literal, TypeVar

from detention_monitor.assess import Assessment, assess, end_of
from detention_monitor.authoring.edits import edits, first_days
from detention_monitor.authoring.unused import BY_PROGRAM
from detention_monitor.detention import Detention
from detention_monitor.durable import DurableBackend
from detention_monitor.findings import Finding
from detention_monitor.interruptions import interruptions
from detention_monitor.plan import Plan, make_plan
from detention_monitor.rulecheck import opening_kinds
from detention_monitor.rulefile import RuleSet, worded
from detention_monitor.rulemodel import DerivedFact, Rule
from detention_monitor.times import start_of_day

Kind = Literal["gained", "lost", "moved"]
KINDS: tuple[Kind, ...] = ("gained", "lost", "moved")
EXAMPLES = 3
SHIFT = 8
"""Hours of a shift, and children in a suite, for which interruptions are told."""
SUITE = 10
MOST_WATCHED = 20
"""Detentions, evenly chosen, of which interruptions are counted: each is judged at every change."""
_WORDS = {"tests", "title", "says", "do", "clears", "message", "who"}
"""Fields of a rule that do not decide what is found."""


@dataclass(frozen=True, slots=True)
class Change:
    """One finding that an edit would add, take away, or move (in time, severity or status)."""

    kind: Kind
    rule: str
    detention: str
    before: Finding | None
    after: Finding | None


@dataclass(slots=True)
class Impact:
    """What an edit would change over some records."""

    old: str
    new: str
    compared: tuple[str, ...]
    edits: tuple[str, ...] = ()
    unreached: tuple[tuple[str, date], ...] = ()
    """What begins, or ends, on a day that no record reaches: nothing of it can show."""
    detentions: int = 0
    entries: int = 0
    changes: list[Change] = field(default_factory=list)
    refusals: list[tuple[str, str, str]] = field(default_factory=list)
    """Detentions judged by one rule set and refused by the other: name, before, after."""
    interruptions: tuple[float, float] = (0.0, 0.0)
    """Interruptions a shift in a suite by the rules compared, before and after."""
    watched: int = 0
    """Of how many detentions the interruptions were counted."""
    numbers: tuple[str, str] = ("", "")
    """Whose policy was judged by before and after, in words; empty where none was."""

    def count(self, rule: str, kind: Kind) -> int:
        """Return how many findings of a rule would be gained, lost or moved."""
        return sum(each.rule == rule and each.kind == kind for each in self.changes)

    def touched(self) -> int:
        """Return how many detentions would have other findings."""
        return len({each.detention for each in self.changes})

    def rules(self) -> list[str]:
        """Return the rules of which something would change, most changes first."""
        names = {each.rule for each in self.changes}
        return sorted(names, key=lambda name: (-sum(self.count(name, k) for k in KINDS), name))

    def examples(self, rule: str, kind: Kind) -> list[Change]:
        """Return the first few changes of a kind, of different detentions where there are some."""
        found = [each for each in self.changes if each.rule == rule and each.kind == kind]
        first: dict[str, Change] = {}
        for each in found:
            first.setdefault(each.detention, each)
        others = [each for each in found if first[each.detention] is not each]
        return [*first.values(), *others][:EXAMPLES]


def impact(
    old: RuleSet, new: RuleSet, detentions: Sequence[Detention], workers: int = 1,
    watch: int = MOST_WATCHED,
) -> Impact:  # fmt: skip
    """Return what changing from one rule set to another would change over some detentions.

    With several workers the work is shared out over processes that begin as copies of this one;
    the result is the same for any number.
    """
    names = tuple(sorted(_that_may_differ(old, new)))
    before, after = _part(old, names), _part(new, names)
    out = Impact(old.hash, new.hash, names, tuple(edits(old, new)))
    out.numbers = old.parameters.whose, new.parameters.whose
    out.detentions = len(detentions)
    out.entries = sum(len(each.entries) for each in detentions)
    last = max((entry.at for each in detentions for entry in each.entries), default=0)
    days = dict.fromkeys(first_days(old, new))  # both versions of a rule begin or end on one
    out.unreached = tuple(each for each in days if start_of_day(each[1]) > last)
    if not names:
        return out
    begins = _begins_with(before, after) if _same_ground(old, new) else None
    touched = [
        each for each in detentions
        if begins is None or any(entry.kind in begins for entry in each.entries)
    ]  # fmt: skip
    watched = detentions[:: max(1, len(detentions) // watch)][:watch]
    out.watched = len(watched)
    for part in (before, after):
        _backend_of(part)  # made here, once: copies of this process have it
    jobs = [_Job(each, before, after) for each in (*touched, *watched)]
    judge = partial(_judged, jobs)
    places, called = range(len(touched)), range(len(touched), len(jobs))
    shifts = [0, 0, 0, 0]
    for refusals, changes in _shared(judge, places, workers):
        out.refusals += refusals
        out.changes += changes
    for each in _shared(partial(_watched, jobs), called, workers):
        shifts = [known + more for known, more in zip(shifts, each, strict=True)]
    out.interruptions = (_a_shift(*shifts[:2]), _a_shift(*shifts[2:]))
    return out


@dataclass(frozen=True, slots=True)
class _Job:
    detention: Detention
    before: RuleSet
    after: RuleSet


Result = TypeVar("Result")


def _shared(work: Callable[[int], Result], places: range, workers: int) -> Iterator[Result]:
    """Yield what work comes to at each place, in order, by this process or by copies of it.

    A copy is safe only of a process with one thread; with more, this one does it all.
    """
    alone = workers < 2 or len(places) < 2 * workers or threading.active_count() > 1
    if alone or "fork" not in get_all_start_methods():
        yield from map(work, places)
        return
    _WORK.append(work)
    gc.freeze()  # a copy that collected what it shares would first have to own it
    try:
        with get_context("fork").Pool(workers) as pool:
            # Small enough that nobody waits for the last one.
            yield from pool.imap(_in_a_copy, places, max(1, len(places) // (workers * 20)))
    finally:
        gc.unfreeze()
        _WORK.pop()


_WORK: list[Callable[[int], Any]] = []
"""What copies of this process are to do: they find it here, nothing has to be sent to them."""


def _in_a_copy(place: int) -> Any:
    return _WORK[-1](place)


_BACKENDS: list[tuple[Plan, DurableBackend]] = []
"""The engines of this process, the last few: each process makes its own."""


def _backend_of(ruleset: RuleSet) -> DurableBackend:
    for plan, backend in _BACKENDS:
        if plan is ruleset.plan:
            return backend
    _BACKENDS.append((ruleset.plan, DurableBackend(ruleset.plan)))
    del _BACKENDS[:-2]
    return _BACKENDS[-1][1]


def _judged(jobs: Sequence[_Job], place: int) -> tuple[list[tuple[str, str, str]], list[Change]]:
    """Return how one detention is refused otherwise, and which of its findings would change."""
    each, before, after = jobs[place].detention, jobs[place].before, jobs[place].after
    first = assess(each, before, end_of(each, before), backend=_backend_of(before))
    second = assess(each, after, end_of(each, after), backend=_backend_of(after))
    refused = first.refused or "judged", second.refused or "judged"
    refusals = [] if first.refused == second.refused else [(each.id, *refused)]
    return refusals, list(_changes(first, second))


def _watched(jobs: Sequence[_Job], place: int) -> tuple[int, int, int, int]:
    """Return interruptions and seconds of custody of one detention, before and after."""
    job = jobs[place]
    return (*_called(job.detention, job.before), *_called(job.detention, job.after))


def _called(detention: Detention, ruleset: RuleSet) -> tuple[int, int]:
    backend = _backend_of(ruleset)
    result = assess(detention, ruleset, end_of(detention, ruleset), backend=backend)
    if result.refused is not None or result.authorised_at is None:
        return 0, 0
    seconds = (result.ended_at or end_of(detention, ruleset)) - result.authorised_at
    return sum(1 for _ in interruptions(detention, ruleset, backend)), seconds


def _a_shift(count: int, seconds: int) -> float:
    """Return the interruptions in one shift of a suite, of so many in so much custody."""
    return count / seconds * 3600 * SHIFT * SUITE if seconds else 0.0


# --- which rules can differ ----------------------------------------------------------------------


def _numbers(old: RuleSet, new: RuleSet) -> set[str]:
    """Return the parameters whose values differ."""
    return {
        name
        for name in {*old.parameters.values, *new.parameters.values}
        if old.parameters.values.get(name) != new.parameters.values.get(name)
    }


def _same_ground(old: RuleSet, new: RuleSet) -> bool:
    """Whether all that the program itself works out is the same: clocks, visits, who is a child."""
    return (
        old.vocabulary == new.vocabulary
        and old.parameters.suites == new.parameters.suites
        and BY_PROGRAM.isdisjoint(_numbers(old, new) | _changed_facts(old, new))
    )


def _changed_facts(old: RuleSet, new: RuleSet) -> set[str]:
    """Return the derived facts that may differ: changed, reading a changed number, or built on one."""
    numbers = _numbers(old, new)
    told = [{fact.fact: fact.model_dump_json() for fact in each.facts} for each in (old, new)]
    names = {*told[0], *told[1]}
    changed = {name for name in names if told[0].get(name) != told[1].get(name)}
    changed |= {name for each in told for name, text in each.items() if numbers & _read(text)}
    while True:
        more = {name for each in told for name, text in each.items()
                if name not in changed and changed & _words(text)}  # fmt: skip
        if not more:
            return changed
        changed |= more


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))


def _begins_with(*parts: RuleSet) -> frozenset[str] | None:
    """Return the kinds of entry without which no rule of some rule sets can find anything.

    None where one begins with what the program works out: that may come of any entry.
    """
    kinds = {kind for part in parts for rule in part.rules for kind in opening_kinds(rule)}
    derived = any(part.vocabulary.kinds[kind].derived for part in parts for kind in kinds
                  if kind in part.vocabulary.kinds)  # fmt: skip
    return None if derived else frozenset(kinds)


def _that_may_differ(old: RuleSet, new: RuleSet) -> set[str]:
    everything = {rule.id for rule in (*old.rules, *new.rules)}
    numbers = _numbers(old, new)
    if not _same_ground(old, new):
        return everything
    facts = _changed_facts(old, new)
    meanings = [_meanings(ruleset) for ruleset in (old, new)]
    changed = {name for name in everything if meanings[0].get(name) != meanings[1].get(name)}
    both = (*old.rules, *new.rules)
    for each in both:
        text = each.model_dump_json(exclude={"tests"})
        if numbers & _read(text) or facts & _words(text):
            changed.add(each.id)
    tied = {rule.id for rule in both if changed & {*rule.because_of}}
    causes = {c for rule in both if rule.id in changed | tied for c in rule.because_of}
    return changed | tied | causes


def _read(text: str) -> set[str]:
    return set(re.findall(r'"\$([a-z][a-z0-9_]*)"', text))


def _meanings(ruleset: RuleSet) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for rule in ruleset.rules:
        out.setdefault(rule.id, []).append(rule.model_dump_json(exclude=_WORDS))
    return out


def _part(whole: RuleSet, names: Sequence[str]) -> RuleSet:
    rules: tuple[Rule, ...] = tuple(rule for rule in whole.rules if rule.id in names)
    plan = worded(make_plan(_needed(whole.facts, rules), rules, whole.vocabulary), whole.wording)
    # All kinds stay: what is made of an entry may depend on entries that these rules do not read.
    return replace(whole, rules=rules, plan=replace(plan, kinds=whole.plan.kinds))


def _needed(facts: Sequence[DerivedFact], rules: Sequence[Rule]) -> tuple[DerivedFact, ...]:
    """Return the derived facts that some rules, the program, or facts so needed may read."""
    reads = {fact.fact: _words(fact.model_dump_json()) for fact in facts}
    needed = {*BY_PROGRAM}.union(*(_words(rule.model_dump_json()) for rule in rules))
    while True:
        more = {word for name in needed & {*reads} for word in reads[name]} - needed
        if not more:
            return tuple(fact for fact in facts if fact.fact in needed)
        needed |= more


# --- what has changed ----------------------------------------------------------------------------


def _changes(before: Assessment, after: Assessment) -> Iterator[Change]:
    first = {each.key: each for each in before.findings if _counts(each)}
    second = {each.key: each for each in after.findings if _counts(each)}
    for key, finding in second.items():
        known = first.get(key)
        if known is None:
            earlier = next((each for each in before.findings if each.key == key), None)
            yield Change("gained", finding.rule, before.detention, earlier, finding)
        elif _place(known) != _place(finding):
            yield Change("moved", finding.rule, before.detention, known, finding)
    for key, finding in first.items():
        if key not in second:
            later = next((each for each in after.findings if each.key == key), None)
            yield Change("lost", finding.rule, before.detention, finding, later)


def _counts(finding: Finding) -> bool:
    praised = finding.nature == "good_practice" and finding.status == "matched"
    return finding.is_breach or praised


def _place(finding: Finding) -> tuple[object, ...]:
    return (
        finding.status, finding.severity, finding.certainty, finding.authority, finding.due_at,
        finding.minutes_late, finding.occurred_at, finding.because_of,
    )  # fmt: skip
