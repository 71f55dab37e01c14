"""Compile a plan to durable_rules and run it: the back-end that does the inference.

An opening becomes rules over one fact (and the intervals it falls in); when it fires, the host
asserts an *instance* fact, and a closing becomes rules that join the instance with a later fact
while no earlier one of the same sort exists. Facts are never retracted. Conditions stay in the
network: each is split into the alternatives under which it is true and unknown (H13), so that
no `$or` is ever compiled; a `not` always follows the fact it speaks of and is ordered strictly
against it (H14); every joined condition ends in a guard that is always true (H1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from detention_monitor.conditions import (
    Conjunction,
    Literal,
    Scalar,
    ThreeValued,
    encode,
    tests,
    three_valued,
)
from detention_monitor.engine import Ruleset
from detention_monitor.plan import Closes, Opens, Plan, Selection, Stratum
from detention_monitor.timeline import FAR, Closing, Conclusions, Fact, Interval
from detention_monitor.vocabulary import Attribute

MOST_ALPHAS = 60
"""Alpha nodes that one fact may match in one rule set (H15: error 303 at 65)."""
MOST_RULES = 200
"""Rules in one rule set (H11: definitions beyond some 500 hang the compiler of the engine)."""
_MOST_NEGATIONS = 4
_OPERATORS = {"lt": "$lt", "le": "$lte", "gt": "$gt", "ge": "$gte", "ne": "$neq"}

Pattern = list[dict[str, Any]]
Watch = Opens | Closes


@dataclass(slots=True)
class Shard:
    """Watches that share one rule set of the engine, and what its rule names stand for."""

    definition: dict[str, Any] = field(default_factory=dict)
    meaning: dict[str, tuple[Watch, int]] = field(default_factory=dict)
    alphas: Counter[str] = field(default_factory=Counter)
    watches: list[Watch] = field(default_factory=list)


class DurableBackend:
    """Runs the strata of a plan through durable_rules, one detention at a time."""

    name = "durable_rules"

    def __init__(self, plan: Plan) -> None:
        """Compile every stratum; raise `EngineError` where the engine refuses one."""
        self._strata = {
            stratum.level: [
                _Runner(shard, plan) for shard in compile_stratum(stratum, plan.attributes)
            ]
            for stratum in plan.strata
        }

    def run(
        self, stratum: Stratum, facts: Sequence[Fact], intervals: Sequence[Interval]
    ) -> Conclusions:
        """Return every opening and first closing among `facts`, which are in order of time.

        Raises `EngineError` if the engine fails; the back-end stays usable.
        """
        found = Conclusions()
        for runner in self._strata[stratum.level]:
            runner.run(facts, intervals, found)
        return found

    def size(self) -> dict[str, int]:
        """Return how many rule sets and rules the engine holds."""
        runners = [runner for shards in self._strata.values() for runner in shards]
        return {
            "rulesets": len(runners),
            "rules": sum(len(runner.shard.definition) for runner in runners),
            "alphas": max((max(r.shard.alphas.values(), default=0) for r in runners), default=0),
        }


# --- compiling ---------------------------------------------------------------------------------


def compile_stratum(
    stratum: Stratum, attributes: Mapping[str, Mapping[str, Attribute]]
) -> list[Shard]:
    """Split a stratum into rule sets within the engine's limits and compile each."""
    by_subject: dict[int, list[Watch]] = {}
    watches: tuple[Watch, ...] = (*stratum.opens, *stratum.closes)
    for watch in watches:
        by_subject.setdefault(watch.subject, []).append(watch)
    shards = [Shard()]
    for group in by_subject.values():
        rules = [rule for watch in group for rule in _rules_of(watch, attributes)]
        load = Counter(kind for rule in rules for kind in rule.touches)
        fullest = max((shards[-1].alphas[kind] + load[kind] for kind in load), default=0)
        if fullest > MOST_ALPHAS or len(shards[-1].definition) + len(rules) > MOST_RULES:
            shards.append(Shard())
        shard = shards[-1]
        shard.alphas += load
        shard.watches.extend(group)
        for rule in rules:
            name = f"r{len(shard.definition)}"
            shard.definition[name] = {"all": rule.patterns}
            shard.meaning[name] = (rule.watch, rule.certainty)
    return shards


