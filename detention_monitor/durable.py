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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from detention_monitor.conditions import (
    Conjunction,
    Literal,
    Scalar,
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
        self._opens = [(numbers[opens.select], opens) for opens in stratum.opens]
        self._closings: dict[tuple[int, str], list[tuple[int, Closes]]] = {}
        for closes in stratum.closes:
            key = (closes.subject, closes.of)
            self._closings.setdefault(key, []).append((numbers[closes.select], closes))

    def run(self, facts: Sequence[Fact], intervals: Sequence[Interval]) -> Conclusions:
        matched: dict[int, dict[int, int]] = {}
        by_kind: dict[str, list[int]] = {}
        for place, fact in enumerate(facts):
            if fact.kind in self._selecting:
                by_kind.setdefault(fact.kind, []).append(place)
        for kind, places in by_kind.items():
            for selecting in self._selecting[kind]:
                selecting.run(facts, places, intervals, matched)
        found = Conclusions()
        search = _Search(self._closer, facts, matched)
        try:
            for number, opens in self._opens:
                matching = matched.get(number)
                if matching:
                    key = (opens.subject, opens.role)
                    found.opened.setdefault(key, {}).update(matching)
                    self._close(key, opens.since, search, found)
        finally:
            search.end()
        return found

    def _close(
        self, key: tuple[int, str], since: tuple[str, ...], search: _Search, found: Conclusions
    ) -> None:
        """Find the first closings of every opening of a role, and open the step that follows."""
        for number, closes in self._closings.get(key, ()):
            if not search.matched.get(number):
                continue
            again: dict[int, int] = {}
            for place in sorted(found.opened[key]):
                minute = search.since(place, since) + closes.later
                closing = search.first(number, closes.same, place, minute)
                if closing is None:
                    continue
                found.closed[closes.subject, closes.role, place] = closing
                for each, value in ((closing.certain, 2), (closing.unsure, 1)):
                    if each is not None:
                        again[each] = max(value, again.get(each, 0))
            if closes.opens and again:
                following = (closes.subject, closes.role)
                found.opened.setdefault(following, {}).update(again)
                self._close(following, (), search, found)


class _Selecting:
    """One rule set of selecting rules about one kind of fact."""

    def __init__(self, shard: Shard, attributes: Mapping[str, Attribute]) -> None:
        self._kind, self._meaning = shard.kind, shard.meaning
        self._ruleset = Ruleset(shard.definition)
        chosen = shard.selections
        self._states = frozenset(n for each in chosen for n in (*each.during, *each.unless))
        asked = {test.attribute for each in chosen for test in tests(each.condition)}
        self._asked = tuple((name, f"a_{name}", attributes[name]) for name in sorted(asked))

    def run(
        self,
        facts: Sequence[Fact],
        places: Sequence[int],
        intervals: Sequence[Interval],
        matched: dict[int, dict[int, int]],
    ) -> None:
        states = [each for each in intervals if each.name in self._states]
        self._ruleset.begin()
        try:
            for place in places:
                fact = facts[place]
                scalars = self._scalars(place, fact, states)
                for name, _ in self._ruleset.feed(scalars):
                    number, certainty, during = self._meaning[name]
                    certainty = min(certainty, fact.certainty)
                    for state in during:
                        certainty = min(certainty, int(scalars[f"w_{state}"]))
                    held = matched.setdefault(number, {})
                    held[place] = max(certainty, held.get(place, 0))
        finally:
            self._ruleset.end()

    def _scalars(self, place: int, fact: Fact, states: Iterable[Interval]) -> dict[str, Scalar]:
        out: dict[str, Scalar] = {"k": self._kind, "n": place, "at": fact.at}
        for name, key, attribute in self._asked:
            value = encode(attribute, fact.attrs.get(name))
            if value is not None:
                out[key] = value
        minute = fact.at // 60
        for each in states:
            if each.first_minute <= minute <= each.last_minute:
                key = f"w_{each.name}"
                out[key] = max(each.certainty, int(out.get(key, 0)))
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

    def __init__(
        self, closer: _Closer, facts: Sequence[Fact], matched: Mapping[int, Mapping[int, int]]
    ) -> None:
        self._closer, self._facts, self.matched = closer, facts, matched
        self._begun = False
        self._asserted: set[int] = set()
        self._known: dict[tuple[int, tuple[str, ...], int, int], Closing | None] = {}

    def since(self, place: int, kinds: tuple[str, ...]) -> int:
        """Return the clock minute from which closings count for an opening."""
        minute = self._facts[place].at // 60
        if not kinds:
            return minute
        earlier = (f.at // 60 for f in self._facts if f.kind in kinds and f.at // 60 <= minute)
        return max(earlier, default=0)

    def first(self, number: int, same: tuple[str, ...], place: int, minute: int) -> Closing | None:
        """Return the first certain and the first unsure entry of a selection, from a minute on."""
        key = (number, same, place, minute)
        if key not in self._known:
            self._known[key] = self._ask(number, same, place, minute)
        return self._known[key]

    def _ask(self, number: int, same: tuple[str, ...], place: int, minute: int) -> Closing | None:
        if not self._begun:
            self._closer.ruleset.begin()
            self._begun = True
        if number not in self._asserted:
            self._asserted.add(number)
            for each, certainty in sorted(self.matched[number].items()):
                fact = self._facts[each]
                self._closer.ruleset.feed(
                    {"k": "#c", "s": number, "n": each, "m": fact.at // 60, "c": certainty,
                     **self._joined(fact)}
                )  # fmt: skip
        own = self._joined(self._facts[place])
        variant = self._closer.variants[same]
        fired = self._closer.ruleset.feed(
            {"k": "#i", "v": variant, "s": number, "n": place, "m": minute, **own}
        )
        certain = unsure = None
        for name, bound in fired:
            if name.startswith("certain"):
                certain = bound["e"]["n"]
            else:
                unsure = bound["e"]["n"]
        if certain is not None and unsure is not None and certain < unsure:
            unsure = None
        return None if certain is None and unsure is None else Closing(certain, unsure)

    def _joined(self, fact: Fact) -> dict[str, Scalar]:
        """Return the attributes by which some closing is joined to its opening."""
        out: dict[str, Scalar] = {}
        for key, name, attribute in self._closer.joined[fact.kind]:
            value = encode(attribute, fact.attrs.get(name))
            if value is not None:
                out[key] = value
        return out

    def end(self) -> None:
        """Forget the detention."""
        if self._begun:
            self._closer.ruleset.end()
