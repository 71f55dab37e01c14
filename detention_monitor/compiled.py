"""The back-end for mass replay: Python functions generated from the plan, one pair for each kind.

It does what `durable.py` does, of the same plan and to the same results, without an engine: design
D2 admits it only where a part of every run is judged by durable_rules as well (`judging.py`), and
docs/decisions/0019 says when it is used. What is generated is in `pythontext.py`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from detention_monitor.entries import Value
from detention_monitor.plan import Closes, Opens, Plan, Selection, Stratum
from detention_monitor.pythontext import kind_text
from detention_monitor.timeline import Closing, Conclusions, Fact, Interval

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
_NOTHING: _Said = ((), ())


@dataclass(slots=True)
class _OfKind:
    """The two functions of a kind, and what was decided of facts that tell the same."""

    told: Callable[[_Look, int, int], tuple[object, ...]]
    decide: Callable[[_Look, int, int], list[tuple[int, int]]]
    states: int
    said: dict[tuple[object, ...], _Said] = field(default_factory=dict)


@dataclass(slots=True)
class _Candidates:
    """The facts of a selection, in order of time."""

    places: list[int] = field(default_factory=list)
    minutes: list[int] = field(default_factory=list)
    certainties: list[int] = field(default_factory=list)


class _Runner:
    """One stratum: decides of each fact which selections it is of, then closes every opening."""

    def __init__(self, stratum: Stratum, plan: Plan) -> None:
        numbers: dict[Selection, int] = {}
        watches: tuple[Opens | Closes, ...] = (*stratum.opens, *stratum.closes)
        for watch in watches:
            numbers.setdefault(watch.select, len(numbers))
        names = sorted({name for each in numbers for name in (*each.during, *each.unless)})
        self._bits = {name: 2 * place for place, name in enumerate(names)}
        self.texts: dict[str, str] = {}
        self._kinds: dict[str, _OfKind] = {}
        for kind in sorted({kind for each in numbers for kind in each.kinds}):
            chosen = [(number, each) for each, number in numbers.items() if kind in each.kinds]
            made = kind_text(chosen, plan.attributes[kind], self._bits)
            space: dict[str, Callable[..., object]] = {}
            exec(compile(made.text, f"<compiled {kind}>", "exec"), space)  # noqa: S102 - our own text
            self.texts[kind] = made.text
            self._kinds[kind] = _OfKind(space["told"], space["decide"], made.states)  # type: ignore[arg-type]
        made_by: dict[_Key, int] = {}
        for opens in stratum.opens:
            made_by[opens.subject, opens.role] = made_by.get((opens.subject, opens.role), 0) + 1
        self._opens: dict[int, list[tuple[_Key, bool]]] = {}
        self._since: dict[_Key, tuple[str, ...]] = {}
        for opens in stratum.opens:
            key = (opens.subject, opens.role)
            self._opens.setdefault(numbers[opens.select], []).append((key, made_by[key] == 1))
            if opens.since:
                self._since[key] = opens.since
        self._closings: dict[_Key, list[tuple[int, Closes]]] = {}
        for closes in stratum.closes:
            of = (closes.subject, closes.of)
            self._closings.setdefault(of, []).append((numbers[closes.select], closes))
        self._closing = frozenset(numbers[closes.select] for closes in stratum.closes)

    def run(self, facts: Sequence[Fact], intervals: Sequence[Interval]) -> Conclusions:
        found = Conclusions()
        opened = found.opened
        candidates: dict[int, _Candidates] = {}
        changes = self._changes(intervals)
        change, inside, held = 0, 0, dict[int, int]()
        kinds = self._kinds
        for place, fact in enumerate(facts):
            of_kind = kinds.get(fact.kind)
            if of_kind is None:
                continue
            at = fact.at
            minute = at // 60
            while change < len(changes) and changes[change][0] <= minute:
                inside = _moved(inside, changes[change], held)
                change += 1
            get, states = fact.attrs.get, inside & of_kind.states
            told = of_kind.told(get, at, states)
            said = of_kind.said.get(told)
            if said is None:
                said = self._decided(of_kind, told, of_kind.decide(get, at, states))
            sure = fact.certainty
            for key, decided, alone in said[0]:
                certainty = min(decided, sure)
                before = opened.get(key)
                if before is None:
                    opened[key] = {place: certainty}
                elif alone or certainty > before.get(place, 0):
                    before[place] = certainty
            for number, decided in said[1]:
                among = candidates.get(number)
                if among is None:
                    among = candidates[number] = _Candidates()
                among.places.append(place)
                among.minutes.append(minute)
                among.certainties.append(min(decided, sure))
        if candidates:
            for key in [*opened]:
                self._close(key, facts, candidates, found)
        return found

    def _decided(
        self, of_kind: _OfKind, told: tuple[object, ...], of: Sequence[tuple[int, int]]
    ) -> _Said:
        """Keep what was decided of a fact for those that tell the same."""
        opening = tuple(
            (key, certainty, alone)
            for number, certainty in of
            for key, alone in self._opens.get(number, ())
        )
        closing = tuple(each for each in of if each[0] in self._closing)
        said = (opening, closing) if opening or closing else _NOTHING
        if len(of_kind.said) >= _MOST_REMEMBERED:
            of_kind.said.clear()
        of_kind.said[told] = said
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
        self,
        key: _Key,
        facts: Sequence[Fact],
        candidates: Mapping[int, _Candidates],
        found: Conclusions,
    ) -> None:
        """Find the first closings of every opening of a role, and open the step that follows."""
        closings = self._closings.get(key)
        if closings is None:
            return
        kinds = self._since.get(key)
        begun = [
            (place, _since(facts, place, kinds) if kinds else facts[place].at // 60)
            for place in found.opened[key]
        ]
        subject = key[0]
        for number, closes in closings:
            among = candidates.get(number)
            if among is None:
                continue
            again: dict[int, int] = {}
            for place, minute in begun:
                closing = _first(among, place, minute + closes.later, closes.same, facts)
                if closing is None:
                    continue
                found.closed.setdefault((subject, place), {})[closes.role] = closing
                if closes.opens:
                    for each, value in ((closing.certain, 2), (closing.unsure, 1)):
                        if each is not None:
                            again[each] = max(value, again.get(each, 0))
            if again:
                following = (subject, closes.role)
                found.opened.setdefault(following, {}).update(again)
                self._close(following, facts, candidates, found)


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


def _first(
    among: _Candidates, place: int, minute: int, same: Sequence[str], facts: Sequence[Fact]
) -> Closing | None:
    """Return the first certain candidate from a clock minute on, and an unsure one before it."""
    places, unsure = among.places, None
    for each in range(bisect_left(among.minutes, minute), len(places)):
        candidate = places[each]
        if candidate == place or (same and not _equal(facts[place], facts[candidate], same)):
            continue
        if among.certainties[each] == 2:
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
