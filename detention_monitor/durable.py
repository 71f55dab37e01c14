"""Run a plan through durable_rules: the back-end that does the inference.

Two layers of rules: *selecting* rules match one fact each (shards.py, selecting.py), *closing*
rules join an opening with the first entry that closes it (closing.py). What both say of a
detention is put together here, stratum by stratum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter

from detention_monitor.closing import Closer, Search
from detention_monitor.engine import Ruleset
from detention_monitor.plan import Plan, Stratum
from detention_monitor.selecting import Selected, Selecting, States
from detention_monitor.shards import compile_selections
from detention_monitor.timeline import Conclusions, Fact, Interval
from detention_monitor.watches import Closes, Opens, Selection


class DurableBackend:
    """Runs the strata of a plan through durable_rules, one detention at a time."""

    name = "durable_rules"

    def __init__(self, plan: Plan) -> None:
        """Compile every stratum; raise `EngineError` where the engine refuses one."""
        self._closer = Closer(plan)
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


class _Runner:
    """One stratum: selects with the engine, then closes every opening with it."""

    def __init__(self, stratum: Stratum, plan: Plan, closer: Closer) -> None:
        self._closer = closer
        numbers: dict[Selection, int] = {}
        watches: tuple[Opens | Closes, ...] = (*stratum.opens, *stratum.closes)
        for watch in watches:
            numbers.setdefault(watch.select, len(numbers))
        self.shards = compile_selections(list(numbers), plan.attributes)
        opening = frozenset(numbers[opens.select] for opens in stratum.opens)
        self._selecting: dict[str, list[Selecting]] = {}
        for shard in self.shards:
            selecting = Selecting(shard, plan.attributes[shard.kind], opening)
            self._selecting.setdefault(shard.kind, []).append(selecting)
        self._in_shards: dict[int, list[Selecting]] = {}
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
        selected = Selected(self._in_shards)
        openings: dict[int, dict[int, int]] = {}
        states = States(intervals, self._states)
        for place, fact in enumerate(facts):
            for selecting in self._selecting.get(fact.kind, ()):
                said = selecting.of(fact, states)
                if said.certainties:
                    selected.add(selecting, place, fact.certainty, said.certainties)
                for number, certainty in said.opening:
                    openings.setdefault(number, {})[place] = min(certainty, fact.certainty)
        found = Conclusions()
        search = Search(self._closer, facts, selected)
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
        self, key: tuple[int, str], since: tuple[str, ...], search: Search, found: Conclusions
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