@dataclass(slots=True)
class _Rule:
    watch: Watch
    certainty: int
    patterns: list[dict[str, Any]]
    touches: tuple[str, ...]


def _rules_of(watch: Watch, attributes: Mapping[str, Mapping[str, Attribute]]) -> Iterator[_Rule]:
    for kinds, meaning in _by_meaning(watch.select, attributes):
        for certainty, ways in _ways(meaning, watch.select):
            for conjunction, during, unless_any, unless_possible in ways:
                states = (during, unless_any, unless_possible)
                if isinstance(watch, Opens):
                    yield _opening(watch, certainty, kinds, conjunction, states)
                else:
                    others = [way[0] for way in ways]
                    yield _closing(watch, certainty, kinds, conjunction, states, others)


def _by_meaning(
    select: Selection, attributes: Mapping[str, Mapping[str, Attribute]]
) -> Iterator[tuple[tuple[str, ...], ThreeValued]]:
    """Group the kinds of a selection by how its condition is encoded for them."""
    groups: dict[ThreeValued, list[str]] = {}
    asked = {test.attribute for test in tests(select.condition)}
    for kind in select.kinds:
        own = {name: attributes[kind][name] for name in asked}
        groups.setdefault(three_valued(select.condition, own), []).append(kind)
    for meaning, kinds in groups.items():
        yield tuple(kinds), meaning


