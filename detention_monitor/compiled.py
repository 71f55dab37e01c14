"""The back-end for mass replay: Python functions generated from the plan, one pair for each kind.

It does what `durable.py` does, of the same plan and to the same results, without an engine: design
D2 admits it only where a part of every run is judged by durable_rules as well (`judging.py`), and
docs/decisions/0019 says when it is used. What is generated is in `pythontext.py`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from detention_monitor.entries import Value
from detention_monitor.plan import Plan, Stratum
from detention_monitor.pythontext import kind_text
from detention_monitor.timeline import (
    ESTABLISHED,
    FAR,
    POSSIBLE,
    Closing,
    Conclusions,
    Fact,
    Interval,
)
from detention_monitor.watches import Closes, Opens, Selection

_MOST_REMEMBERED = 20_000
"""Facts of a kind remembered by what they say; beyond that all are forgotten: memory stays flat."""

_Look = Callable[[str], Value | None]
_Key = tuple[int, str]
"""A subject of the plan and a role."""


class CompiledBackend:
    """Runs the strata of a plan as generated Python; keeps no detention between calls."""

    name = "compiled"

    def __init__(self, plan: Plan) -> None:
        """Generate and compile the functions of every stratum."""
        self._strata = {stratum.level: _Runner(stratum, plan) for stratum in plan.strata}

    def run(
        self, stratum: Stratum, facts: Sequence[Fact], intervals: Sequence[Interval]
    ) -> Conclusions:
        """Return every opening and first closing among `facts`, which are in order of time."""
        return self._strata[stratum.level].run(facts, intervals)

    def text(self) -> str:
        """Return everything that was generated, for those who want to read it."""
        return "\n".join(
            f"# stratum {level}, {kind}\n{text}"
            for level, runner in self._strata.items()
            for kind, text in runner.texts.items()
        )


_Opening = tuple[_Key, int, bool]
"""What a fact opens, how surely, and whether nothing else opens that role."""
_Said = tuple[tuple[_Opening, ...], tuple[tuple[int, int], ...]]
"""What a fact opens, and of which selections that close something it is (number, certainty)."""


_Closing = tuple[int, str, tuple[str, ...], bool, bool]
"""What closes an opening: number of the selection, role, and `same`, `later`, `opens` of the plan."""


class _Candidates:
    """The facts of a selection, in order of time, and the first closings found among them."""

    __slots__ = ("certainties", "first", "minutes", "places")

    def __init__(self) -> None:
        self.places: list[int] = []
        self.minutes: list[int] = []
        self.certainties: list[int] = []
        self.first: dict[int, Closing | None] = {}
        """By clock minute: the closing of an opening that is not itself among them."""


class _Runner:
    """One stratum: decides of each fact which selections it is of, then closes every opening."""

    def __init__(self, stratum: Stratum, plan: Plan) -> None:
        numbers: dict[Selection, int] = {}
        both: tuple[Opens | Closes, ...] = (*stratum.opens, *stratum.closes)
        for each in both:
            numbers.setdefault(each.select, len(numbers))
        names = sorted({name for one in numbers for name in (*one.during, *one.unless)})
        self._bits = {name: 2 * place for place, name in enumerate(names)}
        ways = Counter((opens.subject, opens.role) for opens in stratum.opens)
        self._opens: dict[int, list[tuple[_Key, bool]]] = {}
        """By number of the selection: what it opens, and whether it is the only way."""
        since: dict[_Key, tuple[str, ...]] = {}
        for opens in stratum.opens:
            key = (opens.subject, opens.role)
            self._opens.setdefault(numbers[opens.select], []).append((key, ways[key] == 1))
            if opens.since:
                since[key] = opens.since
        listed: dict[_Key, list[_Closing]] = {}
        for closes in stratum.closes:
            watch = (numbers[closes.select], closes.role, closes.same, closes.later, closes.opens)
            listed.setdefault((closes.subject, closes.of), []).append(watch)
        self._closings = {key: (since.get(key, ()), each) for key, each in listed.items()}
        """By what was opened: from which kinds closings already count, and what to look for."""
        self._closing = frozenset(numbers[closes.select] for closes in stratum.closes)
        self.texts: dict[str, str] = {}
        self._said: dict[str, tuple[Callable[[_Look, int, int], _Said], int]] = {}
        """By kind: the function that says of what selections a fact is, and the states it looks at."""
        for kind in sorted({kind for each in numbers for kind in each.kinds}):
            chosen = [(number, each) for each, number in numbers.items() if kind in each.kinds]
            made = kind_text(chosen, plan.attributes[kind], self._bits)
            kept: dict[tuple[object, ...], _Said] = {}
            decided = partial(self._decided, kept)
            space: dict[str, Any] = {"kept": kept, "decided": decided, "__builtins__": {}}
            exec(compile(made.text, f"<compiled {kind}>", "exec"), space)  # noqa: S102 - our own text
            self.texts[kind] = made.text
            self._said[kind] = space["said"], made.states
        self._kinds = frozenset(self._said)
        self._opening_kinds = frozenset(k for each in stratum.opens for k in each.select.kinds)

    def run(self, facts: Sequence[Fact], intervals: Sequence[Interval]) -> Conclusions:
        found = Conclusions()
        kinds = [fact.kind for fact in facts]
        present = self._kinds.intersection(kinds)
        if present.isdisjoint(self._opening_kinds):
            return found
        opened = found.opened
        candidates: dict[int, _Candidates] = {}
        changes = self._changes(intervals) if self._bits else []
        changes.append((FAR, 0, 0, 0))
        change, inside, held = 0, 0, dict[int, int]()
        for place in [place for place, kind in enumerate(kinds) if kind in present]:
            fact = facts[place]
            at, certainty = fact.at, fact.certainty
            minute = at // 60
            while changes[change][0] <= minute:
                inside = _moved(inside, changes[change], held)
                change += 1
            function, states = self._said[fact.kind]
            opening, closing = function(fact.attrs.get, at, inside & states)
            for key, decided, alone in opening:
                sure = decided if certainty == ESTABLISHED else POSSIBLE
                before = opened.get(key)
                if before is None:
                    opened[key] = {place: sure}
                elif alone or sure > before.get(place, 0):
                    before[place] = sure
            for number, decided in closing:
                among = candidates.get(number)
                if among is None:
                    among = candidates[number] = _Candidates()
                among.places.append(place)
                among.minutes.append(minute)
                among.certainties.append(decided if certainty == ESTABLISHED else POSSIBLE)
        if candidates:
            self._close(facts, candidates, found)
        return found

    def _decided(
        self,
        kept: dict[tuple[object, ...], _Said],
        told: tuple[object, ...],
        of: Sequence[tuple[int, int]],
    ) -> _Said:
        """Keep what was decided of a fact for those that tell the same."""
        opening = tuple(
            (key, certainty, alone)
            for number, certainty in of
            for key, alone in self._opens.get(number, ())
        )
        if len(kept) >= _MOST_REMEMBERED:
            kept.clear()
        said = kept[told] = opening, tuple(each for each in of if each[0] in self._closing)
        return said

    def _changes(self, intervals: Sequence[Interval]) -> list[tuple[int, int, int, int]]:
        """Return at which minute which state (its bit) is surely and perhaps held once more or less."""
        out = []
        for each in intervals:
            bit = self._bits.get(each.name)
            if bit is not None:
                first, last, sure = each.first_minute, each.last_minute, each.certainty == 2
                if first <= last:
                    out += [(first, bit, 1, int(sure)), (last + 1, bit, -1, -int(sure))]
        out.sort()
        return out

    def _close(
        self, facts: Sequence[Fact], candidates: Mapping[int, _Candidates], found: Conclusions
    ) -> None:
        """Find the first closings of every opening, and of the steps that these open in turn."""
        opened, closed = found.opened, found.closed
        left = [*opened]
        for key in left:  # a role that is opened here is complete before its turn comes
            if key not in self._closings:
                continue
            kinds, closings = self._closings[key]
            subject = key[0]
            for place in opened[key]:
                minute = _since(facts, place, kinds) if kinds else facts[place].at // 60
                for number, role, same, later, opens in closings:
                    among = candidates.get(number)
                    if among is None:
                        continue
                    if same:
                        closing = _search(among, place, minute + later, same, facts)
                    else:
                        closing = among.first.get(minute + later, _NOT_LOOKED_FOR)
                        if closing is _NOT_LOOKED_FOR:
                            closing = _search(among, -1, minute + later)
                            among.first[minute + later] = closing
                        if closing is not None and (
                            place in (closing.certain, closing.unsure)
                        ):  # an opening is never its own closing
                            closing = _search(among, place, minute + later)
                    if closing is None:
                        continue
                    of = (subject, place)
                    if of in closed:
                        closed[of][role] = closing
                    else:
                        closed[of] = {role: closing}
                    if opens:
                        following = (subject, role)
                        if following not in opened:
                            opened[following] = {}
                            left.append(following)
                        _open(opened[following], closing)


_NOT_LOOKED_FOR = Closing(-1, -1)


def _open(places: dict[int, int], closing: Closing) -> None:
    """Open what follows where something was closed, as surely as it was."""
    if closing.certain is not None:
        places[closing.certain] = ESTABLISHED
    if closing.unsure is not None:
        places.setdefault(closing.unsure, POSSIBLE)


def _moved(inside: int, change: tuple[int, int, int, int], held: dict[int, int]) -> int:
    """Return the states after a change; `held` counts who holds each bit."""
    _, bit, perhaps, surely = change
    for place, by in ((bit, perhaps), (bit + 1, surely)):
        count = held[place] = held.get(place, 0) + by
        inside = inside | 1 << place if count else inside & ~(1 << place)
    return inside


def _since(facts: Sequence[Fact], place: int, kinds: Sequence[str]) -> int:
    """Return the minute of the last fact of some kinds by an opening's minute; 0 without one."""
    minute = facts[place].at // 60
    latest = 0
    for fact in facts:
        if fact.at // 60 > minute:
            break
        if fact.kind in kinds:
            latest = fact.at // 60
    return latest


def _search(
    among: _Candidates,
    place: int,
    minute: int,
    same: Sequence[str] = (),
    facts: Sequence[Fact] = (),
) -> Closing | None:
    """Return the first certain candidate from a clock minute on, and an unsure one before it.

    The opening itself, at `place`, is passed over; so is what does not equal it in `same`.
    """
    places, unsure = among.places, None
    for each in range(bisect_left(among.minutes, minute), len(places)):
        candidate = places[each]
        if candidate == place or (same and not _equal(facts[place], facts[candidate], same)):
            continue
        if among.certainties[each] == ESTABLISHED:
            return Closing(candidate, unsure)
        if unsure is None:
            unsure = candidate
    return None if unsure is None else Closing(None, unsure)


def _equal(one: Fact, other: Fact, names: Sequence[str]) -> bool:
    """Whether two facts give the same values, none of them blank."""
    for name in names:
        value = one.attrs.get(name)
        if value is None or value in ("", ()) or value != other.attrs.get(name):
            return False
    return True
