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
_LONGEST_REMEMBERED = 200
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
        opening = frozenset(numbers[opens.select] for opens in stratum.opens)
        self._selecting: dict[str, list[_Selecting]] = {}
        for shard in self.shards:
            selecting = _Selecting(shard, plan.attributes[shard.kind], opening)
            self._selecting.setdefault(shard.kind, []).append(selecting)
        self._in_shards: dict[int, list[_Selecting]] = {}
        """By number of the selection: the rule sets that tell which facts are of it."""
        for selecting in (each for held in self._selecting.values() for each in held):
            for number in selecting.numbers:
                self._in_shards.setdefault(number, []).append(selecting)
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
        selected = _Selected(self._in_shards)
        openings: dict[int, dict[int, int]] = {}
        states = _States(intervals, self._states)
        for place, fact in enumerate(facts):
            for selecting in self._selecting.get(fact.kind, ()):
                said = selecting.of(fact, states)
                if said.certainties:
                    selected.add(selecting, place, fact.certainty, said.certainties)
                for number, certainty in said.opening:
                    openings.setdefault(number, {})[place] = min(certainty, fact.certainty)
        found = Conclusions()
        search = _Search(self._closer, facts, selected)
        try:
            opening = [
                (place, opens, matching)
                for number, matching in openings.items()
                for place, opens in self._opens[number]
            ]
            for _, opens, matching in sorted(opening, key=itemgetter(0)):
                key = (opens.subject, opens.role)
                found.open(key, matching)
                self._close(key, opens.since, search, found)
        finally:
            search.end()
        return found

    def _close(
        self, key: tuple[int, str], since: tuple[str, ...], search: _Search, found: Conclusions
    ) -> None:
        """Find the first closings of every opening of a role, and open the step that follows."""
        closings = self._closings.get(key)
        if closings is None:
            return
        begun = [(place, search.since(place, since)) for place in sorted(found.opened[key])]
        for number, closes in closings:
            if number not in search.numbers:
                continue
            among = search.among(number)
            again: dict[int, int] = {}
            for place, minute in begun:
                closing = search.first(among, closes.same, place, minute + closes.later)
                if closing is None:
                    continue
                found.close(closes.subject, closes.role, place, closing)
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

    def at(self, names: Sequence[str], minute: int) -> tuple[int, ...]:
        """Return for each state 2 in a minute surely in it, 1 perhaps, 0 outside it."""
        out = []
        for name in names:
            held = 0
            for first, last, certainty in self._spans.get(name, ()):
                if first <= minute <= last and certainty > held:
                    held = certainty
            out.append(held)
        return tuple(out)


_Told = tuple[tuple[Any, ...], tuple[bool, ...], tuple[int, ...], int]
"""All that selecting rules can tell two facts apart by: values, what is blank, states, period."""


@dataclass(frozen=True, slots=True)
class _Said:
    """The selections that a fact is of by their numbers, each with its certainty."""

    certainties: Mapping[int, int]
    opening: tuple[tuple[int, int], ...]
    """Those of them that open something."""


