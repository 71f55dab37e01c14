"""What closes an opening: the closing rules, which are the same for every plan.

An instance fact says what is looked for and from which minute, a class fact that an entry is of
that selection, and a rule joins the instance with the first such entry. Facts are never retracted;
a `not` follows the fact it speaks of and is ordered strictly against it (H14); every join ends in
a guard that is always true (H1).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detention_monitor.engine import Ruleset
from detention_monitor.meaning import Scalar, encode
from detention_monitor.plan import Plan
from detention_monitor.selecting import MOST_REMEMBERED, Selected
from detention_monitor.shards import Pattern
from detention_monitor.timeline import Closing, Fact

_LONGEST_REMEMBERED = 200


_Joined = tuple[tuple[str, Scalar], ...]
"""The attributes of a fact by which some closing is joined to its opening."""
_Shape = tuple[tuple[int, ...], tuple[_Joined, ...]]
_Question = tuple[int, int, int, tuple[str, ...], _Joined]
"""All that a closing rule can tell two openings apart by (`Search.first`)."""
_Answer = tuple[int | None, int | None]
"""Which of the candidates comes first: the certain one, and an unsure one before it."""


class Closer:
    """The closing rules: the same for every plan, one pair for each set of attributes joined."""

    def __init__(self, plan: Plan) -> None:
        joined = {closes.same for stratum in plan.strata for closes in stratum.closes}
        self.variants = {same: number for number, same in enumerate(sorted(joined))}
        definition = {
            f"{word}{number}": first_rule(number, same, certainty)
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
        """What was found before, by question (`Search.first`)."""
        self._shapes: dict[_Shape, int] = {}

    def tidy(self) -> None:
        """Forget everything once there is too much; never while numbers of shapes are in use."""
        if len(self._shapes) >= MOST_REMEMBERED or len(self.answers) >= MOST_REMEMBERED:
            self._shapes.clear()
            self.answers.clear()

    def shape(self, certainties: tuple[int, ...], joined: tuple[_Joined, ...] = ()) -> int:
        """Return a number for candidates as sure, and as equal in what is joined, as these."""
        return self._shapes.setdefault((certainties, joined), len(self._shapes))


@dataclass(slots=True)
class Candidates:
    """The facts of a selection in order of time, as the closing rules see them."""

    number: int
    places: list[int]
    minutes: list[int]
    certainties: tuple[int, ...]
    shape: int
    shape_joined: int | None = None


def first_rule(variant: int, same: Sequence[str], certainty: int) -> dict[str, Any]:
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


class Search:
    """Closings looked for in one stratum of one detention.

    Every class fact of a selection is asserted, in order of time, before the first instance that
    looks for it, so that nothing is negated before it is known.
    """

    def __init__(self, closer: Closer, facts: Sequence[Fact], selected: Selected) -> None:
        closer.tidy()
        self._closer, self._facts, self._selected = closer, facts, selected
        self.numbers = selected.numbers
        self._minutes_of: dict[str, list[int]] | None = None
        self._begun = False
        self._asserted: set[int] = set()
        self._candidates: dict[int, Candidates] = {}

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

    def among(self, number: int) -> Candidates:
        """Return the facts of a selection as the closing rules see them."""
        found = self._candidates.get(number)
        if found is None:
            chosen = self._selected.of(number)
            places = [place for place, _ in chosen]
            minutes = [self._facts[place].at // 60 for place in places]
            sure = tuple([certainty for _, certainty in chosen])
            found = Candidates(number, places, minutes, sure, self._closer.shape(sure))
            self._candidates[number] = found
        return found

    def first(
        self, among: Candidates, same: tuple[str, ...], place: int, minute: int
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

    def _shape_joined(self, among: Candidates) -> int:
        if among.shape_joined is None:
            joined = tuple([self._joined(self._facts[each]) for each in among.places])
            among.shape_joined = self._closer.shape(among.certainties, joined)
        return among.shape_joined

    def _ask(self, among: Candidates, same: tuple[str, ...], place: int, minute: int) -> _Answer:
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
