"""Which facts are of which selection: asked of the engine once, and its answers kept.

A selecting rule looks at one fact alone, so that what it says of a fact depends only on what it is
told of it: the answer for one fact is the answer for every fact that says the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detention_monitor.conditions import tests
from detention_monitor.engine import Ruleset
from detention_monitor.meaning import Scalar, allowed, encode
from detention_monitor.shards import Shard
from detention_monitor.timeline import FAR, Fact, Interval
from detention_monitor.vocabulary import Attribute

MOST_REMEMBERED = 20_000
"""Questions remembered by one rule set; beyond that all are forgotten, so that memory stays flat."""
_EMPTY = (None, "", ())


class States:
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
class Said:
    """The selections that a fact is of by their numbers, each with its certainty."""

    certainties: Mapping[int, int]
    opening: tuple[tuple[int, int], ...]
    """Those of them that open something."""


class Selecting:
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
        self._answers: dict[_Told, Said] = {}
        self.numbers = sorted({number for number, _, _ in shard.meaning.values()})
        """Every selection that this rule set can tell."""

    def of(self, fact: Fact, states: States) -> Said:
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
            if len(self._answers) >= MOST_REMEMBERED:
                self._answers.clear()
            answer = self._answers[told] = self._ask(fact, states)
        return answer

    def _ask(self, fact: Fact, states: States) -> Said:
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
        return Said(best, opening)

    def _scalars(self, fact: Fact, states: States) -> dict[str, Scalar]:
        out: dict[str, Scalar] = {"k": self._kind, "at": fact.at}
        for name, key, attribute in self._asked:
            value = encode(attribute, fact.attrs.get(name))
            if value is not None:
                out[key] = value
        for name, held in zip(self._states, states.at(self._states, fact.at // 60), strict=True):
            if held:
                out[f"w_{name}"] = held
        return out


class Selected:
    """Which facts of a detention are of which selection, worked out when it is asked for."""

    def __init__(self, in_shards: Mapping[int, Sequence[Selecting]]) -> None:
        self._in_shards = in_shards
        self._answers: dict[Selecting, list[tuple[int, int, Mapping[int, int]]]] = {}
        self.numbers: set[int] = set()
        """The selections that some fact is of."""

    def add(
        self, selecting: Selecting, place: int, certainty: int, answer: Mapping[int, int]
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