class _Selecting:
    """One rule set of selecting rules about one kind of fact, and what it has said before.

    A selecting rule looks at one fact alone, so that what it says of a fact depends only on what it
    is told of it. The engine is asked once, and its answer kept for every fact that says the same.
    """

    def __init__(
        self, shard: Shard, attributes: Mapping[str, Attribute], opening: frozenset[int]
    ) -> None:
        self._kind, self._meaning, self._opening = shard.kind, shard.meaning, opening
        self.ruleset = Ruleset(shard.definition)
        chosen = shard.selections
        self._states = tuple(sorted({n for each in chosen for n in (*each.during, *each.unless)}))
        asked = {test.attribute for each in chosen for test in tests(each.condition)}
        self._asked = tuple((name, f"a_{name}", attributes[name]) for name in sorted(asked))
        self._compared = tuple(n for n, _, each in self._asked if allowed(each))
        self._named = tuple(n for n, _, each in self._asked if not allowed(each))
        bounds = {bound for each in chosen for bound in (each.start, each.end)}
        self._bounds = sorted(bounds - {0, FAR})
        self._answers: dict[_Told, _Said] = {}
        self.numbers = sorted({number for number, _, _ in shard.meaning.values()})
        """Every selection that this rule set can tell."""

    def of(self, fact: Fact, states: _States) -> _Said:
        """Return what the engine says, or said of a fact that it could not tell from this one."""
        value, minute = fact.attrs.get, fact.at // 60
        told = (
            tuple(map(value, self._compared)),
            tuple([value(name) in _EMPTY for name in self._named]),
            states.at(self._states, minute),
            bisect_right(self._bounds, fact.at),
        )
        answer = self._answers.get(told)
        if answer is None:
            if len(self._answers) >= _MOST_REMEMBERED:
                self._answers.clear()
            answer = self._answers[told] = self._ask(fact, states)
        return answer

    def _ask(self, fact: Fact, states: _States) -> _Said:
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
        opening = tuple((n, certainty) for n, certainty in best.items() if n in self._opening)
        return _Said(best, opening)

    def _scalars(self, fact: Fact, states: _States) -> dict[str, Scalar]:
        out: dict[str, Scalar] = {"k": self._kind, "at": fact.at}
        for name, key, attribute in self._asked:
            value = encode(attribute, fact.attrs.get(name))
            if value is not None:
                out[key] = value
        for name, held in zip(self._states, states.at(self._states, fact.at // 60), strict=True):
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
        self._shapes: dict[_Shape, int] = {}

    def tidy(self) -> None:
        """Forget everything once there is too much; never while numbers of shapes are in use."""
        if len(self._shapes) >= _MOST_REMEMBERED or len(self.answers) >= _MOST_REMEMBERED:
            self._shapes.clear()
            self.answers.clear()

    def shape(self, certainties: tuple[int, ...], joined: tuple[_Joined, ...] = ()) -> int:
        """Return a number for candidates as sure, and as equal in what is joined, as these."""
        return self._shapes.setdefault((certainties, joined), len(self._shapes))


_Joined = tuple[tuple[str, Scalar], ...]
"""The attributes of a fact by which some closing is joined to its opening."""
_Shape = tuple[tuple[int, ...], tuple[_Joined, ...]]
_Question = tuple[int, int, int, tuple[str, ...], _Joined]
"""All that a closing rule can tell two openings apart by (`_Search.first`)."""
_Answer = tuple[int | None, int | None]
"""Which of the candidates comes first: the certain one, and an unsure one before it."""


class _Selected:
    """Which facts of a detention are of which selection, worked out when it is asked for."""

    def __init__(self, in_shards: Mapping[int, Sequence[_Selecting]]) -> None:
        self._in_shards = in_shards
        self._answers: dict[_Selecting, list[tuple[int, int, Mapping[int, int]]]] = {}
        self.numbers: set[int] = set()
        """The selections that some fact is of."""

    def add(
        self, selecting: _Selecting, place: int, certainty: int, answer: Mapping[int, int]
    ) -> None:
        """Keep what a rule set said of a fact that is itself this certain."""
        self._answers.setdefault(selecting, []).append((place, certainty, answer))
        self.numbers.update(answer)

    def of(self, number: int) -> list[tuple[int, int]]:
        """Return place and certainty of every fact of a selection, in order of time."""
        found = [
            (place, min(certainty, answer[number]))
            for selecting in self._in_shards.get(number, ())
            for place, certainty, answer in self._answers.get(selecting, ())
            if number in answer
        ]
        return sorted(found)


@dataclass(slots=True)
class _Candidates:
    """The facts of a selection in order of time, as the closing rules see them."""

    number: int
    places: list[int]
    minutes: list[int]
    certainties: tuple[int, ...]
    shape: int
    shape_joined: int | None = None


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
    looks for it, so that nothing is negated before it is known.
    """

    def __init__(self, closer: _Closer, facts: Sequence[Fact], selected: _Selected) -> None:
        closer.tidy()
        self._closer, self._facts, self._selected = closer, facts, selected
        self.numbers = selected.numbers
        self._minutes_of: dict[str, list[int]] | None = None
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
        latest = 0
        for kind in kinds:
            minutes = self._minutes_of.get(kind)
            if minutes and (before := bisect_right(minutes, minute)):
                latest = max(latest, minutes[before - 1])
        return latest

    def among(self, number: int) -> _Candidates:
        """Return the facts of a selection as the closing rules see them."""
        found = self._candidates.get(number)
        if found is None:
            chosen = self._selected.of(number)
            places = [place for place, _ in chosen]
            minutes = [self._facts[place].at // 60 for place in places]
            sure = tuple([certainty for _, certainty in chosen])
            found = _Candidates(number, places, minutes, sure, self._closer.shape(sure))
            self._candidates[number] = found
        return found

    def first(
        self, among: _Candidates, same: tuple[str, ...], place: int, minute: int
    ) -> Closing | None:
        """Return the first certain and the first unsure candidate from a clock minute on.

        The engine is asked once for all openings, of whatever detention, between which a closing
        rule cannot tell: as many candidates lie before the minute, as many after, as sure, and
        equal in the same attributes. What it answered before is its answer again.
        """
        places = among.places
        own: _Joined = ()
        shape = among.shape
        if same:
            own = self._joined(self._facts[place])
            shape = self._shape_joined(among)
        itself = places.index(place) if place in places else -1
        question = (shape, bisect_left(among.minutes, minute), itself, same, own)
        answer = self._closer.answers.get(question)
        if answer is None:
            answer = self._ask(among, same, place, minute)
            if len(places) <= _LONGEST_REMEMBERED:
                self._closer.answers[question] = answer
        certain, unsure = answer
        if certain is None and unsure is None:
            return None
        return Closing(
            None if certain is None else places[certain], None if unsure is None else places[unsure]
        )

    def _shape_joined(self, among: _Candidates) -> int:
        if among.shape_joined is None:
            joined = tuple([self._joined(self._facts[each]) for each in among.places])
            among.shape_joined = self._closer.shape(among.certainties, joined)
        return among.shape_joined

    def _ask(self, among: _Candidates, same: tuple[str, ...], place: int, minute: int) -> _Answer:
        """Return which candidates come first, the certain and the unsure one before it."""
        if not self._begun:
            self._closer.ruleset.begin()
            self._begun = True
        number, places = among.number, among.places
        if number not in self._asserted:
            self._asserted.add(number)
            for each, at, certainty in zip(places, among.minutes, among.certainties, strict=True):
                told: dict[str, Scalar] = {
                    "k": "#c",
                    "s": number,
                    "n": each,
                    "m": at,
                    "c": certainty,
                }
                self._closer.ruleset.feed({**told, **dict(self._joined(self._facts[each]))})
        instance: dict[str, Scalar] = {
            "k": "#i",
            "v": self._closer.variants[same],
            "s": number,
            "n": place,
        }
        own = dict(self._joined(self._facts[place]))
        certain = unsure = None
        for name, bound in self._closer.ruleset.feed({**instance, "m": minute, **own}):
            if name.startswith("certain"):
                certain = places.index(bound["e"]["n"])
            else:
                unsure = places.index(bound["e"]["n"])
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
