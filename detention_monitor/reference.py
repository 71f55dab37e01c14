"""The reference interpreter: slow, obvious, and sharing no code with compiler or host.

It reads the plan as a sentence about the whole list of facts: an opening is every fact selected;
a closing is the first fact selected that lies at or after the opening's minute. Tests compare
every other back-end with it; a detention on which the C engine fails is judged by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detention_monitor.conditions import Both, Condition, Either, Not, Test
from detention_monitor.entries import Value
from detention_monitor.plan import Plan, Stratum
from detention_monitor.timeline import Closing, Conclusions, Fact, Interval
from detention_monitor.times import parse_duration
from detention_monitor.vocabulary import Attribute
from detention_monitor.watches import Closes, Selection

TRUE, UNKNOWN, FALSE = 2, 1, 0


class ReferenceBackend:
    """Judges a stratum with loops over the facts; keeps nothing between calls."""

    name = "reference"

    def __init__(self, plan: Plan) -> None:
        """Take the plan; nothing is compiled."""
        self._plan = plan

    def run(
        self, stratum: Stratum, facts: Sequence[Fact], intervals: Sequence[Interval]
    ) -> Conclusions:
        """Return every opening and first closing among `facts`, which are in order of time."""
        found = Conclusions()
        for opens in stratum.opens:
            chosen = self._selected(opens.select, facts, intervals)
            found.open((opens.subject, opens.role), chosen)
        pending = list(stratum.closes)
        while pending:
            ready = [one for one in pending if not _waits(one, pending)]
            for closes in ready:
                self._close(closes, stratum, facts, intervals, found)
            pending = [one for one in pending if one not in ready]
        return found

    def _close(
        self,
        closes: Closes,
        stratum: Stratum,
        facts: Sequence[Fact],
        intervals: Sequence[Interval],
        found: Conclusions,
    ) -> None:
        chosen = self._selected(closes.select, facts, intervals)
        for opening in sorted(found.opened.get((closes.subject, closes.of), {})):
            since = _since(closes, stratum, facts, opening)
            after = [
                place
                for place in sorted(chosen)
                if facts[place].at // 60 >= since + closes.later
                and place != opening
                and _same(facts[opening], facts[place], closes.same)
            ]
            certain = next((each for each in after if chosen[each] == TRUE), None)
            unsure = next((each for each in after if chosen[each] == UNKNOWN), None)
            if unsure is not None and certain is not None and certain < unsure:
                unsure = None
            if certain is None and unsure is None:
                continue
            found.close(closes.subject, closes.role, opening, Closing(certain, unsure))
            if closes.opens:
                again = found.opened.setdefault((closes.subject, closes.role), {})
                for place, value in ((certain, TRUE), (unsure, UNKNOWN)):
                    if place is not None:
                        again[place] = max(value, again.get(place, 0))

    def _selected(
        self, select: Selection, facts: Sequence[Fact], intervals: Sequence[Interval]
    ) -> dict[int, int]:
        chosen = {}
        for place, fact in enumerate(facts):
            if fact.kind in select.kinds and select.start <= fact.at < select.end:
                value = self._certainty(select, fact, intervals)
                if value:
                    chosen[place] = value
        return chosen

    def _certainty(self, select: Selection, fact: Fact, intervals: Sequence[Interval]) -> int:
        minute = fact.at // 60
        attributes = self._plan.attributes[fact.kind]
        value = min(fact.certainty, holds(select.condition, fact.attrs, attributes))
        for name in select.during:
            value = min(value, _in_state(name, minute, intervals))
        for name in select.unless:
            value = min(value, TRUE - _in_state(name, minute, intervals))
        return value


def _waits(closes: Closes, pending: Sequence[Closes]) -> bool:
    return any(
        other.subject == closes.subject and other.role == closes.of and other.opens
        for other in pending
    )


def _since(closes: Closes, stratum: Stratum, facts: Sequence[Fact], opening: int) -> int:
    minute = facts[opening].at // 60
    for opens in stratum.opens:
        named = opens.subject == closes.subject and opens.role == closes.of
        if named and opens.since:
            earlier = [
                fact.at // 60
                for fact in facts
                if fact.kind in opens.since and fact.at // 60 <= minute
            ]
            return max(earlier, default=0)
    return minute


def _same(one: Fact, other: Fact, names: Sequence[str]) -> bool:
    return all(
        name in one.attrs and name in other.attrs and one.attrs[name] == other.attrs[name]
        for name in names
    )


def _in_state(name: str, minute: int, intervals: Sequence[Interval]) -> int:
    return max(
        (
            each.certainty
            for each in intervals
            if each.name == name and each.first_minute <= minute <= each.last_minute
        ),
        default=0,
    )


def holds(
    condition: Condition, attrs: Mapping[str, Value], attributes: Mapping[str, Attribute]
) -> int:
    """Return 2 where a condition is true of an entry, 1 where unknown, 0 where false (Kleene)."""
    match condition:
        case Test():
            return _test(condition, attrs.get(condition.attribute), attributes)
        case Not(part):
            return TRUE - holds(part, attrs, attributes)
        case Both(parts):
            return min((holds(part, attrs, attributes) for part in parts), default=TRUE)
        case Either(parts):
            return max((holds(part, attrs, attributes) for part in parts), default=FALSE)


def _test(test: Test, value: Value | None, attributes: Mapping[str, Attribute]) -> int:
    absent = value is None or value in ("", ())
    if test.operator in ("missing", "exists"):
        return TRUE if absent == (test.operator == "missing") else FALSE
    if absent or value is None:
        return UNKNOWN
    attribute = attributes[test.attribute]
    words = [_number(attribute, word) for word in test.values]
    mine = _number(attribute, value)
    return TRUE if _compare(test.operator, mine, words) else FALSE


def _compare(operator: str, mine: Value, words: list[Value]) -> bool:
    match operator:
        case "is" | "in":
            return mine in words
        case "is not" | "not in":
            return mine not in words
    limit = words[0]
    assert isinstance(mine, int)  # the rule check allows these for numbers and ranks only
    assert isinstance(limit, int)
    outcomes = {
        "at least": mine >= limit,
        "at most": mine <= limit,
        "under": mine < limit,
        "over": mine > limit,
    }
    return outcomes[operator]


def _number(attribute: Attribute, value: Value) -> Value:
    """Turn a word of a condition, or a value of an entry, into what can be compared."""
    if attribute.type == "yes_no":
        return value in (True, "true", "yes")
    if attribute.type == "ordered":
        return list(attribute.values).index(str(value))
    if attribute.type == "duration" and isinstance(value, str):
        return parse_duration(value)
    if attribute.type in ("whole_number", "duration", "time"):
        return int(value) if isinstance(value, int | str) else 0
    return value
