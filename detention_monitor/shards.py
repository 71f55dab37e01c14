"""Compile the selections of a plan to rules of durable_rules that match one fact each.

Every selection is split into the alternatives under which it is true and those under which it is
unknown (H13), so that no `$or` is ever compiled. States (an adult is present, the person is a
child) reach the engine as a number on each fact: 2 surely in the state, 1 perhaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from detention_monitor.meaning import Conjunction, Literal, three_valued
from detention_monitor.timeline import FAR
from detention_monitor.vocabulary import Attribute
from detention_monitor.watches import Selection

MOST_ALPHAS = 60
"""Rules in one rule set, all about one kind of fact: each is an alpha node that a fact of that kind
may match (H15: error 303 at 65), and far below what hangs the compiler of the engine (H11)."""
_OPERATORS = {"lt": "$lt", "le": "$lte", "gt": "$gt", "ge": "$gte", "ne": "$neq"}

Pattern = list[dict[str, Any]]
Attributes = Mapping[str, Mapping[str, Attribute]]


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
