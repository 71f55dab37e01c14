"""Compile a plan to durable_rules and run it: the back-end that does the inference.

Two layers of rules. The *selecting* rules match one fact each: every selection of the plan is
split into the alternatives under which it is true and those under which it is unknown (H13), so
that no `$or` is ever compiled. The *closing* rules are the same for every plan: an instance fact
says what is looked for and from which minute, a class fact that an entry is of that selection, and
a rule joins the instance with the first such entry. Facts are never retracted; a `not` follows the
fact it speaks of and is ordered strictly against it (H14); every join ends in a guard that is
always true (H1). States (an adult is present, the person is a child) are intervals of the clock
minute and reach the engine as a number on each fact: 2 surely in the state, 1 perhaps.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from operator import itemgetter
from typing import Any

from detention_monitor.conditions import (
    Conjunction,
    Literal,
    Scalar,
    allowed,
    encode,
    tests,
    three_valued,
)
from detention_monitor.engine import Ruleset
from detention_monitor.plan import Closes, Opens, Plan, Selection, Stratum
from detention_monitor.timeline import FAR, Closing, Conclusions, Fact, Interval
from detention_monitor.vocabulary import Attribute

MOST_ALPHAS = 60
"""Rules in one rule set, all about one kind of fact: each is an alpha node that a fact of that kind
may match (H15: error 303 at 65), and far below what hangs the compiler of the engine (H11)."""
_OPERATORS = {"lt": "$lt", "le": "$lte", "gt": "$gt", "ge": "$gte", "ne": "$neq"}

Pattern = list[dict[str, Any]]
Attributes = Mapping[str, Mapping[str, Attribute]]


class DurableBackend:
    """Runs the strata of a plan through durable_rules, one detention at a time."""

    name = "durable_rules"

    def __init__(self, plan: Plan) -> None:
        """Compile every stratum; raise `EngineError` where the engine refuses one."""
        self._closer = _Closer(plan)
        self._strata = {
            stratum.level: _Runner(stratum, plan, self._closer) for stratum in plan.strata
        }

    def run(
        self, stratum: Stratum, facts: Sequence[Fact], intervals: Sequence[Interval]
    ) -> Conclusions:
        """Return every opening and first closing among `facts`, which are in order of time.

        Raises `EngineError` if the engine fails; the back-end stays usable.
        """
        return self._strata[stratum.level].run(facts, intervals)

    def size(self) -> dict[str, int]:
        """Return how many rule sets and rules the engine holds, and the most rules about a kind."""
        shards = [shard for runner in self._strata.values() for shard in runner.shards]
        return {
            "rulesets": len(shards) + 1,
            "rules": sum(len(shard.definition) for shard in shards) + self._closer.rules,
            "most": max((len(shard.definition) for shard in shards), default=0),
        }

    def about(self) -> dict[str, int]:
        """Return for each kind of fact the most selecting rules about it in one rule set (H15)."""
        out: dict[str, int] = {}
        for runner in self._strata.values():
            for shard in runner.shards:
                out[shard.kind] = max(len(shard.definition), out.get(shard.kind, 0))
        return out

    def work(self) -> dict[str, int]:
        """Return how many facts the engine was told, and how many rules fired, so far."""
        sets = [each for runner in self._strata.values() for each in runner.rulesets()]
        sets.append(self._closer.ruleset)
        return {
            "facts": sum(each.fed for each in sets),
            "firings": sum(each.fired for each in sets),
        }


# --- compiling ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Shard:
    """Selecting rules about one kind of fact that share a rule set of the engine."""

    kind: str
    definition: dict[str, Any] = field(default_factory=dict)
    meaning: dict[str, tuple[int, int, tuple[str, ...]]] = field(default_factory=dict)
    """Rule name -> number of the selection, certainty at best, states read from the match."""
    selections: list[Selection] = field(default_factory=list)


def compile_selections(selections: Sequence[Selection], attributes: Attributes) -> list[Shard]:
    """Compile selections, each numbered by its place, to rule sets of one kind of fact each.

    Starting on a detention costs the engine time for every rule of a rule set, so that only the
    kinds which occur in a detention are paid for; a kind with too many rules has several.
    """
    shards: dict[str, list[Shard]] = {}
    for number, select in enumerate(selections):
        for kind in select.kinds:
            rules = list(_rules_of(select, kind, attributes[kind]))
            held = shards.setdefault(kind, [Shard(kind)])
            if len(held[-1].definition) + len(rules) > MOST_ALPHAS:
                held.append(Shard(kind))
            shard = held[-1]
            shard.selections.append(select)
            for certainty, pattern in rules:
                name = f"r{len(shard.definition)}"
                shard.definition[name] = {"all": [{"e": {"$and": pattern}}]}
                shard.meaning[name] = (number, certainty, select.during)
    return [shard for held in shards.values() for shard in held]


def _rules_of(
    select: Selection, kind: str, attributes: Mapping[str, Attribute]
) -> Iterator[tuple[int, Pattern]]:
    """Yield certainty and pattern of every alternative of a selection, for one kind of fact."""
    meaning = three_valued(select.condition, attributes)
    states = [{"$gte": {f"w_{name}": 1}} for name in select.during]
    outside = [{"$nex": {f"w_{name}": 1}} for name in select.unless]
    base = _fact_tests(kind, select)

    def whole(conjunction: Conjunction, way: Pattern) -> Pattern:
        literals = [_literal(each) for each in sorted(conjunction, key=str)]
        return [*base, *literals, *states, *way]

    for conjunction in sorted(meaning.true, key=sorted):
        yield 2, whole(conjunction, outside)
        for way in _not_surely(select.unless):
            if way != outside:
                yield 1, whole(conjunction, way)
    for conjunction in sorted(meaning.unknown, key=sorted):
        for way in _not_surely(select.unless):
            yield 1, whole(conjunction, way)


def _not_surely(names: Sequence[str]) -> Iterator[Pattern]:
    """Yield every way of not being surely in any of some states: out of it, or perhaps in it."""
    for perhaps in product((False, True), repeat=len(names)):
        yield [
            {f"w_{name}": 1} if maybe else {"$nex": {f"w_{name}": 1}}
            for name, maybe in zip(names, perhaps, strict=True)
        ]


def _literal(literal: Literal) -> dict[str, Any]:
    name = f"a_{literal.attribute}"
    if literal.operator == "eq":
        return {name: literal.value}
    if literal.operator in ("ex", "nex"):
        return {f"${literal.operator}": {name: 1}}
    return {_OPERATORS[literal.operator]: {name: literal.value}}


def _fact_tests(kind: str, select: Selection) -> Pattern:
    out: Pattern = [{"k": kind}]
    if select.start > 0:
        out.append({"$gte": {"at": select.start}})
    if select.end < FAR:
        out.append({"$lt": {"at": select.end}})
    return out


# --- running -----------------------------------------------------------------------------------

_MOST_REMEMBERED = 20_000
"""Questions remembered by one rule set; beyond that all are forgotten, so that memory stays flat."""
_LONGEST_REMEMBERED = 12
_EMPTY = (None, "", ())


class _Runner:
    """One stratum: selects with the engine, then closes every opening with it."""

    def __init__(self, stratum: Stratum, plan: Plan, closer: _Closer) -> None:
        self._closer = closer
        numbers: dict[Selection, int] = {}
        watches: tuple[Opens | Closes, ...] = (*stratum.opens, *stratum.closes)
        for watch in watches:
            numbers.setdefault(watch.select, len(numbers))
        self.shards = compile_selections(list(numbers), plan.attributes)
        self._selecting: dict[str, list[_Selecting]] = {}
        for shard in self.shards:
            selecting = _Selecting(shard, plan.attributes[shard.kind])
            self._selecting.setdefault(shard.kind, []).append(selecting)
        self._states = frozenset(n for s in numbers for n in (*s.during, *s.unless))
        self._opens: dict[int, list[tuple[int, Opens]]] = {}
        """By number of the selection: the openings it makes, each with its place in the stratum."""
        for place, opens in enumerate(stratum.opens):
            self._opens.setdefault(numbers[opens.select], []).append((place, opens))
        self._closings: dict[tuple[int, str], list[tuple[int, Closes]]] = {}
        for closes in stratum.closes:
            key = (closes.subject, closes.of)
            self._closings.setdefault(key, []).append((numbers[closes.select], closes))

    def rulesets(self) -> Iterator[Ruleset]:
        """Yield the rule sets of the engine that select in this stratum."""
        for held in self._selecting.values():
            yield from (each.ruleset for each in held)

    def run(self, facts: Sequence[Fact], intervals: Sequence[Interval]) -> Conclusions:
        matched = self._selected(facts, _States(intervals, self._states))
        found = Conclusions()
        search = _Search(self._closer, facts, matched)
        try:
            opening = [
                (place, opens, matching)
                for number, matching in matched.items()
                for place, opens in self._opens.get(number, ())
            ]
            for _, opens, matching in sorted(opening, key=itemgetter(0)):
                key = (opens.subject, opens.role)
                found.open(key, matching)
                self._close(key, opens.since, search, found)
        finally:
            search.end()
        return found

    def _selected(self, facts: Sequence[Fact], states: _States) -> dict[int, dict[int, int]]:
        """Return by number of each selection the places of the facts in it, with certainties."""
        matched: dict[int, dict[int, int]] = {}
        for place, fact in enumerate(facts):
            for selecting in self._selecting.get(fact.kind, ()):
                for number, certainty in selecting.of(fact, states):
                    held = matched.setdefault(number, {})
                    held[place] = min(certainty, fact.certainty)
        return matched

    def _close(
        self, key: tuple[int, str], since: tuple[str, ...], search: _Search, found: Conclusions
    ) -> None:
        """Find the first closings of every opening of a role, and open the step that follows."""
        closings = self._closings.get(key)
        if closings is None:
            return
        begun = [(place, search.since(place, since)) for place in sorted(found.opened[key])]
        for number, closes in closings:
            if number not in search.matched:
                continue
            again: dict[int, int] = {}
            for place, minute in begun:
                closing = search.first(number, closes.same, place, minute + closes.later)
                if closing is None:
                    continue
                found.closed[closes.subject, closes.role, place] = closing
                if closes.opens:
                    for each, value in ((closing.certain, 2), (closing.unsure, 1)):
                        if each is not None:
                            again[each] = max(value, again.get(each, 0))
            if again:
                following = (closes.subject, closes.role)
                found.opened.setdefault(following, {}).update(again)
                self._close(following, (), search, found)


class _States:
    """The intervals of a detention, asked by name and clock minute."""

    def __init__(self, intervals: Sequence[Interval], names: frozenset[str]) -> None:
        self._spans: dict[str, list[tuple[int, int, int]]] = {}
        for each in intervals:
            if each.name in names:
                span = (each.first_minute, each.last_minute, each.certainty)
                self._spans.setdefault(each.name, []).append(span)

    def at(self, name: str, minute: int) -> int:
        """Return 2 in a minute surely in the state, 1 perhaps, 0 outside it."""
        held = 0
        for first, last, certainty in self._spans.get(name, ()):
            if first <= minute <= last and certainty > held:
                held = certainty
        return held


_Told = tuple[tuple[Any, ...], tuple[bool, ...], tuple[int, ...], int]
"""All that selecting rules can tell two facts apart by: values, what is blank, states, period."""


class _Selecting:
    """One rule set of selecting rules about one kind of fact, and what it has said before.

    A selecting rule looks at one fact alone, so that what it says of a fact depends only on what it
    is told of it. The engine is asked once, and its answer kept for every fact that says the same.
    """

    def __init__(self, shard: Shard, attributes: Mapping[str, Attribute]) -> None:
        self._kind, self._meaning = shard.kind, shard.meaning
        self.ruleset = Ruleset(shard.definition)
        chosen = shard.selections
        self._states = tuple(sorted({n for each in chosen for n in (*each.during, *each.unless)}))
        asked = {test.attribute for each in chosen for test in tests(each.condition)}
        self._asked = tuple((name, f"a_{name}", attributes[name]) for name in sorted(asked))
        self._compared = tuple(n for n, _, each in self._asked if allowed(each))
        self._named = tuple(n for n, _, each in self._asked if not allowed(each))
        bounds = {bound for each in chosen for bound in (each.start, each.end)}
        self._bounds = sorted(bounds - {0, FAR})
        self._answers: dict[_Told, tuple[tuple[int, int], ...]] = {}

    def of(self, fact: Fact, states: _States) -> tuple[tuple[int, int], ...]:
        """Return the numbers of the selections that a fact is of, each with the certainty."""
        value, minute = fact.attrs.get, fact.at // 60
        told = (
            tuple(map(value, self._compared)),
            tuple([value(name) in _EMPTY for name in self._named]),
            tuple([states.at(name, minute) for name in self._states]),
            bisect_right(self._bounds, fact.at),
        )
        answer = self._answers.get(told)
        if answer is None:
            if len(self._answers) >= _MOST_REMEMBERED:
                self._answers.clear()
            answer = self._answers[told] = self._ask(fact, states)
        return answer

    def _ask(self, fact: Fact, states: _States) -> tuple[tuple[int, int], ...]:
        scalars = self._scalars(fact, states)
        best: dict[int, int] = {}
        self.ruleset.begin()
        try:
            for name, _ in self.ruleset.feed(scalars):
                number, certainty, during = self._meaning[name]
                for state in during:
                    certainty = min(certainty, int(scalars[f"w_{state}"]))
                best[number] = max(certainty, best.get(number, 0))
        finally:
            self.ruleset.end()
        return tuple(best.items())

    def _scalars(self, fact: Fact, states: _States) -> dict[str, Scalar]:
        out: dict[str, Scalar] = {"k": self._kind, "at": fact.at}
        for name, key, attribute in self._asked:
            value = encode(attribute, fact.attrs.get(name))
            if value is not None:
                out[key] = value
        for name in self._states:
            held = states.at(name, fact.at // 60)
            if held:
                out[f"w_{name}"] = held
        return out


class _Closer:
    """The closing rules: the same for every plan, one pair for each set of attributes joined."""

    def __init__(self, plan: Plan) -> None:
        joined = {closes.same for stratum in plan.strata for closes in stratum.closes}
        self.variants = {same: number for number, same in enumerate(sorted(joined))}
        definition = {
            f"{word}{number}": _first(number, same, certainty)
            for same, number in self.variants.items()
            for word, certainty in (("certain", 2), ("unsure", 1))
        }
        self.rules = len(definition)
        names = {name for same in joined for name in same}
        self.joined = {
            kind: tuple((f"a_{name}", name, own[name]) for name in sorted(names) if name in own)
            for kind, own in plan.attributes.items()
        }
        self.ruleset = Ruleset(definition)
        self.answers: dict[_Question, _Answer] = {}
        """What was found before, by question (`_Search.first`)."""


_Joined = tuple[tuple[str, Scalar], ...]
"""The attributes of a fact by which some closing is joined to its opening."""
_Question = tuple[
    tuple[str, ...], _Joined, int, tuple[int, ...], tuple[int, ...], tuple[_Joined, ...]
]
"""All that a closing rule can tell two openings apart by (`_Search.first`)."""
_Answer = tuple[int | None, int | None]
"""Which of the candidates comes first: the certain one, and an unsure one before it."""


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The facts of a selection in order of time, as the closing rules see them."""

    places: list[int]
    minutes: list[int]
    certainties: tuple[int, ...]
    joined: tuple[_Joined, ...]