_Way = tuple[Conjunction, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _ways(meaning: ThreeValued, select: Selection) -> Iterator[tuple[int, list[_Way]]]:
    """Yield, by certainty, the ways to match: literals, states in, states surely out, maybe out.

    The certainty of bound facts and intervals is read from the match and can only lower it.
    """
    sure: list[_Way] = [
        (each, select.during, select.unless, ()) for each in sorted(meaning.true, key=sorted)
    ]
    yield 2, sure
    unsure: list[_Way] = [
        (each, select.during, (), select.unless) if select.unless else (each, select.during, (), ())
        for each in sorted(meaning.unknown, key=sorted)
    ]
    if select.unless:
        unsure += [
            (each, select.during, (), select.unless) for each in sorted(meaning.true, key=sorted)
        ]
    yield 1, unsure


def _literal(literal: Literal) -> dict[str, Any]:
    name = f"a_{literal.attribute}"
    if literal.operator == "eq":
        return {name: literal.value}
    if literal.operator in ("ex", "nex"):
        return {f"${literal.operator}": {name: 1}}
    return {_OPERATORS[literal.operator]: {name: literal.value}}


def _class_tag(kinds: Sequence[str]) -> tuple[str, Scalar]:
    """Return the field and value by which the engine knows a fact of one of these kinds."""
    return ("k", kinds[0]) if len(kinds) == 1 else ("in_" + "_".join(sorted(kinds)), 1)


def _fact_tests(kinds: Sequence[str], conjunction: Conjunction, select: Selection) -> Pattern:
    tag, value = _class_tag(kinds)
    out: Pattern = [{tag: value}, *(_literal(each) for each in sorted(conjunction, key=str))]
    if select.start > 0:
        out.append({"$gte": {"at": select.start}})
    if select.end < FAR:
        out.append({"$lt": {"at": select.end}})
    return out


_States = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _state_patterns(states: _States) -> list[dict[str, Any]]:
    """Return patterns on the intervals that must, must not, or may only possibly cover `e`."""
    during, out, maybe = states

    def covering(name: str, certainty: int | None) -> dict[str, Any]:
        parts: Pattern = [{"k": f"#{name}"}]
        if certainty is not None:
            parts.append({"c": certainty})
        parts += [{"$lte": {"f": {"e": "m"}}}, {"$gte": {"u": {"e": "m"}}}, {"z": {"e": "z"}}]
        return {"$and": parts}

    patterns = [{f"d{i}": covering(name, None)} for i, name in enumerate(during)]
    patterns += [{f"x{i}$not": covering(name, None)} for i, name in enumerate(out)]
    patterns += [{f"y{i}$not": covering(name, 2)} for i, name in enumerate(maybe)]
    return patterns


def _state_kinds(states: _States) -> tuple[str, ...]:
    return tuple(f"#{name}" for names in states for name in names)


def _opening(
    watch: Opens,
    certainty: int,
    kinds: tuple[str, ...],
    conjunction: Conjunction,
    states: _States,
) -> _Rule:
    entry = {"e": {"$and": _fact_tests(kinds, conjunction, watch.select)}}
    touches = (*kinds, *_state_kinds(states))
    return _Rule(watch, certainty, [entry, *_state_patterns(states)], touches)


def _closing(
    watch: Closes,
    certainty: int,
    kinds: tuple[str, ...],
    conjunction: Conjunction,
    states: _States,
    others: list[Conjunction],
) -> _Rule:
    joins: Pattern = [{"$gte": {"m": {"i": "s"}}}, {"$neq": {"n": {"i": "n"}}}]
    for name in watch.same:
        joins += [{"$ex": {f"a_{name}": 1}}, {f"a_{name}": {"i": f"s_{name}"}}]
    instance: Pattern = [{"k": "#i"}, {"r": f"{watch.subject}:{watch.of}"}]
    instance += [{"$ex": {f"s_{name}": 1}} for name in watch.same]
    select = watch.select
    fact = [*_fact_tests(kinds, conjunction, select), *joins, {"z": {"i": "z"}}]
    patterns: list[dict[str, Any]] = [{"i": {"$and": instance}}, {"e": {"$and": fact}}]
    patterns += _state_patterns(states)
    touches = [*kinds, *_state_kinds(states)]
    plain = not any(states) and len(select.kinds) == len(kinds)
    if plain and certainty == 2 and len(others) <= _MOST_NEGATIONS:
        for number, other in enumerate(others):
            earlier = [*_fact_tests(kinds, other, select), {"c": 2}, *joins]
            earlier += [{"$lt": {"n": {"e": "n"}}}, {"z": {"e": "z"}}]
            patterns.append({f"b{number}$not": {"$and": earlier}})
            touches += kinds
    return _Rule(watch, certainty, patterns, tuple(touches))


# --- running -----------------------------------------------------------------------------------


class _Runner:
    """One shard: feeds facts, turns openings into instances, keeps the first closings."""

    def __init__(self, shard: Shard, plan: Plan) -> None:
        self.shard = shard
        self._plan = plan
        self._ruleset = Ruleset(shard.definition)
        self._kinds = frozenset(
            kind for watch in shard.watches for kind in watch.select.kinds
        ).union(*(watch.since for watch in shard.watches if isinstance(watch, Opens)))
        self._states = frozenset(
            name for w in shard.watches for name in (*w.select.during, *w.select.unless)
        )
        self._tags: dict[str, dict[str, Scalar]] = {}
        self._asked: dict[str, frozenset[str]] = {}
        for watch in shard.watches:
            self._learn(watch)
        self._same: dict[tuple[int, str], set[str]] = {}
        for watch in shard.watches:
            if isinstance(watch, Closes):
                self._same.setdefault((watch.subject, watch.of), set()).update(watch.same)

    def _learn(self, watch: Watch) -> None:
        asked = {test.attribute for test in tests(watch.select.condition)}
        if isinstance(watch, Closes):
            asked |= set(watch.same)
        for kinds, _ in _by_meaning(watch.select, self._plan.attributes):
            tag, value = _class_tag(kinds)
            for kind in kinds:
                self._asked[kind] = self._asked.get(kind, frozenset()) | asked
                if tag != "k":
                    self._tags.setdefault(kind, {})[tag] = value

    @cached_property
    def _since(self) -> dict[tuple[int, str], tuple[str, ...]]:
        return {
            (watch.subject, watch.role): watch.since
            for watch in self.shard.watches
            if isinstance(watch, Opens) and watch.since
        }

    def run(self, facts: Sequence[Fact], intervals: Iterable[Interval], found: Conclusions) -> None:
        chosen = [(place, fact) for place, fact in enumerate(facts) if fact.kind in self._kinds]
        if not chosen:
            return
        work = _Work(found, facts)
        self._ruleset.begin()
        try:
            for each in intervals:
                if each.name in self._states:
                    self._feed(_of_interval(each), work)
            for place, fact in chosen:
                self._feed(self._of_fact(place, fact), work)
        finally:
            self._ruleset.end()
        work.settle()

    def _feed(self, fact: dict[str, Scalar], work: _Work) -> None:
        queue = [fact]
        while queue:
            for name, bound in self._ruleset.feed(queue.pop(0)):
                watch, certainty = self.shard.meaning[name]
                certainty = min(certainty, *(each.get("c", 2) for each in bound.values()))
                place = bound["e"]["n"]
                if isinstance(watch, Opens):
                    key = (watch.subject, watch.role)
                    if work.open(key, place, certainty) and key in self._same:
                        queue.append(self._instance(key, place, work.facts))
                else:
                    work.close(watch, bound["i"]["n"], place, certainty)
                    key = (watch.subject, watch.role)
                    if watch.opens and key not in work.seen_instances(place):
                        work.seen_instances(place).add(key)
                        queue.append(self._instance(key, place, work.facts))

    def _instance(
        self, key: tuple[int, str], place: int, facts: Sequence[Fact]
    ) -> dict[str, Scalar]:
        fact = facts[place]
        since = minute = fact.at // 60
        if key in self._since:
            kinds = self._since[key]
            earlier = (f.at // 60 for f in facts if f.kind in kinds and f.at // 60 <= minute)
            since = max(earlier, default=0)
        instance: dict[str, Scalar] = {
            "k": "#i", "r": f"{key[0]}:{key[1]}", "n": place, "s": since
        }  # fmt: skip
        attributes = self._plan.attributes[fact.kind]
        for name in self._same[key]:
            value = encode(attributes[name], fact.attrs.get(name)) if name in attributes else None
            if value is not None:
                instance[f"s_{name}"] = value
        return instance

    def _of_fact(self, place: int, fact: Fact) -> dict[str, Scalar]:
        out: dict[str, Scalar] = {
            "k": fact.kind, "n": place, "at": fact.at, "m": fact.at // 60, "c": fact.certainty
        }  # fmt: skip
        out.update(self._tags.get(fact.kind, {}))
        attributes = self._plan.attributes[fact.kind]
        for name in self._asked.get(fact.kind, ()):
            value = encode(attributes[name], fact.attrs.get(name)) if name in attributes else None
            if value is not None:
                out[f"a_{name}"] = value
        return out


def _of_interval(interval: Interval) -> dict[str, Scalar]:
    return {
        "k": f"#{interval.name}",
        "f": interval.first_minute,
        "u": interval.last_minute,
        "c": interval.certainty,
    }


class _Work:
    """The conclusions of one run while they are being drawn."""

    def __init__(self, found: Conclusions, facts: Sequence[Fact]) -> None:
        self.facts = facts
        self._found = found
        self._closings: dict[tuple[Closes, int], dict[int, int]] = {}
        self._instances: dict[int, set[tuple[int, str]]] = {}

    def seen_instances(self, place: int) -> set[tuple[int, str]]:
        return self._instances.setdefault(place, set())

    def open(self, key: tuple[int, str], place: int, certainty: int) -> bool:
        """Note an opening; say whether it is the first at this place."""
        places = self._found.opened.setdefault(key, {})
        first = place not in places
        places[place] = max(certainty, places.get(place, 0))
        return first

    def close(self, watch: Closes, opening: int, place: int, certainty: int) -> None:
        places = self._closings.setdefault((watch, opening), {})
        places[place] = max(certainty, places.get(place, 0))

    def settle(self) -> None:
        """Keep the first certain closing of each opening and the first unsure one before it."""
        order = sorted(self._closings, key=lambda key: (key[0].subject, key[0].role))
        for watch, opening in order:
            if opening not in self._found.opened.get((watch.subject, watch.of), {}):
                continue  # a later step of a sequence whose earlier step was not the first
            places = self._closings[watch, opening]
            certain = min((p for p, c in places.items() if c == 2), default=None)
            unsure = min((p for p, c in places.items() if c == 1), default=None)
            if certain is not None and unsure is not None and certain < unsure:
                unsure = None
            self._found.closed[watch.subject, watch.role, opening] = Closing(certain, unsure)
            if watch.opens:
                again = self._found.opened.setdefault((watch.subject, watch.role), {})
                for place, value in ((certain, 2), (unsure, 1)):
                    if place is not None:
                        again[place] = max(value, again.get(place, 0))