def _first(variant: int, same: Sequence[str], certainty: int) -> dict[str, Any]:
    """Return the rule that finds the first entry of the selection that an instance looks for."""
    instance: Pattern = [{"k": "#i"}, {"v": variant}]
    instance += [{"$ex": {f"a_{name}": 1}} for name in same]
    joins: Pattern = [{"k": "#c"}, {"c": certainty}]
    joins += [{"$ex": {f"a_{name}": 1}} for name in same]
    joins += [{"s": {"i": "s"}}, {"$gte": {"m": {"i": "m"}}}, {"$neq": {"n": {"i": "n"}}}]
    joins += [{f"a_{name}": {"i": f"a_{name}"}} for name in same]
    earlier: Pattern = [*joins, {"$lt": {"n": {"e": "n"}}}, {"z": {"e": "z"}}]
    return {
        "all": [
            {"i": {"$and": instance}},
            {"e": {"$and": [*joins, {"z": {"i": "z"}}]}},
            {"b$not": {"$and": earlier}},
        ]
    }


class _Search:
    """Closings looked for in one stratum of one detention.

    Every class fact of a selection is asserted, in order of time, before the first instance that
    looks for it, so that nothing is negated before it is known. Clock minutes reach the engine as
    their numbers among the minutes in which anything happened: closing rules only compare them.
    """

    def __init__(
        self, closer: _Closer, facts: Sequence[Fact], matched: Mapping[int, Mapping[int, int]]
    ) -> None:
        self._closer, self._facts, self.matched = closer, facts, matched
        self._minutes = sorted({fact.at // 60 for fact in facts})
        self._minutes_of: dict[str, list[int]] | None = None
        self._found: dict[tuple[int, tuple[str, ...], int, int], Closing | None] = {}
        self._begun = False
        self._asserted: set[int] = set()
        self._candidates: dict[int, _Candidates] = {}

    def since(self, place: int, kinds: tuple[str, ...]) -> int:
        """Return the clock minute from which closings count for an opening."""
        minute = self._facts[place].at // 60
        if not kinds:
            return minute
        if self._minutes_of is None:
            self._minutes_of = {}
            for fact in self._facts:
                self._minutes_of.setdefault(fact.kind, []).append(fact.at // 60)
        of = self._minutes_of
        earlier = [each for kind in kinds for each in of.get(kind, ()) if each <= minute]
        return max(earlier, default=0)

    def first(self, number: int, same: tuple[str, ...], place: int, minute: int) -> Closing | None:
        """Return the first certain and the first unsure entry of a selection, from a minute on."""
        key = (number, same, place, minute)
        if key not in self._found:
            self._found[key] = self._answered(*key)
        return self._found[key]

    def _answered(
        self, number: int, same: tuple[str, ...], place: int, minute: int
    ) -> Closing | None:
        """Return the answer given before to the same question, or else the engine's.

        The engine is asked once for all openings, of whatever detention, between which a closing
        rule cannot tell: the candidates are as many minutes away, as sure, and as equal.
        """
        among = self._of(number)
        begin = bisect_left(self._minutes, minute)
        own = self._joined(self._facts[place]) if same else ()
        itself = among.places.index(place) if place in among.places else -1
        away = tuple([each - begin for each in among.minutes])
        question = (same, own, itself, away, among.certainties, among.joined)
        answers = self._closer.answers
        answer = answers.get(question)
        if answer is None:
            answer = self._ask(number, same, place, begin)
            if len(away) <= _LONGEST_REMEMBERED:
                if len(answers) >= _MOST_REMEMBERED:
                    answers.clear()
                answers[question] = answer
        certain, unsure = (None if each is None else among.places[each] for each in answer)
        return None if certain is None and unsure is None else Closing(certain, unsure)

    def _of(self, number: int) -> _Candidates:
        """Return the facts of a selection as the closing rules see them."""
        if number not in self._candidates:
            chosen = sorted(self.matched[number].items())
            facts = [self._facts[place] for place, _ in chosen]
            self._candidates[number] = _Candidates(
                [place for place, _ in chosen],
                [bisect_left(self._minutes, fact.at // 60) for fact in facts],
                tuple([certainty for _, certainty in chosen]),
                tuple([self._joined(fact) for fact in facts]),
            )
        return self._candidates[number]

    def _ask(self, number: int, same: tuple[str, ...], place: int, begin: int) -> _Answer:
        """Return which candidates come first, the certain and the unsure one before it."""
        if not self._begun:
            self._closer.ruleset.begin()
            self._begun = True
        among = self._of(number)
        if number not in self._asserted:
            self._asserted.add(number)
            for each, minute, certainty, joined in zip(
                among.places, among.minutes, among.certainties, among.joined, strict=True
            ):
                self._closer.ruleset.feed(
                    {"k": "#c", "s": number, "n": each, "m": minute, "c": certainty, **dict(joined)}
                )
        own = self._joined(self._facts[place])
        variant = self._closer.variants[same]
        fired = self._closer.ruleset.feed(
            {"k": "#i", "v": variant, "s": number, "n": place, "m": begin, **dict(own)}
        )
        certain = unsure = None
        for name, bound in fired:
            if name.startswith("certain"):
                certain = among.places.index(bound["e"]["n"])
            else:
                unsure = among.places.index(bound["e"]["n"])
        if certain is not None and unsure is not None and certain < unsure:
            unsure = None
        return certain, unsure

    def _joined(self, fact: Fact) -> _Joined:
        """Return the attributes by which some closing is joined to its opening."""
        out = []
        for key, name, attribute in self._closer.joined[fact.kind]:
            value = encode(attribute, fact.attrs.get(name))
            if value is not None:
                out.append((key, value))
        return tuple(out)

    def end(self) -> None:
        """Forget the detention."""
        if self._begun:
            self._closer.ruleset.end()
